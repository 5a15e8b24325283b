"""Who may do what: each function its own part of the table, its own queues, its own use of the key."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.bundle.deployed import (
    FUNCTIONS,
    KEY,
    RESOURCES,
    ROOT,
    actions,
    allows,
    each_function,
    folder,
    granted,
    logical,
    partitions,
    resources,
    role,
    statements,
    walk,
)
from unified.connections.vault import Context
from unified.table import keys

TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
STREAM = {"Fn::GetAtt": ["Table", "StreamArn"]}
# The schedules' names are made while deliver runs; the group, which holds no others, is the stack's own.
SCHEDULES = {
    "Fn::Sub": "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${DeliverySchedules}/*"
}
STREAM_READS = {f"dynamodb:{one}" for one in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
READS = ("GetItem", "BatchGetItem", "Query")
WRITES = ("PutItem", "UpdateItem", "DeleteItem")
# Who finds out who calls, or by which OAuth client a token is renewed; and who records what was done.
KEY_READERS = {"connect", "connections", "oauth_callback", "resources", "proxy", "events", "observe", "sweep"}
# For which purposes each function may make data keys, and open them.
DATA_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "connections": ({"credential", "verifier"}, {"credential", "oauthClient"}),
    "oauth_callback": ({"credential"}, {"credential", "verifier", "oauthClient"}),
    "connect": ({"credential", "verifier"}, {"credential", "oauthClient"}),
    "resources": ({"credential"}, {"credential", "oauthClient"}),
    "proxy": ({"credential"}, {"credential", "oauthClient"}),
    "observe": ({"credential", "event"}, {"credential", "oauthClient", "event"}),
    "sweep": ({"credential", "event", "hook"}, {"credential", "oauthClient", "event", "hook"}),
    "webhook_ingest": (set(), {"hook"}),
    "deliver": (set(), {"event", "endpoint"}),
    "events": ({"endpoint", "hook"}, {"event", "endpoint", "hook"}),
}


def of_service(name: str, service: str) -> list[dict[str, Any]]:
    """List what a function's role says of one service, such as ``kms``."""
    return [s for s in statements(name) if any(action.startswith(f"{service}:") for action in actions(s))]


# --- Any role


@each_function
def test_a_role_is_its_functions_alone_and_written_out(name: str) -> None:
    """A managed policy or a shared role grants what nobody reads here."""
    assert not {"ManagedPolicyArns", "PermissionsBoundary"} & set(role(name))
    assert "Policies" not in FUNCTIONS[name]["Properties"]
    assert [other for other in FUNCTIONS if role(other) is role(name)] == [name]


def test_roles_are_those_of_the_functions_and_the_schedules() -> None:
    """Whoever may assume one more could do what nobody reads here."""
    roles = {name for name, body in RESOURCES.items() if body["Type"] == "AWS::IAM::Role"}
    assert roles == {name.replace("Function", "Role") for name in FUNCTIONS} | {"DeliverySchedulesRole"}
    for name in FUNCTIONS:
        (trusted,) = role(name)["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


@each_function
def test_a_role_grants_no_wildcard_but_the_schedules_of_the_stacks_own_group(name: str) -> None:
    """Each action by its name, each resource by its own."""
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        assert not [action for action in actions(statement) if "*" in action]
        if not (folder(name) == "deliver" and actions(statement) == ["scheduler:CreateSchedule"]):
            assert not [value for value in walk(statement["Resource"]) if isinstance(value, str) and "*" in value]


@each_function
def test_a_function_writes_to_its_own_log_group_only(name: str) -> None:
    """Logs of one function cannot be forged by another."""
    group = FUNCTIONS[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert [s["Resource"] for s in of_service(name, "logs")] == [{"Fn::GetAtt": [group, "Arn"]}]
    assert group == name.replace("Function", "LogGroup")


# --- The table


@each_function
def test_every_table_access_is_limited_to_partitions(name: str) -> None:
    """ForAllValues holds for a request without keys (a Scan), so it needs the Null beside it."""
    for statement in of_service(name, "dynamodb"):
        if statement["Resource"] == STREAM:
            continue
        assert partitions(statement)
        assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
        assert statement["Resource"] == TABLE


@each_function
def test_each_action_on_the_table_is_named_once_with_all_its_partitions(name: str) -> None:
    """AWS does not say whether writes of one transaction are judged one by one or those of an action together."""
    named = [one for s in of_service(name, "dynamodb") if s["Resource"] == TABLE for one in actions(s)]
    assert len(named) == len(set(named))


def test_roles_name_the_actions_that_the_table_module_takes() -> None:
    """A right that no code can use serves only whoever gets in."""
    named = {one for name in FUNCTIONS for s in of_service(name, "dynamodb") for one in actions(s)}
    assert named - STREAM_READS == {f"dynamodb:{one}" for one in (*READS, *WRITES)}


def test_only_deliver_reads_the_stream_and_nothing_else_of_it() -> None:
    """A stream has no partitions to limit to; this one holds keys and no data."""
    found = {folder(n): actions(s) for n in FUNCTIONS for s in statements(n) if STREAM in resources(s)}
    assert {service: set(found[service]) for service in found} == {"deliver": STREAM_READS}


def test_partitions_are_those_of_the_table() -> None:
    """A key pattern that the code does not use grants nothing, and hides that the right one is missing."""
    # SWEEP is one partition for all; every other kind has one for each of something, named after the #.
    known = re.findall(r"^\| ``(\w+)(#?)", keys.__doc__ or "", re.MULTILINE)
    limited = [s for name in FUNCTIONS for s in of_service(name, "dynamodb") if s["Resource"] == TABLE]
    used = {pattern for statement in limited for pattern in partitions(statement)}
    assert used == {f"{kind}#*" if parted else kind for kind, parted in known}
    assert {pattern for pattern in used if not pattern.endswith("#*")} == {"SWEEP"}


@each_function
def test_no_function_changes_projects_or_keys(name: str) -> None:
    """Only an administrator makes keys; a flaw in a handler cannot."""
    service = folder(name)
    # All keys of a project are read at once: each is compared.
    assert allows(service, "dynamodb:Query", "KEY#pk_live_1") == (service in KEY_READERS)
    for verb in ("GetItem", "BatchGetItem", *WRITES):
        assert not allows(service, f"dynamodb:{verb}", "KEY#pk_live_1")


@each_function
def test_audit_records_are_added_and_never_read_changed_or_removed(name: str) -> None:
    """What was done cannot be undone from within."""
    service = folder(name)
    assert allows(service, "dynamodb:PutItem", "AUDIT#p#ashby#o") == (service in KEY_READERS)
    for verb in (*READS, "UpdateItem", "DeleteItem"):
        assert not allows(service, f"dynamodb:{verb}", "AUDIT#p#ashby#o")


@each_function
def test_only_the_callback_reads_what_an_authorization_keeps(name: str) -> None:
    """The PKCE verifier is there: who begins an authorization needs to write it, and it is read by taking it away."""
    may = {verb for verb in (*READS, *WRITES) if allows(folder(name), f"dynamodb:{verb}", "STATE#1")}
    begins, ends = {"PutItem"}, {"DeleteItem"}
    assert may == {"connections": begins, "connect": begins, "oauth_callback": ends}.get(folder(name), set())


@each_function
def test_a_link_is_given_by_the_company_and_used_by_its_customer(name: str) -> None:
    """Who makes links cannot read any, and who uses one can make none."""
    may = {verb for verb in (*READS, *WRITES) if allows(folder(name), f"dynamodb:{verb}", "LINK#1")}
    expected = {"connections": {"PutItem"}, "connect": {"GetItem", "UpdateItem"}, "oauth_callback": {"UpdateItem"}}
    assert may == expected.get(folder(name), set())


def test_reading_and_writing_resources_can_refresh_a_credential_but_not_remove_it() -> None:
    """The function with the most traffic can lose no customer's connection."""
    for verb in ("GetItem", "BatchGetItem", "PutItem", "UpdateItem"):
        assert allows("resources", f"dynamodb:{verb}", "CREDENTIAL#p#ashby#o")
    assert allows("resources", "dynamodb:UpdateItem", "PROJECT#p")
    for pk in ("CREDENTIAL#p#ashby#o", "PROJECT#p"):
        assert not allows("resources", "dynamodb:DeleteItem", pk)
        assert not allows("resources", "dynamodb:Query", pk)


@each_function
def test_only_disconnecting_can_remove_a_credential(name: str) -> None:
    """What runs for every customer without being asked can lose no connection, nor can what anybody may call."""
    service = folder(name)
    for pk in ("CREDENTIAL#p#ashby#o", "PROJECT#p"):
        assert allows(service, "dynamodb:DeleteItem", pk) == (service == "connections")


@each_function
def test_events_are_told_by_observing_and_sweeping_alone_and_never_changed(name: str) -> None:
    """The outbox is what happened: no caller can add to it, nobody takes from it."""
    service = folder(name)
    assert allows(service, "dynamodb:PutItem", "EVENT#p#2026-11-24") == (service in {"observe", "sweep"})
    for verb in ("UpdateItem", "DeleteItem"):
        assert not allows(service, f"dynamodb:{verb}", "EVENT#p#2026-11-24")


@each_function
def test_the_ledger_is_the_watchers_own(name: str) -> None:
    """What was last seen of a customer's records is nobody else's, and only sweep's purge removes it."""
    service = folder(name)
    may = {verb for verb in (*READS, *WRITES) if allows(service, f"dynamodb:{verb}", "LEDGER#p#ashby#g#o")}
    # Each entry is written whole, in the place of the very one that was read.
    watch = {"BatchGetItem", "Query", "PutItem"}
    assert may == {"observe": watch, "sweep": watch | {"DeleteItem"}}.get(service, set())


@pytest.mark.parametrize(
    ("service", "action", "pk", "why"),
    [
        ("oauth_callback", "UpdateItem", "SWEEP", "a connection is watched from when it is authorized"),
        ("connections", "UpdateItem", "SWEEP", "the same, and removal is noted there"),
        ("connections", "UpdateItem", "SYNC#p#ashby#g#o", "removal takes the key of the events' bodies with it"),
        ("connections", "DeleteItem", "SYNC#p#ashby#g#o", "and what is known of the webhooks that it removes"),
        ("observe", "UpdateItem", "SWEEP", "a webhook of a connection that is gone has it purged"),
        ("sweep", "DeleteItem", "SWEEP", "the purge ends with it"),
        ("sweep", "PutItem", "SWEEP", "a provider's pause is kept there"),
        ("observe", "GetItem", "CREDENTIAL#p#ashby#o", "a token is read again before it is renewed"),
        ("connect", "UpdateItem", "CREDENTIAL#p#ashby#o", "a connection's token is renewed there too"),
        ("connections", "UpdateItem", "HOOK#h", "of a removed connection's hook only that is left"),
        ("sweep", "DeleteItem", "HOOK#h", "of two hooks made at once one is taken back"),
        ("events", "GetItem", "SWEEP", "when the next sweep is due is part of the answer"),
        ("events", "GetItem", "HOOK#h", "a hook's new secret stands beside its old ones"),
        ("events", "DeleteItem", "HOOK#h", "of two new addresses at once one is taken back"),
        ("deliver", "UpdateItem", "ENDPOINTS#p", "an endpoint that fails for days is disabled"),
    ],
)
def test_a_role_allows_what_its_code_does(service: str, action: str, pk: str, why: str) -> None:
    """Each was once missing or easily overlooked, and nothing but a deployment would have told."""
    assert allows(service, f"dynamodb:{action}", pk), why


# --- The key


@each_function
def test_data_keys_are_bound_to_one_connection_and_to_what_they_are_for(name: str) -> None:
    """KMS itself refuses to wrap or open a key without naming whose it is, and the vault names it."""
    wanted = {"project", "connector", "owner"}
    assert {"purpose", *wanted} == set(Context("credential", "p", "ashby", "o").encryption_context())
    direct = [s for s in of_service(name, "kms") if "kms:ViaService" not in s["Condition"].get("StringEquals", {})]
    found: dict[str, set[str]] = {}
    for statement in direct:
        assert statement["Resource"] == KEY
        condition = dict(statement["Condition"])
        assert condition.pop("Null") == {f"kms:EncryptionContext:{part}": "false" for part in wanted}
        purposes = condition.pop("StringEquals")
        assert condition == {}
        assert set(purposes) == {"kms:EncryptionContext:purpose"}
        (action,) = actions(statement)
        assert action not in found
        found[action] = set(purposes["kms:EncryptionContext:purpose"])
    made, opened = DATA_KEYS.get(folder(name), (set(), set()))
    both = {"kms:GenerateDataKey": made, "kms:Decrypt": opened}
    assert found == {action: purposes for action, purposes in both.items() if purposes}


def test_the_purposes_that_roles_name_are_those_of_the_code() -> None:
    """One that is misspelt would refuse every data key, on Lambda and nowhere else."""
    sources = "".join(path.read_text() for path in (ROOT / "layers/unified/unified").rglob("*.py"))
    known = set(re.findall(r'[Cc]ontext\((?:self, purpose: str = )?"(\w+)"', sources))
    assert {purpose for both in DATA_KEYS.values() for purposes in both for purpose in purposes} == known


@each_function
def test_every_other_use_of_the_key_goes_through_the_service_it_is_for(name: str) -> None:
    """Else the right to read the encrypted table would be the right to open any credential."""
    for statement in of_service(name, "kms"):
        if "Null" not in statement["Condition"]:
            assert statement["Resource"] == KEY
            assert "kms:ViaService" in statement["Condition"]["StringEquals"]


# --- Functions that anybody may call


def test_docs_may_only_log() -> None:
    """It answers anybody."""
    assert [statement["Sid"] for statement in statements(logical("docs"))] == ["Logs"]


def test_webhook_ingest_reads_hooks_opens_their_secrets_and_sends_hints_and_nothing_more() -> None:
    """It answers anybody: a flaw in it reaches no credential, no customer's record, no project."""
    may = {
        (action, str(resource))
        for statement in statements(logical("webhook_ingest"))
        for action in actions(statement)
        for resource in resources(statement)
        if not action.startswith(("logs:", "kms:"))
    }
    hints = {"Fn::GetAtt": ["HintQueue", "Arn"]}
    assert may == {("dynamodb:GetItem", str(TABLE)), ("sqs:SendMessage", str(hints))}
    (read,) = of_service(logical("webhook_ingest"), "dynamodb")
    assert partitions(read) == ["HOOK#*"]
    direct, encryption = of_service(logical("webhook_ingest"), "kms")
    assert actions(direct) == ["kms:Decrypt"]
    assert direct["Condition"]["StringEquals"] == {"kms:EncryptionContext:purpose": ["hook"]}
    via = {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"}}
    assert encryption["Condition"] == {"StringEquals": via}


# --- The bus and the schedules


@each_function
def test_only_deliver_puts_on_the_bus_and_makes_schedules(name: str) -> None:
    """Each on its own resource, and it can hand over no role but the schedules'."""
    wanted = {
        "events:PutEvents": [{"Fn::GetAtt": ["EventBus", "Arn"]}],
        "scheduler:CreateSchedule": [SCHEDULES],
        "iam:PassRole": [{"Fn::GetAtt": ["DeliverySchedulesRole", "Arn"]}],
    }
    found = {
        action: granted(folder(name), action)
        for service in ("events", "scheduler", "iam")
        for statement in of_service(name, service)
        for action in actions(statement)
    }
    assert found == (wanted if folder(name) == "deliver" else {})


def test_the_schedules_role_is_passed_to_the_scheduler_alone() -> None:
    """Passed to anything else, it would be a way around deliver's own role."""
    (statement,) = of_service(logical("deliver"), "iam")
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_the_schedules_role_sends_deliveries_for_schedules_of_this_account_alone() -> None:
    """Without the account, a schedule of somebody else's could be given this role."""
    own = RESOURCES["DeliverySchedulesRole"]["Properties"]
    (trusted,) = own["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    (policy,) = own["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert actions(statement) == ["sqs:SendMessage"]
    queues = ("DeliveryQueue", "DeliveryDeadLetterQueue")
    assert resources(statement) == [{"Fn::GetAtt": [queue, "Arn"]} for queue in queues]
    assert not {"ManagedPolicyArns", "PermissionsBoundary"} & set(own)
