"""AWS in this process (moto), the functions loaded on it once, and a deployment as new for each test."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from moto import mock_aws

from local.emulator import mend
from sandbox.state import Sandbox
from tests.integration.roles import Roles
from tests.integration.stack import PUBLIC_URL, REDIRECT_URL, ROOT, Stack
from tests.serial_database import serialize
from unified import aws, projects
from unified.ashby import client as ashby_client

FUNCTIONS = tuple(sorted(folder.parent.name for folder in (ROOT / "functions").glob("*/app.py")))
REGION = "eu-central-1"
_QUEUES = f"https://sqs.{REGION}.amazonaws.com/123456789012"

# The constructor's own defaults, which is where a handler's pauses come from.
_DEFAULTS = cast(dict[str, Any], ashby_client.AshbySession.__init__.__kwdefaults__)
# What outlives a deployment: moto answers all clients alike, and sockets are dear to open.
_KEPT = frozenset({"unified.aws", "unified.transport"})


@contextmanager
def new_cloud(sandbox_url: str) -> Generator[SimpleNamespace]:
    """Load every function once, on clients that moto answers; making clients is what costs time."""
    mend()
    made: dict[str, Any] = {}
    counted: Counter[str] = Counter()
    roles = Roles()

    def client(service: str) -> Any:
        if service not in made:
            made[service] = aws.get_session().create_client(service, config=aws._CONFIG)
            made[service].meta.events.register("before-call", lambda model, **_: counted.update([model.name]))
            made[service].meta.events.register("before-parameter-build", roles.judge)
            if service == "dynamodb":
                serialize(made[service])  # deliver's threads may claim the same attempt
        return made[service]

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in _environment(sandbox_url).items():
            patch.setenv(name, value)
        patch.setattr(aws, "_client", client)
        handlers = {name: roles.held(name, _load(name).handler) for name in FUNCTIONS}
        # Made while the network is moto's, so that no test pays for it.
        for service in ("dynamodb", "kms", "secretsmanager", "sqs", "events", "scheduler"):
            client(service)
    yield SimpleNamespace(client=client, counted=counted, handlers=handlers, roles=roles)
    for one in made.values():
        one.close()


def _load(function: str) -> ModuleType:
    name = f"integration_{function}_app"
    spec = importlib.util.spec_from_file_location(name, ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _environment(sandbox_url: str) -> dict[str, str]:
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "TABLE_NAME": "unified-test",
        "KEY_ARN": "alias/unified-test",
        "OAUTH_CLIENT_SECRET_ARN": "unified-test-oauth",
        "ASHBY_API_URL": sandbox_url,
        "PUBLIC_URL": PUBLIC_URL,
        "ALLOWED_REDIRECT_URLS": f"{REDIRECT_URL}, https://app.example.com/other",
        **{f"{name}_QUEUE_URL": f"{_QUEUES}/{name.lower()}" for name in ("HINT", "SWEEP", "DELIVERY")},
        "DELIVERY_DEAD_LETTER_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:delivery-dead-letters",
        "SCHEDULE_GROUP": "unified-test",
        "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/unified-test-schedules",
        "EVENT_BUS_NAME": "unified-test",
        "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        "BASE_URLS": "https://connect.acme.example",
        "POWERTOOLS_SERVICE_NAME": "unified",
    }


@contextmanager
def new_stack(cloud: SimpleNamespace, url: str, sandbox: Sandbox) -> Generator[Stack]:
    """Give a deployment as new: an empty table, a key of its own, one project, an untouched sandbox."""
    sandbox.reset()
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in _environment(url).items():
            patch.setenv(name, value)
        patch.setattr(aws, "_client", cloud.client)
        # Nothing here waits for real: what matters is how often something is tried, not after what pause.
        patch.setitem(_DEFAULTS, "sleep", lambda _seconds: None)
        cloud.client("dynamodb").create_table(
            TableName="unified-test",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )
        for queue in ("hint", "sweep", "delivery", "delivery-dead-letters"):
            cloud.client("sqs").create_queue(QueueName=queue)
        cloud.client("events").create_event_bus(Name="unified-test")
        cloud.client("scheduler").create_schedule_group(Name="unified-test")
        patch.setenv("KEY_ARN", cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
        cloud.client("secretsmanager").create_secret(Name="unified-test-oauth", SecretString="{}")
        forget()
        made = Stack(cloud.handlers, sandbox, url, cloud.counted)
        project = projects.projects().create("Test", public_key="pk_test", redirect_urls=())
        made.secret_id, made.secret_key = projects.projects().add_secret("pk_test")
        made.public_key, made.project_id = "pk_test", project.id
        cloud.counted.clear()
        cloud.roles.refused.clear()
        yield made
        cloud.roles.report()
        forget()


def forget() -> None:
    """Forget what an environment of the functions remembers: each module's one cached object."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("unified.") or name in _KEPT:
            continue
        for cached in vars(module).values():
            if getattr(cached, "cache_parameters", dict)().get("maxsize") == 1:
                cached.cache_clear()


def give_oauth_client(stack: Stack, **changes: str) -> None:
    """Put an OAuth client into the deployment's secret."""
    client = {
        "clientId": "sandbox-client",
        "clientSecret": "sandbox-secret",
        "authorizeUrl": f"{stack.sandbox_url}/oauth/authorize",
        "tokenUrl": f"{stack.sandbox_url}/oauth/token",
        "revokeUrl": f"{stack.sandbox_url}/oauth/revoke",
        "issuer": stack.sandbox.config.issuer,
        **changes,
    }
    aws.client("secretsmanager").put_secret_value(
        SecretId="unified-test-oauth", SecretString=json.dumps({"ashby": client})
    )
    forget()
