"""A connection's webhook settings in the connected account: made, checked, put right, removed.

What we know of a setting lies in ``SETTING#<action>``: its id, which the account does not list, the address and the
version of the secret that it was given, and ``state``: ``intended`` before the account is asked, ``set`` once its
answer is kept. An intent that stands is a call whose answer was lost: the setting may be there, with an id that nobody
knows. The account refuses a second one for the same address, so ``?n=2`` makes the address another; what the lost one
sends arrives too, under the same secret, and is told apart by the webhook's own id.

A key that may not set webhooks up leaves the sweeps alone to find what changes, or a person sets webhooks up by hand
with what ``rotate`` gives (``manual``).

Whoever removes a connection first takes the lease on it, then removes the settings that are kept. So whoever made one
meanwhile keeps it, finds the lease taken, and removes it again: one of the two sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from unified import table as t
from unified.connections.watch import REMOVAL, Watch
from unified.connector import NOTHING, load_connector
from unified.connector_hooks import HookSetting, HookSettings
from unified.errors import HookExists, Missing, OutcomeUnknown, RateLimited, Unauthorized, UnifiedError
from unified.hooks.store import Hook, Hooks, hooks
from unified.log import logger
from unified.secret import Secret
from unified.settings import settings
from unified.table import Condition, ConditionFailed, Item, table

Mode = Literal["managed", "manual", "sweep"]

_FORBIDDEN = "MORPH::CONNECTION::PROXY::FORBIDDEN"
_SETTING = "SETTING#"
_VARIANTS = 10


class Removed(Exception):
    """The connection is being removed: no webhooks of it are to be set up any more."""


class Report(NamedTuple):
    """How a connection's webhooks stand.

    ``mode`` is ``managed`` where settings of ours are in place (or were, and the account does not answer), ``manual``
    where a person was given address and secret, else ``sweep``. ``missing`` names permissions that the credential
    lacks. ``actions`` are those that are set up by us, ``failed`` those that could not be, with the error's code;
    ``by_hand`` those that only a person can set up. ``url`` is None where the deployment knows no address of its own,
    and then nothing can be set up.
    """

    mode: Mode
    url: str | None
    actions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    failed: Mapping[str, str] = NOTHING


def hook_url(watch: Watch, hook_id: str, base: str) -> str | None:
    """Return the address of a hook under the API's ``base``, None where that is not known."""
    return f"{base}/v1/hooks/{watch.reference.connector}/{hook_id}" if base else None


def prepare(watch: Watch, session: Any, models: Sequence[str], keep: Callable[[], None] = lambda: None) -> Report:
    """Make the settings in the account those that events of ``models`` need, and report.

    ``keep`` is called before each action, for whoever has a lease to keep: together they may take minutes. Raises what
    it raises, ``Unauthorized`` for a dead credential, ``RateLimited``, and ``Removed`` when the connection is being
    removed meanwhile; any other failure costs its action, and the next time tries again.
    """
    from unified.models.moments import now_iso

    side = load_connector(watch.reference.connector).hooks
    by_api, by_hand = side.actions(models)
    state = _state(watch)
    if _is_leaving(state):
        raise Removed
    store = hooks()
    hook = _hook(watch, store, state)
    url = hook_url(watch, hook.id, settings().public_url)
    mode: Mode = "manual" if state.get("hookMode") == "manual" else "sweep"
    if url is None:
        return _noted(watch, Report(mode, None, by_hand=(*by_api, *by_hand)), now_iso())
    work = _Work(watch, side, session, url, hook.version, store.secrets(hook)[0])
    rows = {item["sk"].removeprefix(_SETTING): item for item in table().query(watch.sync_key("").pk, _SETTING)}
    for action in [known for known in rows if known not in by_api]:
        keep()
        work.drop(action, rows[action])
    for action in by_api:
        keep()
        work.ensure(action, rows.get(action))
    if work.done or work.unseen:
        mode = "managed"
    elif side.permission in work.missing:
        by_hand = (*by_api, *by_hand)
    report = Report(mode, url, tuple(work.done), tuple(sorted(work.missing)), by_hand, work.failed)
    return _noted(watch, report, now_iso())


def remove_all(watch: Watch, session: Any | None) -> bool:
    """Remove all settings of ours as far as the credential serves, and take no more webhooks of this connection.

    Returns whether none is left in the account. Without a ``session`` only our own side is done.
    """
    side = load_connector(watch.reference.connector).hooks
    clean = True
    for item in list(table().query(watch.sync_key("").pk, _SETTING)):
        try:
            if item.get("id") is None or session is None:
                clean = False
            else:
                side.remove(session, item["id"])
        except UnifiedError as failed:
            clean = False
            session = None if isinstance(failed, RateLimited | Unauthorized) else session
        table().delete(t.Key(item["pk"], item["sk"]))
    state = _state(watch)
    if "hookId" in state:
        hooks().bury(state["hookId"])
        _change_state(watch, dict.fromkeys(("hookId", "hookMode", "hookUrl", "hookCheckedAt")))
    return clean


def rotate(watch: Watch, public_url: str, *, new_address: bool = False) -> tuple[str | None, Secret]:
    """Make a new secret, and with ``new_address`` a new address; returns what a person sets up webhooks with.

    The old ones serve for a day more. Settings of ours are put right when they are next checked. Raises
    ``ConditionFailed`` when somebody else did this at the same time.
    """
    store = hooks()
    state = _state(watch)
    old = store.get(state["hookId"]) if "hookId" in state else None
    if old is None or new_address:
        hook = _install(watch, store, state.get("hookId"))
        if old is not None:
            store.end(old)
    else:
        hook = store.rotate(old)
    url = hook_url(watch, hook.id, public_url)
    mode = "managed" if state.get("hookMode") == "managed" else "manual"
    _change_state(watch, {"hookMode": mode, "hookUrl": url})
    return url, store.secrets(hook)[0]


class _Work:
    """One pass over the settings of one account.

    ``unseen`` are actions whose setting was there, and could not be looked at now: nothing says that it is gone.
    """

    def __init__(self, watch: Watch, side: HookSettings, session: Any, url: str, version: int, secret: Secret) -> None:
        self._watch = watch
        self._side = side
        self._session = session
        self._url = url
        self._version = version
        self._secret = secret
        self.done: list[str] = []
        self.unseen: list[str] = []
        self.missing: set[str] = set()
        self.failed: dict[str, str] = {}

    def ensure(self, action: str, known: Item | None) -> None:
        """See to it that the setting of one action is there, sends here, under the present secret, and is on."""
        try:
            is_on = self._present(action, known)
            if is_on is None:
                is_on = self._create(action, known)
        except UnifiedError as error:
            self._note(action, error)
            return
        if is_on:
            self.done.append(action)
        else:
            self.failed[action] = "disabled"

    def drop(self, action: str, known: Item) -> None:
        """Remove a setting that nothing needs any more."""
        try:
            if known.get("id") is not None:
                self._side.remove(self._session, known["id"])
        except UnifiedError as error:
            self._note(action, error)
            return
        table().delete(self._watch.sync_key(_SETTING + action))

    def _present(self, action: str, known: Item | None) -> bool | None:
        """Check the setting that is known and put it right; returns whether it is on, None when there is none."""
        if known is None or known.get("id") is None:
            return None
        try:
            found = self._side.read(self._session, action, known["id"])
        except UnifiedError as error:
            if error.code != _FORBIDDEN:
                self.unseen.append(action)
                raise
            # It may be made and changed but not be looked at: what is known must do.
            self.missing.add(error.permission or self._side.permission)
            found = HookSetting(known["id"], action, known["seen"], is_enabled=True)
        if found is None:
            return None
        ours = known["url"].partition("?")[0] == self._url and known["version"] == self._version
        if ours and found.url == known["seen"] and found.is_enabled:
            return True
        return self._repair(action, found, self._number(known) if ours else 1)

    def _repair(self, action: str, found: HookSetting, number: int) -> bool | None:
        for variant in range(number, number + _VARIANTS):
            try:
                repaired = self._side.repair(self._session, found, self._address(variant), self._secret)
            except HookExists:
                continue
            except Missing:
                return None
            self._keep(action, variant, repaired)
            return repaired.is_enabled
        raise _too_many()

    def _create(self, action: str, known: Item | None) -> bool:
        """Make a setting, the intent kept first, so that one whose answer is lost is not forgotten."""
        if self._side.permission in self.missing:
            raise UnifiedError(_FORBIDDEN, "The credential lacks a permission.", permission=self._side.permission)
        key = self._watch.sync_key(_SETTING + action)
        number = self._number(known)
        for variant in range(number, number + _VARIANTS):
            table().put(key, {"state": "intended", "url": self._address(variant), "n": variant})
            try:
                made = self._side.create(self._session, action, self._address(variant), self._secret)
            except HookExists:
                continue
            except OutcomeUnknown:
                raise
            except UnifiedError:
                table().delete(key)
                raise
            self._keep(action, variant, made)
            return made.is_enabled
        raise _too_many()

    def _keep(self, action: str, variant: int, setting: HookSetting) -> None:
        """Keep what is in the account now, or take it back where the connection is being removed: then ``Removed``."""
        key = self._watch.sync_key(_SETTING + action)
        kept = {
            "state": "set",
            "id": setting.id,
            "url": self._address(variant),
            "seen": setting.url,
            "n": variant,
            "version": self._version,
        }
        table().put(key, kept)
        if not _is_leaving(_state(self._watch)):
            return
        try:
            self._side.remove(self._session, setting.id)
        except UnifiedError as failed:
            logger.warning("webhook settings left behind", extra={"code": failed.code})
        table().delete(key)
        raise Removed

    def _address(self, variant: int) -> str:
        return self._url if variant == 1 else f"{self._url}?n={variant}"

    def _number(self, known: Item | None) -> int:
        """Return which of our addresses a setting has, or was to have: the first, unless it was taken."""
        return 1 if known is None or known["url"].partition("?")[0] != self._url else int(known["n"])

    def _note(self, action: str, error: UnifiedError) -> None:
        if isinstance(error, RateLimited | Unauthorized):
            raise error
        if error.code == _FORBIDDEN:
            self.missing.add(error.permission or self._side.permission)
        self.failed[action] = error.code


def _too_many() -> HookExists:
    return HookExists("CONNECTOR::OPERATION::CONFLICT", "The account has too many webhooks of this address already.")


def _hook(watch: Watch, store: Hooks, state: Item) -> Hook:
    known = store.get(state["hookId"]) if "hookId" in state else None
    return _install(watch, store, state.get("hookId")) if known is None else known


def _install(watch: Watch, store: Hooks, replaced: str | None) -> Hook:
    """Make a hook and say that it is this connection's in place of ``replaced``; the first to say so wins."""
    hook = store.create(watch)
    absent = Condition("attribute_not_exists(#hookId)", {}, ("hookId",))
    same = Condition("#hookId = :replaced", {"replaced": replaced}, ("hookId",))
    try:
        _change_state(watch, {"hookId": hook.id}, absent if replaced is None else same)
    except ConditionFailed as lost:
        store.delete(hook.id)
        winner = store.get((lost.item or {}).get("hookId", ""))
        if winner is None:
            raise
        return winner
    return hook


def _noted(watch: Watch, report: Report, at: str) -> Report:
    _change_state(watch, {"hookMode": report.mode, "hookUrl": report.url, "hookCheckedAt": at})
    return report


def _is_leaving(state: Item) -> bool:
    return state.get("leaseHolder") == REMOVAL


def _state(watch: Watch) -> Item:
    return table().get(watch.sync_key("STATE")) or {}


def _change_state(watch: Watch, changes: Mapping[str, Any], condition: Condition | None = None) -> None:
    table().update(watch.sync_key("STATE"), changes, condition=condition)
