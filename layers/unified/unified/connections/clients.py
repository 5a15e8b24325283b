"""Whose OAuth client a connection uses: the project's own (whitelabel) before the deployment's."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, cast

from unified import aws
from unified.connections.oauth import OAuthClient
from unified.connections.vault import Context, Sealed, Vault
from unified.projects import Project
from unified.settings import settings

_SECRET_SECONDS = 300
_cached: tuple[float, Mapping[str, Any]] | None = None


def oauth_client(vault: Vault, project: Project, connector: str) -> OAuthClient | None:
    """Return the client, None where neither project nor deployment has one. Raises ``BAD_CONFIGURATION``."""
    own = project.oauth_clients.get(connector)
    if own is not None:
        public = {key: value for key, value in own.items() if key != "sealed"}
        secret = vault.open(client_context(project.id, connector), Sealed.from_item(own["sealed"]))
        return OAuthClient.parse({**public, "clientSecret": secret.reveal()})
    deployed = _deployment_clients().get(connector)
    return OAuthClient.parse(deployed) if deployed else None


def client_context(project: str, connector: str) -> Context:
    """Return what a project's client secret is sealed for."""
    return Context("oauthClient", project, connector, "*")


def _deployment_clients() -> Mapping[str, Any]:
    """Read the deployment's clients (a JSON object by connector) from Secrets Manager, at most every 5 minutes."""
    global _cached  # noqa: PLW0603 - one value per environment, like the clients in unified.aws
    if _cached is None or _cached[0] < time.monotonic():
        answer = aws.client("secretsmanager").get_secret_value(SecretId=settings().oauth_client_secret_arn)
        found = json.loads(answer["SecretString"])
        _cached = (time.monotonic() + _SECRET_SECONDS, cast(Mapping[str, Any], found))
    return _cached[1]
