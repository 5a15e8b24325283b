"""Ashby's webhook settings, and how a webhook is told from a forgery.

A setting is for one action and one address; Ashby pings the address when it is made or changed and switches it off
where that fails. It has no list of settings, so whoever makes one must keep its id. A webhook is signed with the
secret of its setting: ``Ashby-Signature: sha256=<hex HMAC-SHA256 of the raw body>``; it bears no time
(https://developers.ashbyhq.com/docs/authenticating-webhooks).

Checking a signature needs the standard library alone: the function that does it starts without an HTTP client.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from unified.connector import ConnectorModel, Record
from unified.connector_hooks import HookSetting
from unified.errors import HookExists, Missing, OutcomeUnknown, UnifiedError
from unified.secret import Secret

if TYPE_CHECKING:
    from unified.ashby.client import AshbySession

# webhook.create: webhookType. Ashby sends more actions than these; the others are set up in its own pages.
_SETTABLE = frozenset(
    {
        "applicationSubmit",
        "applicationUpdate",
        "candidateDelete",
        "candidateHire",
        "candidateMerge",
        "candidateStageChange",
        "interviewPlanTransition",
        "interviewScheduleCreate",
        "interviewScheduleUpdate",
        "jobPostingPublish",
        "jobPostingUnpublish",
        "jobPostingUpdate",
        "offerCreate",
        "offerDelete",
        "offerUpdate",
        "pushToHRIS",
        "surveySubmit",
    }
)
_READ = "apiKeysRead"
_WRITE = "apiKeysWrite"
_HEADER = "ashby-signature"
_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")


class AshbyHooks:
    """Ashby's webhooks as ``unified.connector.HookSettings``; ``load`` loads a model by its id, of ``known`` ones."""

    permission = _WRITE

    def __init__(self, load: Callable[[str], ConnectorModel], known: Sequence[str]) -> None:
        self._load = load
        self._known = known

    def is_genuine(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret]) -> bool:
        """Tell whether one of ``secrets`` signed exactly this body. A header that says anything else is no signature.

        Each secret is tried, whichever fits. Hex digits count in either case, since they say the same number.
        """
        given = next((value for name, value in headers.items() if name.lower() == _HEADER), "")
        found = _SIGNATURE.fullmatch(given)
        if found is None:
            return False
        signature = bytes.fromhex(found[1])
        wanted = [hmac.new(secret.reveal().encode(), body, hashlib.sha256).digest() for secret in secrets]
        return sum(hmac.compare_digest(signature, digest) for digest in wanted) > 0

    def actions(self, models: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the actions that events of ``models`` come by: what ``webhook.create`` takes, and the others.

        A project's own models are swept alone, and need none.
        """
        ours = [self._load(model) for model in models if model in self._known]
        sources = [source for model in ours for source in model.event_sources.values()]
        wanted = sorted({action for source in sources for action in source.actions})
        by_api = tuple(action for action in wanted if action in _SETTABLE)
        return by_api, tuple(action for action in wanted if action not in _SETTABLE)

    def create(self, session: AshbySession, action: str, url: str, secret: Secret) -> HookSetting:
        """Make by ``webhook.create``. Ashby pings ``url`` meanwhile, and what does not answer is made switched off."""
        body = {"webhookType": action, "requestUrl": url, "secretToken": secret.reveal()}
        try:
            return _setting(session.record("webhook.create", body, permission=_WRITE), action)
        except UnifiedError as refused:
            raise _told(refused) from None

    def read(self, session: AshbySession, action: str, setting_id: str) -> HookSetting | None:
        """Read by ``webhook.info``, which takes ``apiKeysRead`` and gives no secret."""
        try:
            return _setting(session.record("webhook.info", {"webhookId": setting_id}, permission=_READ), action)
        except Missing:
            return None

    def repair(self, session: AshbySession, setting: HookSetting, url: str, secret: Secret) -> HookSetting:
        """Change by ``webhook.update``, which pings too and fails where a setting to be switched on does not answer."""
        body = {"webhookId": setting.id, "enabled": True, "requestUrl": url, "secretToken": secret.reveal()}
        try:
            return _setting(session.record("webhook.update", body, permission=_WRITE), setting.action)
        except UnifiedError as refused:
            raise _told(refused) from None

    def remove(self, session: AshbySession, setting_id: str) -> None:
        """Delete by ``webhook.delete``."""
        try:
            session.call("webhook.delete", {"webhookId": setting_id}, permission=_WRITE)
        except Missing:
            return


def _setting(record: Record, action: str) -> HookSetting:
    """Read a setting. Raises ``OutcomeUnknown`` for an answer without its id, by which alone it can be found again."""
    identity, url = record.get("id"), record.get("requestUrl")
    if not isinstance(identity, str) or not isinstance(url, str):
        raise OutcomeUnknown(
            "MORPH::CONNECTION::PROXY::OUTCOME_UNKNOWN", "Ashby's answer does not say which webhook setting it is of."
        )
    return HookSetting(identity, str(record.get("webhookType", action)), url, record.get("enabled") is True)


def _told(refused: UnifiedError) -> UnifiedError:
    """Tell Ashby's refusal of a second setting of one action and address; its code for it is not documented."""
    code = (refused.upstream.code if refused.upstream is not None else None) or ""
    if "duplicate" not in code and "already_exists" not in code:
        return refused
    return HookExists(
        "CONNECTOR::OPERATION::CONFLICT",
        "Ashby has a webhook of this action and address already.",
        upstream=refused.upstream,
    )
