"""How fast records are mapped: from Ashby's JSON bytes to ours, beside decoding and encoding the same bytes.

The floor does what nobody can leave out, with the same JSON library and nothing in between. Both run in turn
on the same pages of the sandbox's organisation, so the ratio holds on a busy machine. Target: half the
floor's rate or more.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.in_process import in_process_client
from unified.connector import load_connector

ROUNDS = 40
# The models whose records are those of one list of Ashby's.
ENDPOINTS = {
    "genericContact": "candidate.list",
    "genericUser": "user.list",
    "atsJob": "job.list",
    "atsApplication": "application.list",
    "atsOffer": "offer.list",
    "scheduleEventType": "interview.list",
}
TARGET = 0.5


def measure(model_id: str, endpoint: str) -> tuple[float, float, float]:
    """Return records per second mapped, records per second of the floor, and the median ratio round by round."""
    bodies = _pages(endpoint)
    mapper = load_connector("ashby").load(model_id).mapper
    count = sum(len(json.loads(body)["results"]) for body in bodies)

    def floor() -> int:
        return sum(len(_dumps(json.loads(body)).encode()) for body in bodies)

    def ours() -> int:
        total = 0
        for body in bodies:
            envelope = json.loads(body)
            data = [mapper.resource(record) for record in envelope["results"]]
            total += len(_dumps({"data": data, "next": envelope.get("nextCursor")}).encode())
        return total

    rounds = [(_seconds(ours), _seconds(floor)) for _ in range(ROUNDS)]
    ratios = [at_floor / at_ours for at_ours, at_floor in rounds]
    return (
        count / median(at_ours for at_ours, _ in rounds),
        count / median(at_floor for _, at_floor in rounds),
        median(ratios),
    )


def _pages(endpoint: str) -> list[bytes]:
    """Return every page of a ``.list`` as Ashby would send it."""
    bodies: list[bytes] = []
    cursor: str | None = None
    with in_process_client(create_app(SandboxConfig(candidates=500))) as client:
        while True:
            asked = {"limit": 100, **({"cursor": cursor} if cursor else {})}
            body = client.post(f"/{endpoint}", json=asked, auth=("ashby_local_full", "")).content
            bodies.append(body)
            cursor = json.loads(body).get("nextCursor")
            if cursor is None:
                return bodies


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _seconds(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    """Print the table; the exit status is 1 when a target is missed."""
    print(f"{'mapping':<18}{'mapped/s':>12}{'floor/s':>12}{'ratio':>8}   target >= {TARGET}")
    missed = False
    for model_id, endpoint in ENDPOINTS.items():
        mapped, floor, ratio = measure(model_id, endpoint)
        missed = missed or ratio < TARGET
        print(f"{model_id:<18}{mapped:>12,.0f}{floor:>12,.0f}{ratio:>8.2f}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
