"""``.venv/bin/python -m admin``: what an operator does to a deployment, with the operator's own AWS credentials.

    .venv/bin/python -m admin --stack unified-ashby projects create --name Acme --redirect-url https://acme.example/done
    .venv/bin/python -m admin --stack unified-ashby keys add pk_...
    .venv/bin/python -m admin --stack unified-ashby oauth-client set pk_... --client-id ... < secret.txt

It finds table and keys in the stack's outputs, or takes ``--table`` and ``--key-arn``. Answers are JSON on
standard output; a new secret key is shown once and kept nowhere. Exit status 2 means that it was refused, by us or
by AWS, and standard error says why.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from admin import commands, connect_page
from unified.grants import Need


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    top = argparse.ArgumentParser(prog=".venv/bin/python -m admin", description="Administer a deployment.")
    where = top.add_argument_group("where")
    where.add_argument("--stack", help="name of the deployed stack")
    where.add_argument("--table", help="name of the table, instead of --stack")
    where.add_argument("--key-arn", default="", help="the KMS key, with --table")
    where.add_argument("--region", help="AWS region, else the environment's")
    where.add_argument("--endpoint-url", help="AWS endpoint, for the local stack")
    groups = top.add_subparsers(dest="group", required=True)

    projects = groups.add_parser("projects", help="tenants of the deployment").add_subparsers(required=True)
    create = projects.add_parser("create", help="make a project with its first secret key")
    create.add_argument("--name", required=True)
    create.add_argument("--public-key", help="default: a new random one")
    create.add_argument("--secret-key", help="default: a new random one (give one for local use only)")
    create.add_argument("--redirect-url", action="append", default=[], help="allowed redirect URL, repeatable")
    create.set_defaults(run=commands.create_project)
    show = projects.add_parser("show", help="show a project and its keys")
    show.add_argument("public_key")
    show.set_defaults(run=commands.show_project)
    redirects = projects.add_parser("redirect-urls", help="replace a project's allowed redirect URLs")
    redirects.add_argument("public_key")
    redirects.add_argument("url", nargs="*")
    redirects.set_defaults(run=commands.set_redirect_urls)

    mappings = projects.add_parser("session-mappings", help="let customers edit their field mappings, or not")
    mappings.add_argument("public_key")
    mappings.add_argument("allowed", choices=("on", "off"))
    mappings.set_defaults(run=commands.set_session_mappings)

    _add_secrets(groups)
    connect_page.add_to(groups)
    return top


def _add_secrets(groups: Any) -> None:
    """Add what has to do with keys, clients and the vault."""
    keys = groups.add_parser("keys", help="a project's secret keys").add_subparsers(required=True)
    add = keys.add_parser("add", help="add a secret key, for rotation")
    add.add_argument("public_key")
    add.add_argument("--note", default="")
    add.add_argument("--created-by", default=getpass.getuser(), help="default: you")
    rights = add.add_argument_group(
        "rights", "without any of these the key may do everything; with one of them only what they say"
    )
    rights.add_argument("--connection", action="append", help="connector/owner, or connector/prefix*; default: all")
    rights.add_argument("--operation", action="append", help="model::operation, * for either")
    rights.add_argument("--proxy", action="append", help="*, read, or an endpoint such as candidate.list")
    rights.add_argument("--may", action="append", choices=[need for need in Need if need != Need.ANY])
    add.add_argument("--expires-in-days", type=float, help="when the key ends by itself")
    add.set_defaults(run=commands.add_key)
    rotate = keys.add_parser("rotate", help="give a new secret key with the same rights")
    rotate.add_argument("public_key")
    rotate.add_argument("secret_id")
    rotate.add_argument("--overlap-hours", type=float, default=24, help="how long the old one still serves; 0: not")
    rotate.add_argument("--created-by", default=getpass.getuser(), help="default: you")
    rotate.set_defaults(run=commands.rotate_key)
    revoke = keys.add_parser("revoke", help="end a secret key")
    revoke.add_argument("public_key")
    revoke.add_argument("secret_id")
    revoke.add_argument("--revoked-by", default=getpass.getuser(), help="default: you")
    revoke.set_defaults(run=commands.revoke_key)

    clients = groups.add_parser("oauth-client", help="a project's own OAuth client (whitelabel)").add_subparsers(
        required=True
    )
    put = clients.add_parser("set", help="keep a client; its secret is read from standard input")
    put.add_argument("public_key")
    put.add_argument("--connector", default="ashby")
    put.add_argument("--owner", help="for this owner's connection alone")
    for name in ("client-id", "authorize-url", "token-url"):
        put.add_argument(f"--{name}", required=True)
    put.add_argument("--revoke-url", default="")
    put.add_argument("--issuer", default="")
    put.set_defaults(run=commands.set_oauth_client)
    remove = clients.add_parser("remove", help="go back to the deployment's client")
    remove.add_argument("public_key")
    remove.add_argument("--connector", default="ashby")
    remove.add_argument("--owner", help="that of this owner's connection")
    remove.set_defaults(run=commands.remove_oauth_client)

    vault = groups.add_parser("vault", help="sealed credentials").add_subparsers(required=True)
    rewrap = vault.add_parser("rewrap", help="wrap every data key of a project by the stack's current KMS key")
    rewrap.add_argument("public_key")
    rewrap.set_defaults(run=commands.rewrap)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    asked = parser().parse_args(arguments)
    # botocore reads only the second of these, Lambda and many shells set only the first.
    region = asked.region or os.environ.get("AWS_REGION")
    if region:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
    if asked.endpoint_url:
        os.environ["AWS_ENDPOINT_URL"] = asked.endpoint_url
    try:
        commands.find_deployment(stack=asked.stack, table=asked.table, key_arn=asked.key_arn)
        answer: Any = asked.run(asked)
    except commands.RefusedError as refused:
        print(f"admin: {refused}", file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as failed:
        print(f"admin: AWS: {failed}{_advice(failed)}", file=sys.stderr)
        return 2
    print(json.dumps(answer, indent=2))
    return 0


def _advice(failed: Exception) -> str:
    """Say what to do, where botocore's own words do not."""
    if isinstance(failed, NoRegionError):
        return " Name it by --region, or in AWS_REGION."
    if isinstance(failed, NoCredentialsError):
        return ". They come from the environment or a profile, as for the AWS CLI."
    return ""


if __name__ == "__main__":
    sys.exit(main())
