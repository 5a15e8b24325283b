"""A line to one Ashby account: every call to Ashby goes through ``AshbySession.call``.

One place for authentication, the version header, the envelope, retries, timeouts and paging. Reads are
repeated when Ashby failed or fell silent; a write is repeated only when it certainly did not happen
(``failures.Verdict.may_repeat``).
"""

from __future__ import annotations

import base64
import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from unified.ashby import failures
from unified.ashby.failures import Failure, Verdict
from unified.connector import Credential, Page, Record
from unified.deadline import Deadline
from unified.errors import Missing

# https://developers.ashbyhq.com/reference/versioning: the only active version.
API_VERSION = "2026-01-01"
PAGE_LIMIT = 100
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_READS = frozenset({"list", "info", "search"})
_ATTEMPTS = 3
_CALL_SECONDS = 20.0


class AshbySession:
    """Calls Ashby for one connection within one deadline. ``renew`` is given for OAuth credentials only.

    A limit of Ashby's is waited out as far as the deadline goes, unless ``waits`` is false: then it is raised at once.
    """

    def __init__(
        self,
        base_url: str,
        credential: Credential,
        deadline: Deadline,
        renew: Callable[[], Credential] | None = None,
        *,
        waits: bool = True,
        send: Callable[..., Any] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url
        self._deadline = deadline
        self._renew = renew
        self._waits = waits
        self._send = send
        self._sleep = sleep
        self._authorization = _authorization(credential)
        # Expanding calls from many threads at once: of those that meet a dead token, one renews it.
        self._renewing = threading.Lock()

    def call(self, endpoint: str, body: Mapping[str, Any] | None = None, *, permission: str | None = None) -> Any:
        """Call ``endpoint`` (such as ``candidate.info``) and return its ``results``.

        Raises the errors of ``failures.to_error``; ``permission`` is named in the one for a missing permission.
        """
        return self._envelope(endpoint, body, permission).get("results")

    def record(self, endpoint: str, body: Mapping[str, Any], *, permission: str | None = None) -> Record:
        """Call ``endpoint`` and return its one record."""
        results = self.call(endpoint, body, permission=permission)
        if not isinstance(results, dict):
            raise failures.to_error(Verdict(failure=Failure.MALFORMED), endpoint, permission, writes=_writes(endpoint))
        return cast(Record, results)

    def page(self, endpoint: str, body: Mapping[str, Any], *, permission: str | None = None) -> Page:
        """Call a ``.list`` and return its page. Ashby's ``moreDataAvailable`` decides, not the cursor's presence."""
        envelope = self._envelope(endpoint, body, permission)
        results = envelope.get("results")
        if not isinstance(results, list):
            raise failures.to_error(Verdict(failure=Failure.MALFORMED), endpoint, permission, writes=False)
        records = [cast(Record, record) for record in cast(list[Any], results) if isinstance(record, dict)]
        if not envelope.get("moreDataAvailable"):
            token = envelope.get("syncToken")
            return Page(records, sync_token=token if isinstance(token, str) else None)
        following = envelope.get("nextCursor")
        if not isinstance(following, str) or not following:
            # A list that just ended here would pass for a whole one.
            raise failures.to_error(Verdict(failure=Failure.MALFORMED), endpoint, permission, writes=False)
        return Page(records, following)

    def everything(self, endpoint: str, body: Mapping[str, Any], *, permission: str | None = None) -> list[Record]:
        """Read every page of a short ``.list`` (tags, custom fields, brands)."""
        found: list[Record] = []
        cursor: str | None = None
        while True:
            page = self.page(endpoint, {**body, **({"cursor": cursor} if cursor else {})}, permission=permission)
            found.extend(page.records)
            cursor = page.next
            if cursor is None:
                return found

    def _envelope(self, endpoint: str, body: Mapping[str, Any] | None, permission: str | None) -> dict[str, Any]:
        writes = _writes(endpoint)
        content = json.dumps(body or {}, separators=(",", ":")).encode()
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            used = self._authorization
            verdict = self._once(endpoint, content, used)
            if verdict.envelope is not None:
                return verdict.envelope
            if verdict.failure is Failure.UNAUTHENTICATED and self._renew is not None and not renewed:
                # 401 says that the call was not let in, so even a write may follow with the new token.
                with self._renewing:
                    if self._authorization == used:
                        self._authorization = _authorization(self._renew())
                renewed = True
                continue
            wait = self._wait(verdict, attempt) if verdict.may_repeat(writes=writes) else None
            if wait is None:
                raise failures.to_error(verdict, endpoint, permission, writes=writes)
            self._sleep(wait)

    def _once(self, endpoint: str, content: bytes, authorization: str) -> Verdict:
        from unified import transport

        timeout = min(_CALL_SECONDS, self._deadline.remaining())
        if timeout <= 0:
            return failures.silence(sent=False)
        headers = {
            "authorization": authorization,
            "content-type": "application/json",
            "accept": "application/json; version=1",
            "ashby-version": API_VERSION,
            "user-agent": "unified-ashby",
        }
        try:
            send = self._send or transport.send
            reply = send("POST", f"{self._base_url}/{endpoint}", headers=headers, content=content, timeout=timeout)
        except transport.TransportFailure as failure:
            return failures.silence(sent=failure.sent)
        return failures.judge(reply.status, reply.headers, reply.body)

    def _wait(self, verdict: Verdict, attempt: int) -> float | None:
        """Return how long to wait before the next attempt, None when there is none within the deadline."""
        if attempt >= _ATTEMPTS or (verdict.failure is Failure.RATE_LIMITED and not self._waits):
            return None
        backoff = 0.2 * 2 ** (attempt - 1) * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, hides nothing
        wait = max(verdict.retry_after or 0.0, backoff)
        return wait if wait + 1 < self._deadline.remaining() else None


def is_identity(text: str) -> bool:
    """Tell whether ``text`` can be an id of Ashby's: a UUID."""
    return _UUID.fullmatch(text) is not None


def identity(record_id: str) -> str:
    """Return an id of Ashby's. Raises ``Missing`` for what can be no record's."""
    if not is_identity(record_id):
        raise Missing("CONNECTOR::OPERATION::RESOURCE_NOT_FOUND", "Ashby has no such record.")
    return record_id


def _writes(endpoint: str) -> bool:
    return endpoint.rpartition(".")[2] not in _READS


def _authorization(credential: Credential) -> str:
    """Spell the credential: an API key as Basic user name with no password, an OAuth token as Bearer."""
    if credential.kind == "apiKey":
        return "Basic " + base64.b64encode(f"{credential.secret.reveal()}:".encode()).decode()
    return f"Bearer {credential.secret.reveal()}"
