"""How a project wants its events: as usual, as chosen, and how soon a choice holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.unified.deliveries.conftest import table
from unified import table as t
from unified.events import settings
from unified.events.settings import CACHE_SECONDS, EventSettings
from unified.remembered import Remembered

__all__ = ["table"]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Remember nothing of other tests."""
    settings._remembered.cache_clear()
    yield
    settings._remembered.cache_clear()


def test_what_was_never_chosen_is_as_usual(table: t.Table) -> None:
    usual = EventSettings(thin=True, backfill=False, sweep_minutes=15, full_sweep_hours=24)

    assert settings.read(table, "prj_1") == settings.load(table, "prj_1") == usual


def test_one_choice_leaves_the_others(table: t.Table) -> None:
    settings.change(table, "prj_1", {"thin": False})
    changed = settings.change(table, "prj_1", {"sweepMinutes": 60})

    assert changed == EventSettings(thin=False, sweep_minutes=60)
    assert settings.change(table, "prj_1", {}) == changed
    assert settings.load(table, "prj_2") == EventSettings()


def test_a_worker_goes_on_with_what_it_knows_for_half_a_minute(table: t.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000_000.0]
    remembered: Remembered[str, EventSettings] = Remembered(CACHE_SECONDS, 10, lambda: now[0])
    monkeypatch.setattr(settings, "_remembered", lambda: remembered)
    assert settings.read(table, "prj_1").thin
    table.update(t.event_settings_key("prj_1"), {"thin": False})

    now[0] += CACHE_SECONDS - 1
    assert settings.read(table, "prj_1").thin
    now[0] += 2
    assert not settings.read(table, "prj_1").thin


def test_who_changes_them_goes_by_the_change_at_once(table: t.Table) -> None:
    assert settings.read(table, "prj_1").thin

    settings.change(table, "prj_1", {"thin": False})

    assert not settings.read(table, "prj_1").thin
