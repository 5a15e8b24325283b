"""A value that must not be seen: it prints, formats and pickles as nothing, and compares in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NoReturn


class Secret:
    """Holds a secret text. Only ``reveal`` gives it, so every use can be found by searching for that word."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends or seals it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)


def fingerprint(value: str) -> str:
    """Return the SHA-256 of a random token, in hex.

    For tokens of 128 bits or more only: without a salt or work factor, a guessable text would be found from it.
    """
    return hashlib.sha256(value.encode()).hexdigest()


def random_token(prefix: str) -> str:
    """Return a new unguessable token of 256 bits, URL-safe, with a prefix that says what it is."""
    return prefix + secrets.token_urlsafe(32)
