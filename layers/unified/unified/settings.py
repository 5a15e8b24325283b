"""What a function is told by its environment, read once. The names are those in ``template.yaml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from unified.connector import connector_ids

QUEUES_AND_BUS = (
    *("HINT_QUEUE_URL", "SWEEP_QUEUE_URL", "DELIVERY_QUEUE_URL"),
    *("EVENT_BUS_NAME", "DELIVERY_ALLOWED_NETWORKS", "BASE_URLS"),
)
"""What only work behind the scenes and the connect page use: whoever runs a part by hand may leave them empty."""


class Settings(NamedTuple):
    """The deployment as a function sees it.

    ``public_url`` is empty where the API answers on API Gateway's own host name; the address of a request
    then tells it (``unified.api.http``). ``upstream_urls`` are the providers' APIs by connector.
    ``allowed_redirect_urls`` holds for projects that name none. ``delivery_allowed_networks`` are private networks
    (CIDR) that events may be delivered to all the same, over plain HTTP too; none in a deployment of everyday.
    ``base_urls`` are further addresses that lead to this API, which a project may choose from for its connect page.
    """

    table_name: str
    key_arn: str
    oauth_client_secret_arn: str
    upstream_urls: Mapping[str, str]
    public_url: str
    allowed_redirect_urls: tuple[str, ...]
    hint_queue_url: str
    sweep_queue_url: str
    delivery_queue_url: str
    event_bus_name: str
    delivery_allowed_networks: tuple[str, ...]
    base_urls: tuple[str, ...]


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Read the environment. Raises ``KeyError`` for a missing name: a half-configured function must not run."""
    env = os.environ
    return Settings(
        table_name=env["TABLE_NAME"],
        key_arn=env["KEY_ARN"],
        oauth_client_secret_arn=env["OAUTH_CLIENT_SECRET_ARN"],
        upstream_urls={name: env[upstream_variable(name)].rstrip("/") for name in connector_ids()},
        public_url=env["PUBLIC_URL"].rstrip("/"),
        allowed_redirect_urls=_listed(env["ALLOWED_REDIRECT_URLS"]),
        hint_queue_url=env["HINT_QUEUE_URL"],
        sweep_queue_url=env["SWEEP_QUEUE_URL"],
        delivery_queue_url=env["DELIVERY_QUEUE_URL"],
        event_bus_name=env["EVENT_BUS_NAME"],
        delivery_allowed_networks=_listed(env["DELIVERY_ALLOWED_NETWORKS"]),
        base_urls=tuple(url.rstrip("/") for url in _listed(env["BASE_URLS"])),
    )


def upstream_variable(connector_id: str) -> str:
    """Return which variable holds the base URL of a connector's API, such as ``ASHBY_API_URL``."""
    return f"{connector_id.upper()}_API_URL"


class ScheduleSettings(NamedTuple):
    """What only deliver is told: where attempts that are far away wait, and where what failed for good goes."""

    dead_letter_queue_arn: str
    group: str
    role_arn: str


@lru_cache(maxsize=1)
def schedule_settings() -> ScheduleSettings:
    """Read deliver's own environment. Raises ``KeyError`` elsewhere."""
    env = os.environ
    return ScheduleSettings(
        dead_letter_queue_arn=env["DELIVERY_DEAD_LETTER_QUEUE_ARN"],
        group=env["SCHEDULE_GROUP"],
        role_arn=env["SCHEDULE_ROLE_ARN"],
    )


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
