"""Carries webhook requests to their receivers, again and again where that fails, on a thread of its own.

The thread lets it work alike under a server and in process, where an event loop runs only during a call. It starts
with the first delivery and ends when there was nothing to do for a while.

Source of the rules: the webhook guide. Retry n follows (2^n - 1) * 10 seconds after the failure, ten attempts in all.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock, Thread

import httpx

from sandbox import pinging
from sandbox.table import Record

MOST_ATTEMPTS = 10
FINAL_STATUSES = frozenset({401, 403, 404, 405, 410})
# At most this many requests at once for each setting: a receiver that hangs does not stop the deliveries to others.
_AT_ONCE = 8
_LINGER_SECONDS = 2

PENDING, DELIVERED, FAILED, DROPPED = "pending", "delivered", "failed", "dropped"


@dataclass(slots=True, eq=False, kw_only=True)
class Delivery:
    """One request to one receiver, and how it went.

    `state` is `pending`, `delivered`, `failed` (given up) or `dropped` (never to be sent). `last_status` is None
    before the first answer and where the latest attempt got none. The body is let go once the state is final.
    """

    number: int
    webhook_id: str
    action: str
    action_id: str
    at: str
    body: bytes
    attempts: int = 0
    last_status: int | None = None
    state: str = PENDING


class Courier:
    """Sends deliveries at a `speed` that divides the waits before retries; holds them while `paused`.

    `find_setting` returns the webhook setting of an id as it is at each attempt. All methods may be called from any
    thread and none waits.
    """

    def __init__(self, find_setting: Callable[[str], Record | None], speed: float) -> None:
        self._find_setting = find_setting
        self._speed = speed
        self._paused = False
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending = 0
        self._accepted = 0
        self._closed = False

    @property
    def pending(self) -> int:
        """How many deliveries are not in a final state."""
        return self._pending

    @property
    def speed(self) -> float:
        """What the waits before retries are divided by."""
        return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        self._speed = factor
        self._wake()

    @property
    def paused(self) -> bool:
        """Whether deliveries are held."""
        return self._paused

    @paused.setter
    def paused(self, held: bool) -> None:
        self._paused = held
        self._wake()

    def send(self, delivery: Delivery, *, delay: float) -> None:
        """Deliver something, first tried after `delay` seconds."""
        with self._lock:
            if self._closed:
                delivery.state = DROPPED
                return
            self._pending += 1
            self._accepted += 1
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(target=self._run, args=(self._loop,), name="webhooks", daemon=True).start()
            self._loop.call_soon_threadsafe(self._begin, delivery, delay)

    def close(self) -> None:
        """Drop what is pending; nothing is sent any more."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        """Let every wait look again at speed, pause and close."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._note_change)

    # -- on the thread ---------------------------------------------------------------------------------------------

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        # Fresh for each thread: one that is ending must not touch the tasks of the next.
        self._changed = asyncio.Event()
        self._slots = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(_AT_ONCE))
        self._tasks = set[asyncio.Task[None]]()
        # The number of connections is not limited here: whoever waited for one too long would count as not answered.
        self._client = httpx.AsyncClient(
            timeout=pinging.TIMEOUT_SECONDS,
            trust_env=False,
            # No cookie of one receiver's answer goes out with another's webhook.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_keepalive_connections=20),
        )
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._serve(self._client, self._tasks))

    async def _serve(self, client: httpx.AsyncClient, tasks: set[asyncio.Task[None]]) -> None:
        """Stay while there is something to deliver; cancel it all when closed."""
        async with client:
            while not self._closed:
                seen = self._accepted
                await self._until_changed(_LINGER_SECONDS)
                with self._lock:
                    if self._pending == 0 and self._accepted == seen:
                        self._loop = None
                        break
            else:
                with self._lock:
                    self._loop = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, delivery: Delivery, delay: float) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, delay: float) -> None:
        state = DROPPED
        try:
            await asyncio.sleep(delay)
            state = await self._attempts(delivery)
        finally:
            delivery.state, delivery.body = state, b""
            with self._lock:
                self._pending -= 1

    async def _attempts(self, delivery: Delivery) -> str:
        """Try until it is delivered, given up, or the setting is gone or disabled; return the final state."""
        while True:
            async with self._slots[delivery.webhook_id]:
                while self._paused:
                    await self._until_changed(None)
                setting = self._find_setting(delivery.webhook_id)
                if self._closed or setting is None or not setting["enabled"]:
                    return DROPPED
                status = await self._post(setting, delivery.body)
            delivery.attempts += 1
            delivery.last_status = status
            if status is not None and 200 <= status < 300:
                return DELIVERED
            if status in FINAL_STATUSES or delivery.attempts == MOST_ATTEMPTS:
                return FAILED
            await self._sleep(retry_seconds(delivery.attempts))

    async def _post(self, setting: Record, body: bytes) -> int | None:
        """Make one request; None where there was no answer in time. Redirects are not followed."""
        try:
            async with asyncio.timeout(pinging.TIMEOUT_SECONDS):
                answer = await self._client.post(
                    setting["requestUrl"], content=body, headers=pinging.headers(setting["secretToken"], body)
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None
        return answer.status_code

    async def _sleep(self, seconds: float) -> None:
        """Wait so long at the speed there is, which may change meanwhile."""
        loop = asyncio.get_running_loop()
        while seconds > 0:
            speed, began = self._speed, loop.time()
            await self._until_changed(seconds / speed)
            seconds -= (loop.time() - began) * speed

    async def _until_changed(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def retry_seconds(number: int) -> int:
    """Return how long after a failed attempt its retry follows: 10, 30, 70, 150 ... for the first, second ..."""
    return (2**number - 1) * 10
