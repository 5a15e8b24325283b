"""The admin command does to a deployment what an operator asks, shows secrets once, and keeps them sealed."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from admin.__main__ import main
from unified import aws, projects, settings, table
from unified.connections import store, vault
from unified.connections.records import Connection, Reference, seal, unseal
from unified.connections.vault import KmsKeys, Vault
from unified.connections.watch import Watch
from unified.connector import Credential
from unified.secret import Secret

Admin = Callable[..., Any]
CACHES = (settings.settings, aws._client, table.table, projects.projects, store.store, vault.vault)


def forget() -> None:
    """Start as a new process would."""
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give an AWS with the table and two KMS keys; returns the keys' ARNs."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **dict.fromkeys(("TABLE_NAME", "KEY_ARN", "OAUTH_CLIENT_SECRET_ARN"), ""),
        **dict.fromkeys(("ASHBY_API_URL", "PUBLIC_URL", "ALLOWED_REDIRECT_URLS"), ""),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        forget()
        aws.client("dynamodb").create_table(
            TableName="unified",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        yield [aws.client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    forget()


@pytest.fixture
def admin(keys: list[str], capsys: pytest.CaptureFixture[str]) -> Admin:
    """Run a command with the first key, or another; returns its answer, or its exit status and complaint."""

    def run(*arguments: str, key: str = keys[0]) -> Any:
        forget()
        status = main(["--table", "unified", "--key-arn", key, *arguments])
        said = capsys.readouterr()
        return json.loads(said.out) if status == 0 else (status, said.err)

    return run


def everything() -> str:
    """Return all that lies in the table, as text."""
    return repr(aws.client("dynamodb").scan(TableName="unified")["Items"])


def test_a_project_gets_keys_that_are_shown_once_and_kept_as_fingerprints(admin: Admin) -> None:
    made = admin("projects", "create", "--name", "Acme", "--redirect-url", "https://acme.example/done")

    assert made["publicKey"].startswith("pk_")
    assert len(made["secretKey"]) > 40
    assert made["secretKey"] not in everything()
    shown = admin("projects", "show", made["publicKey"])
    assert shown["redirectUrls"] == ["https://acme.example/done"]
    assert [key["secretId"] for key in shown["secretKeys"]] == [made["secretId"]]
    assert made["secretKey"] not in json.dumps(shown)


def test_the_same_public_key_twice_is_refused_and_changes_nothing(admin: Admin) -> None:
    admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme")
    before = everything()

    assert admin("projects", "create", "--name", "Other", "--public-key", "pk_acme")[0] == 2
    assert everything() == before


def test_keys_are_added_and_revoked_for_rotation(admin: Admin) -> None:
    made = admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme")
    second = admin("keys", "add", "pk_acme", "--note", "from 2027")
    admin("keys", "revoke", "pk_acme", made["secretId"])
    forget()

    assert projects.projects().check("pk_acme", Secret(made["secretKey"])) is None
    assert projects.projects().check("pk_acme", Secret(second["secretKey"])) is not None
    assert admin("keys", "revoke", "pk_acme", "nothing")[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("projects", "show", "pk_nobody"),
        ("projects", "redirect-urls", "pk_nobody", "https://a.example"),
        ("projects", "session-mappings", "pk_nobody", "on"),
        ("keys", "add", "pk_nobody"),
        ("vault", "rewrap", "pk_nobody"),
        ("oauth-client", "remove", "pk_nobody"),
    ],
    ids=" ".join,
)
def test_a_project_that_is_not_there_is_named_and_not_made(admin: Admin, arguments: tuple[str, ...]) -> None:
    status, complaint = admin(*arguments)

    assert status == 2
    assert "no project" in complaint
    assert everything() == "[]"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "https://*.acme.example/",
            "https://acme.example/done#here",
            "/done",
            "https://[broken",
        ),
        *("https://", "https://acme.example@evil.example/", "https://acme.example\\@evil.example/", "data:text/html,x"),
    ],
)
def test_an_address_that_nobody_can_be_sent_to_is_refused_where_it_is_set(admin: Admin, url: str) -> None:
    admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme", "--redirect-url", "https://acme.example/")
    before = everything()

    for arguments in (
        ("projects", "create", "--name", "Other", "--redirect-url", url),
        ("projects", "redirect-urls", "pk_acme", "http://localhost:3000/done", url),
    ):
        status, complaint = admin(*arguments)
        assert (status, "a redirect URL is" in complaint) == (2, True)

    assert everything() == before


def test_an_oauth_client_is_kept_with_its_secret_sealed(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme")
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-client-secret\n"))
    urls = ("--authorize-url", "https://a.example/authorize", "--token-url", "https://a.example/token")

    admin("oauth-client", "set", "pk_acme", "--client-id", "acme", *urls)

    shown = admin("projects", "show", "pk_acme")
    assert shown["oauthClients"]["ashby"]["clientId"] == "acme"
    assert "canary" not in everything() + json.dumps(shown)
    admin("oauth-client", "remove", "pk_acme")
    assert admin("projects", "show", "pk_acme")["oauthClients"] == {}


def test_a_client_without_https_is_refused(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme")
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    urls = ("--authorize-url", "https://a.example/authorize", "--token-url", "http://a.example/token")

    status, complaint = admin("oauth-client", "set", "pk_acme", "--client-id", "acme", *urls)

    assert (status, "tokenUrl" in complaint) == (2, True)


def test_rewrapping_moves_every_data_key_to_the_new_kms_key_without_a_failed_read(
    admin: Admin, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = keys
    made = admin("projects", "create", "--name", "Acme", "--public-key", "pk_acme")
    monkeypatch.setattr("sys.stdin", io.StringIO("client-secret\n"))
    urls = ("--authorize-url", "https://a.example/authorize", "--token-url", "https://a.example/token")
    admin("oauth-client", "set", "pk_acme", "--client-id", "acme", *urls)
    accounts = [Reference(made["projectId"], "ashby", f"owner{number}") for number in range(8)]
    sealing = Vault(KmsKeys(old))
    for account in accounts:
        store.store().create(Connection(account, "g", (), "unauthorized", "t", "t"))
        stored = seal(sealing, account, Credential("apiKey", Secret(f"key of {account.owner}")), version=1)
        store.store().replace(Watch(account, "g", "pk_acme"), stored, expected=None)
    kept = store.store()
    stop, failures, reads = threading.Event(), list[str](), 0

    def read_on() -> None:
        nonlocal reads
        while not stop.is_set() or reads < 20:
            for account in accounts:
                stored = kept.read(account)
                assert stored is not None
                # A vault without a warm key: every read asks KMS, before, during and after.
                if unseal(Vault(KmsKeys(old)), account, stored).secret.reveal() != f"key of {account.owner}":
                    failures.append(account.owner)
                reads += 1

    reader = threading.Thread(target=read_on)
    reader.start()
    answer = admin("vault", "rewrap", "pk_acme", key=new)
    stop.set()
    reader.join()

    assert answer == {"rewrapped": len(accounts) + 1, "skipped": 0}
    assert failures == []
    assert reads >= 20
    found = [store.store().read(account) for account in accounts]
    assert {stored.sealed.key_id for stored in found if stored} == {new}
    client: Any = projects.projects().find("pk_acme")
    assert client.oauth_clients["ashby"]["sealed"]["keyId"] == new


def test_a_deployment_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["projects", "show", "pk_acme"]) == 2
    assert "--stack" in capsys.readouterr().err


def test_a_stack_is_found_by_its_outputs(keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from admin import commands

    outputs = [
        {"OutputKey": "TableName", "OutputValue": "unified"},
        {"OutputKey": "KeyArn", "OutputValue": keys[0]},
        {"OutputKey": "OAuthClientSecretArn", "OutputValue": "arn:secret"},
    ]

    class CloudFormation:
        def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - AWS's own name
            assert StackName == "unified-ashby"
            return {"Stacks": [{"Outputs": outputs}]}

    client = aws.client
    monkeypatch.setattr(aws, "client", lambda name: CloudFormation() if name == "cloudformation" else client(name))
    commands.find_deployment(stack="unified-ashby", table=None, key_arn="")

    found = settings.settings()
    assert (found.table_name, found.key_arn, found.oauth_client_secret_arn) == ("unified", keys[0], "arn:secret")
