"""``scheduleCalendar`` is whose time Ashby's interviews take: each user's own, and each interviewer pool's.

Ashby has no calendars in its API. A user stands for an interviewer's calendar (``user:<id>``) and an interviewer pool
for a shared one (``pool:<id>``); a record holds Ashby's own under ``user`` or ``interviewerPool``. Pools can be
written, users cannot. ``interviewerPool.list`` gives pools without their members, all other endpoints with them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from unified.ashby.base import AshbyModel, records
from unified.ashby.client import AshbySession, identity
from unified.ashby.queries import no_longer, not_so, one_of
from unified.ashby.reading import part_of
from unified.ashby.refusals import Words, told_in
from unified.ashby.steps import Steps, together, unavailable
from unified.connector import Capability, EventSource, ListQuery, Operation, Page, Record, Written
from unified.errors import FieldProblem, Missing, Refused, Unauthorized, UnifiedError
from unified.mapping import Mapper, Row
from unified.models.schedule import SCHEDULE_CALENDAR

_USERS = "organizationRead"
_POOLS = "hiringProcessMetadataRead"
_WRITE = "hiringProcessMetadataWrite"
_EITHER = (_POOLS, _USERS)
_PLACES = {"interviewer": "user", "pool": "pool"}
_WORDS = Words(
    {"title": "name", "userId": "members"},
    {"user_not_found": FieldProblem("members", "names a user that Ashby does not have")},
)
_NO_WEBHOOKS = "Ashby has no webhooks of users and interviewer pools."
_ONLY_POOLS = (
    "An interviewer's calendar stands for a user of Ashby, whom its API cannot {}; only interviewer pools can be"
    " written. Limits and pauses of an interviewer can be set by the proxy (user.updateInterviewerSettings,"
    " user.createInterviewerPause)."
)


def _name(record: Record) -> Any:
    if "interviewerPool" in record:
        return record["interviewerPool"].get("title")
    user = record["user"]
    return " ".join(part for part in (user.get("firstName"), user.get("lastName")) if part)


def _members(pool: Record) -> list[Any] | None:
    return _member_ids(pool) if "qualifiedMembers" in pool else None


def _is_active(record: Record) -> Any:
    pool = record.get("interviewerPool")
    if pool is None:
        return record["user"].get("isEnabled")
    archived = pool.get("isArchived")
    return not archived if isinstance(archived, bool) else archived


class Calendars(AshbyModel):
    """Interviewers' calendars, then interviewer pools."""

    model = SCHEDULE_CALENDAR
    mapper = Mapper(
        SCHEDULE_CALENDAR,
        (
            Row("name", _name, writable=True, required=True, remote="interviewerPool.title"),
            Row("owner", "user.id"),
            Row("kind", "kind"),
            Row("members", part_of("interviewerPool", _members), writable=True, remote="interviewerPool"),
            Row("isActive", _is_active, writable=True, remote="interviewerPool.isArchived"),
        ),
        created_at=None,
    )
    capabilities: Mapping[Operation, Capability] = {
        Operation.LIST: Capability(
            "emulated",
            reason="Ashby has no calendars: a user stands for an interviewer's, an interviewer pool for a shared"
            " one. Pools come after users.",
            sometimes=_EITHER,
        ),
        Operation.RETRIEVE: Capability(
            "emulated",
            reason="Read as the user or as the interviewer pool that the id names.",
            sometimes=_EITHER,
        ),
        Operation.CREATE: Capability("native", (_WRITE,), "What is created is an interviewer pool."),
        Operation.UPDATE: Capability(
            "native",
            (_WRITE,),
            "Interviewer pools only: an interviewer's calendar stands for a user, whom Ashby's API cannot change.",
            sometimes=(_POOLS,),
        ),
        Operation.DELETE: Capability(
            "emulated",
            (_WRITE,),
            "Ashby cannot delete an interviewer pool: it is archived, and isActive true brings it back. An"
            " interviewer's calendar cannot be removed.",
        ),
        Operation.FIELD_READ: Capability("native"),
        Operation.FIELD_WRITE: Capability("refused", reason="Ashby has no custom fields of interviewer pools."),
    }
    filters: Mapping[str, str] = {
        "kind": "interviewer (user.list) or pool (interviewerPool.list).",
        "isActive": "With the value true: no deactivated users and no archived pools.",
    }
    extras = frozenset({"members"})
    event_sources: Mapping[str, EventSource] = {
        "created": EventSource("sweep", "incremental", reason=_NO_WEBHOOKS),
        "updated": EventSource(
            "sweep", "incremental", reason=f"{_NO_WEBHOOKS} A pool's members are not watched: its list lacks them."
        ),
        "deleted": EventSource(
            "sweep", "incremental", reason="An archived pool and a deactivated user are updates of isActive."
        ),
    }

    def list(self, session: AshbySession, query: ListQuery) -> Page:
        """List ``user.list`` and then ``interviewerPool.list``, one call a page; the cursor says in which we are."""
        kind = one_of(query, "kind", _PLACES)
        active = query.filters.get("isActive")
        if active not in (None, "true"):
            raise not_so("filter[isActive]", "takes only true: Ashby cannot list just what is not active")
        every = active is None
        place, _, cursor = (query.cursor or f"{kind or 'user'}:").partition(":")
        if place not in _PLACES.values():
            raise no_longer()
        body: dict[str, Any] = {"limit": query.limit, **({"cursor": cursor} if cursor else {})}
        if place == "pool":
            page = session.page("interviewerPool.list", {**body, "includeArchivedPools": every}, permission=_POOLS)
            return Page([_of_pool(pool) for pool in page.records], page.next and f"pool:{page.next}")
        page = session.page("user.list", {**body, "includeDeactivated": every}, permission=_USERS)
        following = "pool:" if kind is None else None
        return Page([_of_user(user) for user in page.records], f"user:{page.next}" if page.next else following)

    def retrieve(self, session: AshbySession, record_id: str) -> Record:
        """Read by ``user.info`` or ``interviewerPool.info``."""
        kind, remote_id = _split(record_id)
        if kind == "user":
            return _of_user(session.record("user.info", {"userId": remote_id}, permission=_USERS))
        return _of_pool(_pool(session, remote_id))

    def with_extras(
        self, session: AshbySession, records: Sequence[Record], fields: Collection[str]
    ) -> Sequence[Record]:
        """Read the pools that a list gave by ``interviewerPool.info``, for their members."""
        return together(partial(_whole, session), records) if "members" in fields else records

    def create(self, session: AshbySession, fields: Mapping[str, Any]) -> Written:
        """Make by ``interviewerPool.create``, then add the members one by one (``interviewerPool.addUser``)."""
        with told_in(_WORDS):
            pool = session.record("interviewerPool.create", {"title": fields["name"]}, permission=_WRITE)
        return _write(session, Steps(wrote=True), pool, {key: fields[key] for key in fields if key != "name"})

    def update(self, session: AshbySession, record_id: str, fields: Mapping[str, Any]) -> Written:
        """Change title, members and whether the pool is archived, by as few calls as the difference needs."""
        kind, pool_id = _split(record_id)
        if kind == "user":
            raise Refused(_ONLY_POOLS.format("change"))
        pool: Record = {"id": pool_id}
        if fields.keys() - {"name"}:
            pool = _pool(session, pool_id)
        return _write(session, Steps(), pool, fields)

    def delete(self, session: AshbySession, record_id: str) -> None:
        """Archive by ``interviewerPool.archive``."""
        kind, pool_id = _split(record_id)
        if kind == "user":
            raise Refused(_ONLY_POOLS.format("remove"))
        session.call("interviewerPool.archive", {"interviewerPoolId": pool_id}, permission=_WRITE)


def _pool(session: AshbySession, pool_id: str) -> Record:
    return session.record("interviewerPool.info", {"interviewerPoolId": pool_id}, permission=_POOLS)


def _whole(session: AshbySession, record: Record) -> Record:
    """Return a pool's record with its members; what cannot be read costs them alone."""
    pool = record.get("interviewerPool")
    if pool is None or "qualifiedMembers" in pool:
        return record
    try:
        return {**record, "interviewerPool": _pool(session, str(pool.get("id")))}
    except Unauthorized:
        raise
    except UnifiedError as failed:
        return {**record, "interviewerPool": {**pool, **unavailable(failed)}}


def _of_user(user: Record) -> Record:
    return {**_id_of("user", user), "kind": "interviewer", "user": user, "updatedAt": user.get("updatedAt")}


def _of_pool(pool: Record) -> Record:
    return {**_id_of("pool", pool), "kind": "pool", "interviewerPool": pool}


def _id_of(kind: str, record: Record) -> Record:
    found = record.get("id")
    return {"id": f"{kind}:{found}"} if isinstance(found, str) and found else {}


def _split(record_id: str) -> tuple[str, str]:
    """Return whose calendar an id names, ``user`` or ``pool``, and Ashby's id of it. Raises ``Missing``."""
    kind, _, remote_id = record_id.partition(":")
    if kind not in ("user", "pool"):
        raise Missing(
            "CONNECTOR::OPERATION::RESOURCE_NOT_FOUND",
            "There is no such calendar: ids are user:<user id> and pool:<interviewer pool id>.",
        )
    return kind, identity(remote_id)


def _member_ids(pool: Record) -> list[str]:
    """Return the ids of all members: qualified ones first, then those in training."""
    members = (*records(pool.get("qualifiedMembers")), *records(pool.get("trainees")))
    return list(dict.fromkeys(user_id for member in members if isinstance(user_id := member.get("id"), str)))


def _write(session: AshbySession, steps: Steps, pool: Record, fields: Mapping[str, Any]) -> Written:
    """Write the fields that differ from ``pool``, the pool as it is.

    A pool is restored before anything else and archived after: Ashby does not say that an archived one can be changed.
    """
    change = partial(_change, session, steps, str(pool.get("id")))
    active = fields.get("isActive")
    turned = active is not None and active is pool.get("isArchived")
    if turned and active:
        pool = change("isActive", "restore") or pool
    if "name" in fields:
        pool = change("name", "update", title=fields["name"]) or pool
    if "members" in fields:
        pool = _change_members(change, steps, pool, list(dict.fromkeys(fields["members"])))
    if turned and not active:
        pool = change("isActive", "archive") or pool
    return Written(_of_pool(pool), steps.not_written)


def _change_members(change: Callable[..., Record | None], steps: Steps, pool: Record, wanted: Sequence[str]) -> Record:
    """Add those who are missing, as qualified, then remove the others; who stays keeps his training.

    It ends at the first that fails, and says how far it came: sent again, the rest is the difference.
    """
    current = _member_ids(pool)
    changes = [("addUser", user_id) for user_id in wanted if user_id not in current]
    changes += [("removeUser", user_id) for user_id in current if user_id not in wanted]
    for done, (method, user_id) in enumerate(changes):
        changed = change("members", method, userId=user_id)
        if changed is None:
            how_far = f"{done} of {len(changes)} changes were made, not that of user {user_id}"
            steps.not_written["members"] = f"{how_far}: {steps.not_written['members']}"
            break
        pool = changed
    return pool


def _change(
    session: AshbySession, steps: Steps, pool_id: str, field: str, method: str, **parameters: Any
) -> Record | None:
    """Call one method that writes a field; returns the pool as it then is, None when the failure was noted."""

    def step() -> Record:
        body = {"interviewerPoolId": pool_id, **parameters}
        with told_in(_WORDS):
            return session.record(f"interviewerPool.{method}", body, permission=_WRITE)

    return steps.write((field,), step)


MODEL = Calendars()
