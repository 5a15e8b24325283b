"""The schemas themselves: complete, valid, and strict enough to catch a mistake."""

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from sandbox.endpoints import load_endpoints


def test_every_endpoint_has_a_schema_and_every_schema_an_endpoint(schema_names: list[str]) -> None:
    assert sorted(load_endpoints()) == schema_names


def test_every_schema_is_a_valid_schema(
    schema_names: list[str], validator: Callable[[str], Draft202012Validator]
) -> None:
    for name in [*schema_names, "common", "error"]:
        Draft202012Validator.check_schema(validator(name).schema)


CANDIDATE = {
    "id": "19059c8b-18bb-4c74-a52e-5b19f01392fd",
    "name": "Ada",
    "emailAddresses": [{"value": "ada@example.com", "type": "Personal", "isPrimary": True}],
    "phoneNumbers": [],
    "socialLinks": [],
    "tags": [],
    "applicationIds": [],
    "fileHandles": [],
    "profileUrl": "https://app.ashbyhq.com/x",
}


def broken_candidates() -> list[tuple[str, dict[str, Any]]]:
    """Candidates with one mistake each."""
    cases = [(f"without {name}", {k: v for k, v in CANDIDATE.items() if k != name}) for name in CANDIDATE]
    cases += [(f"{name} is null", {**CANDIDATE, name: None}) for name in [*CANDIDATE, "position", "source", "location"]]
    cases += [
        ("unknown field", {**CANDIDATE, "tagIds": []}),
        ("time without milliseconds", {**CANDIDATE, "createdAt": "2026-01-01T00:00:00Z"}),
        ("unknown contact type", {**CANDIDATE, "phoneNumbers": [{"value": "1", "type": "Home", "isPrimary": True}]}),
        ("id is no UUID", {**CANDIDATE, "id": "5"}),
    ]
    return cases


@pytest.mark.parametrize("broken", [pytest.param(broken, id=name) for name, broken in broken_candidates()])
def test_the_candidate_schema_refuses(broken: dict[str, Any], validator: Callable[[str], Draft202012Validator]) -> None:
    check = validator("candidate.info")
    assert check.is_valid({"success": True, "results": CANDIDATE})
    assert not check.is_valid({"success": True, "results": broken})


@pytest.mark.parametrize("endpoint", sorted(load_endpoints()))
def test_no_schema_takes_a_result_with_an_unknown_or_without_a_required_field(
    endpoint: str,
    ashby: Callable[..., tuple[int, dict[str, Any]]],
    valid_bodies: Callable[[str], Iterator[dict[str, Any]]],
    validator: Callable[[str], Draft202012Validator],
) -> None:
    _, answer = ashby(endpoint, next(valid_bodies(endpoint)))
    results = answer["results"]
    result: Any = results[0] if isinstance(results, list) else results
    if not isinstance(result, dict):
        return

    def valid(changed: dict[str, Any]) -> bool:
        return validator(endpoint).is_valid({**answer, "results": [changed] if isinstance(results, list) else changed})

    assert valid(result)
    assert not valid({**result, "surprise": 1})
    missed = [name for name in result if valid({key: value for key, value in result.items() if key != name})]
    assert len(missed) < len(result) or endpoint == "apiKey.info"  # there the specification requires none
    for name, value in result.items():
        if isinstance(value, str | bool | list):
            assert not valid({**result, name: {"surprise": 1}}), name


@pytest.mark.parametrize(
    "page",
    [
        {"success": True, "results": [], "moreDataAvailable": True},
        {"success": True, "results": [], "moreDataAvailable": False},
        {"success": True, "results": [], "moreDataAvailable": False, "nextCursor": "x", "syncToken": "y"},
        {"success": True, "results": [], "moreDataAvailable": True, "nextCursor": "x", "syncToken": "y"},
        {"success": True, "results": [], "nextCursor": "x"},
    ],
)
def test_a_page_schema_refuses_tokens_that_contradict_more_data_available(
    page: dict[str, Any], validator: Callable[[str], Draft202012Validator]
) -> None:
    assert not validator("candidate.list").is_valid(page)


@pytest.mark.parametrize(
    "error",
    [
        {"success": False},
        {"success": False, "errors": []},
        {"success": False, "errors": [{"parameter": "id"}]},
        {"success": False, "errorInfo": {"message": "no code"}},
        {"success": True, "errors": ["candidate_not_found"]},
        {"success": False, "errors": ["x"], "results": {}},
    ],
)
def test_the_error_schema_refuses(error: dict[str, Any], validator: Callable[[str], Draft202012Validator]) -> None:
    assert not validator("error").is_valid(error)


def test_every_success_schema_refuses_unknown_envelope_fields(
    schema_names: list[str], validator: Callable[[str], Draft202012Validator]
) -> None:
    for name in schema_names:
        success: dict[str, Any] = cast("dict[str, Any]", validator(name).schema)["$defs"]["success"]
        assert success["additionalProperties"] is False, name
        assert set(success["required"]) >= {"success", "results"}, json.dumps(success)
