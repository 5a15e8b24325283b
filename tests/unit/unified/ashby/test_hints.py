"""Webhooks become hints: action by action, whatever the payload holds, and as the table of events says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.unified.strategies import json_values
from unified.ashby import CONNECTOR
from unified.ashby.client import is_identity
from unified.connector import Hint
from unified.models.events import TRIGGERS

A, B, C = (f"{number}{'0' * 7}-0000-4000-8000-000000000000" for number in (1, 2, 3))
APPLICATION = {
    "id": A,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-02T00:00:00.000Z",
    "status": "Active",
    "candidate": {"id": B, "name": "Ada Lovelace"},
    "job": {"id": C},
}
SCHEDULE = {"interviewSchedule": {"id": B, "applicationId": A, "interviewEvents": []}}
POSTING = {"jobPosting": {"id": A, "jobId": B}}

IN_FULL = Hint("atsApplication", A, APPLICATION)
OF_SCHEDULE = Hint("scheduleEvent", f"{A}.{B}.", is_group=True)
CASES: Sequence[tuple[str, dict[str, Any], list[Hint]]] = [
    ("applicationSubmit", {"application": APPLICATION}, [Hint("genericContact", B), IN_FULL]),
    ("applicationUpdate", {"application": APPLICATION}, [IN_FULL]),
    ("candidateStageChange", {"application": APPLICATION}, [IN_FULL]),
    ("pushToHRIS", {"application": APPLICATION}, [IN_FULL]),
    ("candidateHire", {"application": APPLICATION, "offer": {"id": C}}, [IN_FULL, Hint("atsOffer", C)]),
    ("candidateHire", {"application": APPLICATION}, [IN_FULL]),
    ("candidateDelete", {"candidate": {"id": A}}, [Hint("genericContact", A, is_gone=True)]),
    (
        "candidateMerge",
        {"deletedCandidate": {"id": A}, "mergedCandidate": {"id": B}},
        [Hint("genericContact", B), Hint("genericContact", A, is_gone=True, merged_into=B)],
    ),
    ("candidateMerge", {"deletedCandidate": {"id": A}}, [Hint("genericContact", A, is_gone=True)]),
    ("interviewScheduleCreate", SCHEDULE, [OF_SCHEDULE]),
    ("interviewScheduleUpdate", SCHEDULE, [OF_SCHEDULE]),
    ("interviewPlanTransition", {"jobId": A}, [Hint("atsJob", A)]),
    ("jobCreate", {"job": {"id": A, "title": "Engineer"}}, [Hint("atsJob", A)]),
    ("jobUpdate", {"job": {"id": A, "title": "Engineer"}}, [Hint("atsJob", A)]),
    ("jobPostingUpdate", POSTING, [Hint("atsJob", B)]),
    ("jobPostingPublish", POSTING, [Hint("atsJob", B)]),
    ("jobPostingUnpublish", POSTING, [Hint("atsJob", B)]),
    ("jobPostingDelete", POSTING, [Hint("atsJob", B)]),
    ("offerCreate", {"offer": {"id": A}}, [Hint("atsOffer", A)]),
    ("offerUpdate", {"offer": {"id": A}}, [Hint("atsOffer", A)]),
    ("offerDelete", {"offer": {"id": A, "applicationId": B}}, [Hint("atsOffer", A, is_gone=True)]),
    ("openingCreate", {"opening": {"id": A}}, []),
    ("signatureRequestUpdate", {"relatedEntityType": "offer", "offerId": A}, []),
    ("surveySubmit", {"surveySubmission": {"id": A, "candidateId": B}}, []),
    ("takeHomeAssignmentCompleted", {}, []),
    ("ping", {"webhookActionType": "ping"}, []),
]
ACTIONS = sorted({action for action, _, _ in CASES})


@pytest.mark.parametrize(("action", "data", "wanted"), CASES)
def test_a_webhook_hints_at_what_may_have_changed(action: str, data: dict[str, Any], wanted: list[Hint]) -> None:
    found = CONNECTOR.hints(action, data)

    assert found is not None
    assert sorted(found, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("action", ["", "candidateCreate", "application.created", "APPLICATIONSUBMIT"])
def test_an_action_that_is_not_known_is_told_from_one_without_hints(action: str) -> None:
    assert CONNECTOR.hints(action, {"application": APPLICATION}) is None


@pytest.mark.parametrize("lacking", ["createdAt", "updatedAt", "status", "candidate", "job"])
@pytest.mark.parametrize("instead", [None, 7, []])
def test_an_application_that_is_not_whole_is_read_again(lacking: str, instead: Any) -> None:
    found = CONNECTOR.hints("applicationUpdate", {"application": {**APPLICATION, lacking: instead}})

    assert found == [Hint("atsApplication", A)]


@pytest.mark.parametrize("value", [None, 1, "", "x", A + "\n", A + "#", [A], {"id": A}, "٣" * 8 + A[8:]])
@pytest.mark.parametrize("action", sorted({action for action, _, wanted in CASES if wanted}))
def test_what_is_no_id_makes_no_hint(action: str, value: Any) -> None:
    places = ("application", "candidate", "deletedCandidate", "mergedCandidate", "interviewSchedule", "job", "offer")
    part = {"id": value, "applicationId": value, "jobId": value, "candidate": {"id": value}}
    data = {**dict.fromkeys((*places, "jobPosting"), part), "jobId": value}

    assert CONNECTOR.hints(action, data) == []


_names = st.sampled_from(
    ["application", "candidate", "job", "offer", "id", "applicationId", "jobId", "jobPosting", "interviewSchedule"]
)
_data = st.dictionaries(
    _names, json_values | st.dictionaries(_names, json_values | st.just(A) | st.just({"id": B}), max_size=5), max_size=5
)


@given(st.sampled_from(ACTIONS), _data)
def test_whatever_a_payload_holds_nothing_is_raised_and_only_ids_become_keys(action: str, data: dict[str, Any]) -> None:
    found = CONNECTOR.hints(action, data)

    assert found is not None
    for hint in found:
        assert all(is_identity(part) for part in hint.record_id.rstrip(".").split("."))
        assert hint.record is None or isinstance(hint.record, dict)


# The table of events


@pytest.mark.parametrize("model_id", CONNECTOR.model_ids)
def test_every_event_of_every_model_has_a_source(model_id: str) -> None:
    model = CONNECTOR.load(model_id)

    assert tuple(model.event_sources) == TRIGGERS
    for source in model.event_sources.values():
        assert source.mode != "native" or source.actions
        by_api, by_hand = set(CONNECTOR.hooks.actions([model_id])[0]), set(source.actions)
        assert source.by_hand == bool(by_hand - by_api)


@pytest.mark.parametrize("model_id", CONNECTOR.model_ids)
def test_a_webhook_that_an_event_comes_by_hints_at_its_model(model_id: str) -> None:
    sources = CONNECTOR.load(model_id).event_sources.values()
    named = {action for source in sources for action in source.actions}
    hinting = {
        action for action, data, _ in CASES for hint in CONNECTOR.hints(action, data) or () if hint.model == model_id
    }

    assert named == hinting
