"""source.list."""

from sandbox import parameters, views
from sandbox.endpoints import Call, endpoint
from sandbox.paging import Listing
from sandbox.parameters import optional


@endpoint(
    "source.list",
    permission="hiringProcessMetadataRead",
    parameters={"includeArchived": optional(parameters.flag)},
)
def list_sources(call: Call) -> Listing:
    """Return all sources at once, with a `moreDataAvailable` that is always false."""
    archived = call.parameters.get("includeArchived", False)
    kept = [source for source in call.organisation.sources if archived or not source["isArchived"]]
    return Listing([views.source(source) for source in kept], None, None)
