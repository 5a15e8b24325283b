"""Functions, routes, CORS and parameters as the runner reads them from a template."""

import pytest

from local.errors import TemplateError
from local.intrinsics import Reference
from local.template import Cors, Function, Template

BASE = """
Parameters:
  Origins: {Type: CommaDelimitedList, Default: "https://a.example, https://b.example"}
  Level: {Type: String, Default: INFO, AllowedValues: [INFO, DEBUG]}
  Memory: {Type: Number, Default: 512}
  Secret: {Type: String, Default: "", AllowedPattern: "^$|^s-.*"}
Conditions:
  HasSecret: !Not [!Equals [!Ref Secret, ""]]
Globals:
  Function:
    Handler: app.handler
    Timeout: 29
    MemorySize: !Ref Memory
    Layers: [!Ref Common]
    Environment: {Variables: {LEVEL: !Ref Level, TABLE: !Ref Table, SHARED: general}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: !Ref Origins, AllowMethods: [GET, POST], MaxAge: 60}
  Common: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/common}}
  Extra: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/extra}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Condition: HasSecret}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/reader
      Timeout: 5
      Layers: [!Ref Extra]
      LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: DEBUG}
      Environment: {Variables: {SHARED: own, FLAG: true, COUNT: 3}}
      Events:
        One: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: "/pets/{id}"}}
        Any: {Type: HttpApi, Properties: {Path: "/pets"}}
        Greedy: {Type: HttpApi, Properties: {Method: "*", Path: "/x/{proxy+}"}}
        Rest: {Type: HttpApi}
"""


def lookup(name: str) -> Reference:
    """Know every resource."""
    return Reference(f"the-{name}", {"Arn": f"arn:{name}"})


def read(text: str = BASE, **parameters: str) -> Template:
    """Read a template with these parameters."""
    return Template(text, parameters, region="eu-west-1", account="123456789012")


def reader(text: str = BASE) -> Function:
    """Read the only function."""
    (function,) = read(text).functions(lookup)
    return function


def test_a_function_has_its_own_properties_over_the_global_ones() -> None:
    """SAM's rule for plain values: the function's own wins."""
    function = reader()
    assert (function.name, function.code, function.handler) == ("Reader", "functions/reader", "app.handler")
    assert (function.timeout, function.memory, function.concurrency) == (5, 512, None)
    assert (function.log_format, function.log_level) == ("JSON", "DEBUG")


def test_environments_merge_and_every_value_is_text() -> None:
    """SAM's rule for mappings, and what a process can be given."""
    assert reader().environment == {
        "LEVEL": "INFO",
        "TABLE": "the-Table",
        "SHARED": "own",
        "FLAG": "true",
        "COUNT": "3",
    }


def test_global_layers_come_before_the_functions_own() -> None:
    """SAM's rule for lists."""
    assert reader().layers == ["layers/common", "layers/extra"]


def test_routes_have_the_keys_that_api_gateway_gives_them() -> None:
    """In every way that SAM lets one write a route."""
    assert [route.key for route in reader().routes] == ["GET /pets/{id}", "ANY /pets", "ANY /x/{proxy+}", "$default"]


def test_cors_is_read_with_list_parameters() -> None:
    """A parameter of several origins is a list."""
    assert read(Origins="https://c.example").cors(lookup) == Cors(
        ["https://c.example"], ["GET", "POST"], [], [], 60, False
    )


def test_cors_true_allows_every_origin() -> None:
    """SAM's short form."""
    text = BASE.replace("{AllowOrigins: !Ref Origins, AllowMethods: [GET, POST], MaxAge: 60}", "true")
    cors = read(text).cors(lookup)
    assert cors is not None
    assert cors.allow_origins == ["*"]


def test_an_api_without_cors_has_none() -> None:
    """Then the function's own headers stay."""
    assert read("Resources: {Api: {Type: AWS::Serverless::HttpApi}}").cors(lookup) is None


def test_resources_exist_only_where_their_condition_holds() -> None:
    """Conditions see parameters, as they do at deployment."""
    assert "Alarm" not in read().resources
    assert "Alarm" in read(Secret="s-1").resources


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"Level": "LOUD"}, "not one of INFO, DEBUG"),
        ({"Secret": "x"}, "does not match"),
        ({"Memory": "much"}, "not a number"),
        ({"Typo": "1"}, "no parameter Typo"),
    ],
)
def test_a_parameter_that_its_declaration_forbids_is_refused(parameters: dict[str, str], told: str) -> None:
    """Here as at deployment, a typing error included."""
    with pytest.raises(TemplateError, match=told):
        read(**parameters)


def test_a_parameter_without_value_is_refused() -> None:
    """Nobody is there to be asked."""
    with pytest.raises(TemplateError, match="Name has no value"):
        read("Parameters: {Name: {Type: String}}")


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("Rest: {Type: HttpApi}", "Rest: {Type: Kinesis}", "Kinesis"),
        ("Method: get", "Method: FETCH", "FETCH is not a method"),
        ('"/pets/{id}"', '"pets"', "not a route's path"),
        ('"/x/{proxy+}"', '"/{proxy+}/x"', "not a route's path"),
        ("Rest: {Type: HttpApi}", "Rest: {Type: HttpApi, Properties: {Auth: {Authorizer: Mine}}}", "Auth"),
        ("Rest: {Type: HttpApi}", 'Rest: {Type: HttpApi, Properties: {PayloadFormatVersion: "1.0"}}', "2.0 only"),
        ("CodeUri: functions/reader", "InlineCode: pass", "CodeUri folder"),
        ("CodeUri: functions/reader", "Nothing: x", "CodeUri must be text"),
        (
            "Layers: [!Ref Extra]",
            "Layers: ['arn:aws:lambda:eu-west-1:1:layer:other:1']",
            "not a layer of this template",
        ),
        ("LEVEL: !Ref Level", "LEVEL: !Ref Origins", "must be text"),
    ],
)
def test_what_would_run_otherwise_in_aws_is_refused(written: str, instead: str, told: str) -> None:
    """An error beats a difference that nobody sees."""
    assert written in BASE
    with pytest.raises(TemplateError, match=told):
        read(BASE.replace(written, instead)).functions(lookup)


@pytest.mark.parametrize(
    "properties", ["{DefinitionBody: {a: 1}}", "{Auth: {DefaultAuthorizer: x}}", "{StageName: v1}"]
)
def test_an_api_that_the_gateway_cannot_serve_is_refused(properties: str) -> None:
    """Authorizers, stages and written definitions are not emulated."""
    template = read(f"Resources: {{Api: {{Type: AWS::Serverless::HttpApi, Properties: {properties}}}}}")
    with pytest.raises(TemplateError, match="Api"):
        template.cors(lookup)
