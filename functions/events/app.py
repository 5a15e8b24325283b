"""Events: where they are delivered to, what happened, what became of it, and how a project wants them."""

from __future__ import annotations

import unified.startup  # noqa: F401 # pyright: ignore[reportUnusedImport] - before all else

# isort: split

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response

from unified.api import endpoints, events, sync
from unified.api.http import create_app, created, documented, entry, no_content
from unified.api.requests import caller, deadline, json_body, public_url, query
from unified.grants import Need

app = create_app()

_ENDPOINTS = "/v1/webhook-endpoints"
_ENDPOINT = f"{_ENDPOINTS}/<endpoint_id>"
_EVENT = "/v1/events/<event_id>"
_CONNECTION = "/v1/connections/<connector_id>/<owner_id>"


@app.get(
    _ENDPOINTS,
    **documented("List webhook endpoints", answer="WebhookEndpointPage", auth="secret", parameters=("limit", "cursor")),
)
def list_endpoints(request: Request) -> dict[str, Any]:
    return endpoints.list_endpoints(caller(request, Need.EVENTS), query(request))


@app.post(
    _ENDPOINTS,
    **documented(
        "Create a webhook endpoint", answer="WebhookEndpointSecret", body="EndpointBody", auth="secret", status=201
    ),
)
def create_endpoint(request: Request) -> Response[Any]:
    return created(endpoints.create(caller(request, Need.EVENTS), json_body(request)))


@app.get(_ENDPOINT, **documented("Read a webhook endpoint", answer="WebhookEndpoint", auth="secret"))
def retrieve_endpoint(request: Request, endpoint_id: str) -> dict[str, Any]:
    return endpoints.retrieve(caller(request, Need.EVENTS), endpoint_id)


@app.patch(
    _ENDPOINT,
    **documented("Change a webhook endpoint", answer="WebhookEndpoint", body="EndpointChangeBody", auth="secret"),
)
def update_endpoint(request: Request, endpoint_id: str) -> dict[str, Any]:
    return endpoints.update(caller(request, Need.EVENTS), endpoint_id, json_body(request))


@app.delete(_ENDPOINT, **documented("Remove a webhook endpoint", answer="Nothing", auth="secret"))
def delete_endpoint(request: Request, endpoint_id: str) -> Response[Any]:
    endpoints.delete(caller(request, Need.EVENTS), endpoint_id)
    return no_content()


@app.post(
    f"{_ENDPOINT}/rotate",
    **documented(
        "Give a webhook endpoint a new secret", answer="WebhookEndpointSecret", body="RotateBody", auth="secret"
    ),
)
def rotate_endpoint(request: Request, endpoint_id: str) -> dict[str, Any]:
    return endpoints.rotate(caller(request, Need.EVENTS), endpoint_id, json_body(request))


@app.post(
    f"{_ENDPOINT}/test",
    **documented("Send a webhook endpoint a ping", answer="WebhookEndpointTest", auth="secret"),
)
def test_endpoint(request: Request, endpoint_id: str) -> dict[str, Any]:
    return endpoints.test(caller(request, Need.EVENTS), endpoint_id, deadline(request))


@app.post(
    f"{_ENDPOINT}/replay",
    **documented("Deliver a span of time again", answer="Replay", body="ReplayBody", auth="secret", status=202),
)
def replay_endpoint(request: Request, endpoint_id: str) -> tuple[dict[str, Any], int]:
    return endpoints.replay(caller(request, Need.EVENTS), endpoint_id, json_body(request), deadline(request)), 202


@app.get(
    "/v1/events",
    **documented(
        "List events, the newest first",
        answer="EventPage",
        auth="secret",
        parameters=("limit", "cursor", "connectorId", "ownerId", "model", "event", "since", "until", "undelivered"),
    ),
)
def list_events(request: Request) -> dict[str, Any]:
    return events.list_events(caller(request, Need.EVENTS), query(request))


@app.get(_EVENT, **documented("Read an event and its deliveries", answer="EventWithDeliveries", auth="secret"))
def retrieve_event(request: Request, event_id: str) -> dict[str, Any]:
    return events.retrieve(caller(request, Need.EVENTS), event_id)


@app.get(
    f"{_EVENT}/attempts",
    **documented(
        "List the attempts to deliver an event",
        answer="DeliveryAttemptPage",
        auth="secret",
        parameters=("limit", "cursor", "endpointId"),
    ),
)
def list_attempts(request: Request, event_id: str) -> dict[str, Any]:
    return events.list_attempts(caller(request, Need.EVENTS), event_id, query(request))


@app.post(
    f"{_EVENT}/replay",
    **documented("Deliver an event again", answer="Replay", body="EventReplayBody", auth="secret", status=202),
)
def replay_event(request: Request, event_id: str) -> tuple[dict[str, Any], int]:
    return events.replay(caller(request, Need.EVENTS), event_id, json_body(request)), 202


@app.get("/v1/event-settings", **documented("Read how events are wanted", answer="EventSettings", auth="secret"))
def read_settings(request: Request) -> dict[str, Any]:
    return events.read_settings(caller(request, Need.EVENTS))


@app.patch(
    "/v1/event-settings",
    **documented("Change how events are wanted", answer="EventSettings", body="EventSettingsBody", auth="secret"),
)
def change_settings(request: Request) -> dict[str, Any]:
    return events.change_settings(caller(request, Need.ADMIN), json_body(request))


@app.get(f"{_CONNECTION}/sync", **documented("Tell how a connection is watched", answer="Sync", auth="secret"))
def retrieve_sync(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return sync.read_sync(caller(request, Need.EVENTS), connector_id, owner_id)


@app.post(
    f"{_CONNECTION}/sync",
    **documented("Have a connection looked through now", answer="Sync", body="SyncBody", auth="secret"),
)
def change_sync(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return sync.change_sync(caller(request, Need.EVENTS), connector_id, owner_id, json_body(request))


@app.post(
    f"{_CONNECTION}/hook",
    **documented("Make a new secret for webhooks", answer="WebhookAddress", body="HookBody", auth="secret"),
)
def rotate_hook(request: Request, connector_id: str, owner_id: str) -> dict[str, Any]:
    return sync.rotate_hook(
        caller(request, Need.EVENTS), connector_id, owner_id, json_body(request), public_url(request)
    )


handler = entry(app)
