"""Whose OAuth client a connection uses: its own, else the project's (whitelabel), else the deployment's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from unified import aws
from unified.connections.oauth import OAuthClient
from unified.connections.records import Reference
from unified.connections.vault import Context, Sealed, Vault
from unified.projects import Project
from unified.remembered import Remembered
from unified.settings import settings

_SECRET_SECONDS = 300


def oauth_client(vault: Vault, project: Project, reference: Reference) -> OAuthClient | None:
    """Return the client, None where neither project nor deployment has one. Raises ``BAD_CONFIGURATION``."""
    name = _own(project, reference)
    if name is not None:
        own = project.oauth_clients[name]
        public = {key: value for key, value in own.items() if key != "sealed"}
        secret = vault.open(client_context(project.id, name), Sealed.from_item(own["sealed"]))
        return OAuthClient.parse({**public, "clientSecret": secret.reveal()})
    deployed = _deployment_clients().get(reference.connector)
    return OAuthClient.parse(deployed) if deployed else None


def has_client(project: Project, reference: Reference) -> bool:
    """Tell whether there is a client, without opening its secret."""
    return _own(project, reference) is not None or bool(_deployment_clients().get(reference.connector))


def client_name(connector: str, owner: str | None) -> str:
    """Return the name under which a project keeps a client: for one connection, or for all of a connector."""
    return f"{connector}#{owner}" if owner else connector


def client_context(project: str, name: str) -> Context:
    """Return what the secret of a project's client of this name (``client_name``) is sealed for."""
    connector, _, owner = name.partition("#")
    return Context("oauthClient", project, connector, owner or "*")


def _own(project: Project, reference: Reference) -> str | None:
    names = (client_name(reference.connector, reference.owner), reference.connector)
    return next((name for name in names if name in project.oauth_clients), None)


def _deployment_clients() -> Mapping[str, Any]:
    """Return the deployment's clients (a JSON object by connector), read from Secrets Manager every 5 minutes."""
    return _remembered().get(settings().oauth_client_secret_arn, _read)


def _read() -> Mapping[str, Any]:
    answer = aws.client("secretsmanager").get_secret_value(SecretId=settings().oauth_client_secret_arn)
    return cast(Mapping[str, Any], json.loads(answer["SecretString"]))


@lru_cache(maxsize=1)
def _remembered() -> Remembered[str, Mapping[str, Any]]:
    return Remembered(_SECRET_SECONDS, 1)
