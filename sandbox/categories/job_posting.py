"""jobPosting.list, jobPosting.info, jobPosting.update."""

from typing import Any

from sandbox import job_views, markup, parameters, posting_views, visibility
from sandbox.endpoints import Call, endpoint
from sandbox.errors import not_found
from sandbox.parameters import optional, required
from sandbox.seed.postings import job_board
from sandbox.table import Record


@endpoint(
    "jobPosting.list",
    permission="jobsRead",
    parameters={
        "location": optional(parameters.text),
        "department": optional(parameters.text),
        "listedOnly": optional(parameters.flag),
        "jobBoardId": optional(parameters.identifier),
    },
)
def list_postings(call: Call) -> list[dict[str, Any]]:
    """Return all published postings of a board at once: of the external one unless another is named.

    `location` and `department` are names, exactly; unlisted postings are left out only with `listedOnly`.
    """
    sent, organisation = call.parameters, call.organisation
    board = _board(call) or job_board(organisation.seed, internal=False)
    return [
        posting_views.summary(organisation, record)
        for record in organisation.job_postings
        if record["isPublished"]
        and record["jobBoardId"] == board
        and visibility.job_by_id(organisation, call.principal, record["jobId"])
        and (record["isListed"] or not sent.get("listedOnly", False))
        and sent.get("location") in {None, posting_views.location_name(organisation, record)}
        and sent.get("department") in {None, posting_views.department_name(organisation, record)}
    ]


@endpoint(
    "jobPosting.info",
    permission="jobsRead",
    parameters={
        "jobPostingId": required(parameters.identifier),
        "jobBoardId": optional(parameters.identifier),
        "expand": optional(parameters.list_of(parameters.one_of("job"))),
    },
)
def info(call: Call) -> dict[str, Any]:
    """Return one posting, published or not; raises `job_posting_not_found`, `job_board_not_found`."""
    record, board = _posting(call), _board(call)
    if board is not None and board != record["jobBoardId"]:
        raise not_found("job_posting")
    view = posting_views.whole(call.organisation, record)
    if "job" in call.parameters.get("expand", []):
        job = visibility.find_job(call, record["jobId"])
        view["job"] = job_views.job(call.organisation, call.principal, job)
    return view


@endpoint(
    "jobPosting.update",
    permission="jobsWrite",
    parameters={
        "jobPostingId": required(parameters.identifier),
        "title": optional(parameters.text),
        "workplaceType": optional(parameters.one_of("OnSite", "Hybrid", "Remote")),
        "suppressDescriptionOpening": optional(parameters.flag),
        "suppressDescriptionClosing": optional(parameters.flag),
        "description": optional(
            parameters.structure(
                {"type": required(parameters.one_of("text/html")), "content": required(parameters.any_text)}
            )
        ),
    },
)
def update(call: Call) -> dict[str, Any]:
    """Change the given fields of a posting; the description replaces its body and keeps only some elements."""
    record = dict(_posting(call))
    for name in ("title", "workplaceType", "suppressDescriptionOpening", "suppressDescriptionClosing"):
        if name in call.parameters:
            record[name] = call.parameters[name]
    if "description" in call.parameters:
        content = call.parameters["description"]["content"]
        record["descriptionBody"] = markup.kept(content, markup.DESCRIPTION_ELEMENTS)
    return posting_views.whole(call.organisation, call.organisation.save("job_posting", record))


def _posting(call: Call) -> Record:
    record = call.find("job_posting", call.parameters["jobPostingId"])
    if not visibility.job_by_id(call.organisation, call.principal, record["jobId"]):
        raise not_found("job_posting")
    return record


def _board(call: Call) -> str | None:
    """Return the job board named; raises `job_board_not_found`."""
    board = call.parameters.get("jobBoardId")
    boards = {job_board(call.organisation.seed, internal=internal) for internal in (False, True)}
    if board is not None and board not in boards:
        raise not_found("job_board")
    return board
