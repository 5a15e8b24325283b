"""What each admin command does. It goes through the layer's own stores: there is no second way to write."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from admin.rewrap import rewrap_all
from unified import aws
from unified.connections.clients import client_context, client_name
from unified.connections.links import is_redirect_url
from unified.connections.oauth import OAuthClient
from unified.connections.records import Reference
from unified.connections.store import store
from unified.connections.vault import vault
from unified.connector import connector_ids
from unified.errors import UnifiedError
from unified.grants import FULL, Grant
from unified.projects import Project, projects
from unified.secret import Secret
from unified.settings import QUEUES_AND_BUS, upstream_variable

# A century: what is more is a slip of the finger, and in the end no number that the table takes.
_MAX_DAYS = 36_500
_OUTPUTS = {"TABLE_NAME": "TableName", "KEY_ARN": "KeyArn", "OAUTH_CLIENT_SECRET_ARN": "OAuthClientSecretArn"}


class RefusedError(Exception):
    """The command could not be done; the text says why."""


def find_deployment(*, stack: str | None, table: str | None, key_arn: str) -> None:
    """Put into the environment what ``unified.settings`` reads, from the stack's outputs or as given."""
    if stack:
        found = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {o.get("OutputKey", ""): o.get("OutputValue", "") for o in found.get("Outputs", [])}
        if lacking := sorted(set(_OUTPUTS.values()) - outputs.keys()):
            raise RefusedError(f"{stack} is no deployment of this template: it has no output {', '.join(lacking)}")
        os.environ.update({name: outputs[output] for name, output in _OUTPUTS.items()})
    elif table:
        os.environ.update({"TABLE_NAME": table, "KEY_ARN": key_arn, "OAUTH_CLIENT_SECRET_ARN": ""})
    else:
        raise RefusedError("name the deployment by --stack, or by --table and --key-arn")
    upstreams = map(upstream_variable, connector_ids())
    for name in (*upstreams, "PUBLIC_URL", "ALLOWED_REDIRECT_URLS", *QUEUES_AND_BUS):
        os.environ.setdefault(name, "")


def _refusing(command: Callable[[argparse.Namespace], Any]) -> Callable[[argparse.Namespace], Any]:
    def run(asked: argparse.Namespace) -> Any:
        try:
            return command(asked)
        except UnifiedError as refused:
            raise RefusedError(refused.detail) from None

    return run


@_refusing
def create_project(asked: argparse.Namespace) -> dict[str, Any]:
    """Make a project and its first secret key."""
    urls = _redirect_urls(asked.redirect_url)
    project = projects().create(asked.name, public_key=asked.public_key, redirect_urls=urls)
    secret_id, secret_key = projects().add_secret(project.public_key, secret=asked.secret_key, note="first")
    return {
        "projectId": project.id,
        "publicKey": project.public_key,
        "secretId": secret_id,
        "secretKey": secret_key,
    }


@_refusing
def show_project(asked: argparse.Namespace) -> dict[str, Any]:
    """Show a project without anything secret."""
    project = _project(asked.public_key)
    return {
        "projectId": project.id,
        "name": project.name,
        "redirectUrls": list(project.redirect_urls),
        "oauthClients": {
            connector: {key: value for key, value in client.items() if key != "sealed"}
            for connector, client in project.oauth_clients.items()
        },
        "sessionMappings": project.session_mappings,
        "secretKeys": projects().secrets(asked.public_key),
    }


@_refusing
def set_redirect_urls(asked: argparse.Namespace) -> dict[str, Any]:
    """Replace the allow-list of redirect URLs."""
    projects().update(asked.public_key, {"redirectUrls": _redirect_urls(asked.url)})
    return {"redirectUrls": asked.url}


def _redirect_urls(urls: list[str]) -> list[str]:
    """Return redirect URLs as they are. Raises ``RefusedError`` for what people could never be sent to."""
    wrong = [url for url in urls if not is_redirect_url(url)]
    if wrong:
        raise RefusedError(
            f"a redirect URL is an absolute http or https address, exact, without wildcard or fragment: {wrong[0]}"
        )
    return urls


@_refusing
def set_session_mappings(asked: argparse.Namespace) -> dict[str, Any]:
    """Say whether a project's customers may edit their own field mappings with a session."""
    projects().update(asked.public_key, {"sessionMappings": asked.allowed == "on"})
    return {"sessionMappings": asked.allowed == "on"}


@_refusing
def add_key(asked: argparse.Namespace) -> dict[str, Any]:
    """Add a secret key."""
    project = _project(asked.public_key)
    grant = _grant(asked)
    secret_id, secret_key = projects().add_secret(
        asked.public_key, note=asked.note, grant=grant, created_by=asked.created_by
    )
    _audit(project, asked.created_by, "key.create", secret_id)
    return {"secretId": secret_id, "secretKey": secret_key, "grant": grant.to_item()}


def _grant(asked: argparse.Namespace) -> Grant:
    """Read a key's rights: everything where none is named, else what is named and nothing more."""
    days = asked.expires_in_days
    if days is not None and not 0 < days <= _MAX_DAYS:
        raise RefusedError(f"--expires-in-days must be more than 0, and {_MAX_DAYS} at most")
    # Rounded up: a moment from now is not now.
    expires_at = None if days is None else math.ceil(time.time() + days * 86400)
    if not any((asked.connection, asked.operation, asked.proxy, asked.may)):
        return FULL._replace(expires_at=expires_at)
    return Grant(
        None if asked.connection is None else tuple(asked.connection),
        tuple(asked.operation or ()),
        tuple(asked.proxy or ()),
        frozenset(asked.may or ()),
        expires_at,
    )


@_refusing
def rotate_key(asked: argparse.Namespace) -> dict[str, Any]:
    """Give a new secret key with the rights of an old one, which ends after the overlap."""
    if not 0 <= asked.overlap_hours <= _MAX_DAYS * 24:
        raise RefusedError(f"--overlap-hours must be from 0 to {_MAX_DAYS * 24}")
    project = _project(asked.public_key)
    overlap = math.ceil(asked.overlap_hours * 3600)
    secret_id, secret_key = projects().rotate_secret(
        asked.public_key, asked.secret_id, overlap=overlap, created_by=asked.created_by
    )
    _audit(project, asked.created_by, "key.rotate", f"{asked.secret_id} to {secret_id}")
    return {"secretId": secret_id, "secretKey": secret_key, "replaces": asked.secret_id}


@_refusing
def revoke_key(asked: argparse.Namespace) -> dict[str, Any]:
    """End a secret key."""
    project = _project(asked.public_key)
    projects().revoke_secret(asked.public_key, asked.secret_id, revoked_by=asked.revoked_by)
    _audit(project, asked.revoked_by, "key.revoke", asked.secret_id)
    return {"secretId": asked.secret_id, "revoked": True}


@_refusing
def set_oauth_client(asked: argparse.Namespace) -> dict[str, Any]:
    """Keep a project's own OAuth client, or one connection's, its secret sealed for just that."""
    project = _project(asked.public_key)
    secret = sys.stdin.readline().strip()
    public = {
        "clientId": asked.client_id,
        "authorizeUrl": asked.authorize_url,
        "tokenUrl": asked.token_url,
        "revokeUrl": asked.revoke_url,
        "issuer": asked.issuer,
    }
    OAuthClient.parse({**public, "clientSecret": secret})
    name = client_name(asked.connector, asked.owner)
    sealed = vault().seal(client_context(project.id, name), Secret(secret)).to_item()
    clients = {**project.oauth_clients, name: {**public, "sealed": sealed}}
    projects().update(asked.public_key, {"oauthClients": clients})
    return {"connector": asked.connector, **public}


@_refusing
def remove_oauth_client(asked: argparse.Namespace) -> dict[str, Any]:
    """Forget a project's own OAuth client."""
    project = _project(asked.public_key)
    removed = client_name(asked.connector, asked.owner)
    kept = {name: client for name, client in project.oauth_clients.items() if name != removed}
    projects().update(asked.public_key, {"oauthClients": kept})
    return {"connector": asked.connector, "removed": True}


@_refusing
def rewrap(asked: argparse.Namespace) -> dict[str, Any]:
    """Wrap a project's data keys anew, by the deployment's current KMS key."""
    project = _project(asked.public_key)
    return dict(rewrap_all(project))


def _project(public_key: str) -> Project:
    project = projects().find(public_key)
    if project is None:
        raise RefusedError("there is no project with this public key")
    return project


def _audit(project: Project, who: str, action: str, outcome: str) -> None:
    """Record who has given or taken a key, where the project's own changes are recorded."""
    store().audit(Reference(project.id, "*", "*"), f"admin:{who}", action, outcome)
