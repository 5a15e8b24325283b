"""candidateTag.list, candidateTag.create, candidateTag.archive."""

from typing import Any

from sandbox import parameters, views
from sandbox.endpoints import Call, endpoint
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, optional, required


@endpoint(
    "candidateTag.list",
    permission="hiringProcessMetadataRead",
    parameters={"includeArchived": optional(parameters.flag), **SYNCED},
)
def list_tags(call: Call) -> Listing:
    """Return a page of tags; archived ones only with `includeArchived`."""
    archived = call.parameters.get("includeArchived", False)
    return call.page(
        Listed(
            table=call.organisation.candidate_tags,
            write=views.tag,
            keep=lambda tag: archived or not tag["isArchived"],
            filters={"includeArchived": archived},
        )
    )


@endpoint(
    "candidateTag.create", permission="hiringProcessMetadataWrite", parameters={"title": required(parameters.text)}
)
def create(call: Call) -> dict[str, Any]:
    """Create a tag; a title that exists, in any case, returns that tag."""
    organisation, title = call.organisation, call.parameters["title"]
    for tag in organisation.candidate_tags:
        if tag["title"].casefold() == title.casefold():
            return views.tag(tag)
    tag = {"id": organisation.new_identifier("candidate_tag"), "title": title, "isArchived": False}
    return views.tag(organisation.save("candidate_tag", tag))


@endpoint(
    "candidateTag.archive",
    permission="hiringProcessMetadataWrite",
    parameters={"tagId": required(parameters.identifier)},
    strict=True,
)
def archive(call: Call) -> dict[str, Any]:
    """Archive a tag; candidates keep it. Raises `candidate_tag_not_found`."""
    tag = call.find("candidate_tag", call.parameters["tagId"])
    return views.tag(call.organisation.save("candidate_tag", {**tag, "isArchived": True}))
