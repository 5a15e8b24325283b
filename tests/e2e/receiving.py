"""A customer's own receiver of events: it verifies with the reference library and keeps what came."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.e2e.running import Project, World
from tests.e2e.waiting import SECONDS
from tests.serving import Loopback, QuietHandler


@dataclass(frozen=True)
class Delivery:
    """One verified delivery: its event, its headers (lower-case names), and the secrets that its signatures fit."""

    event: Mapping[str, Any]
    headers: Mapping[str, str]
    fits: frozenset[str]

    @property
    def name(self) -> str:
        """``model::trigger``."""
        return self.event["event"]

    @property
    def record_id(self) -> str:
        """The id of the record that it tells of."""
        return self.event["data"]["id"]


class Receiver(Loopback):
    """An HTTP server on this machine that answers 204 to what is signed with one of its `secrets`, else 400."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.refused = 0
        self._taken: list[Delivery] = []
        self._came = threading.Condition()
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 - http.server's own name
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(204 if receiver.take(headers, self.body()) else 400)
                self.end_headers()

        super().__init__(Handler)
        self.url += "/events"

    def take(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Verify a delivery and keep it; False for one that no secret fits."""
        fits = frozenset(secret for secret in self.secrets if _verifies(secret, headers, body))
        with self._came:
            if fits:
                self._taken.append(Delivery(json.loads(body), headers, fits))
            else:
                self.refused += 1
            self._came.notify_all()
        return bool(fits)

    def taken(self, name: str | None = None, record_id: str | None = None, owner: str | None = None) -> list[Delivery]:
        """Return what came, in the order in which it did."""
        with self._came:
            return [
                one
                for one in self._taken
                if name in (None, one.name)
                and record_id in (None, one.record_id)
                and owner in (None, one.event["ownerId"])
            ]

    def wait(self, name: str, record_id: str, owner: str | None = None, seconds: float = SECONDS) -> Delivery:
        """Wait until an event of a record has come, and give its first delivery."""
        with self._came:
            found = self._came.wait_for(lambda: self.taken(name, record_id, owner), seconds)
        if not found:
            pytest.fail(f"did not come within {seconds} s: {name}")
        return found[0]


def subscribe(world: World, project: Project, receiver: Receiver, **body: Any) -> str:
    """Make a webhook endpoint for a receiver, which knows its secret from then on; returns its id."""
    url = f"{world.url}/v1/webhook-endpoints"
    answer = world.http.post(url, headers=project.headers, json={"url": receiver.url, **body})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    receiver.secrets.append(world.keep_secret(made["secret"], "/webhook-endpoints"))
    return made["id"]


def _verifies(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True
