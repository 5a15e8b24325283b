"""A provider of rotating refresh tokens, as far as refreshing sees it."""

from __future__ import annotations

from collections.abc import Callable

from unified.connections.oauth import GrantRejected, ProviderUnavailable, Tokens
from unified.secret import Secret

LIFETIME = 3600


class RotatingProvider:
    """Every refresh token works once; a used one revokes the whole family (RFC 9700 §4.14.2).

    With ``grace``, the token used last may be used again, for a client whose answer was lost.
    """

    def __init__(self, clock: Callable[[], float], *, grace: bool = False) -> None:
        self._clock = clock
        self._grace = grace
        self.generation = 0
        self.revoked = False
        self.exchanges = 0
        # Called with "before" and "after" the effect; may raise to lose the request or the answer.
        self.interrupt: Callable[[str], None] = lambda _moment: None

    def tokens(self) -> Tokens:
        return Tokens(
            Secret(f"access-{self.generation}"),
            Secret(f"refresh-{self.generation}"),
            int(self._clock()) + LIFETIME,
            ("candidatesRead",),
        )

    def refresh(self, refresh_token: Secret, _seconds: float) -> Tokens:
        self.interrupt("before")
        self.exchanges += 1
        presented = int(refresh_token.reveal().removeprefix("refresh-"))
        if self.revoked:
            raise GrantRejected
        if presented == self.generation:
            self.generation += 1
        elif not (self._grace and presented == self.generation - 1):
            self.revoked = True
            raise GrantRejected
        answer = self.tokens()
        self.interrupt("after")
        return answer

    def accepts(self, access_token: Secret) -> bool:
        return not self.revoked and access_token.reveal() == f"access-{self.generation}"


def lose_the_answer(times: int = 1) -> Callable[[str], None]:
    """Return an interruption that loses the answer after the effect, so many times."""
    left = times

    def interrupt(moment: str) -> None:
        nonlocal left
        if moment == "after" and left > 0:
            left -= 1
            raise ProviderUnavailable(sent=True)

    return interrupt
