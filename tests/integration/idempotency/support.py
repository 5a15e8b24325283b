"""What tests of ``Idempotency-Key`` share: one person to be written, the time of claims, what there is afterwards."""

from __future__ import annotations

import time
from typing import Any

from tests.integration.stack import Answer, Stack

CONTACTS = "/v1/resources/genericContact"
APPLICATIONS = "/v1/resources/atsApplication"
JOBS = "/v1/resources/atsJob"
MAPPING = "/v1/connections/ashby/acme/mappings/genericContact"
EMAIL = "ada@claims.example.com"
ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": EMAIL}
ATS = [f"{model}::{verb}" for model in ("atsApplication", "atsJob") for verb in ("create", "retrieve", "update")]
# Kind of fault, the rest of it, and whether Ashby did what it was asked to.
FAULTS: list[tuple[str, dict[str, Any], bool]] = [
    ("drop_before", {}, False),
    ("drop_after", {}, True),
    ("status", {"status": 500}, False),
    ("status", {"status": 503}, False),
    ("failure", {"code": "generic_internal_error"}, False),
    ("malformed", {}, True),
    ("truncated", {}, True),
]


class Died(BaseException):
    """The function ended here: nothing of ours may catch it."""


class Clock:
    """The time of claims, which a test can move."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead


def keyed(headers: dict[str, str], key: str = "k1") -> dict[str, str]:
    return {**headers, "Idempotency-Key": key}


def people(stack: Stack, email: str = EMAIL) -> list[Any]:
    found = stack.sandbox.organisation.candidates
    return [one for one in found if email in [address["value"] for address in one["emailAddresses"]]]


def claims(stack: Stack) -> list[Any]:
    return [item for (pk, _), item in stack.items().items() if pk.startswith("IDEMPOTENCY#")]


def in_progress(answer: Answer) -> bool:
    if answer.code != "MORPH::IDEMPOTENCY::IN_PROGRESS":
        return False
    assert answer.status == 409
    assert 1 <= answer.json["retryAfter"] <= 5
    return True
