"""What the tests of all models of Ashby's ask of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.unified.conftest import Script
from unified.connector import ConnectorModel, ListQuery, Page
from unified.errors import UnifiedError


def listed(model: ConnectorModel, ashby: Script, **query: Any) -> Page:
    """Read a page of a model, of 50 records unless told."""
    asked: dict[str, Any] = {"limit": 50, **query}
    return model.list(ashby.session(), ListQuery(**asked))


def failure(call: Callable[[], Any]) -> UnifiedError:
    """Return the error that a call ends in."""
    with pytest.raises(UnifiedError) as failed:
        call()
    return failed.value
