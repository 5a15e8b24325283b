"""The bench at which the fifty cells are tried, and what keeps their scenarios.

A scenario is what one cell of the capability table must do; the modules ``cells_*`` hold them, a family of models each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from tests.e2e.account import Account, Record
from tests.e2e.running import Connection
from unified.connector import Operation

OFFER: Mapping[str, Any] = {
    "startDate": "2027-01-01T00:00:00.000Z",
    "salary": 90_000,
    "currency": "EUR",
    "bonusAmount": 2_000,
    "benefits": "Pension",
    "expirationDate": "2026-12-31T00:00:00.000Z",
}


@dataclass(frozen=True)
class Bench(Account):
    """An account, and a connection to it by the same key."""

    customer: Connection

    def calls(self) -> Mapping[str, int]:
        """Count what Ashby was asked for with this account's key: by the connection, and by the tests themselves."""
        return self.world.sandbox.calls(self.key)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call ``/v1/resources/<path>``."""
        return self.customer.call(method, f"/resources/{path}", **more)

    def good(self, method: str, path: str, **more: Any) -> Any:
        """Call, and expect that all of it was done."""
        answer = self.call(method, path, **more)
        assert answer.status_code in (200, 201, 204), answer.text
        body = answer.json() if answer.text else {}
        assert "warnings" not in body, body
        return body

    def listed(self, model: str, limit: int) -> list[Record]:
        """List to the end."""
        found: list[Record] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.good("GET", model, params={"limit": limit, **cursor})
            assert len(page["data"]) <= limit
            found += page["data"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def read(self, model: str, record_id: str) -> Record:
        """Retrieve a record's fields."""
        resource = self.good("GET", f"{model}/{quote(record_id, safe='')}")
        assert (resource["object"], resource["model"], resource["id"]) == ("resource", model, record_id)
        return resource["fields"]

    def create(self, model: str, **fields: Any) -> str:
        """Create a record; gives its id."""
        return self.good("POST", model, json=fields)["id"]

    def update(self, model: str, record_id: str, **fields: Any) -> None:
        """Change a record."""
        self.good("PATCH", f"{model}/{quote(record_id, safe='')}", json=fields)

    def delete(self, model: str, record_id: str) -> None:
        """Delete a record."""
        self.good("DELETE", f"{model}/{quote(record_id, safe='')}")

    def our_offer(self) -> str:
        """Make an offer, by our own API: the account's form is filled out there."""
        return self.create("atsOffer", application={"id": self.application()["id"]}, **OFFER)


Scenario = Callable[[Bench], None]
Scenarios = dict[tuple[str, str], tuple[str, Scenario]]
"""Model and operation of a cell, the mode that the table must say of it, and its scenario."""


def keeper(scenarios: Scenarios) -> Callable[[str, Operation, str], Callable[[Scenario], Scenario]]:
    """Make the decorator that keeps a function as the scenario of a cell and its mode."""

    def does(model: str, operation: Operation, mode: str) -> Callable[[Scenario], Scenario]:
        def keep(scenario: Scenario) -> Scenario:
            assert (model, operation) not in scenarios
            scenarios[model, operation] = (mode, scenario)
            return scenario

        return keep

    return does


def same_ids(bench: Bench, model: str, wanted: Sequence[str]) -> None:
    """Check that our list holds just these records, each once, whatever the size of its pages."""
    assert len(set(wanted)) == len(wanted) > 0
    for limit in (100, 11):
        assert sorted(one["id"] for one in bench.listed(model, limit)) == sorted(wanted)


def some(found: Sequence[Any]) -> list[Any]:
    """Choose a few from everywhere in a list."""
    return [*found[:3], *found[len(found) // 2 : len(found) // 2 + 2], found[-1]]


def differences(before: Record, after: Record) -> set[str]:
    """Name the parts in which two readings of a record differ."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
