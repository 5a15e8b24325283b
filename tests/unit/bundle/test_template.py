"""What template.yaml promises: which functions and routes there are, what they are told, what is kept."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.cold_start import ENVIRONMENT as BENCHMARK_ENVIRONMENT
from tests.unit.bundle.deployed import (
    FUNCTIONS,
    GLOBALS,
    KEY,
    RESOURCES,
    ROOT,
    TEMPLATE,
    each_function,
    folder,
    role,
    routes,
    timeout,
    walk,
)
from unified import settings
from unified.api.proxy_headers import ANSWER, ANSWER_PREFIXES, for_caller
from unified.ashby.passthrough import PASSTHROUGH
from unified.connector import connector_ids

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
        "POST /v1/connections/{connectorId}/{ownerId}/links",
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
    "proxy": {"POST /v1/proxy", "ANY /v1/proxy/{path+}", "POST /v1/s/proxy", "ANY /v1/s/proxy/{path+}"},
    "connect": {"GET /connect/{token}", "POST /connect/{token}", "POST /connect/{token}/check"},
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
    "webhook_ingest": {"POST /v1/hooks/{connectorId}/{hookId}"},
    "events": {
        "GET /v1/webhook-endpoints",
        "POST /v1/webhook-endpoints",
        "GET /v1/webhook-endpoints/{endpointId}",
        "PATCH /v1/webhook-endpoints/{endpointId}",
        "DELETE /v1/webhook-endpoints/{endpointId}",
        "POST /v1/webhook-endpoints/{endpointId}/rotate",
        "POST /v1/webhook-endpoints/{endpointId}/test",
        "POST /v1/webhook-endpoints/{endpointId}/replay",
        "GET /v1/events",
        "GET /v1/events/{eventId}",
        "GET /v1/events/{eventId}/attempts",
        "POST /v1/events/{eventId}/replay",
        "GET /v1/event-settings",
        "PATCH /v1/event-settings",
        "GET /v1/connections/{connectorId}/{ownerId}/sync",
        "POST /v1/connections/{connectorId}/{ownerId}/sync",
        "POST /v1/connections/{connectorId}/{ownerId}/hook",
    },
    "docs": {"GET /openapi.json", "GET /docs", "$default"},
    "observe": set(),
    "sweep": set(),
    "deliver": set(),
}

# What a function is told beside what all are told. Sweep alone can be told where the API answers on API Gateway's own
# host name: the API waits for the functions that its routes lead to, and none leads to sweep.
OWN_ENVIRONMENT: dict[str, dict[str, Any]] = {
    "sweep": {"PUBLIC_URL": {"Fn::If": ["HasPublicUrl", {"Ref": "PublicUrl"}, {"Fn::GetAtt": ["Api", "ApiEndpoint"]}]}},
    "deliver": {
        "DELIVERY_DEAD_LETTER_QUEUE_ARN": {"Fn::GetAtt": ["DeliveryDeadLetterQueue", "Arn"]},
        "SCHEDULE_GROUP": {"Ref": "DeliverySchedules"},
        "SCHEDULE_ROLE_ARN": {"Fn::GetAtt": ["DeliverySchedulesRole", "Arn"]},
    },
}


# --- Functions and routes


def test_every_folder_of_functions_is_deployed_once() -> None:
    """A folder without a function would be dead code, a function without one cannot be built."""
    folders = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
    assert sorted(folder(name) for name in FUNCTIONS) == folders


def test_routes_are_those_of_the_api() -> None:
    """Adding or losing a route is a decision, not a slip."""
    assert {folder(name): set(routes(name)) for name in FUNCTIONS} == ROUTES


def test_no_route_leads_to_two_functions() -> None:
    """API Gateway would silently take one of them."""
    found = [route for name in FUNCTIONS for route in routes(name)]
    assert len(found) == len(set(found))


@each_function
def test_a_caller_gets_our_timeout_and_not_api_gateways(name: str) -> None:
    """API Gateway gives up after 30 seconds, with an answer that is not in our shape."""
    assert timeout(name) < 30 or not routes(name)


@each_function
def test_a_function_does_not_refer_to_the_api_that_refers_to_it(name: str) -> None:
    """CloudFormation refuses a circle, and only when it deploys. Without a route there is none."""
    properties = {key: value for key, value in FUNCTIONS[name]["Properties"].items() if key != "Events"}
    named = [v for part in (properties, GLOBALS, role(name)) for v in walk(part) if isinstance(v, dict)]
    to_api = [v for v in named if v.get("Ref") == "Api" or v.get("Fn::GetAtt", [""])[0] == "Api"]
    assert not (to_api and routes(name))


def read_by(function: Callable[..., Any]) -> set[str]:
    """Return the names that a function reads from the environment."""
    return set(re.findall(r'env\["(\w+)"\]', inspect.getsource(function)))


def test_functions_are_told_what_settings_reads() -> None:
    """A name that one side misses is a function that cannot start; one that nobody reads misleads."""
    given = set(GLOBALS["Environment"]["Variables"])
    upstream = {settings.upstream_variable(name) for name in connector_ids()}
    assert {name for name in given if not name.startswith("POWERTOOLS_")} == read_by(settings.settings) | upstream
    assert set(OWN_ENVIRONMENT["deliver"]) == read_by(settings.schedule_settings)
    assert set(OWN_ENVIRONMENT["sweep"]) <= given
    assert given | set(OWN_ENVIRONMENT["deliver"]) <= set(BENCHMARK_ENVIRONMENT)


@each_function
def test_environment_is_shared_but_for_the_services_name_and_what_is_listed_here(name: str) -> None:
    """One place to read what a function is told."""
    service = folder(name)
    own = {"POWERTOOLS_SERVICE_NAME": service, **OWN_ENVIRONMENT.get(service, {})}
    assert FUNCTIONS[name]["Properties"]["Environment"]["Variables"] == own


# --- What is kept


def test_what_holds_data_outlives_the_stack() -> None:
    """Without the key the table that stays could not be read."""
    for name in ("Table", "Key", "AshbyOAuthClient"):
        assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_the_table_is_encrypted_recoverable_and_forgets() -> None:
    """As the design promises: our key, point-in-time recovery, one ttl attribute. The stream carries keys alone."""
    properties = RESOURCES["Table"]["Properties"]
    assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert RESOURCES["AshbyOAuthClient"]["Properties"]["KmsKeyId"] == KEY
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


def test_a_pages_script_sees_every_header_that_the_proxy_brings_back() -> None:
    """But for those that browsers show anyway (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name)."""
    shown_anyway = {"content-language", "content-type", "last-modified"}
    of_ours = {"apigw-requestid", "x-request-id", "x-upstream-request-id"}
    of_ours |= {f"x-unified-{name}" for name in ("origin", "upstream-success", "upstream-code")}
    counted = {prefix + name for prefix in ANSWER_PREFIXES for name in ("limit", "remaining", "reset")}
    of_ashby = {"ashby-version", "x-ratelimit-scope"}
    assert for_caller(dict.fromkeys(counted | of_ashby, "1"), PASSTHROUGH.passes).keys() == counted | of_ashby

    exposed = RESOURCES["Api"]["Properties"]["CorsConfiguration"]["ExposeHeaders"]

    assert sorted(exposed) == sorted(of_ours | (ANSWER - shown_anyway) | counted | of_ashby)


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
