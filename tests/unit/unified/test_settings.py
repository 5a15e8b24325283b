"""What a function is told by its environment: all of it, or it does not run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from unified import connector
from unified.settings import QUEUES_AND_BUS, settings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give an environment of everything but the providers' addresses."""
    names = ("TABLE_NAME", "KEY_ARN", "OAUTH_CLIENT_SECRET_ARN", "PUBLIC_URL", "ALLOWED_REDIRECT_URLS", *QUEUES_AND_BUS)
    for name in names:
        monkeypatch.setenv(name, "")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_each_connector_has_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "_PACKAGES", {"ashby": "unified.ashby", "other": "unified.other"})
    monkeypatch.setenv("ASHBY_API_URL", "https://ashby.example/")
    monkeypatch.setenv("OTHER_API_URL", "https://other.example")

    assert settings().upstream_urls == {"ashby": "https://ashby.example", "other": "https://other.example"}


def test_a_connector_without_an_address_is_a_fault_of_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASHBY_API_URL", raising=False)

    with pytest.raises(KeyError, match="ASHBY_API_URL"):
        settings()
