"""File handles: the opaque strings candidates carry for their files and file.info turns into URLs."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, cast

from sandbox.identifiers import identifier_at


def file_handle(candidate_id: str, label: str, name: str) -> dict[str, str]:
    """Return `{id, name, handle}` for a candidate's file; the label makes the id."""
    identifier = identifier_at(0, f"file/{candidate_id}/{label}", 0)
    content = json.dumps({"type": "CandidateFile", "candidateId": candidate_id, "fileId": identifier})
    return {"id": identifier, "name": name, "handle": urlsafe_b64encode(content.encode()).decode().rstrip("=")}


def read_handle(handle: str) -> tuple[str, str] | None:
    """Return the candidate's id and the file's id of a handle, or None if it is not one."""
    try:
        content: Any = json.loads(urlsafe_b64decode(handle + "=" * (-len(handle) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    found = cast("dict[str, Any]", content)
    return str(found.get("candidateId")), str(found.get("fileId"))
