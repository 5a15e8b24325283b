"""The vault opens what it sealed, for whom it sealed it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.connections.vault import Context, KmsKeys, Sealed, Vault
from unified.errors import VaultFailure
from unified.secret import Secret

from .conftest import MemoryKeys

ACME = Context("credential", "prj_1", "ashby", "acme")
TEXT = Secret("canary-secret")

parts = st.text(max_size=40)


@given(text=st.text(max_size=4000), project=parts, owner=parts)
def test_what_was_sealed_opens_for_the_same_context(text: str, project: str, owner: str) -> None:
    vault = Vault(MemoryKeys())
    context = Context("credential", project, "ashby", owner)
    text = text.encode(errors="replace").decode()

    assert vault.open(context, vault.seal(context, Secret(text))).reveal() == text


@pytest.mark.parametrize("part", ["purpose", "project", "connector", "owner"])
@pytest.mark.parametrize("warm", [True, False])
def test_a_ciphertext_moved_to_another_context_does_not_open(keys: MemoryKeys, part: str, warm: bool) -> None:
    sealed = Vault(keys).seal(ACME, TEXT)
    vault = Vault(keys)
    if warm:
        vault.open(ACME, sealed)

    with pytest.raises(VaultFailure):
        vault.open(ACME._replace(**{part: "another"}), sealed)


def test_contexts_do_not_run_into_each_other(vault: Vault) -> None:
    sealed = vault.seal(Context("credential", "a", "ashby", "b|c"), TEXT)

    with pytest.raises(VaultFailure):
        vault.open(Context("credential", "a|ashby|b", "ashby", "c"), sealed)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s._replace(ciphertext=s.ciphertext[:-1] + bytes([s.ciphertext[-1] ^ 1])),
        lambda s: s._replace(ciphertext=s.ciphertext[:-1]),
        lambda s: s._replace(ciphertext=b""),
        lambda s: s._replace(nonce=bytes(12)),
        lambda s: s._replace(wrapped_key=b"another"),
        lambda s: s._replace(format=2),
    ],
    ids=["flipped bit", "cut short", "empty", "other nonce", "other key", "other format"],
)
def test_a_changed_ciphertext_is_an_error_and_never_the_input(vault: Vault, change: Any) -> None:
    sealed = change(vault.seal(ACME, TEXT))

    with pytest.raises(VaultFailure) as failure:
        vault.open(ACME, sealed)

    assert "canary" not in str(failure.value)


@pytest.mark.parametrize("item", [{}, {"format": 1}, {"format": "x", "keyId": 1}, {"ciphertext": "plain"}])
def test_an_item_that_is_no_sealed_value_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(VaultFailure):
        Sealed.from_item(item)


def test_opening_again_needs_no_call_until_the_key_is_too_old(keys: MemoryKeys) -> None:
    now = [0.0]
    sealed = Vault(keys).seal(ACME, TEXT)
    vault = Vault(keys, max_age=300, clock=lambda: now[0])
    keys.calls.clear()

    for moment in (0.0, 1.0, 299.9):
        now[0] = moment
        vault.open(ACME, sealed)
    assert keys.calls == ["unwrap"]

    now[0] = 300.1
    vault.open(ACME, sealed)
    assert keys.calls == ["unwrap", "unwrap"]


def test_a_key_in_memory_serves_no_longer_because_the_clock_was_set_back(keys: MemoryKeys) -> None:
    now = [1_000.0]
    vault = Vault(keys, clock=lambda: now[0])
    sealed = vault.seal(ACME, TEXT)
    keys.calls.clear()

    now[0] = 900.0
    vault.open(ACME, sealed)

    assert keys.calls == ["unwrap"]


def test_a_key_in_memory_serves_a_bounded_number_of_openings(keys: MemoryKeys) -> None:
    sealed = Vault(keys).seal(ACME, TEXT)
    vault = Vault(keys, max_uses=3)
    keys.calls.clear()

    for _ in range(9):
        vault.open(ACME, sealed)

    assert keys.calls == ["unwrap"] * 3


def test_no_more_keys_than_the_capacity_stay_in_memory(keys: MemoryKeys) -> None:
    vault = Vault(keys, capacity=2)
    sealed = [vault.seal(ACME, TEXT) for _ in range(3)]
    keys.calls.clear()

    vault.open(ACME, sealed[2])
    vault.open(ACME, sealed[1])
    assert keys.calls == []
    vault.open(ACME, sealed[0])
    assert keys.calls == ["unwrap"]


def test_a_refused_key_is_asked_for_again_each_time(keys: MemoryKeys, vault: Vault) -> None:
    sealed = vault.seal(ACME, TEXT)
    other = ACME._replace(owner="other")
    keys.calls.clear()

    for _ in range(2):
        with pytest.raises(VaultFailure):
            vault.open(other, sealed)

    assert keys.calls == ["unwrap", "unwrap"]


def test_every_sealing_has_a_key_and_nonce_of_its_own(vault: Vault) -> None:
    sealed = [vault.seal(ACME, TEXT) for _ in range(20)]

    assert len({s.wrapped_key for s in sealed}) == 20
    assert len({s.nonce for s in sealed}) == 20
    assert len({s.ciphertext for s in sealed}) == 20


def test_rewrapping_changes_the_wrapping_and_not_the_ciphertext(keys: MemoryKeys, vault: Vault) -> None:
    sealed = vault.seal(ACME, TEXT)
    keys.key_id = "key-2"

    rewrapped = vault.rewrap(ACME, sealed)

    assert rewrapped.key_id == "key-2"
    assert rewrapped.ciphertext == sealed.ciphertext
    assert rewrapped.wrapped_key != sealed.wrapped_key
    # A reader that holds either opens it: there is no moment at which a read fails.
    assert vault.open(ACME, sealed) == vault.open(ACME, rewrapped) == TEXT


@pytest.mark.usefixtures("aws_in_process")
def test_kms_itself_binds_the_key_to_the_context() -> None:
    from unified import aws

    key_arn = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    sealed = Vault(KmsKeys(key_arn)).seal(ACME, TEXT)

    assert Vault(KmsKeys(key_arn)).open(ACME, sealed) == TEXT
    with pytest.raises(VaultFailure):
        Vault(KmsKeys(key_arn)).open(ACME._replace(owner="other"), sealed)


@pytest.mark.usefixtures("aws_in_process")
def test_kms_rewraps_under_the_current_key() -> None:
    from unified import aws

    kms = aws.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    sealed = Vault(KmsKeys(old)).seal(ACME, TEXT)

    rewrapped = Vault(KmsKeys(new)).rewrap(ACME, sealed)

    assert rewrapped.key_id == new
    assert Vault(KmsKeys(new)).open(ACME, rewrapped) == TEXT


@pytest.mark.usefixtures("aws_in_process")
def test_a_key_that_kms_does_not_have_opens_nothing() -> None:
    from unified import aws

    key_arn = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    sealed = Vault(KmsKeys(key_arn)).seal(ACME, TEXT)

    with pytest.raises(VaultFailure):
        Vault(KmsKeys(key_arn)).open(ACME, sealed._replace(wrapped_key=b"not wrapped by it"))
