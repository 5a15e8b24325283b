"""Creates the template's resources in a fresh AWS emulator, one small function per resource type.

A resource is created when something first refers to it, so that dependencies need no second list. A type
that is in none of the three tables below is a `TemplateError`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from local.errors import TemplateError
from local.intrinsics import Reference, Value, as_mapping, as_text
from local.settings import ACCOUNT_ID, REGION
from local.template import FUNCTION, HTTP_API, IMPLICIT_API, LAYER, Resource, Template

if TYPE_CHECKING:
    from boto3 import Session

# No meaning on one machine: nothing that a request passes through.
WITHOUT_EFFECT = frozenset(
    {
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::CertificateManager::Certificate",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::QueryDefinition",
        "AWS::Logs::ResourcePolicy",
        "AWS::Route53::RecordSet",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)


class Resources:
    """The template's resources as they exist in the emulator.

    `secret_values` replaces what the template says a secret holds, by logical id: a deployment's operator
    fills it by hand.
    """

    def __init__(self, *, endpoint_url: str, public_url: str, secret_values: Mapping[str, str] | None = None) -> None:
        """Create nothing yet; `template` must be set before the first `lookup`."""
        self.endpoint_url = endpoint_url
        self.public_url = public_url
        self.secret_values = secret_values or {}
        self._template: Template | None = None
        self._references: dict[str, Reference] = {}
        self._made: dict[str, Resource] = {}
        self._session: Session | None = None
        self._creating: list[str] = []

    def provision(self, template: Template) -> list[str]:
        """Create every resource of `template` that does not exist yet.

        What an earlier template made stays as it is. Gives the names of those that read otherwise now: the
        change takes effect at the next start.
        """
        self._template = template
        made = {name: resource for name, resource in self._made.items() if resource.type in CREATORS}
        now = template.resources
        for name, resource in made.items():
            if name in now and now[name].type != resource.type:
                del self._references[name]
        for name in now:
            self.lookup(name)
        return [name for name, resource in made.items() if name in now and now[name] != resource]

    def lookup(self, name: str) -> Reference:
        """Tell what ``!Ref`` and ``!GetAtt`` give for `name`; create the resource if it is not there."""
        if name in self._references:
            return self._references[name]
        template = self._template
        if template is None or (name not in template.resources and name != IMPLICIT_API):
            raise TemplateError(f"there is no resource or parameter {name}")
        if name in self._creating:
            raise TemplateError(f"resources refer to each other in a circle: {' -> '.join([*self._creating, name])}")
        self._creating.append(name)
        try:
            resource = template.resources.get(name) or Resource(name, HTTP_API, {})
            reference = self._create(resource)
        finally:
            self._creating.pop()
        self._references[name] = reference
        self._made[name] = resource
        return reference

    def only(self, kind: str) -> str:
        """Give the ``!Ref`` of the only resource of this type. Raises `TemplateError` if it is not the only one."""
        found = self._template.named(kind) if self._template else []
        if len(found) != 1:
            raise TemplateError(f"the local runner needs one {kind}, the template has {len(found)}")
        return self.lookup(found[0].name).ref

    def read(self, resource: Resource, name: str) -> Value:
        """Read one property with its intrinsics resolved."""
        assert self._template is not None  # noqa: S101 (set before anything is created)
        resolver = self._template.resolver(self.lookup)
        return resolver.resolve(resource.properties.get(name), f"{resource.name}.{name}")

    def text(self, resource: Resource, name: str, default: str) -> str:
        """Read one property that is text; `default` where the template leaves it out."""
        value = self.read(resource, name)
        return default if value is None else as_text(value, f"{resource.name}.{name}")

    def client(self, service: str) -> Any:
        """Make a boto3 client for the emulator."""
        if self._session is None:
            import boto3  # noqa: PLC0415 (a quarter of a second, spent while the emulator starts)

            self._session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
        # The service's name is not a literal here, so its client cannot be typed.
        return cast("Any", self._session).client(service, endpoint_url=self.endpoint_url)

    def _create(self, resource: Resource) -> Reference:
        if resource.type in WITHOUT_EFFECT:
            return Reference(resource.name, {"Arn": f"arn:aws:local:{REGION}:{ACCOUNT_ID}:{resource.name}"})
        if resource.type in KNOWN_TO_RUNNER:
            return KNOWN_TO_RUNNER[resource.type](self, resource)
        if resource.type in CREATORS:
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (loaded with boto3)

            try:
                return CREATORS[resource.type](self, resource)
            except (BotoCoreError, ClientError) as error:
                raise TemplateError(f"{resource.name}: {error}") from error
        raise TemplateError(f"{resource.name}: the local runner does not know {resource.type}")


def _function(_: Resources, resource: Resource) -> Reference:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{resource.name}"
    return Reference(resource.name, {"Arn": arn})


def _layer(_: Resources, resource: Resource) -> Reference:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:layer:{resource.name}:1"
    return Reference(arn, {"Arn": arn, "LayerVersionArn": arn})


def _http_api(resources: Resources, _: Resource) -> Reference:
    return Reference("local", {"ApiEndpoint": resources.public_url, "ApiId": "local"})


def _table(resources: Resources, resource: Resource) -> Reference:
    name = resources.text(resource, "TableName", f"local-{resource.name}")
    request: dict[str, Value] = {"TableName": name, "BillingMode": "PAY_PER_REQUEST"}
    for key in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        value = resources.read(resource, key)
        if value:
            request[key] = value
    stream = as_mapping(resources.read(resource, "StreamSpecification"), resource.name)
    if stream:
        request["StreamSpecification"] = stream | {"StreamEnabled": True}
    client = resources.client("dynamodb")
    made = client.create_table(**request)["TableDescription"]
    expiry = as_mapping(resources.read(resource, "TimeToLiveSpecification"), resource.name)
    if expiry:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    attributes = {"Arn": made["TableArn"]}
    if stream:
        attributes["StreamArn"] = made["LatestStreamArn"]
    return Reference(name, attributes)


def _key(resources: Resources, resource: Resource) -> Reference:
    # Key policy and rotation are left out: the emulator enforces neither.
    options = {
        name: as_text(value, f"{resource.name}.{name}")
        for name in ("KeySpec", "KeyUsage", "Description")
        if (value := resources.read(resource, name)) is not None
    }
    made = resources.client("kms").create_key(**options)["KeyMetadata"]
    return Reference(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def _alias(resources: Resources, resource: Resource) -> Reference:
    name = resources.text(resource, "AliasName", f"alias/local-{resource.name}")
    resources.client("kms").create_alias(AliasName=name, TargetKeyId=resources.text(resource, "TargetKeyId", ""))
    return Reference(name)


def _secret(resources: Resources, resource: Resource) -> Reference:
    client = resources.client("secretsmanager")
    value = resources.secret_values.get(resource.name)
    if value is None:
        value = resources.text(resource, "SecretString", "")
    generated = as_mapping(resources.read(resource, "GenerateSecretString"), resource.name)
    if not value and generated:
        if "SecretStringTemplate" in generated:
            raise TemplateError(f"{resource.name}: SecretStringTemplate is not supported by the local runner")
        value = client.get_random_password(**generated)["RandomPassword"]
    made = client.create_secret(
        Name=resources.text(resource, "Name", f"local-{resource.name}"), SecretString=value or "{}"
    )
    return Reference(made["ARN"], {"Id": made["ARN"]})


def _queue(resources: Resources, resource: Resource) -> Reference:
    import json  # noqa: PLC0415 - for queues alone

    attributes: dict[str, str] = {}
    # The emulator encrypts nothing, but tells that it was asked to.
    for name in ("DelaySeconds", "MessageRetentionPeriod", "VisibilityTimeout", "FifoQueue", "SqsManagedSseEnabled"):
        value = resources.read(resource, name)
        if value is not None:
            attributes[name] = as_text(value, f"{resource.name}.{name}")
    redrive = resources.read(resource, "RedrivePolicy")
    if redrive:
        attributes["RedrivePolicy"] = json.dumps(redrive)
    name = resources.text(resource, "QueueName", f"local-{resource.name}")
    client = resources.client("sqs")
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Reference(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def _bus(resources: Resources, resource: Resource) -> Reference:
    name = resources.text(resource, "Name", f"local-{resource.name}")
    arn = resources.client("events").create_event_bus(Name=name)["EventBusArn"]
    return Reference(name, {"Arn": arn, "Name": name})


def _schedule_group(resources: Resources, resource: Resource) -> Reference:
    name = resources.text(resource, "Name", f"local-{resource.name}")
    arn = resources.client("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]
    return Reference(name, {"Arn": arn})


def _parameter(resources: Resources, resource: Resource) -> Reference:
    name = resources.text(resource, "Name", f"/local/{resource.name}")
    value = resources.text(resource, "Value", "")
    kind = resources.text(resource, "Type", "String")
    resources.client("ssm").put_parameter(Name=name, Value=value, Type=kind)
    return Reference(name, {"Type": kind, "Value": value})


_Creator = Callable[[Resources, Resource], Reference]
# Run by this package itself: they exist as names only.
KNOWN_TO_RUNNER: dict[str, _Creator] = {FUNCTION: _function, LAYER: _layer, HTTP_API: _http_api}
CREATORS: dict[str, _Creator] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::KMS::Key": _key,
    "AWS::KMS::Alias": _alias,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::SQS::Queue": _queue,
    "AWS::Events::EventBus": _bus,
    "AWS::Scheduler::ScheduleGroup": _schedule_group,
    "AWS::SSM::Parameter": _parameter,
}
