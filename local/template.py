"""What ``template.yaml`` deploys: its functions with their events, its API and its resources. Pure.

This is the only source of routes and resources of the local stack. Whatever would change how the stack
behaves and is not handled here is a `TemplateError`; what has no meaning on one machine (alarms, log
groups, roles) is listed by `local.provision`, never skipped by default.
Rules: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from local.errors import TemplateError
from local.intrinsics import Lookup, Reference, Resolver, Value, as_list, as_mapping, as_text, parse
from local.triggers import READERS, QueueTrigger, ScheduleTrigger, StreamTrigger, Trigger

FUNCTION = "AWS::Serverless::Function"
HTTP_API = "AWS::Serverless::HttpApi"
LAYER = "AWS::Serverless::LayerVersion"
IMPLICIT_API = "ServerlessHttpApi"  # the API that SAM adds for events that name none

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"}
# A function with one of these does not run from a code folder.
_OTHER_CODE = ("ImageUri", "InlineCode")
# Parts of an API that would change what a request gets, and that the local gateway does not do.
_UNSUPPORTED_API = ("DefinitionBody", "DefinitionUri", "Auth", "Domain", "RouteSettings")


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One route of the API: ``GET /pets/{id}``, or ``$default`` with an empty method."""

    function: str
    method: str
    path: str

    @property
    def key(self) -> str:
        """API Gateway's name for the route, as it appears in ``routeKey``."""
        return f"{self.method} {self.path}" if self.method else self.path


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function: where its code is, how it runs and what sends it events.

    `name` is its logical id, `code` and `layers` are folders relative to the template. Each kind of event
    has a field of its own.
    """

    name: str
    code: str
    handler: str
    timeout: int
    memory: int
    concurrency: int | None
    environment: Mapping[str, str]
    layers: Sequence[str]
    log_format: str
    log_level: str | None
    routes: Sequence[HttpRoute]
    queues: Sequence[QueueTrigger] = ()
    streams: Sequence[StreamTrigger] = ()
    schedules: Sequence[ScheduleTrigger] = ()

    @property
    def triggers(self) -> list[Trigger]:
        """All that sends it events without a request."""
        return [*self.queues, *self.streams, *self.schedules]


@dataclass(frozen=True, slots=True)
class Cors:
    """The API's ``CorsConfiguration``."""

    allow_origins: Sequence[str]
    allow_methods: Sequence[str]
    allow_headers: Sequence[str]
    expose_headers: Sequence[str]
    max_age: int | None
    allow_credentials: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as written; `properties` still hold intrinsics."""

    name: str
    type: str
    properties: Mapping[str, Value]


class Template:
    """A parsed template with its parameters' values."""

    def __init__(self, text: str, parameters: Mapping[str, str], *, region: str, account: str) -> None:
        """Parse `text` and check `parameters` against its declarations, as CloudFormation does.

        Raises `TemplateError` for text that is no template, a parameter that is unknown, has no value or a
        value that its declaration forbids.
        """
        self._document = parse(text)
        pseudo: dict[str, Value] = {
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": "local",
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{account}:stack/local/local",
            "AWS::NotificationARNs": [],
        }
        declared = as_mapping(self._document.get("Parameters"), "Parameters")
        self._values = pseudo | _parameter_values(declared, parameters)
        self._globals = as_mapping(self._document.get("Globals"), "Globals")
        self.resources = self._read_resources()

    def resolver(self, lookup: Lookup) -> Resolver:
        """Make a resolver for this template's values; `lookup` tells what its resources are."""
        return Resolver(
            values=self._values,
            conditions=as_mapping(self._document.get("Conditions"), "Conditions"),
            mappings=as_mapping(self._document.get("Mappings"), "Mappings"),
            lookup=lookup,
        )

    def named(self, kind: str) -> list[Resource]:
        """List the resources of one type, in the template's order."""
        return [resource for resource in self.resources.values() if resource.type == kind]

    def functions(self, lookup: Lookup) -> list[Function]:
        """Read every function with its environment resolved."""
        return [self._read_function(resource, self.resolver(lookup)) for resource in self.named(FUNCTION)]

    def cors(self, lookup: Lookup) -> Cors | None:
        """Read the API's CORS configuration, if it has one."""
        apis = self.named(HTTP_API)
        if len(apis) > 1:
            raise TemplateError("the local runner serves one AWS::Serverless::HttpApi, the template has more")
        where = f"{apis[0].name}.Properties" if apis else "Globals.HttpApi"
        properties = as_mapping(self._globals.get("HttpApi"), "Globals.HttpApi") | (
            dict(apis[0].properties) if apis else {}
        )
        resolver = self.resolver(lookup)
        for name in _UNSUPPORTED_API:
            if resolver.resolve(properties.get(name), f"{where}.{name}"):
                raise TemplateError(f"{where}.{name} is not supported by the local runner")
        stage = resolver.resolve(properties.get("StageName"), where)
        if stage not in {None, "$default"}:
            raise TemplateError(f"{where}.StageName: the local runner serves the stage $default only")
        configuration = resolver.resolve(properties.get("CorsConfiguration"), f"{where}.CorsConfiguration")
        if configuration is True:
            configuration = dict[str, Value](AllowOrigins=["*"])
        return _read_cors(as_mapping(configuration, f"{where}.CorsConfiguration"), where)

    def _read_resources(self) -> dict[str, Resource]:
        conditions = self.resolver(_no_resources)
        found: dict[str, Resource] = {}
        for name, value in as_mapping(self._document.get("Resources"), "Resources").items():
            if name.startswith("Fn::"):
                raise TemplateError(f"Resources: the local runner does not know {name}")
            body = as_mapping(value, name)
            condition = body.get("Condition")
            if condition is not None and not conditions.holds(as_text(condition, f"{name}.Condition")):
                continue
            kind = as_text(body.get("Type"), f"{name}.Type")
            found[name] = Resource(name, kind, as_mapping(body.get("Properties"), f"{name}.Properties"))
        return found

    def _read_function(self, resource: Resource, resolver: Resolver) -> Function:
        where = f"{resource.name}.Properties"
        written = as_mapping(self._globals.get("Function"), "Globals.Function")
        properties = as_mapping(_merge(written, dict(resource.properties)), where)
        if any(name in properties for name in _OTHER_CODE) or properties.get("PackageType") == "Image":
            raise TemplateError(f"{where}: the local runner runs code from a CodeUri folder only")

        def read(name: str, default: Value = None) -> Value:
            value = resolver.resolve(properties.get(name), f"{where}.{name}")
            return default if value is None else value

        environment = as_mapping(read("Environment"), f"{where}.Environment").get("Variables")
        logging = as_mapping(read("LoggingConfig"), f"{where}.LoggingConfig")
        level = logging.get("ApplicationLogLevel")
        concurrency = read("ReservedConcurrentExecutions")
        events = self._read_events(resource.name, properties, resolver)
        return Function(
            name=resource.name,
            code=as_text(read("CodeUri"), f"{where}.CodeUri"),
            handler=as_text(read("Handler"), f"{where}.Handler"),
            timeout=int(as_text(read("Timeout", 3), f"{where}.Timeout")),
            memory=int(as_text(read("MemorySize", 128), f"{where}.MemorySize")),
            concurrency=None if concurrency is None else int(as_text(concurrency, where)),
            environment={
                name: as_text(value, f"{where}.Environment.Variables.{name}")
                for name, value in as_mapping(environment, f"{where}.Environment.Variables").items()
            },
            layers=[
                self._layer_folder(as_text(layer, where), resolver, where)
                for layer in as_list(read("Layers"), f"{where}.Layers")
            ],
            log_format=as_text(logging.get("LogFormat", "Text"), f"{where}.LoggingConfig.LogFormat"),
            log_level=None if level is None else as_text(level, f"{where}.LoggingConfig"),
            routes=[event for event in events if isinstance(event, HttpRoute)],
            queues=[event for event in events if isinstance(event, QueueTrigger)],
            streams=[event for event in events if isinstance(event, StreamTrigger)],
            schedules=[event for event in events if isinstance(event, ScheduleTrigger)],
        )

    def _layer_folder(self, arn: str, resolver: Resolver, where: str) -> str:
        for layer in self.named(LAYER):
            if resolver.lookup(layer.name).ref == arn:
                folder = resolver.resolve(layer.properties.get("ContentUri"), f"{layer.name}.ContentUri")
                return as_text(folder, f"{layer.name}.ContentUri")
        raise TemplateError(f"{where}.Layers: {arn} is not a layer of this template, so it is not here to run")

    def _read_events(
        self, function: str, properties: Mapping[str, Value], resolver: Resolver
    ) -> list[HttpRoute | Trigger]:
        events: list[HttpRoute | Trigger] = []
        for name, value in as_mapping(properties.get("Events"), f"{function}.Events").items():
            where = f"{function}.Events.{name}"
            event = as_mapping(value, where)
            kind = as_text(event.get("Type"), f"{where}.Type")
            if kind not in _EVENT_READERS:
                known = ", ".join(_EVENT_READERS)
                raise TemplateError(f"{where}: events of type {kind} are not run locally (known: {known})")
            detail = as_mapping(resolver.resolve(event.get("Properties"), where), where)
            read = _EVENT_READERS[kind](function, name, detail, where)
            if read is not None:
                events.append(read)
        return events


def _read_http_route(function: str, _: str, detail: Mapping[str, Value], where: str) -> HttpRoute:
    if detail.get("Auth"):
        raise TemplateError(f"{where}.Auth is not supported by the local runner")
    if str(detail.get("PayloadFormatVersion", "2.0")) != "2.0":
        raise TemplateError(f"{where}: the local runner speaks payload format 2.0 only")
    path = detail.get("Path")
    if path in {None, "$default"}:
        return HttpRoute(function, "", "$default")
    method = as_text(detail.get("Method", "ANY"), f"{where}.Method").upper().replace("*", "ANY")
    if method == "X-AMAZON-APIGATEWAY-ANY-METHOD":
        method = "ANY"
    if method not in _METHODS:
        raise TemplateError(f"{where}: {method} is not a method")
    text = as_text(path, f"{where}.Path")
    if not re.fullmatch(r"(/|(/([^/{}]+|\{\w+\}))*(/[^/{}]+|/\{\w+\+?\}))", text):
        raise TemplateError(f"{where}: {text} is not a route's path")
    return HttpRoute(function, method, text)


# Each kind that is read here has a field of `Function` to fill.
_EventReader: TypeAlias = Callable[[str, str, Mapping[str, Value], str], HttpRoute | Trigger | None]
_EVENT_READERS: dict[str, _EventReader] = {"HttpApi": _read_http_route, **READERS}


def _no_resources(name: str) -> Reference:
    raise TemplateError(f"a condition refers to {name}, which is not a parameter")


def _merge(general: Value, own: Value) -> Value:
    """SAM's rule for Globals: mappings merge, lists append, anything else is replaced.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    if isinstance(general, dict) and isinstance(own, dict) and not (_is_call(general) or _is_call(own)):
        return general | {name: _merge(general.get(name), value) for name, value in own.items()}
    if isinstance(general, list) and isinstance(own, list):
        return general + own
    return own


def _is_call(value: dict[str, Value]) -> bool:
    name = next(iter(value), "")
    return len(value) == 1 and (name == "Ref" or name.startswith("Fn::"))


def _read_cors(configuration: Mapping[str, Value], where: str) -> Cors | None:
    if not configuration:
        return None

    def texts(name: str) -> list[str]:
        return [as_text(item, f"{where}.{name}") for item in as_list(configuration.get(name), f"{where}.{name}")]

    age = configuration.get("MaxAge")
    return Cors(
        allow_origins=texts("AllowOrigins"),
        allow_methods=texts("AllowMethods"),
        allow_headers=texts("AllowHeaders"),
        expose_headers=texts("ExposeHeaders"),
        max_age=None if age is None else int(as_text(age, where)),
        allow_credentials=configuration.get("AllowCredentials") is True,
    )


def _parameter_values(declared: Mapping[str, Value], given: Mapping[str, str]) -> dict[str, Value]:
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"the template has no parameter {', '.join(unknown)}")
    values: dict[str, Value] = {}
    for name, declaration in declared.items():
        rules = as_mapping(declaration, f"Parameters.{name}")
        default = rules.get("Default")
        if name not in given and default is None:
            raise TemplateError(f"the parameter {name} has no value and no default")
        text = given[name] if name in given else as_text(default, f"Parameters.{name}.Default")
        values[name] = _parameter_value(name, rules, text)
    return values


def _parameter_value(name: str, rules: Mapping[str, Value], text: str) -> Value:
    kind = rules.get("Type")
    items = [item.strip() for item in text.split(",")] if text else []
    is_list = kind == "CommaDelimitedList"
    allowed = [as_text(value, name) for value in as_list(rules.get("AllowedValues"), name)]
    pattern = rules.get("AllowedPattern")
    for item in items if is_list else [text]:
        if allowed and item not in allowed:
            raise TemplateError(f"the parameter {name} is {item!r}, not one of {', '.join(allowed)}")
        if isinstance(pattern, str) and not re.fullmatch(pattern, item):
            raise TemplateError(f"the parameter {name} is {item!r}, which does not match {pattern}")
    if is_list:
        return cast("Value", items)
    if kind == "Number":
        try:
            return float(text) if "." in text else int(text)
        except ValueError as error:
            raise TemplateError(f"the parameter {name} is {text!r}, not a number") from error
    if kind != "String":
        raise TemplateError(f"the parameter {name} has the type {kind}, which the local runner does not know")
    return text
