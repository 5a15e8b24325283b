"""What a function is told by its environment, read once. The names are those in ``template.yaml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple


class Settings(NamedTuple):
    """The deployment as a function sees it.

    ``public_url`` is empty where the API answers on API Gateway's own host name; the address of a request
    then tells it (``unified.api.http``). ``upstream_urls`` are the providers' APIs by connector.
    ``allowed_redirect_urls`` holds for projects that name none.
    """

    table_name: str
    key_arn: str
    oauth_client_secret_arn: str
    upstream_urls: Mapping[str, str]
    public_url: str
    allowed_redirect_urls: tuple[str, ...]


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment. Raises ``KeyError`` for a missing name: a half-configured function must not run."""
    env = os.environ
    return Settings(
        table_name=env["TABLE_NAME"],
        key_arn=env["KEY_ARN"],
        oauth_client_secret_arn=env["OAUTH_CLIENT_SECRET_ARN"],
        upstream_urls={"ashby": env["ASHBY_API_URL"].rstrip("/")},
        public_url=env["PUBLIC_URL"].rstrip("/"),
        allowed_redirect_urls=tuple(url.strip() for url in env["ALLOWED_REDIRECT_URLS"].split(",") if url.strip()),
    )
