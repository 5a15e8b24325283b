"""archiveReason.list."""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.parameters import optional


@endpoint(
    "archiveReason.list",
    permission="hiringProcessMetadataRead",
    parameters={"includeArchived": optional(parameters.flag)},
)
def list_archive_reasons(call: Call) -> list[dict[str, Any]]:
    """Return all reasons at once; unlike source.list without `moreDataAvailable`."""
    archived = call.parameters.get("includeArchived", False)
    return [
        published(reason, "id", "text", "reasonType", "isArchived")
        for reason in call.organisation.archive_reasons
        if archived or not reason["isArchived"]
    ]
