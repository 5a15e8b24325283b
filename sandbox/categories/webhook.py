"""webhook.create, update, info, delete: the settings, and the ping that proves them.

Source: the webhook reference and guide. A setting whose ping gets no answer, or one of 400 and above, is saved
disabled; enabling it pings again and must succeed. There is no webhook.list.
"""

from typing import Any

from sandbox import parameters
from sandbox.endpoints import Call, endpoint, published
from sandbox.errors import ApiError, ErrorShape, invalid_input
from sandbox.parameters import optional, required
from sandbox.pinging import ping
from sandbox.table import Record

# The specification's list; the others are set by hand in Ashby.
WEBHOOK_TYPES = (
    "applicationSubmit", "applicationUpdate", "candidateHire", "candidateStageChange", "candidateDelete",
    "candidateMerge", "interviewPlanTransition", "interviewScheduleCreate", "interviewScheduleUpdate",
    "jobPostingUpdate", "jobPostingPublish", "jobPostingUnpublish", "offerCreate", "offerUpdate", "offerDelete",
    "pushToHRIS", "surveySubmit",
)  # fmt: skip
SET_BY_HAND = (
    "jobCreate", "jobUpdate", "jobPostingDelete", "openingCreate", "signatureRequestUpdate",
    "takeHomeAssignmentAssigned", "takeHomeAssignmentSubmitted", "takeHomeAssignmentCompleted",
    "takeHomeAssignmentCancelled",
)  # fmt: skip


def _view(record: Record) -> dict[str, Any]:
    return published(record, "id", "enabled", "requestUrl", "secretToken", "webhookType")


def _problem(code: str, message: str) -> ApiError:
    return ApiError(code, message, shape=ErrorShape.CODES_ONLY)


def _setting(call: Call) -> Record:
    return call.find("webhook", call.parameters["webhookId"], shape=ErrorShape.CODES_ONLY)


@endpoint(
    "webhook.create",
    permission="apiKeysWrite",
    parameters={
        "webhookType": required(parameters.one_of(*WEBHOOK_TYPES)),
        "requestUrl": required(parameters.url),
        "secretToken": required(parameters.text),
    },
)
async def create(call: Call) -> dict[str, Any]:
    """Create a setting, enabled if its URL answers the ping; the same type and URL twice is `duplicate_webhook`."""
    organisation, sent = call.organisation, call.parameters
    with organisation.lock:
        _refuse_duplicate(call, sent["webhookType"], sent["requestUrl"], but=None)
        record: Record = {**sent, "id": organisation.new_identifier("webhook"), "enabled": False}
        organisation.save("webhook", record)
    answered = await ping(record["requestUrl"], record["secretToken"])
    with organisation.lock:
        return _view(organisation.save("webhook", {**record, "enabled": answered}))


@endpoint(
    "webhook.update",
    permission="apiKeysWrite",
    parameters={
        "webhookId": required(parameters.identifier),
        "enabled": optional(parameters.flag),
        "requestUrl": optional(parameters.url),
        "secretToken": optional(parameters.text),
    },
)
async def update(call: Call) -> dict[str, Any]:
    """Change a setting and ping it again. Asking to enable one that does not answer is `webhook_ping_failed`."""
    organisation = call.organisation
    changes = {name: value for name, value in call.parameters.items() if name != "webhookId"}
    if not changes:
        raise invalid_input(("", "At least one of enabled, requestUrl and secretToken is required"))
    with organisation.lock:
        record = {**_setting(call), **changes}
        _refuse_duplicate(call, record["webhookType"], record["requestUrl"], but=record["id"])
    if record["enabled"] and not await ping(record["requestUrl"], record["secretToken"]):
        if changes.get("enabled"):
            raise _problem("webhook_ping_failed", "The URL did not answer the ping.")
        record["enabled"] = False
    with organisation.lock:
        _setting(call)  # it may have been deleted meanwhile
        return _view(organisation.save("webhook", record))


@endpoint("webhook.info", permission="apiKeysRead", parameters={"webhookId": required(parameters.identifier)})
def info(call: Call) -> dict[str, Any]:
    """Return a setting without its secret; raises `webhook_not_found`."""
    return published(_setting(call), "id", "enabled", "requestUrl", "webhookType")


@endpoint("webhook.delete", permission="apiKeysWrite", parameters={"webhookId": required(parameters.identifier)})
def delete(call: Call) -> dict[str, str]:
    """Delete a setting; the answer names it `webhookId`, not `id`."""
    setting = _setting(call)
    call.organisation.delete("webhook", setting["id"])
    return {"webhookId": setting["id"]}


def _refuse_duplicate(call: Call, webhook_type: str, url: str, *, but: str | None) -> None:
    for other in call.organisation.webhooks:
        if other["id"] != but and other["webhookType"] == webhook_type and other["requestUrl"] == url:
            raise _problem("duplicate_webhook", "A webhook of this type exists for this URL.")
