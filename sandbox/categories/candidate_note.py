"""candidate.createNote, candidate.listNotes."""

from typing import Any

from sandbox import markup, parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.errors import ApiError
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, InvalidValue, optional, required
from sandbox.table import Record

_NOTE_OBJECT = parameters.structure(
    {"type": required(parameters.one_of("text/plain", "text/html")), "value": required(parameters.any_text)}
)


def _note(value: Any) -> str:
    """Read a note: a string, or `{type, value}`."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise InvalidValue("Expected a string or an object")
    note = _NOTE_OBJECT(value)
    return markup.kept(note["value"], markup.NOTE_ELEMENTS) if note["type"] == "text/html" else note["value"]


@endpoint(
    "candidate.createNote",
    permission="candidatesWrite",
    parameters={
        "candidateId": required(parameters.identifier),
        "note": required(_note),
        "sendNotifications": optional(parameters.flag),
        "isPrivate": optional(parameters.flag),
        "createdAt": optional(parameters.moment),
    },
)
def create_note(call: Call) -> dict[str, Any]:
    """Add a note, written by the user acted for or else by the first user.

    Raises `candidate_not_found`, and `insufficient_permissions` for a private note by a key without the switch.
    """
    candidate = call.find("candidate", call.parameters["candidateId"])
    private = call.parameters.get("isPrivate", False)
    if private and not call.principal.private_fields:
        raise ApiError("insufficient_permissions", "The API key may not create private notes.")
    organisation = call.organisation
    author = call.user_id or next(iter(organisation.users))["id"]
    note: Record = {
        "id": organisation.new_identifier("note"),
        "createdAt": call.parameters.get("createdAt", organisation.now()),
        "isPrivate": private,
        "content": call.parameters["note"],
        "authorId": author,
    }
    return _view(call, organisation.save_note(candidate["id"], note))


@endpoint(
    "candidate.listNotes",
    permission="candidatesRead",
    parameters={"candidateId": required(parameters.identifier), **SYNCED},
)
def list_notes(call: Call) -> Listing:
    """Return a page of a candidate's notes; private ones only for keys with the switch."""
    candidate = call.find("candidate", call.parameters["candidateId"])
    return call.page(
        Listed(
            table=call.organisation.notes(candidate["id"]),
            write=lambda note: _view(call, note),
            keep=lambda note: call.principal.private_fields or not note["isPrivate"],
            filters={"candidateId": candidate["id"]},
        )
    )


def _view(call: Call, note: Record) -> dict[str, Any]:
    author = call.find("user", note["authorId"])
    return {
        **published(note, "id", "createdAt", "isPrivate", "content"),
        "author": published(author, "id", "firstName", "lastName", "email"),
    }
