"""The one module that speaks HTTP to others; nothing else imports the HTTP library.

One client and one TLS context per Lambda environment, connections kept for a few seconds only: after a
freeze they are dead. Connections are all that is kept: the client serves all customers, and a cookie of one's answer
would go out with another's request. Redirects are not followed (a redirect would carry the credential to a host nobody
chose). Failures are told apart by the one question a caller must ask: can the request have had effect?
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

# A longer answer than this is not a page of an API; reading it would cost the function its memory.
MAX_ANSWER_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers with lower-case names, body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportFailure(Exception):
    """No answer. ``sent`` is False only when the request certainly did not reach the other side."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


Send = Callable[..., Reply]


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    return httpx.Client(
        follow_redirects=False,
        trust_env=False,
        # A jar whose policy takes a cookie from no host.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=5),
    )


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    timeout: float,
    client: httpx.Client | None = None,
) -> Reply:
    """Send one request and read its whole answer within ``timeout`` seconds.

    Raises ``TransportFailure``, whose text names the kind of failure and neither URL nor headers.
    """
    chosen = client or _client()
    ends = time.monotonic() + timeout
    limits = httpx.Timeout(timeout, connect=min(timeout, 5))
    try:
        with chosen.stream(method, url, headers=dict(headers), content=content, timeout=limits) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                # The library's timeouts are per step: an answer that drips would never meet one.
                if time.monotonic() > ends:
                    raise TransportFailure("the answer is too slow", sent=True)
                if len(body) > MAX_ANSWER_BYTES:
                    raise TransportFailure("the answer is too large", sent=True)
            return Reply(response.status_code, dict(response.headers), bytes(body))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failure:
        raise TransportFailure(type(failure).__name__, sent=False) from None
    except httpx.HTTPError as failure:
        raise TransportFailure(type(failure).__name__, sent=True) from None
    except httpx.InvalidURL:
        raise TransportFailure("InvalidURL", sent=False) from None
