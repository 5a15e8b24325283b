"""Runs ``template.yaml`` on one machine: the HTTP API, the functions and the AWS services they call.

Nothing here is deployed, and nothing deployed imports it. The template is the only source of what runs.
"""
