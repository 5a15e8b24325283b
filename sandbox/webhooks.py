"""Webhook deliveries: every change is told to the enabled settings of its types.

What is told is fixed when the change is made, under the organisation's lock; `sandbox.courier` carries it. On demand
deliveries get lost, come twice, late or out of order.
"""

import uuid
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from sandbox.courier import DROPPED, Courier, Delivery
from sandbox.organisation import Change, Organisation
from sandbox.pinging import message
from sandbox.table import Record
from sandbox.webhook_payloads import actions_of, data_of

# What is kept in mind: the latest deliveries, and of those under way so many that memory stays bounded.
_REMEMBERED = 10_000
_MOST_PENDING = 50_000


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """What goes wrong on purpose: probabilities from 0 to 1, delays in milliseconds.

    `double` delivers twice, `drop` never, `shuffle` waits up to so long before the first attempt and `delay` exactly
    so long.
    """

    double: float = 0
    drop: float = 0
    shuffle: float = 0
    delay: float = 0
    seed: int = 0


class Webhooks:
    """The deliveries of one organisation; `deliveries` holds the latest ones, oldest first."""

    def __init__(self, organisation: Organisation, *, speed: float) -> None:
        self._organisation = organisation
        self.courier = Courier(organisation.webhooks.get, speed)
        self.deliveries: deque[Delivery] = deque(maxlen=_REMEMBERED)
        self._made = 0
        self._silences = 0
        self.disturb(Chaos())
        organisation.subscribe(self._tell)

    def disturb(self, chaos: Chaos) -> None:
        """Let go wrong what is asked for, from now on; the same seed draws the same lots."""
        self.chaos = chaos
        self._random = Random(chaos.seed)

    @contextmanager
    def silence(self) -> Generator[None]:
        """Send nothing of the changes made in this block, as a bulk import does; hold the organisation's lock."""
        self._silences += 1
        try:
            yield
        finally:
            self._silences -= 1

    def close(self) -> None:
        """Drop what is pending; nothing is sent any more."""
        self.courier.close()

    def _tell(self, change: Change) -> None:
        """Send what a change sends; the webhooks of one change share their webhookActionId."""
        organisation = self._organisation
        if self._silences or not len(organisation.webhooks):
            return
        action_id = str(uuid.uuid4())
        for action in actions_of(change):
            settings = organisation.where("webhook", "webhookType", action)
            enabled = [setting for setting in settings if setting["enabled"]]
            if enabled:
                body = message(action_id, action, data_of(organisation, action, change))
                for setting in enabled:
                    self._send(setting, action, action_id, body, change.at)

    def _send(self, setting: Record, action: str, action_id: str, body: bytes, at: str) -> None:
        chaos, lot = self.chaos, self._random.random
        for _ in range(2 if lot() < chaos.double else 1):
            self._made += 1
            delivery = Delivery(
                number=self._made, webhook_id=setting["id"], action=action, action_id=action_id, at=at, body=body
            )
            self.deliveries.append(delivery)
            if lot() < chaos.drop or self.courier.pending >= _MOST_PENDING:
                delivery.state, delivery.body = DROPPED, b""
            else:
                self.courier.send(delivery, delay=(chaos.delay + lot() * chaos.shuffle) / 1000)
