"""Everything Ashby says when it says no.

Ashby has three error shapes, all seen live and partly documented (developers.ashbyhq.com, "Introduction" and "Error
handling"): a list of codes, a list of `{message, parameter}`, and `errorInfo`. The sandbox uses, consistently:

| kind of error                              | HTTP | `errors`                  | `errorInfo` |
|--------------------------------------------|------|---------------------------|-------------|
| no, unknown or disabled credential         | 401, 403 | absent                | yes |
| permission missing on the key              | 403  | `[{message, parameter}]`  | yes |
| bad parameters (`invalid_input`)           | 200  | `[{message, parameter}]`  | yes |
| record not found, refused by a rule        | 200  | `["code"]`                | yes |
| anything about a webhook setting           | 200  | `["code"]`                | absent |
| cursor or sync token unusable              | 200  | absent                    | yes |
| too many requests                          | 429  | `["code"]`                | yes |
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any


class ErrorShape(Enum):
    """Which of Ashby's shapes an error takes on the wire."""

    CODES_AND_INFO = auto()
    DETAILS_AND_INFO = auto()
    CODES_ONLY = auto()
    DETAILS_ONLY = auto()
    INFO_ONLY = auto()


class ApiError(Exception):
    """An answer that is not a success; raised anywhere, written by `sandbox.dispatch`.

    `details` are `{message, parameter}` pairs for the shapes that list them; `status` is the HTTP status, which for
    most of Ashby's errors is 200.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 200,
        shape: ErrorShape = ErrorShape.CODES_AND_INFO,
        details: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.shape = shape
        self.details = [dict(detail) for detail in details]
        self.headers = dict(headers or {})

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON body of this error."""
        body: dict[str, Any] = {"success": False}
        if self.shape in {ErrorShape.CODES_AND_INFO, ErrorShape.CODES_ONLY}:
            body["errors"] = [self.code]
        elif self.shape in {ErrorShape.DETAILS_AND_INFO, ErrorShape.DETAILS_ONLY}:
            body["errors"] = self.details or [{"message": self.message}]
        if self.shape not in {ErrorShape.CODES_ONLY, ErrorShape.DETAILS_ONLY}:
            body["errorInfo"] = {"code": self.code, "message": self.message, "requestId": request_id}
        return body


def not_found(kind: str, *, shape: ErrorShape = ErrorShape.CODES_AND_INFO) -> ApiError:
    """Return the error for an unknown id: `candidate` gives `candidate_not_found`."""
    return ApiError(f"{kind}_not_found", f"No {kind.replace('_', ' ')} has this id.", shape=shape)


def invalid_input(*details: tuple[str, str]) -> ApiError:
    """Return `invalid_input` for (parameter, message) pairs; an empty parameter means the body as a whole."""
    listed = [
        {"message": message, "parameter": parameter} if parameter else {"message": message}
        for parameter, message in details
    ]
    summary = "; ".join(f"{parameter}: {message}" if parameter else message for parameter, message in details)
    return ApiError("invalid_input", summary, shape=ErrorShape.DETAILS_AND_INFO, details=listed)


def missing_permission(permission: str) -> ApiError:
    """Return the 403 for a credential that lacks the permission an endpoint needs."""
    message = f"The API key does not have the {permission} permission."
    return ApiError(
        "missing_endpoint_permission",
        message,
        status=403,
        shape=ErrorShape.DETAILS_AND_INFO,
        details=[{"message": message, "parameter": permission}],
    )
