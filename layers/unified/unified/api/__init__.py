"""What all HTTP handlers share: who calls, what it may do, errors as HTTP, paging.

Only ``http`` knows API Gateway.
"""
