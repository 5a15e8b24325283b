"""What a connector must supply for webhooks: how they are checked, and set up in an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from unified.secret import Secret


class HookSetting(NamedTuple):
    """A webhook setting in the connected account: its id there, what it is for, where it sends, whether it is on."""

    id: str
    action: str
    url: str
    is_enabled: bool


class HookSettings(Protocol):
    """How a provider's webhooks are checked, and set up in a connected account. Raises ``UnifiedError``."""

    @property
    def permission(self) -> str:
        """The provider's permission that setting them up takes."""
        ...

    def is_genuine(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret]) -> bool:
        """Tell whether a webhook was signed with one of ``secrets``; compared in constant time."""
        ...

    def actions(self, models: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the actions that ``models`` have use for: those the API can set up, those a person must."""
        ...

    def create(self, session: Any, action: str, url: str, secret: Secret) -> HookSetting:
        """Set a webhook up. Raises ``HookExists`` when the account has one of this action and address already."""
        ...

    def read(self, session: Any, action: str, setting_id: str) -> HookSetting | None:
        """Read a setting, None when it is gone."""
        ...

    def repair(self, session: Any, setting: HookSetting, url: str, secret: Secret) -> HookSetting:
        """Put a setting right: address, secret, enabled."""
        ...

    def remove(self, session: Any, setting_id: str) -> None:
        """Remove a setting; one that is gone is no error."""
        ...
