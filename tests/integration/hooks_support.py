"""Webhooks in tests: a queue, the function that takes them in, and a server on a free port before it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.table import Record
from tests.integration.stack import Answer, Stack, event
from tests.serving import Loopback, QuietHandler
from unified import aws
from unified.ashby.client import AshbySession
from unified.connections import vault
from unified.connections.records import Reference
from unified.connections.watch import Watch
from unified.connector import Credential
from unified.deadline import Deadline
from unified.hooks import store
from unified.hooks.settings import prepare
from unified.hooks.store import Hook
from unified.secret import Secret
from unified.settings import settings
from unified.table import Key, table

MODELS = ("genericContact", "genericUser", "atsApplication", "atsOffer")
ACTIONS = (
    "applicationSubmit",
    "applicationUpdate",
    "candidateDelete",
    "candidateHire",
    "candidateMerge",
    "candidateStageChange",
    "offerCreate",
    "offerDelete",
    "offerUpdate",
    "pushToHRIS",
)


@dataclass
class World:
    """A deployment that takes webhooks in, at ``url``."""

    stack: Stack
    url: str
    queue_url: str
    patch: pytest.MonkeyPatch
    answers: list[int] = field(default_factory=list[int])
    is_silent: bool = False

    def watch(self, owner: str = "acme") -> Watch:
        """Make a connection and return its one generation."""
        self.stack.connect(owner)
        place = Reference(self.stack.project_id, "ashby", owner)
        item = table().get(Key(f"PROJECT#{place.project}", f"CONNECTION#ashby#{owner}"))
        assert item is not None
        return Watch(place, item["generation"], self.stack.public_key)

    def session(self, key: str = "ashby_local_full") -> AshbySession:
        """Open a line to the sandbox."""
        return AshbySession(self.stack.sandbox_url, Credential("apiKey", Secret(key)), Deadline(30))

    def prepare(self, watch: Watch, *, key: str = "ashby_local_full", models: tuple[str, ...] = MODELS) -> Any:
        """Make the settings right."""
        return prepare(watch, self.session(key), models)

    def webhooks(self) -> list[Record]:
        """Return the settings in the sandbox."""
        return list(self.stack.sandbox.organisation.webhooks)

    def settings_kept(self, watch: Watch) -> dict[str, dict[str, Any]]:
        """Return what is kept of the settings, by action."""
        return {item["sk"].partition("#")[2]: item for item in table().query(watch.sync_key("").pk, "SETTING#")}

    def take(self, built: dict[str, Any]) -> Answer:
        """Give the function an event, and hold its answer to what all answers must be."""
        answer = self.stack.send("webhook_ingest", built)
        assert answer.status >= 400 or answer.json == {}
        return answer

    def state(self, watch: Watch) -> dict[str, Any]:
        """Return what is kept of how a connection is watched."""
        return table().get(watch.sync_key("STATE")) or {}

    def hook(self, watch: Watch) -> Hook:
        """Return a connection's hook."""
        hook = store.hooks().get(self.state(watch)["hookId"])
        assert hook is not None
        return hook

    def address(self, watch: Watch) -> str:
        """Return where a connection's webhooks go."""
        return f"{self.url}/v1/hooks/ashby/{self.state(watch)['hookId']}"

    def key(self, *without: str) -> str:
        """Make a key in the sandbox that lacks some of the permissions."""
        held = {"apiKeysRead", "apiKeysWrite", "candidatesRead"} - set(without)
        key = "ashby_without_" + "_".join(sorted(without))
        self.stack.sandbox.keys.add(key, title="Some", granted=held)
        return key

    def are_in_place(self, watch: Watch) -> None:
        """Check that the account's settings are ours and on, and that what is kept of them is right."""
        found = self.webhooks()
        assert sorted(setting["webhookType"] for setting in found) == list(ACTIONS)
        secret = store.hooks().secrets(self.hook(watch))[0].reveal()
        kept = self.settings_kept(watch)
        assert sorted(kept) == list(ACTIONS)
        for setting in found:
            item = kept[setting["webhookType"]]
            assert setting["enabled"]
            assert setting["secretToken"] == secret
            assert setting["requestUrl"].partition("?")[0] == self.address(watch)
            assert (item["id"], item["url"], item["state"]) == (setting["id"], setting["requestUrl"], "set")

    def send(self, watch: Watch, secret: Secret, url: str | None = None) -> int:
        """Send a webhook to an address as Ashby does; returns the status."""
        body = webhook()
        hook_id = (url or self.address(watch)).rpartition("/")[2]
        return self.take(posted(hook_id, body, signed(secret, body))).status

    def messages(self) -> list[dict[str, Any]]:
        """Take what is in the queue."""
        found: list[dict[str, Any]] = []
        sqs = aws.client("sqs")
        while True:
            answer = sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])

    def forget(self) -> None:
        """Begin as a new process does."""
        store.hooks.cache_clear()
        vault.vault.cache_clear()

    def fail(self, service: str, operation: str, error: Exception) -> None:
        """Let an operation of AWS fail until ``patch`` is undone."""

        def failing(**_arguments: Any) -> Any:
            raise error

        self.patch.setattr(aws._client(service), operation, failing)


def webhook(action: str = "offerCreate", data: Any = None, **more: Any) -> bytes:
    """Spell a webhook."""
    sent = {"action": action, "data": {} if data is None else data, "webhookActionId": str(uuid.uuid4()), **more}
    return json.dumps(sent, ensure_ascii=False).encode()


def signed(secret: Secret, body: bytes) -> dict[str, str]:
    """Sign a webhook as Ashby does."""
    return {"ashby-signature": "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()}


def posted(hook_id: str, body: bytes, headers: Mapping[str, str], *, as_text: bool = False) -> dict[str, Any]:
    """Build the event of a webhook; API Gateway gives a JSON body as text, any other in base64."""
    path = f"/v1/hooks/ashby/{hook_id}"
    return event("POST", path, headers=headers, body=body.decode() if as_text else body)


@contextlib.contextmanager
def hooked(stack: Stack, patch: pytest.MonkeyPatch) -> Generator[World]:
    """Give a deployment an address that the sandbox can reach."""
    with Loopback(_Receiver) as receiver:
        patch.setenv("PUBLIC_URL", receiver.url)
        settings.cache_clear()
        store.hooks.cache_clear()
        world = World(stack, receiver.url, settings().hint_queue_url, patch)
        _Receiver.world = world
        try:
            yield world
        finally:
            store.hooks.cache_clear()
            settings.cache_clear()


class _Receiver(QuietHandler):
    """API Gateway before the one function."""

    world: World

    def do_POST(self) -> None:  # noqa: N802 - http.server's own name
        """Serve a webhook."""
        built = event("POST", self.path.partition("?")[0], headers=dict(self.headers.items()), body=self.body())
        status = 500 if self.world.is_silent else self.world.take(built).status
        self.world.answers.append(status)
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
