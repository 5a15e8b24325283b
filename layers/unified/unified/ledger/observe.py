"""What the observe function does: one webhook's hints, looked into."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from unified import metrics
from unified import table as t
from unified.connections.watch import Watch
from unified.connector import Hint, load_connector
from unified.deadline import Deadline
from unified.errors import RateLimited, Unauthorized, UnifiedError, UpstreamFailure, VaultFailure
from unified.ledger.registry import PAUSE_SECONDS, Registry
from unified.ledger.subject import Unsettled
from unified.ledger.tasks import MAX_DELAY_SECONDS, send_hint
from unified.ledger.watched import Home, Watched, home, is_renewing
from unified.log import logger
from unified.secret import fingerprint

# Ashby gives a webhook up after about three hours.
_SEEN_SECONDS = 86_400
# What one webhook may take of an invocation, but for a token's renewal: ten share it, and an account that does not
# answer holds up no other.
_HINT_SECONDS = 10.0
# With less left, a call that is begun is hardly ended.
_LEAST_SECONDS = 3.0
# A hint that has to wait waits as long again as it has waited; after a day its account's sweeps have told all.
_WAIT_SECONDS = 30
_PATIENCE_SECONDS = 86_400
_TRIES = 10

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
        if deadline.remaining() < _LEAST_SECONDS:
            self._again(dict(message), 0)
            return
        state, paused_until = self._registry.standing(watch)
        if paused_until > self._home.clock():
            if self._wait(message, paused_until - self._home.clock()):
                return
        elif not self._take(watch, message, state, deadline):
            return
        if seen is not None:
            self._home.table.put(seen, {"ttl": int(self._home.clock()) + _SEEN_SECONDS})

    def _take(self, watch: Watch, message: Mapping[str, Any], state: Mapping[str, Any], deadline: Deadline) -> bool:
        """Look into what is wanted of a webhook; False when it is not dealt with yet."""
        watched = self._home.open(watch)
        if watched is None:
            self._registry.set_removed(watch)
            return False
        action = str(message["action"])
        connector = load_connector(watch.reference.connector)
        hints = connector.hints(action, message.get("data") or message.get("ids") or {})
        if hints is None:
            self._count_unknown(watch, action)
            return True
        wanted = [hint for hint in hints if hint.model in watched.models]
        if not wanted or watched.connection.status != "authorized":
            return True
        line = watched.line(deadline, _HINT_SECONDS)
        try:
            line.run(lambda session: _look(watched, session, state, wanted, float(message["receivedAt"])))
        except Unauthorized as refused:
            # Connected again, the account is swept anew: nothing that this hint could tell is lost.
            logger.warning("hint", extra={"code": refused.code})
        except RateLimited as limited:
            wait = max(limited.retry_after or 0, PAUSE_SECONDS)
            self._registry.pause(watch, self._home.clock() + wait, for_all=limited.is_for_all)
            return not self._wait(message, wait)
        except (UnifiedError, Unsettled) as failed:
            return not self._put_back(message, failed)
        return True

    def _put_back(self, message: Mapping[str, Any], failed: UnifiedError | Unsettled) -> bool:
        """Have a hint that failed come again, a few times; False when that is of no use, or no longer.

        What the hint could tell, the next sweep finds.
        """
        code = failed.code if isinstance(failed, UnifiedError) else type(failed).__name__
        logger.warning("hint", extra={"code": code})
        tries = int(message.get("tries", 0)) + 1
        may_pass = is_renewing(failed) or isinstance(failed, UpstreamFailure | VaultFailure | Unsettled)
        if tries > _TRIES or not may_pass or code == "MORPH::CONNECTION::PROXY::FORBIDDEN":
            metrics.count("HintGivenUp")
            return False
        return self._wait({**message, "tries": tries}, _WAIT_SECONDS)

    def _wait(self, message: Mapping[str, Any], seconds: float) -> bool:
        """Wait without holding up the hints of other accounts: the message goes to the end of the queue.

        False when it has waited for too long by now.
        """
        age = self._home.clock() - float(message["receivedAt"])
        if age > _PATIENCE_SECONDS:
            metrics.count("HintGivenUp")
            return False
        self._again(dict(message), round(max(seconds, min(age, MAX_DELAY_SECONDS))) + 1)
        return True

    def _is_seen(self, key: t.Key) -> bool:
        item = self._home.table.get(key)
        return item is not None and item["ttl"] > self._home.clock()

    def _count_unknown(self, watch: Watch, action: str) -> None:
        """Count an action that this version knows nothing of, so that somebody can see that it comes."""
        name = action if action.isascii() and action.isalnum() and len(action) <= 60 else "unreadable"
        metrics.count("WebhookUnknown", action=name)
        self._home.table.update(watch.sync_key(f"ACTION#{name}"), {"action": name}, increment="count")


def _look(watched: Watched, session: Any, state: Mapping[str, Any], hints: list[Hint], received_at: float) -> None:
    for hint in hints:
        subject = watched.subject(hint.model, watched.home.progress(watched.watch, hint.model, state))
        if hint.is_gone:
            subject.take_word(session, hint.record_id, received_at, hint.merged_into)
        elif hint.is_group:
            subject.settle_group(session, hint.record_id)
        elif hint.record is not None:
            subject.take_payload(session, hint.record, received_at)
        else:
            subject.settle(session, hint.record_id)


def _seen_key(watch: Watch, message: Mapping[str, Any]) -> t.Key | None:
    """Return where it is noted that a webhook was dealt with: one action under one id, telling the same.

    Several actions share an id, and what an account takes for related may be told by one action several times.
    """
    action_id = message.get("actionId")
    if not action_id:
        return None
    what: Any = message.get("data") or message.get("ids") or {}
    # JSON in ASCII holds every text that a webhook may: half of a surrogate pair, which UTF-8 does not, too.
    told = json.dumps([message["action"], action_id, what], sort_keys=True, separators=(",", ":"))
    return watch.sync_key(f"SEEN#{fingerprint(told)}")


@lru_cache(maxsize=1)
def observer() -> Observer:
    """Return this environment's observer."""
    return Observer(home())
