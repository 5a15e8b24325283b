"""What all HTTP handlers share: who calls, what it may do, errors as HTTP, paging.

``http`` and ``requests`` know API Gateway for all of them. What passes raw requests on or serves a page (``proxy``,
``connect``, ``docs``) knows Powertools' request and answer beside.
"""
