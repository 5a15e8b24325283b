"""What template.yaml promises: who may do what, what is kept, which routes there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cold_start import ENVIRONMENT as BENCHMARK_ENVIRONMENT
from local.intrinsics import parse
from unified import table
from unified.connections.vault import Context

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE: dict[str, Any] = parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]
FUNCTIONS = {name: body for name, body in RESOURCES.items() if body["Type"] == "AWS::Serverless::Function"}
API_FUNCTIONS = ("connections", "oauth_callback", "resources")

each_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))

ROUTES = {
    "connections": {
        "GET /v1/connections",
        "POST /v1/connections/{connectorId}/{ownerId}",
        "GET /v1/connections/{connectorId}/{ownerId}",
        "PATCH /v1/connections/{connectorId}/{ownerId}",
        "DELETE /v1/connections/{connectorId}/{ownerId}",
        "POST /v1/connections/{connectorId}/{ownerId}/authorization",
        "GET /v1/connections/{connectorId}/{ownerId}/permissions",
        "POST /v1/connections/{connectorId}/{ownerId}/sessions",
        "DELETE /v1/connections/{connectorId}/{ownerId}/sessions",
        "GET /v1/connectors",
        "GET /v1/connectors/{connectorId}",
        "GET /v1/s/connection",
        "DELETE /v1/s/connection",
        "POST /v1/s/connection/authorization",
        "GET /v1/s/connection/permissions",
        "GET /v1/connectors/{connectorId}/models",
        "GET /v1/connectors/{connectorId}/models/{model}",
        "DELETE /v1/connectors/{connectorId}/models/{model}",
        "PUT /v1/connections/{connectorId}/{ownerId}/models/{model}",
        "GET /v1/connections/{connectorId}/{ownerId}/mappings/{model}",
        "PUT /v1/connections/{connectorId}/{ownerId}/mappings/{model}",
        "POST /v1/connections/{connectorId}/{ownerId}/mappings/{model}/preview",
        "GET /v1/s/connection/mappings/{model}",
        "PUT /v1/s/connection/mappings/{model}",
        "POST /v1/s/connection/mappings/{model}/preview",
        "GET /v1/connectors/{connectorId}/mappings/{model}",
        "PUT /v1/connectors/{connectorId}/mappings/{model}",
        "GET /v1/s/connector",
        "DELETE /v1/s/session",
    },
    "oauth_callback": {"GET /v1/callback/{connectorId}"},
    "resources": {
        f"{method} {prefix}{path}"
        for prefix in ("/v1", "/v1/s")
        for method, path in (
            ("GET", "/resources/{model}"),
            ("POST", "/resources/{model}"),
            ("GET", "/resources/{model}/{id}"),
            ("PATCH", "/resources/{model}/{id}"),
            ("DELETE", "/resources/{model}/{id}"),
            ("GET", "/models/{model}/fields"),
            ("POST", "/models/{model}/fields"),
        )
    },
    "docs": {"GET /openapi.json", "GET /docs", "$default"},
}


def folder(name: str) -> str:
    """Name the folder of functions/ that a function runs."""
    return FUNCTIONS[name]["Properties"]["CodeUri"].removeprefix("functions/")


def logical(of_folder: str) -> str:
    """Name the function that runs a folder of functions/."""
    return next(name for name in FUNCTIONS if folder(name) == of_folder)


def role(name: str) -> dict[str, Any]:
    """Return the properties of a function's role."""
    reference = FUNCTIONS[name]["Properties"]["Role"]
    return RESOURCES[reference["Fn::GetAtt"][0]]["Properties"]


def statements(name: str) -> list[dict[str, Any]]:
    """List all that a function's role says."""
    return [statement for policy in role(name)["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    """Return a statement's actions, as a list however they are written."""
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def partitions(statement: dict[str, Any]) -> list[str]:
    """Return the partition key patterns that a statement is limited to."""
    return statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]


def allows(of_folder: str, action: str, pk: str) -> bool:
    """Tell whether a function may take an action on the item of a partition."""
    return any(
        action in actions(statement) and any(fnmatchcase(pk, pattern) for pattern in partitions(statement))
        for statement in statements(logical(of_folder))
        if statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}
    )


def walk(value: Any) -> Iterator[Any]:
    """Yield every value within a value."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def route(event: dict[str, Any]) -> str:
    """Return API Gateway's name of an event's route."""
    properties = event["Properties"]
    return f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"


# --- Functions and routes


def test_every_folder_of_functions_is_deployed_once() -> None:
    """A folder without a function would be dead code, a function without one cannot be built."""
    folders = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
    assert sorted(folder(name) for name in FUNCTIONS) == folders


def test_routes_are_those_of_the_api() -> None:
    """Adding or losing a route is a decision, not a slip."""
    events = {folder(n): [route(e) for e in f["Properties"]["Events"].values()] for n, f in FUNCTIONS.items()}
    assert {name: set(routes) for name, routes in events.items()} == ROUTES
    assert all(len(routes) == len(set(routes)) for routes in events.values())


def test_no_route_leads_to_two_functions() -> None:
    """API Gateway would silently take one of them."""
    routes = [route(event) for body in FUNCTIONS.values() for event in body["Properties"]["Events"].values()]
    assert len(routes) == len(set(routes))


@each_function
def test_a_caller_gets_our_timeout_and_not_api_gateways(name: str) -> None:
    """API Gateway gives up after 30 seconds, with an answer that is not in our shape."""
    assert FUNCTIONS[name]["Properties"].get("Timeout", GLOBALS["Timeout"]) < 30


@each_function
def test_a_function_does_not_refer_to_the_api_that_refers_to_it(name: str) -> None:
    """CloudFormation refuses a circle, and only when it deploys."""
    properties = {key: value for key, value in FUNCTIONS[name]["Properties"].items() if key != "Events"}
    named = [v for part in (properties, GLOBALS, role(name)) for v in walk(part) if isinstance(v, dict)]
    assert not [value for value in named if value.get("Ref") == "Api" or value.get("Fn::GetAtt", [""])[0] == "Api"]


def test_functions_are_told_what_settings_reads() -> None:
    """A name that one side misses is a function that cannot start; one that nobody reads misleads."""
    given = set(GLOBALS["Environment"]["Variables"])
    read = set(re.findall(r'env\["(\w+)"\]', (ROOT / "layers/unified/unified/settings.py").read_text()))
    assert {name for name in given if not name.startswith("POWERTOOLS_")} == read
    assert given <= set(BENCHMARK_ENVIRONMENT)


@each_function
def test_environment_is_shared_but_for_the_services_name(name: str) -> None:
    """One place to read what a function is told."""
    assert FUNCTIONS[name]["Properties"]["Environment"]["Variables"] == {"POWERTOOLS_SERVICE_NAME": folder(name)}


# --- Permissions


@each_function
def test_a_role_is_its_functions_alone_and_written_out(name: str) -> None:
    """A managed policy or a shared role grants what nobody reads here."""
    assert not {"ManagedPolicyArns", "PermissionsBoundary"} & set(role(name))
    assert "Policies" not in FUNCTIONS[name]["Properties"]
    assert [other for other in FUNCTIONS if role(other) is role(name)] == [name]


@each_function
def test_a_role_grants_no_wildcard(name: str) -> None:
    """Each action by its name, each resource by its own."""
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & set(statement)
        assert not [action for action in actions(statement) if "*" in action]
        assert not [value for value in walk(statement["Resource"]) if isinstance(value, str) and "*" in value]


@each_function
def test_a_function_writes_to_its_own_log_group_only(name: str) -> None:
    """Logs of one function cannot be forged by another."""
    group = FUNCTIONS[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    granted = [s["Resource"] for s in statements(name) if any(a.startswith("logs:") for a in actions(s))]
    assert granted == [{"Fn::GetAtt": [group, "Arn"]}]
    assert group == name.replace("Function", "LogGroup")


@each_function
def test_every_table_access_is_limited_to_partitions(name: str) -> None:
    """ForAllValues holds for a request without keys (a Scan), so it needs the Null beside it."""
    for statement in statements(name):
        if any(action.startswith("dynamodb:") for action in actions(statement)):
            assert partitions(statement)
            assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
            assert statement["Resource"] == {"Fn::GetAtt": ["Table", "Arn"]}


def test_partitions_are_those_of_the_table() -> None:
    """A key pattern that the code does not use grants nothing, and hides that the right one is missing."""
    known = set(re.findall(r"^\| ``(\w+#)", table.__doc__ or "", re.MULTILINE))
    limited = [s for name in FUNCTIONS for s in statements(name) if s["Sid"] != "Logs" and "Condition" in s]
    used = {p for s in limited if "ForAllValues:StringLike" in s["Condition"] for p in partitions(s)}
    assert used == {f"{prefix}*" for prefix in known}


def test_docs_may_only_log() -> None:
    """It answers anybody."""
    assert [statement["Sid"] for statement in statements(logical("docs"))] == ["Logs"]


@pytest.mark.parametrize("name", API_FUNCTIONS)
def test_no_api_function_changes_projects_or_keys(name: str) -> None:
    """Only an administrator makes keys; a flaw in a handler cannot."""
    assert allows(name, "dynamodb:GetItem", "KEY#pk_live_1")
    for verb in ("PutItem", "UpdateItem", "DeleteItem"):
        assert not allows(name, f"dynamodb:{verb}", "KEY#pk_live_1")


@pytest.mark.parametrize("name", API_FUNCTIONS)
def test_audit_records_are_added_and_never_read_changed_or_removed(name: str) -> None:
    """What was done cannot be undone from within."""
    assert allows(name, "dynamodb:PutItem", "AUDIT#p#ashby#o")
    for verb in ("GetItem", "BatchGetItem", "Query", "UpdateItem", "DeleteItem"):
        assert not allows(name, f"dynamodb:{verb}", "AUDIT#p#ashby#o")


def test_only_the_callback_reads_what_an_authorization_keeps() -> None:
    """The PKCE verifier is there: who begins an authorization needs to write it, not to read any."""
    assert allows("connections", "dynamodb:PutItem", "STATE#1")
    assert not allows("connections", "dynamodb:GetItem", "STATE#1")
    assert allows("oauth_callback", "dynamodb:DeleteItem", "STATE#1")
    assert not any(allows("resources", f"dynamodb:{verb}", "STATE#1") for verb in ("GetItem", "PutItem", "DeleteItem"))


def test_reading_and_writing_resources_can_refresh_a_credential_but_not_remove_it() -> None:
    """The function with the most traffic can lose no customer's connection."""
    for verb in ("GetItem", "BatchGetItem", "PutItem", "UpdateItem"):
        assert allows("resources", f"dynamodb:{verb}", "CREDENTIAL#p#ashby#o")
    assert allows("resources", "dynamodb:UpdateItem", "PROJECT#p")
    for pk in ("CREDENTIAL#p#ashby#o", "PROJECT#p"):
        assert not allows("resources", "dynamodb:DeleteItem", pk)
        assert not allows("resources", "dynamodb:Query", pk)


@pytest.mark.parametrize("name", API_FUNCTIONS)
def test_data_keys_are_bound_to_one_connection(name: str) -> None:
    """KMS itself refuses to wrap or open a key without naming whose it is, and the vault names it."""
    direct = [
        statement["Condition"]
        for statement in statements(logical(name))
        if "kms:GenerateDataKey" in actions(statement) and "StringEquals" not in statement["Condition"]
    ]
    wanted = {"project", "connector", "owner"}
    assert direct == [{"Null": {f"kms:EncryptionContext:{key}": "false" for key in wanted}}]
    assert wanted <= set(Context("credential", "p", "ashby", "o").encryption_context())


@each_function
def test_every_other_use_of_the_key_goes_through_the_service_it_is_for(name: str) -> None:
    """Else the right to read the encrypted table would be the right to open any credential."""
    for statement in statements(name):
        if statement["Sid"] != "Credentials" and any(action.startswith("kms:") for action in actions(statement)):
            assert "kms:ViaService" in statement["Condition"]["StringEquals"]


# --- What is kept


def test_what_holds_data_outlives_the_stack() -> None:
    """Without the key the table that stays could not be read."""
    for name in ("Table", "Key", "AshbyOAuthClient"):
        assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_the_table_is_encrypted_recoverable_and_forgets() -> None:
    """As the design promises: our key, point-in-time recovery, one ttl attribute."""
    properties = RESOURCES["Table"]["Properties"]
    key = {"Fn::If": ["CreateKey", {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "KmsKeyArn"}]}
    assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert RESOURCES["AshbyOAuthClient"]["Properties"]["KmsKeyId"] == key
    assert RESOURCES["Key"]["Properties"]["EnableKeyRotation"] is True


def test_all_logs_end() -> None:
    """A log group without retention is kept for ever."""
    groups = [body["Properties"] for body in RESOURCES.values() if body["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == len(FUNCTIONS) + 1
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups)


def test_access_logs_hold_neither_path_nor_query() -> None:
    """Both hold what is not ours to log: customers' ids, an authorization code."""
    line = RESOURCES["Api"]["Properties"]["AccessLogSettings"]["Format"]
    named = set(re.findall(r"\$context\.([\w.]+)", line))
    assert "routeKey" in named
    assert not named & {"path", "requestOverride.path", "authorizer.principalId"}
    assert not [name for name in named if "query" in name.lower()]


def test_a_browser_cannot_send_a_secret_key() -> None:
    """CORS is the last place where a secret key in a page's code can be stopped."""
    cors = RESOURCES["Api"]["Properties"]["CorsConfiguration"]
    assert "x-session-token" in cors["AllowHeaders"]
    assert "x-api-secret" not in cors["AllowHeaders"]
    assert "AllowCredentials" not in cors


# --- For who deploys


def test_every_parameter_is_explained_and_used() -> None:
    """In the template, where the console shows it, and in the guide."""
    guide = (ROOT / "docs" / "deploy.md").read_text()
    body = {name: value for name, value in TEMPLATE.items() if name != "Parameters"}
    used = {value["Ref"] for value in walk(body) if isinstance(value, dict) and "Ref" in value}
    for name, parameter in TEMPLATE["Parameters"].items():
        assert len(parameter["Description"]) > 20
        assert "Default" in parameter, f"{name} would have to be given by hand"
        assert name in used
        assert f"`{name}`" in guide


@pytest.mark.parametrize("alarm", ["ErrorsAlarm", "ThrottlesAlarm"])
def test_an_alarm_watches_every_function(alarm: str) -> None:
    """A function added without its lines here would fail unseen."""
    metrics = [m["MetricStat"]["Metric"] for m in RESOURCES[alarm]["Properties"]["Metrics"] if "MetricStat" in m]
    watched = [value["Ref"] for value in walk(metrics) if isinstance(value, dict) and "Ref" in value]
    assert sorted(watched) == sorted(FUNCTIONS)


@pytest.mark.parametrize("layer", ["DependenciesLayer", "UnifiedLayer"])
def test_a_layer_has_the_makefile_that_sam_calls(layer: str) -> None:
    """SAM looks for the target build-<logical id>."""
    makefile = ROOT / RESOURCES[layer]["Properties"]["ContentUri"] / "Makefile"
    assert RESOURCES[layer]["Metadata"]["BuildMethod"] == "makefile"
    assert re.search(rf"^build-{layer}:", makefile.read_text(), re.MULTILINE)
