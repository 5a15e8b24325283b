"""Ashby's API as it is, for the proxy: which paths and headers are its own, what reads, and a call that judges nothing.

An endpoint is ``<category>.<verb>`` right under the host (https://developers.ashbyhq.com/reference/introduction). Ashby
says by the verb, not by the HTTP method, what a call does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from unified.ashby import failures
from unified.ashby.client import AshbySession
from unified.ashby.failures import Failure
from unified.errors import Invalid

if TYPE_CHECKING:
    from unified.transport import Reply

_ENDPOINT = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}\.[A-Za-z][A-Za-z0-9_]{0,63}")
# candidate.listNotes and candidate.getRecentEmailMessages read too; report.generate starts something.
_READ = re.compile(r".*\.(?:info|search|(?:list|get)(?:[A-Z][A-Za-z0-9]*)?)")
_SUCCESS_FIRST = re.compile(rb'\s*\{\s*"success"\s*:\s*(true|false)\b')


class Said(NamedTuple):
    """What an answer says, beyond its status. ``refuses_credential``: by this answer the credential may be dead."""

    is_success: bool
    code: str | None = None
    request_id: str | None = None
    refuses_credential: bool = False


class AshbyPassthrough:
    """What the proxy asks of a connector (``unified.api.proxy``)."""

    def endpoint(self, path: str) -> str:
        """Return the name of the endpoint at ``path``. Raises ``Invalid`` where there can be none."""
        if not _ENDPOINT.fullmatch(path):
            raise Invalid(
                "Ashby's endpoints are written <category>.<verb>, such as candidate.list.",
                code="MORPH::CONNECTION::PROXY::BAD_REQUEST",
            )
        return path

    def is_read(self, method: str, path: str) -> bool:
        """Tell whether a call changes nothing, for certain."""
        return method in ("GET", "HEAD", "POST") and _READ.fullmatch(path) is not None

    def passes(self, name: str) -> bool:
        """Tell whether a header, by its lower-case name, is Ashby's own.

        (https://developers.ashbyhq.com/reference/versioning, and the changelog of 2026-04-30.)
        """
        return name.startswith("ashby-") or name == "x-on-behalf-of"

    def send(
        self, session: AshbySession, method: str, path: str, query: str, headers: Mapping[str, str], content: bytes
    ) -> Reply:
        """Send one request and return the answer, whatever it says.

        It is sent once, and once more only with a new OAuth token after a 401, which says that it was not let in.
        Raises the errors of ``failures.to_error`` where no answer came, and those of renewing.
        """
        return _Passage(session).send(method, path, query, headers, content)

    def read(self, reply: Reply) -> Said:
        """Read what an answer says of itself, without decoding a good one: it may be long."""
        is_good = 200 <= reply.status < 300
        first = _SUCCESS_FIRST.match(reply.body)
        if is_good and (first[1] == b"true" if first else reply.body.lstrip()[:1] != b"{"):
            return Said(is_success=True)
        verdict = failures.judge(reply.status, reply.headers, reply.body)
        return Said(
            # A body that breaks off is passed on with what it began to say.
            is_success=is_good and first is None and verdict.failure in (None, Failure.MALFORMED),
            code=verdict.upstream.code,
            request_id=verdict.upstream.request_id,
            refuses_credential=verdict.failure in (Failure.UNAUTHENTICATED, Failure.DEAD_KEY),
        )


class _Passage(AshbySession):
    """A session's own line for calls that it does not judge; a token that is renewed here is renewed there."""

    def __init__(self, session: AshbySession) -> None:
        self.__dict__ = session.__dict__

    def send(self, method: str, path: str, query: str, headers: Mapping[str, str], content: bytes) -> Reply:
        used = self._authorization
        reply = self._pass(method, path, query, headers, content)
        if reply.status != 401 or self._renew is None:
            return reply
        with self._renewing:
            if self._authorization == used:
                renewed = AshbySession(self._base_url, self._renew(), self._deadline)
                self._authorization = renewed._authorization  # noqa: SLF001 - of its own class
        return self._pass(method, path, query, headers, content)

    def _pass(self, method: str, path: str, query: str, headers: Mapping[str, str], content: bytes) -> Reply:
        from unified import transport

        writes = not PASSTHROUGH.is_read(method, path)
        timeout = self._deadline.remaining()
        if timeout <= 0:
            raise failures.to_error(failures.silence(sent=False), path, None, writes=writes)
        try:
            return (self._send or transport.send)(
                method,
                f"{self._base_url}/{path}{'?' if query else ''}{query}",
                headers={"user-agent": "unified-ashby", **headers, "authorization": self._authorization},
                content=content,
                timeout=timeout,
            )
        except transport.TransportFailure as failure:
            raise failures.to_error(failures.silence(sent=failure.sent), path, None, writes=writes) from None


PASSTHROUGH = AshbyPassthrough()
