"""closeReason.list."""

from sandbox import parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.paging import Listing
from sandbox.parameters import optional


@endpoint(
    "closeReason.list",
    permission="hiringProcessMetadataRead",
    parameters={"includeArchived": optional(parameters.flag)},
)
def list_close_reasons(call: Call) -> Listing:
    """Return all reasons to close a job or an opening at once, in the envelope of a list."""
    archived = call.parameters.get("includeArchived", False)
    kept = [reason for reason in call.organisation.close_reasons if archived or not reason["isArchived"]]
    return Listing([published(reason, "id", "reasonText", "isArchived") for reason in kept], None, None)
