"""Webhooks that came in, looked into: what has really changed becomes an event."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from unified.ledger.batches import messages
from unified.ledger.observe import observer

handler = messages(lambda message, deadline: observer().observe(message, deadline))
