"""What goes wrong in the chaos test, and the time it goes wrong in.

Time is simulated: it stands still but for a millisecond each time somebody looks, and the test moves it on. All lots
are drawn from one seed; only in which order a function's own threads draw theirs, it does not say.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, ClassVar, Self, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from standardwebhooks import Webhook, WebhookVerificationError

from local.schedules import due_time
from sandbox import pinging
from sandbox.courier import DELIVERED, DROPPED, FAILED, FINAL_STATUSES, MOST_ATTEMPTS, Courier, Delivery, retry_seconds
from sandbox.table import Record
from tests.serving import Loopback, QuietHandler
from unified import aws, egress, transport
from unified.deliveries import attempts
from unified.ledger.subject import Subject
from unified.ledger.watched import Home
from unified.settings import settings

from .chaos_history import spell
from .cloud import forget
from .hooks_support import posted
from .pump import BrokenDown, Pump
from .quick_table import hasten
from .stack import Stack

_SERVICES = ("dynamodb", "kms", "sqs", "events", "scheduler")


class Clock:
    """Seconds since the epoch, as the test moves them on."""

    def __init__(self) -> None:
        self._now = time.time()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Look at the clock, which takes a millisecond."""
        with self._lock:
            self._now += 0.001
            return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now += seconds

    def rule(self, patch: pytest.MonkeyPatch) -> None:
        """Be the clock of everybody in this process who asks for the time of day."""
        clock = self

        class Simulated(datetime):
            """What the receiver's library looks at to refuse old webhooks."""

            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(clock(), tz)

        patch.setattr(time, "time", self)
        patch.setattr("standardwebhooks.webhooks.datetime", Simulated)
        # Those who took time.time for their default when they were loaded.
        patch.setattr(Home.__new__, "__defaults__", (self,))
        for owner in (Subject, attempts.Courier):
            patch.setitem(cast(dict[str, Any], owner.__init__.__kwdefaults__), "clock", self)
        for place in ("local.emulator", "moto.sqs.models"):
            patch.setattr(f"{place}.unix_time_millis", lambda: self() * 1000)


@dataclass
class Faults:
    """Decides at each call of a function to the outside whether it fails, and whether the function dies of it.

    ``deadly`` is the share of each function's invocations that die at one of their calls, ``failing`` that of the calls
    that fail, by service (``ashby`` for the account's own API). Either befalls a call before or after it took effect.
    """

    lots: random.Random
    deadly: Mapping[str, float]
    failing: Mapping[str, float]
    is_on: bool = False
    counts: Counter[str] = field(default_factory=Counter[str])
    is_dead: bool = False
    _function: str | None = None
    _left: int = -1
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _database: threading.RLock = field(default_factory=threading.RLock)

    # At which of its calls a function dies: up to about as many as it makes.
    LENGTHS: ClassVar = {"observe": 60, "sweep": 100, "deliver": 40, "webhook_ingest": 2}

    def begin(self, function: str) -> None:
        """Begin an invocation."""
        dies = self.is_on and self.lots.random() < self.deadly[function]
        self._left = self.lots.randint(1, self.LENGTHS[function]) if dies else -1
        self._function, self.is_dead = function, False

    def end(self) -> bool:
        """End it; tells whether it died."""
        self._function = None
        return self.is_dead

    def around(self, service: str, operation: str, call: Callable[[], Any]) -> Any:
        """Make a call, or let it fail."""
        with self._lock:
            fault = self._draw(service)
        if fault == "dies before":
            raise BrokenDown
        if fault == "fails before":
            if operation == "SendMessageBatch" and self.lots.random() < 0.5:
                return {"Successful": [], "Failed": [{"Id": str(number)} for number in range(10)]}
            raise _error(service, operation, sent=False)
        # The calls of several threads come to the database one after another, as local.aws.SerialDatabase has it.
        with self._database if service not in {"ashby", "receiver"} else threading.Lock():
            answer = call()
        if fault == "dies after":
            raise BrokenDown
        if fault == "fails after":
            raise _error(service, operation, sent=True)
        return answer

    def _draw(self, service: str) -> str | None:
        if self._function is None or not self.is_on:
            return None
        if self.is_dead:
            raise BrokenDown
        self._left -= 1
        when = "before" if self.lots.random() < 0.5 else "after"
        if self._left == 0:
            self.is_dead = True
            self.counts[f"{self._function} killed"] += 1
            return f"dies {when}"
        if self.lots.random() < self.failing.get(service, 0):
            self.counts[f"{service} failed"] += 1
            return f"fails {when}"
        return None

    def befall(self, patch: pytest.MonkeyPatch) -> None:
        """Stand between the functions and AWS, the account and the receiver."""
        hasten(patch)
        for service in _SERVICES:
            client = aws._client(service)
            patch.setattr(client, "_make_api_call", self._of_aws(service, client._make_api_call))
        send, post = transport.send, egress.post

        def ashby(*given: Any, **named: Any) -> Any:
            return self.around("ashby", "", lambda: send(*given, **named))

        def receiver(*given: Any, **named: Any) -> Any:
            # Time enough on any machine: a receiver that is slower than its caller waits would find a delivery old.
            return self.around("receiver", "", lambda: post(*given, **named, seconds=30))

        patch.setattr(transport, "send", ashby)
        patch.setattr(egress, "post", receiver)

    def _of_aws(self, service: str, call: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        return lambda operation, given: self.around(service, operation, lambda: call(operation, given))


def _error(service: str, operation: str, *, sent: bool) -> Exception:
    if service == "ashby":
        return transport.TransportFailure("injected", sent=sent)
    if sent:
        return ReadTimeoutError(endpoint_url="injected")
    return ClientError({"Error": {"Code": "ServiceUnavailable", "Message": "injected"}}, operation)


class ChaosPump(Pump):
    """Event sources whose functions die: a new environment then begins with nothing in its memory."""

    def __init__(self, stack: Stack, faults: Faults, clock: Clock) -> None:
        super().__init__(stack, shuffles=faults.lots)
        self.faults = faults
        self.clock = clock

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        self.faults.begin(function)
        try:
            answer = super()._invoke(function, event)
        except Exception:  # an invocation that fails is one that comes again
            self.faults.counts[f"{function} failed"] += 1
            answer = None
        if self.faults.end():
            forget()
            return None
        return answer

    def ingest(self, url: str, headers: Mapping[str, str], body: bytes) -> int | None:
        """Take a webhook in as API Gateway does; None where the function dies over it."""
        answer = self._invoke("webhook_ingest", posted(url.rpartition("/")[2], body, headers))
        return None if answer is None else answer["statusCode"]

    def round(self) -> int:
        """Move on what each source holds, in any order, a batch of each; returns how much was done."""
        sources = ["sweep", "hint", "delivery", "stream"]
        self.faults.lots.shuffle(sources)
        return sum(self.stream() if name == "stream" else self.queue(name) for name in sources)

    def schedules(self) -> int:
        """Send what one-time schedules hold that are due; returns how many there were."""
        scheduler, done = aws.client("scheduler"), 0
        for listed in scheduler.list_schedules(GroupName="unified-test")["Schedules"]:
            one: Any = scheduler.get_schedule(GroupName="unified-test", Name=listed["Name"])
            due = due_time(one["ScheduleExpression"], "UTC")
            assert due is not None
            if due.timestamp() <= self.clock():
                aws.client("sqs").send_message(**json.loads(one["Target"]["Input"]))
                scheduler.delete_schedule(GroupName="unified-test", Name=listed["Name"])
                done += 1
        return done

    def waiting(self) -> int:
        """Return how much lies in the queues and schedules, whenever it is due."""
        urls = (settings().hint_queue_url, settings().sweep_queue_url, settings().delivery_queue_url)
        names = ("", "Delayed", "NotVisible")
        attributes: Any = [f"ApproximateNumberOfMessages{name}" for name in names]
        found = [aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=attributes) for url in urls]
        scheduled = aws.client("scheduler").list_schedules(GroupName="unified-test")["Schedules"]
        return len(scheduled) + sum(int(count) for one in found for count in one["Attributes"].values())


class PostOffice(Courier):
    """Ashby's own delivery of webhooks, with its waits and its patience, in simulated time and on no thread."""

    def __init__(
        self, find: Callable[[str], Record | None], clock: Clock, ingest: Callable[[str, Mapping[str, str], bytes], Any]
    ) -> None:
        super().__init__(find, 1)
        self._find = find
        self._clock = clock
        self._ingest = ingest
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Delivery]] = []
        self.is_out = False
        self.states: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        """How many are still to be delivered."""
        return len(self._due)

    def send(self, delivery: Delivery, *, delay: float) -> None:
        """Deliver something after ``delay`` seconds."""
        heapq.heappush(self._due, (self._clock() + delay, next(self._numbers), delivery))

    def close(self) -> None:
        """Drop what is pending."""
        self._due.clear()

    def take_all(self) -> list[Delivery]:
        """Take away all that is pending."""
        taken = [delivery for _, _, delivery in sorted(self._due)]
        self._due.clear()
        return taken

    def deliver(self) -> None:
        """Make every attempt that is due; during an outage none reaches us."""
        while self._due and self._due[0][0] <= self._clock():
            at, _, delivery = heapq.heappop(self._due)
            delivery.state = self._attempt(delivery)
            if delivery.state == "pending":
                # Counted from when it was due: the test looks seldom, and Ashby's patience must end when it would.
                following = at + retry_seconds(delivery.attempts)
                heapq.heappush(self._due, (following, next(self._numbers), delivery))
            else:
                self.states[delivery.state] += 1

    def _attempt(self, delivery: Delivery) -> str:
        setting = self._find(delivery.webhook_id)
        if setting is None or not setting["enabled"]:
            return DROPPED
        delivery.attempts += 1
        headers = pinging.headers(setting["secretToken"], delivery.body)
        address = setting["requestUrl"].partition("?")[0]
        status = 503 if self.is_out else self._ingest(address, headers, delivery.body)
        delivery.last_status = status
        if status is not None and 200 <= status < 300:
            return DELIVERED
        return FAILED if status in FINAL_STATUSES or delivery.attempts == MOST_ATTEMPTS else "pending"


class Receiver:
    """A customer's server: verifies, keeps of each record the event with the highest version, and fails at times."""

    def __init__(self, lots: random.Random) -> None:
        self._lots = lots
        self.is_failing = False
        # Once the connection is removed what was sent whole may come again as a reference.
        self.is_left = False
        self.secret = ""
        self.got: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.events: dict[str, dict[str, Any]] = {}
        self.latest: dict[tuple[str, str], dict[str, Any]] = {}
        self.not_genuine: list[str] = []
        self._lock = threading.Lock()

    def take(self, headers: Mapping[str, str], body: bytes) -> int | None:
        """Take a delivery; None answers nothing."""
        with self._lock:
            lot = self._lots.random() if self.is_failing else 1.0
            if lot < 0.06:
                self.counts["refused"] += 1
                return 500
            try:
                event = Webhook(self.secret).verify(body, dict(headers))
            except WebhookVerificationError as error:
                age = time.time() - int(headers.get("webhook-timestamp", 0))
                self.not_genuine.append(f"{error}: {len(body)} bytes, {age:.0f} s old, {sorted(headers)}")
                return 400
            identity = headers["webhook-id"]
            assert event["id"] == identity
            known = self.events.setdefault(identity, event)
            assert known == event or (self.is_left and told(event) is None and _head(known) == _head(event))
            self.got[identity] += 1
            place = (event["event"].partition("::")[0], event["data"]["id"])
            known = self.latest.get(place)
            if known is None or known["version"] < event["version"]:
                self.latest[place] = event
            if lot < 0.09:
                self.counts["taken without an answer"] += 1
                return None
            return 200


@contextmanager
def served(receiver: Receiver) -> Generator[str]:
    """Serve a receiver on a free port; gives its URL."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - http.server's own name
            status = receiver.take({name.lower(): value for name, value in self.headers.items()}, self.body())
            if status is not None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

    with Loopback(Handler) as served:
        yield f"{served.url}/events"


def told(event: Mapping[str, Any]) -> str | None:
    """Return the content that an event tells of, None for a deletion."""
    fields: Mapping[str, Any] | None = event["data"].get("fields")
    return None if fields is None else spell(fields)


def _head(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an event does not depend on whether it is whole."""
    return {**event, "data": event["data"]["id"]}
