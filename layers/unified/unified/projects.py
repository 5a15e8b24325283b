"""Projects, the tenants of a deployment, and their keys."""

from __future__ import annotations

import hmac
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from unified import table as t
from unified.errors import Invalid
from unified.grants import FULL, Grant, checked
from unified.log import logger
from unified.models.moments import now_iso
from unified.remembered import Remembered
from unified.secret import Secret, fingerprint, random_token

CACHE_SECONDS = 30
"""How long a function may go on with what it knows of a project: a revoked key ends within this time."""

RECHECK_SECONDS = 3
"""A secret that fits none is refused by what was read at most so long ago, since it may have been made a moment ago.

Whoever tries wrong ones causes a read in so many seconds and no more.
"""

_CACHE_ENTRIES = 500
_SHOWN = ("secretId", "note", "createdBy", "createdAt", "revokedAt", "revokedBy")


class Project(NamedTuple):
    """One tenant. ``oauth_clients`` holds its own clients by connector, their secrets sealed.

    ``session_mappings`` says whether its customers may edit their own field mappings with a session. ``connect`` holds
    what its connect page may do: ``origins``, ``methods``, ``baseUrl`` (``unified.connections.links``).
    """

    id: str
    name: str
    public_key: str
    redirect_urls: tuple[str, ...] = ()
    oauth_clients: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    session_mappings: bool = False
    connect: Mapping[str, Any] = MappingProxyType({})


class Key(NamedTuple):
    """A secret key that was presented and is right: its id and what it may do."""

    id: str
    grant: Grant


class _Known(NamedTuple):
    project: Project
    # By fingerprint of the secret, those that are not revoked.
    secrets: Mapping[str, Key]


class ProjectStore:
    """Projects in the table, remembered for ``CACHE_SECONDS`` by ``clock`` (seconds)."""

    def __init__(self, table: t.Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        # A key that does not exist is remembered too, so that guessing costs us no reads.
        self._remembered: Remembered[str, _Known | None] = Remembered(CACHE_SECONDS, _CACHE_ENTRIES, clock)
        self._used: dict[str, int] = {}

    def find(self, public_key: str) -> Project | None:
        """Return the project of a public key."""
        known = self._known(public_key)
        return None if known is None else known.project

    def check(self, public_key: str, secret: Secret) -> tuple[Project, Key] | None:
        """Return the project and the secret key, or None unless both keys are right and the key has not expired.

        Every stored fingerprint is compared, in constant time each, whether one has matched or not.
        """
        presented = fingerprint(secret.reveal())
        for max_age in (CACHE_SECONDS, RECHECK_SECONDS):
            known = self._known(public_key, max_age)
            matched: Key | None = None
            for stored, key in known.secrets.items() if known else {"0" * 64: None}.items():
                if hmac.compare_digest(stored, presented):
                    matched = key
            if known is not None and matched is not None:
                expires_at = matched.grant.expires_at
                return None if expires_at is not None and expires_at <= time.time() else (known.project, matched)
        return None

    def note_use(self, public_key: str, key: Key) -> None:
        """Note that a key was used, once an hour and environment; best effort, since it decides nothing."""
        hour = int(time.time()) // 3600
        if self._used.get(key.id) == hour:
            return
        self._used[key.id] = hour
        try:
            self._table.put(t.used_key(public_key, key.id), {"usedAt": now_iso()})
        except Exception as failed:
            logger.warning("key use not noted", extra={"reason": type(failed).__name__})

    def _known(self, public_key: str, max_age: float = CACHE_SECONDS) -> _Known | None:
        return self._remembered.get(public_key, lambda: self._read(public_key), max_age=max_age)

    def _read(self, public_key: str) -> _Known | None:
        project: Project | None = None
        secrets: dict[str, Key] = {}
        for item in self._table.query(t.project_key(public_key).pk):
            if item["sk"] == "PROJECT":
                project = Project(
                    item["projectId"],
                    item["name"],
                    public_key,
                    tuple(item.get("redirectUrls", ())),
                    item.get("oauthClients", {}),
                    item.get("sessionMappings") is True,
                    item.get("connect", {}),
                )
            elif "revokedAt" not in item:
                secrets[item["fingerprint"]] = Key(item["secretId"], _grant(item))
        return None if project is None else _Known(project, secrets)

    # For the admin command

    def create(self, name: str, *, public_key: str | None, redirect_urls: Sequence[str]) -> Project:
        """Keep a new project. Raises ``Invalid`` when the public key is taken."""
        project = Project(f"prj_{uuid.uuid4().hex}", name, public_key or random_token("pk_"), tuple(redirect_urls))
        item = {
            "projectId": project.id,
            "name": name,
            "redirectUrls": list(redirect_urls),
            "createdAt": now_iso(),
        }
        try:
            self._table.put(t.project_key(project.public_key), item, t.ABSENT)
        except t.ConditionFailed:
            raise Invalid("There is a project with this public key already.") from None
        return project

    def update(self, public_key: str, changes: Mapping[str, Any]) -> None:
        """Change a project's settings. Raises ``Invalid`` when there is no such project."""
        try:
            self._table.update(t.project_key(public_key), changes, condition=t.PRESENT)
        except t.ConditionFailed:
            raise Invalid("There is no project with this public key.") from None
        self._remembered.forget(public_key)

    def add_secret(
        self,
        public_key: str,
        *,
        secret: str | None = None,
        note: str = "",
        grant: Grant = FULL,
        created_by: str = "",
    ) -> tuple[str, str]:
        """Give a project one more secret key; returns (secret id, secret key), which is seen here and never again.

        Raises ``Invalid`` for a grant that says what cannot be understood.
        """
        value = secret or random_token("sk_")
        secret_id = uuid.uuid4().hex[:12]
        item = {
            "secretId": secret_id,
            "fingerprint": fingerprint(value),
            "note": note,
            "createdBy": created_by or None,
            "grant": None if grant == FULL else checked(grant).to_item(),
            "createdAt": now_iso(),
        }
        self._table.put(t.secret_key(public_key, secret_id), item, t.ABSENT)
        self._remembered.forget(public_key)
        return secret_id, value

    def revoke_secret(self, public_key: str, secret_id: str, *, revoked_by: str = "") -> None:
        """End a secret key, everywhere within ``CACHE_SECONDS``. Raises ``Invalid`` when there is no such key."""
        try:
            changes = {"revokedAt": now_iso(), "revokedBy": revoked_by or None}
            self._table.update(t.secret_key(public_key, secret_id), changes, condition=t.PRESENT)
        except t.ConditionFailed:
            raise Invalid("There is no secret key of this id.") from None
        self._remembered.forget(public_key)

    def rotate_secret(self, public_key: str, secret_id: str, *, overlap: int, created_by: str = "") -> tuple[str, str]:
        """Give a new secret key with the same rights; the old one ends after ``overlap`` seconds, at once with 0.

        Raises ``Invalid`` when there is no such key, it was revoked or has ended, or is being rotated already.
        """
        place = t.secret_key(public_key, secret_id)
        old = self._table.get(place)
        if old is None or "revokedAt" in old:
            raise Invalid("There is no secret key of this id.")
        grant = Grant.from_item(old.get("grant"))
        if "endsAt" in old or (grant.expires_at is not None and grant.expires_at <= time.time()):
            raise Invalid("This secret key has ended, or was rotated already. Add one instead.")
        made = self.add_secret(public_key, note=old.get("note", ""), grant=grant, created_by=created_by)
        ends = int(time.time()) + overlap
        if overlap == 0:
            self.revoke_secret(public_key, secret_id, revoked_by=created_by)
        else:
            self._table.update(place, {"endsAt": ends}, condition=t.PRESENT)
            self._remembered.forget(public_key)
        return made

    def secrets(self, public_key: str) -> list[dict[str, Any]]:
        """List a project's secret keys: id, note, rights, by whom and when made and revoked, when last used."""
        used = {item["sk"]: item["usedAt"] for item in self._table.query(t.used_key(public_key, "").pk)}
        return [
            {
                **{name: item.get(name) for name in _SHOWN},
                "lastUsedAt": used.get(item["secretId"]),
                "grant": _grant(item).to_item(),
            }
            for item in self._table.query(t.project_key(public_key).pk, "SECRET#")
        ]


def _grant(item: Mapping[str, Any]) -> Grant:
    """Read a key's rights, which end with its own time or with the overlap of a rotation."""
    grant = Grant.from_item(item.get("grant"))
    ends = [moment for moment in (grant.expires_at, item.get("endsAt")) if moment is not None]
    return grant._replace(expires_at=min(ends)) if ends else grant


@lru_cache(maxsize=1)
def projects() -> ProjectStore:
    """Return this environment's projects."""
    return ProjectStore(t.table())
