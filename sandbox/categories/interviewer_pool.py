"""interviewerPool.list, info, create, update, archive, restore, addUser, removeUser."""

from typing import Any

from sandbox import interview_views, parameters
from sandbox.endpoints import Call, endpoint
from sandbox.errors import ApiError, not_found
from sandbox.organisation import Organisation
from sandbox.paging import Listed, Listing
from sandbox.parameters import SYNCED, Parameter, optional, required
from sandbox.table import Record

_READ, _WRITE = "hiringProcessMetadataRead", "hiringProcessMetadataWrite"
_ID: dict[str, Parameter] = {"interviewerPoolId": required(parameters.identifier)}
_MEMBER: dict[str, Parameter] = {**_ID, "userId": required(parameters.identifier)}


def _pool(call: Call) -> Record:
    return call.find("interviewer_pool", call.parameters["interviewerPoolId"])


def _view(call: Call, record: Record) -> dict[str, Any]:
    return interview_views.pool_with_members(call.organisation, call.principal, record)


def _saved(call: Call, record: Record) -> dict[str, Any]:
    return _view(call, call.organisation.save("interviewer_pool", record))


@endpoint(
    "interviewerPool.list",
    permission=_READ,
    parameters={
        "includeArchivedPools": optional(parameters.flag),
        "includeArchivedTrainingStages": optional(parameters.flag),
        **SYNCED,
    },
)
def list_pools(call: Call) -> Listing:
    """Return a page of pools without their members; archived pools and training stages only when asked for."""
    archived = call.parameters.get("includeArchivedPools", False)
    stages = call.parameters.get("includeArchivedTrainingStages", False)
    return call.page(
        Listed(
            table=call.organisation.interviewer_pools,
            write=lambda pool: interview_views.pool(call.organisation, call.principal, pool, archived_stages=stages),
            keep=lambda pool: archived or not pool["isArchived"],
            filters={"includeArchivedPools": archived, "includeArchivedTrainingStages": stages},
        )
    )


@endpoint("interviewerPool.info", permission=_READ, parameters=_ID)
def info(call: Call) -> dict[str, Any]:
    """Return one pool with its members; raises `interviewer_pool_not_found`."""
    return _view(call, _pool(call))


@endpoint(
    "interviewerPool.create",
    permission=_WRITE,
    parameters={"title": required(parameters.text), "requiresTraining": optional(parameters.flag)},
)
def create(call: Call) -> dict[str, Any]:
    """Create an empty pool, with a training path of two stages if training is required."""
    organisation = call.organisation
    training = call.parameters.get("requiresTraining", False)
    record: Record = {
        "id": organisation.new_identifier("interviewer_pool"),
        "title": call.parameters["title"],
        "isArchived": False,
        "trainingPathId": organisation.new_identifier("training_path"),
        "trainingEnabled": training,
        "trainingStages": _stages(organisation) if training else [],
        "qualified": [],
        "trainees": [],
    }
    return _saved(call, record)


@endpoint(
    "interviewerPool.update",
    permission=_WRITE,
    parameters={**_ID, "title": optional(parameters.text), "requiresTraining": optional(parameters.flag)},
)
def update(call: Call) -> dict[str, Any]:
    """Change title and whether training is required; turning it on for the first time makes the stages."""
    record = dict(_pool(call))
    record["title"] = call.parameters.get("title", record["title"])
    record["trainingEnabled"] = call.parameters.get("requiresTraining", record["trainingEnabled"])
    if record["trainingEnabled"] and not record["trainingStages"]:
        record["trainingStages"] = _stages(call.organisation)
    return _saved(call, record)


@endpoint("interviewerPool.archive", permission=_WRITE, parameters=_ID)
def archive(call: Call) -> dict[str, Any]:
    """Archive a pool; its members stay."""
    return _saved(call, {**_pool(call), "isArchived": True})


@endpoint("interviewerPool.restore", permission=_WRITE, parameters=_ID)
def restore(call: Call) -> dict[str, Any]:
    """Bring an archived pool back."""
    return _saved(call, {**_pool(call), "isArchived": False})


@endpoint(
    "interviewerPool.addUser",
    permission=_WRITE,
    parameters={**_MEMBER, "interviewerPoolTrainingPathStageId": optional(parameters.identifier)},
)
def add_user(call: Call) -> dict[str, Any]:
    """Add a user as fully qualified, or at a training stage; one who is there already moves.

    Raises `interviewer_pool_not_found`, `user_not_found`, `interviewer_pool_training_path_stage_not_found`.
    """
    pool, user = _pool(call), call.find("user", call.parameters["userId"])
    stage_id = call.parameters.get("interviewerPoolTrainingPathStageId")
    if stage_id is not None and stage_id not in {stage["id"] for stage in pool["trainingStages"]}:
        raise not_found("interviewer_pool_training_path_stage")
    left = _without(pool, user["id"])
    if stage_id is None:
        left["qualified"] = [*left["qualified"], {"userId": user["id"], "isPaused": False}]
    else:
        trainee = {"userId": user["id"], "isPaused": False, "stageId": stage_id, "interviewsCompleted": 0}
        left["trainees"] = [*left["trainees"], trainee]
    return _saved(call, left)


@endpoint("interviewerPool.removeUser", permission=_WRITE, parameters=_MEMBER)
def remove_user(call: Call) -> dict[str, Any]:
    """Remove a user; one who is not in the pool is `user_not_in_interviewer_pool` (inferred)."""
    pool, user = _pool(call), call.find("user", call.parameters["userId"])
    left = _without(pool, user["id"])
    if left == pool:
        raise ApiError("user_not_in_interviewer_pool", "The user is not in this pool.")
    return _saved(call, left)


def _without(pool: Record, user_id: str) -> Record:
    return {
        **pool,
        **{
            group: [entry for entry in pool[group] if entry["userId"] != user_id] for group in ("qualified", "trainees")
        },
    }


def _stages(organisation: Organisation) -> list[Record]:
    return [
        {
            "id": organisation.new_identifier("training_stage"),
            "interviewerRole": role,
            "interviewsRequired": 1,
            "isArchived": False,
            "approvalRequired": False,
            "approverIds": [],
        }
        for role in ("Shadow", "ReverseShadow")
    ]
