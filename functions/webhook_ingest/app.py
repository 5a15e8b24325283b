"""Webhooks of connected accounts arrive here: ``POST /v1/hooks/{connectorId}/{hookId}``, without a router."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from unified.hooks.ingest import entry

handler = entry()
