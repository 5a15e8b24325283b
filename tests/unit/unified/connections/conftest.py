"""What tests of connections share: a vault over a key service in memory, a table in moto."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest

from unified.connections.vault import Context, Vault
from unified.errors import VaultFailure


class MemoryKeys:
    """A key service that keeps KMS's promises: what is wrapped for one context does not unwrap for another."""

    def __init__(self, key_id: str = "key-1") -> None:
        self.key_id = key_id
        self.calls: list[str] = []
        self._keys: dict[bytes, tuple[Context, bytes]] = {}

    def generate(self, context: Context) -> tuple[str, bytes, bytes]:
        self.calls.append("generate")
        plain = os.urandom(32)
        wrapped = hashlib.sha256(plain + b"wrapped").digest()
        self._keys[wrapped] = (context, plain)
        return self.key_id, wrapped, plain

    def unwrap(self, context: Context, wrapped_key: bytes) -> bytes:
        self.calls.append("unwrap")
        bound_to, plain = self._keys.get(wrapped_key, (None, b""))
        if bound_to != context:
            raise VaultFailure("The stored credential cannot be opened.")
        return plain

    def rewrap(self, context: Context, wrapped_key: bytes) -> tuple[str, bytes]:
        plain = self.unwrap(context, wrapped_key)
        wrapped = hashlib.sha256(plain + self.key_id.encode()).digest()
        self._keys[wrapped] = (context, plain)
        return self.key_id, wrapped


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def vault(keys: MemoryKeys) -> Vault:
    return Vault(keys)


@pytest.fixture
def aws_in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a moto AWS in this process with the table in it, and fresh clients."""
    from moto import mock_aws

    from unified import aws
    from unified.settings import settings

    for name, value in {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "TABLE_NAME": "unified",
        "KEY_ARN": "",
        "OAUTH_CLIENT_SECRET_ARN": "",
        "ASHBY_API_URL": "http://127.0.0.1:1",
        "PUBLIC_URL": "",
        "ALLOWED_REDIRECT_URLS": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        aws._client.cache_clear()
        settings.cache_clear()
        aws.client("dynamodb").create_table(
            TableName="unified",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        yield
        aws._client.cache_clear()
        settings.cache_clear()
