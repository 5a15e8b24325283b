"""Every language says everything, and the right one is chosen."""

from __future__ import annotations

from string import Formatter

import pytest

from unified.connect.texts import DEFAULT, LANGUAGES, choose
from unified.connector import connector_ids, load_connector


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_language_says_all_that_the_default_says_with_the_same_names(language: str) -> None:
    texts, other = LANGUAGES[language], LANGUAGES[DEFAULT]

    assert list(texts) == list(other)
    for key, text in texts.items():
        assert text.strip() == text != ""
        assert places(text) <= places(other[key]) | {"company", "provider"}, key
        assert places(text) - {"company", "provider"} == places(other[key]) - {"company", "provider"}, key


@pytest.mark.parametrize("connector_id", connector_ids())
def test_a_connector_tells_how_to_make_a_key_in_every_language(connector_id: str) -> None:
    connector = load_connector(connector_id)
    guide = connector.key_guide

    assert set(guide.steps) == set(guide.notes) == set(LANGUAGES)
    assert len({len(steps) for steps in guide.steps.values()}) == 1
    everything = connector.scopes([f"{model}::{verb}" for model in connector.model_ids for verb in ("list", "create")])
    assert set(everything) | {guide.own, connector.hooks.permission} <= set(guide.permissions)


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ((), "en"),
        (("", ""), "en"),
        (("de",), "de"),
        (("", "de-AT,de;q=0.9"), "de"),
        (("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4",), "de"),
        (("fr", "de"), "de"),
        (("en;q=0.1, de;q=0.8",), "de"),
        (("de;q=0, en",), "en"),
        (("de;q=nonsense, *",), "en"),
        (("tlh", "", "xx-yy;q=1"), "en"),
        (("de" * 10_000,), "en"),
    ],
)
def test_the_first_language_that_there_is_is_chosen(wanted: tuple[str, ...], language: str) -> None:
    assert choose(*wanted) == language
