"""The vault: credentials are sealed under a data key of their own, which KMS wraps.

Envelope encryption: KMS gives a 256-bit data key for one sealing, the text is encrypted with it by
AES-256-GCM, and the wrapped key is kept beside the ciphertext. The context (purpose, project, connector,
owner) is bound twice, as KMS encryption context and as GCM associated data, and is always built anew from
where the ciphertext was found, never stored with it: a ciphertext moved elsewhere does not open
(https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html). There is no mode without
encryption and no failure that returns its input.

Opening needs KMS only when the data key is not in memory. A cached key serves for a bounded time and a
bounded number of openings; the item itself is read anew each time, so a deleted or replaced credential is
gone at once whatever is cached. Sealing a credential never reuses a key, so a random nonce cannot repeat under
one; the many short-lived bodies of events share a key (``seal_under``).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from unified import aws
from unified.errors import VaultFailure
from unified.remembered import Remembered
from unified.secret import Secret
from unified.settings import settings

_FORMAT = 1
_NONCE_BYTES = 12


class Context(NamedTuple):
    """What a ciphertext belongs to. ``owner`` is ``*`` for what belongs to a whole project."""

    purpose: str
    project: str
    connector: str
    owner: str

    def encryption_context(self) -> dict[str, str]:
        """Spell it for KMS, which logs it in clear: ids only."""
        return {
            "purpose": self.purpose,
            "project": self.project,
            "connector": self.connector,
            "owner": self.owner,
        }

    def associated_data(self) -> bytes:
        """Spell it for GCM, together with the format."""
        return json.dumps({**self.encryption_context(), "format": _FORMAT}, sort_keys=True).encode()


class Sealed(NamedTuple):
    """A ciphertext with all it takes to open it, but for KMS's consent."""

    format: int
    key_id: str
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes

    def to_item(self) -> dict[str, Any]:
        """Spell it for the table."""
        return {
            "format": self.format,
            "keyId": self.key_id,
            "wrappedKey": self.wrapped_key,
            "nonce": self.nonce,
            "ciphertext": self.ciphertext,
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Sealed:
        """Read it from the table. Raises ``VaultFailure`` for anything that is not a sealed value."""
        try:
            return cls(
                int(item["format"]),
                str(item["keyId"]),
                bytes(item["wrappedKey"]),
                bytes(item["nonce"]),
                bytes(item["ciphertext"]),
            )
        except (KeyError, TypeError, ValueError):
            raise VaultFailure("The stored credential cannot be read.") from None


class WrappedKey(NamedTuple):
    """A data key as KMS wrapped it, kept where many short-lived texts are sealed under one key."""

    key_id: str
    wrapped_key: bytes


class KeyService(Protocol):
    """What wraps data keys: KMS, or a stand-in held to the same tests."""

    def generate(self, context: Context) -> tuple[str, bytes, bytes]:
        """Return (key id, wrapped key, plain key of 32 bytes)."""
        ...

    def unwrap(self, context: Context, wrapped_key: bytes) -> bytes:
        """Return the plain key. Raises ``VaultFailure`` when the context differs or the key is gone."""
        ...

    def rewrap(self, context: Context, wrapped_key: bytes) -> tuple[str, bytes]:
        """Return (key id, wrapped key) under the current key, the plain key never leaving the service."""
        ...


class KmsKeys:
    """Data keys by AWS KMS."""

    def __init__(self, key_arn: str) -> None:
        self._key_arn = key_arn

    def generate(self, context: Context) -> tuple[str, bytes, bytes]:
        """Ask KMS for a data key bound to ``context``."""
        answer = aws.client("kms").generate_data_key(
            KeyId=self._key_arn, KeySpec="AES_256", EncryptionContext=context.encryption_context()
        )
        return answer["KeyId"], answer["CiphertextBlob"], answer["Plaintext"]

    def unwrap(self, context: Context, wrapped_key: bytes) -> bytes:
        """Ask KMS to unwrap; a wrong context or a key that may not be used is one and the same refusal."""
        kms = aws.client("kms")
        try:
            answer = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context.encryption_context())
        except (
            kms.exceptions.InvalidCiphertextException,
            kms.exceptions.IncorrectKeyException,
            kms.exceptions.NotFoundException,
            kms.exceptions.DisabledException,
            kms.exceptions.KMSInvalidStateException,
        ):
            raise VaultFailure("The stored credential cannot be opened.") from None
        return answer["Plaintext"]

    def rewrap(self, context: Context, wrapped_key: bytes) -> tuple[str, bytes]:
        """Ask KMS to re-encrypt the wrapped key under the deployment's current key."""
        answer = aws.client("kms").re_encrypt(
            CiphertextBlob=wrapped_key,
            SourceEncryptionContext=context.encryption_context(),
            DestinationKeyId=self._key_arn,
            DestinationEncryptionContext=context.encryption_context(),
        )
        return answer["KeyId"], answer["CiphertextBlob"]


class _PlainKey:
    """A data key in memory, and for how many openings more it serves."""

    __slots__ = ("plain", "uses_left")

    def __init__(self, plain: bytes, uses_left: int) -> None:
        self.plain = plain
        self.uses_left = uses_left


class Vault:
    """Seals and opens texts. ``max_age`` (seconds), ``max_uses`` and ``capacity`` bound the keys in memory."""

    def __init__(
        self,
        keys: KeyService,
        *,
        max_age: float = 300,
        max_uses: int = 10_000,
        capacity: int = 256,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._max_uses = max_uses
        self._remembered: Remembered[bytes, _PlainKey] = Remembered(max_age, capacity, clock)
        # Events are opened by several threads at once, which count the uses of one key.
        self._counting = threading.Lock()

    def seal(self, context: Context, plaintext: Secret) -> Sealed:
        """Encrypt ``plaintext`` for ``context`` under a new data key: one KMS call."""
        return self.sealer(context)(plaintext)

    def sealer(self, context: Context) -> Callable[[Secret], Sealed]:
        """Make the KMS call now and return what seals one text later, without I/O.

        For whoever must know that sealing will work before doing what cannot be undone.
        """
        key_id, wrapped_key, plain_key = self._keys.generate(context)
        cipher = _cipher(plain_key)

        def seal(plaintext: Secret) -> Sealed:
            nonce = os.urandom(_NONCE_BYTES)
            ciphertext = cipher.encrypt(nonce, plaintext.reveal().encode(), context.associated_data())
            self._remember(_cache_key(context, wrapped_key), plain_key)
            return Sealed(_FORMAT, key_id, wrapped_key, nonce, ciphertext)

        return seal

    def open(self, context: Context, sealed: Sealed) -> Secret:
        """Decrypt what was sealed for this very ``context``; no KMS call while its data key is in memory.

        Raises ``VaultFailure`` for another context, a changed ciphertext, an unknown format, a lost key.
        """
        from cryptography.exceptions import InvalidTag

        if sealed.format != _FORMAT:
            raise VaultFailure("The stored credential has a format this version does not know.")
        plain_key = self._plain_key(context, sealed.wrapped_key)
        try:
            text = _cipher(plain_key).decrypt(sealed.nonce, sealed.ciphertext, context.associated_data())
        except InvalidTag:
            raise VaultFailure("The stored credential cannot be opened.") from None
        return Secret(text.decode())

    def new_key(self, context: Context) -> WrappedKey:
        """Return a new data key for ``seal_under``: one KMS call."""
        key_id, wrapped_key, plain_key = self._keys.generate(context)
        self._remember(_cache_key(context, wrapped_key), plain_key)
        return WrappedKey(key_id, wrapped_key)

    def seal_under(self, context: Context, key: WrappedKey, plaintext: Secret) -> Sealed:
        """Encrypt ``plaintext`` under a key that seals others too; no KMS call while it is in memory.

        Nonces are random, which one key may serve for 2^32 texts (NIST SP 800-38D §8.3). What is sealed so can be
        made unreadable at once, all of it, by deleting the wrapped key.
        """
        cipher = _cipher(self._plain_key(context, key.wrapped_key))
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = cipher.encrypt(nonce, plaintext.reveal().encode(), context.associated_data())
        return Sealed(_FORMAT, key.key_id, key.wrapped_key, nonce, ciphertext)

    def rewrap(self, context: Context, sealed: Sealed) -> Sealed:
        """Return the same ciphertext with its data key wrapped by the current key; nothing is decrypted here."""
        key_id, wrapped_key = self._keys.rewrap(context, sealed.wrapped_key)
        return Sealed(sealed.format, key_id, wrapped_key, sealed.nonce, sealed.ciphertext)

    def rewrap_key(self, context: Context, wrapped_key: bytes) -> WrappedKey:
        """Return a key of ``seal_under``'s wrapped by the current key; what is sealed under it opens as before."""
        return WrappedKey(*self._keys.rewrap(context, wrapped_key))

    def _plain_key(self, context: Context, wrapped_key: bytes) -> bytes:
        name = _cache_key(context, wrapped_key)

        def unwrap() -> _PlainKey:
            plain = self._keys.unwrap(context, wrapped_key)
            if len(plain) != 32:
                raise VaultFailure("The stored credential's key has a wrong length.")
            return _PlainKey(plain, self._max_uses)

        known = self._remembered.get(name, unwrap)
        if not self._is_used_up(known):
            return known.plain
        return self._remembered.get(name, unwrap, max_age=0).plain

    def _is_used_up(self, key: _PlainKey) -> bool:
        """Count one use more, and tell whether it is one too many."""
        with self._counting:
            key.uses_left -= 1
            return key.uses_left < 0

    def _remember(self, name: bytes, plain: bytes) -> None:
        self._remembered.put(name, _PlainKey(plain, self._max_uses))


@lru_cache(maxsize=1)
def vault() -> Vault:
    """Return this environment's vault."""
    return Vault(KmsKeys(settings().key_arn))


def _cache_key(context: Context, wrapped_key: bytes) -> bytes:
    # The context is part of the name: a key in memory must not open what KMS would have refused.
    return hashlib.sha256(context.associated_data() + b"\0" + wrapped_key).digest()


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
