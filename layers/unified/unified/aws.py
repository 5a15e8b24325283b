"""The one door to AWS: a cached client per service, made when first asked for.

botocore is used without boto3, whose resource layer nothing here needs and every cold start would pay for.
No other module imports either.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, overload

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# A Lambda that hangs on AWS for botocore's default minute has already failed its caller.
# What we send is typed and tested: checking it once more costs every call, and most of all those of many items.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "max_attempts": 3},
    parameter_validation=False,
)


@overload
def client(service: Literal["dynamodb"]) -> DynamoDBClient: ...
@overload
def client(service: Literal["kms"]) -> KMSClient: ...
@overload
def client(service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
@overload
def client(service: Literal["cloudformation"]) -> CloudFormationClient: ...
@overload
def client(service: Literal["sqs"]) -> SQSClient: ...
@overload
def client(service: Literal["events"]) -> EventBridgeClient: ...
@overload
def client(service: Literal["scheduler"]) -> EventBridgeSchedulerClient: ...
def client(service: str) -> Any:
    """Return this environment's client for ``service``; region, credentials and endpoint are the environment's."""
    return _client(service)


@lru_cache(maxsize=8)
def _client(service: str) -> Any:
    return get_session().create_client(service, config=_CONFIG)  # pyright: ignore[reportUnknownMemberType] - botocore has no types
