"""What the observe function does: one webhook's hints, looked into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from unified import metrics
from unified import table as t
from unified.connections.watch import Watch
from unified.connector import Hint, load_connector
from unified.deadline import Deadline
from unified.errors import RateLimited, Unauthorized, UpstreamFailure
from unified.ledger.registry import Registry
from unified.ledger.tasks import MAX_DELAY_SECONDS, send_hint
from unified.ledger.watched import Home, Watched, home
from unified.log import logger
from unified.secret import fingerprint

# Ashby gives a webhook up after about three hours.
_SEEN_SECONDS = 86_400
# A throttled account is left alone for a while, longer each time; after some days its sweeps have told all.
_WAIT_SECONDS = 30
_TRIES = 100
_FEW_TRIES = 10

Again = Callable[[dict[str, Any], int], None]


class Observer:
    """Looks into webhooks. ``again`` puts one back to be looked into after some seconds."""

    def __init__(self, home: Home, again: Again = send_hint) -> None:
        self._home = home
        self._registry = Registry(home.table)
        self._again = again

    def observe(self, message: Mapping[str, Any], deadline: Deadline) -> None:
        """Look into one webhook, unless it was looked into before: Ashby repeats one under the same id.

        It is noted as seen only when all is written: until then it may come again, and the ledger bears that.
        """
        watch = Watch.from_message(message["watch"])
        seen = _seen_key(watch, message)
        if seen is not None and self._is_seen(seen):
            metrics.count("WebhookRepeated")
            return
        watched = self._home.open(watch)
        if watched is None:
            self._registry.set_removed(watch)
            return
        action = str(message["action"])
        connector = load_connector(watch.reference.connector)
        hints = connector.hints(action, message.get("data") or message.get("ids") or {})
        if hints is None:
            self._count_unknown(watch, action)
        else:
            wanted = [hint for hint in hints if hint.model in watched.models]
            if wanted and watched.connection.status == "authorized":
                try:
                    received_at = float(message["receivedAt"])
                    watched.line(deadline).run(lambda session: _look(watched, session, wanted, received_at))
                except Unauthorized as refused:
                    # Connected again, the account is swept anew: nothing that this hint could tell is lost.
                    logger.warning("hint", extra={"code": refused.code})
                except UpstreamFailure as failed:
                    if self._put_back(message, failed):
                        return
        if seen is not None:
            self._home.table.put(seen, {"ttl": int(self._home.clock()) + _SEEN_SECONDS})

    def _put_back(self, message: Mapping[str, Any], failed: UpstreamFailure) -> bool:
        """Wait without holding up the hints of other accounts: the message goes to the end of the queue.

        False when waiting is of no use, or no longer: what the hint could tell, the next sweep finds.
        """
        tries = int(message.get("tries", 0)) + 1
        logger.warning("hint", extra={"code": failed.code})
        limit = _TRIES if isinstance(failed, RateLimited) else _FEW_TRIES
        if tries > limit or failed.code == "MORPH::CONNECTION::PROXY::FORBIDDEN":
            metrics.count("HintGivenUp")
            return False
        wait = max(failed.retry_after or 0, min(_WAIT_SECONDS * 2 ** min(tries - 1, 5), MAX_DELAY_SECONDS))
        self._again({**message, "tries": tries}, wait)
        return True

    def _is_seen(self, key: t.Key) -> bool:
        item = self._home.table.get(key)
        return item is not None and item["ttl"] > self._home.clock()

    def _count_unknown(self, watch: Watch, action: str) -> None:
        """Count an action that this version knows nothing of, so that somebody can see that it comes."""
        name = action if action.isascii() and action.isalnum() and len(action) <= 60 else "unreadable"
        metrics.count("WebhookUnknown", action=name)
        self._home.table.update(watch.sync_key(f"ACTION#{name}"), {"action": name}, increment="count")


def _look(watched: Watched, session: Any, hints: list[Hint], received_at: float) -> None:
    for hint in hints:
        subject = watched.subject(hint.model, watched.home.progress(watched.watch, hint.model))
        if hint.is_gone:
            subject.take_word(session, hint.record_id, received_at, hint.merged_into)
        elif hint.is_group:
            subject.settle_group(session, hint.record_id)
        elif hint.record is not None:
            subject.take_payload(session, hint.record, received_at)
        else:
            subject.settle(session, hint.record_id)


def _seen_key(watch: Watch, message: Mapping[str, Any]) -> t.Key | None:
    """Return where it is noted that a webhook was dealt with: one action under one id (shared by several actions)."""
    action_id = message.get("actionId")
    if not action_id:
        return None
    name = fingerprint("\0".join((str(message["action"]), str(action_id))))
    return watch.sync_key(f"SEEN#{name}")


@lru_cache(maxsize=1)
def observer() -> Observer:
    """Return this environment's observer."""
    return Observer(home())
