"""Request limits per key and for the whole integration."""

from collections.abc import Callable
from typing import Any

import httpx

Ashby = Callable[..., Any]


def ask(client: httpx.Client, key: str = "ashby_local_full") -> httpx.Response:
    """Make one call."""
    return client.post("/brand.list", json={}, auth=(key, ""))


def test_a_burst_is_followed_by_429_with_the_seconds_to_wait(client: httpx.Client, clock: Any) -> None:
    client.post("/_sandbox/rate-limit", json={"perMinute": 6, "burst": 2})
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]
    refused = ask(client)
    assert refused.headers["retry-after"] == "10"
    assert "x-ratelimit-scope" not in refused.headers
    clock.advance(9)
    assert ask(client).status_code == 429
    clock.advance(1)
    assert [ask(client).status_code for _ in range(2)] == [200, 429]


def test_keys_do_not_share_a_bucket(client: httpx.Client) -> None:
    client.post("/_sandbox/rate-limit", json={"perMinute": 6, "burst": 1})
    assert [ask(client).status_code for _ in range(2)] == [200, 429]
    assert ask(client, "ashby_local_readonly").status_code == 200


def test_partner_throttling_hits_every_key_and_names_its_scope_until_lifted(client: httpx.Client) -> None:
    client.post("/_sandbox/rate-limit", json={"partnerRetryAfter": 3})
    for key in ("ashby_local_full", "ashby_local_readonly"):
        refused = ask(client, key)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
        assert refused.headers["x-ratelimit-scope"] == "integration-partner"
    client.post("/_sandbox/rate-limit", json={"partnerRetryAfter": None})
    assert ask(client).status_code == 200
