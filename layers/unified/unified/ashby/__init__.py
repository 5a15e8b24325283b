"""The Ashby connector. One module per model holds all that is particular to it; this one lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from unified.connector import Account, ConnectorModel, Credential, Hint, KeyGuide, Operation, Setting, Verification
from unified.errors import FieldProblem, Invalid, Missing, UnifiedError
from unified.secret import Secret

if TYPE_CHECKING:
    from unified.ashby.base import AshbyModel
    from unified.ashby.client import AshbySession
    from unified.ashby.webhooks import AshbyHooks
    from unified.deadline import Deadline

_MODULES: Mapping[str, str] = {
    "genericContact": "contact",
    "genericUser": "user",
    "genericWorkspace": "workspace",
    "scheduleCalendar": "calendar",
    "scheduleEventType": "event_type",
    "scheduleEvent": "event",
    "atsJob": "job",
    "atsApplication": "application",
    "atsApplicationStage": "stage",
    "atsOffer": "offer",
}


class AshbyConnector:
    """Ashby as ``unified.connector.Connector``."""

    id = "ashby"
    name = "Ashby"
    model_ids: Sequence[str] = tuple(_MODULES)
    settings: Sequence[Setting] = (
        Setting(
            "apiKey",
            "Ashby API key",
            "Made in Ashby under Admin, Integrations, API Keys. Leave it out to authorize by OAuth, where"
            " the deployment has an OAuth client.",
            secret=True,
        ),
    )

    permission_hint = "An Ashby admin gives it to the key under Admin, Integrations, API Keys."
    blind_spots: Sequence[str] = (
        "Confidential jobs and what belongs to them stay hidden unless the key may see confidential jobs.",
        "Private fields stay hidden unless the key may see non-offer private fields.",
    )

    def load(self, model_id: str) -> ConnectorModel:
        """Load one model's module."""
        return self._load(model_id)

    def define(self, model_id: str, definition: Mapping[str, Any]) -> ConnectorModel:
        """Make a custom model (``unified.ashby.custom``)."""
        from unified.ashby.custom import define

        return define(model_id, definition, known_models=self.model_ids)

    def credential(self, settings: Mapping[str, str]) -> Credential | None:
        """Make a credential of the form: an API key, of printable ASCII as HTTP Basic can carry (RFC 7617).

        An empty key is an error, not none: whoever sent it believes that it was taken.
        """
        unknown = sorted(set(settings) - {setting.key for setting in self.settings})
        if unknown:
            raise Invalid(
                "The settings are not valid.",
                fields=[FieldProblem(f"settings.{name[:60]}", "is not known") for name in unknown[:20]],
            )
        if "apiKey" not in settings:
            return None
        key = settings["apiKey"].strip()
        if not key:
            raise _bad_key("is empty: leave it out to authorize by OAuth")
        if len(key) > 500 or not key.isascii() or not key.isprintable() or " " in key or ":" in key:
            raise _bad_key("is not in a form that Ashby gives")
        return Credential("apiKey", Secret(key))

    def open(
        self,
        base_url: str,
        credential: Credential,
        deadline: Deadline,
        renew: Callable[[], Credential] | None,
        *,
        waits: bool = True,
    ) -> AshbySession:
        """Open a line to one account."""
        from unified.ashby.client import AshbySession

        return AshbySession(base_url, credential, deadline, renew, waits=waits)

    def verify(self, session: AshbySession) -> Verification:
        """Ask Ashby about the key itself; a key that may not read that (``apiKeysRead``) is proven all the same.

        The answer ``missing_endpoint_permission`` comes only for a key that Ashby knows.
        """
        from unified.ashby.permissions import from_scopes

        try:
            info = session.record("apiKey.info", {}, permission="apiKeysRead")
        except UnifiedError as refused:
            if refused.code == "MORPH::CONNECTION::PROXY::FORBIDDEN":
                return Verification(None)
            raise
        return Verification(from_scopes(info.get("scopes")))

    def account(self, session: AshbySession) -> Account:
        """Tell which organisation a key belongs to (``unified.ashby.account``)."""
        from unified.ashby.account import account

        return account(session)

    @property
    def key_guide(self) -> KeyGuide:
        """How an Ashby admin makes a key (``unified.ashby.account``)."""
        from unified.ashby.account import GUIDE

        return GUIDE

    def scopes(self, operations: Sequence[str]) -> tuple[str, ...]:
        """Return the permissions that ``operations`` need; one that is refused needs none."""
        needed: set[str] = set()
        for operation in operations:
            model_id, _, verb = operation.partition("::")
            capability = self.load(model_id).capabilities[Operation(verb)]
            needed.update(capability.permissions, capability.sometimes)
        return tuple(sorted(needed))

    def hints(self, action: str, data: Mapping[str, Any]) -> Sequence[Hint] | None:
        """Ask each model what it makes of a webhook (``unified.ashby.hints``)."""
        from unified.ashby.hints import UNUSED

        models = [self._load(model_id) for model_id in self.model_ids]
        asked = [model for model in models if action in model.hinted_by]
        if not asked and action not in UNUSED:
            return None
        return [hint for model in asked for hint in model.hinted_by[action](model.model.id, data)]

    @property
    def hooks(self) -> AshbyHooks:
        """How webhooks are checked and set up (``unified.ashby.webhooks``)."""
        from unified.ashby.webhooks import AshbyHooks

        return AshbyHooks(self.load, self.model_ids)

    def _load(self, model_id: str) -> AshbyModel:
        name = _MODULES.get(model_id)
        if name is None:
            raise Missing(
                "CONNECTOR::RESOURCE_MODEL::NOT_FOUND",
                f"The Ashby connector has no model of that name. It has {', '.join(_MODULES)};"
                " GET /v1/connectors/ashby describes them.",
            )
        model: AshbyModel = import_module(f"{__name__}.{name}").MODEL
        return model


def _bad_key(why: str) -> Invalid:
    return Invalid("The API key is not valid.", fields=[FieldProblem("settings.apiKey", why)])


CONNECTOR = AshbyConnector()
