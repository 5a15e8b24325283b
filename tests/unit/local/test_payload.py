"""Payload format 2.0, against the examples of AWS's documentation.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from local.payload import InvalidAnswer, Request, to_event, to_response
from local.routing import Router
from local.template import HttpRoute

NOW = datetime(2020, 3, 12, 21, 3, 58, 390_000, tzinfo=timezone(timedelta(hours=2)))


def event(
    path: str = "/my/path",
    query: str = "",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    body: bytes = b"",
    route: str = "/{proxy+}",
) -> dict[str, Any]:
    """Make the event of one request."""
    match = Router([HttpRoute("F", "ANY", route) if route != "$default" else HttpRoute("F", "", route)]).match(
        "POST", path
    )
    assert match is not None
    request = Request("POST", path, query, ((b"Host", b"api.example.com:8787"), *headers), body, "192.0.2.1")
    return to_event(request, match, request_id="the-id", trace_id="Root=1-x", now=NOW)


def test_the_documented_example() -> None:
    """The request of AWS's own example gives the event of AWS's own example."""
    made = event(
        query="parameter1=value1&parameter1=value2&parameter2=value",
        headers=(
            (b"Header1", b"value1"),
            (b"header2", b"value1"),
            (b"HEADER2", b"value2"),
            (b"Cookie", b"cookie1; cookie2"),
            (b"User-Agent", b"agent"),
            (b"Content-Type", b"text/plain"),
        ),
        body=b"Hello from client!",
        route="$default",
    )
    assert made == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {
            "host": "api.example.com:8787",
            "header1": "value1",
            "header2": "value1,value2",
            "user-agent": "agent",
            "content-type": "text/plain",
            "content-length": "18",
            "x-amzn-trace-id": "Root=1-x",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "8787",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": "POST",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "the-id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1584039838390,
        },
        "body": "Hello from client!",
        "isBase64Encoded": False,
    }


def test_paths_arrive_decoded() -> None:
    """Even ``rawPath``, in spite of its name."""
    made = event("/v1/a%2Fb/%C3%A9%20x", route="/v1/{owner}/{id}")
    assert made["rawPath"] == "/v1/a/b/é x"
    assert made["requestContext"]["http"]["path"] == "/v1/a/b/é x"
    assert made["pathParameters"] == {"owner": "a/b", "id": "é x"}


def test_the_raw_query_stays_encoded_and_its_parameters_do_not() -> None:
    """Repeated names are joined, a name alone has an empty value."""
    made = event(query="q=a%26b+c&empty=&flag&q=%C3%A9")
    assert made["rawQueryString"] == "q=a%26b+c&empty=&flag&q=%C3%A9"
    assert made["queryStringParameters"] == {"q": "a&b c,é", "empty": "", "flag": ""}


def test_what_a_request_does_not_have_is_left_out() -> None:
    """Handlers must not count on the keys."""
    made = event(route="$default")
    assert not {"cookies", "queryStringParameters", "pathParameters", "body"} & set(made)
    assert made["headers"]["content-length"] == "0"


def test_header_bytes_are_latin_1() -> None:
    """Any byte has a meaning, so none can fail."""
    assert event(headers=((b"X-Name", b"caf\xe9"),))["headers"]["x-name"] == "café"


def test_headers_of_the_connection_are_not_passed_on() -> None:
    """The function sees the whole body, however it was sent."""
    made = event(headers=((b"Connection", b"keep-alive"), (b"Transfer-Encoding", b"chunked")), body=b"{}")
    assert not {"connection", "transfer-encoding"} & set(made["headers"])
    assert made["headers"]["content-length"] == "2"


def test_the_callers_address_is_appended_to_what_it_claims() -> None:
    """What a caller claims never becomes its address."""
    made = event(headers=((b"X-Forwarded-For", b"10.0.0.1"),))
    assert made["headers"]["x-forwarded-for"] == "10.0.0.1, 192.0.2.1"
    assert made["requestContext"]["http"]["sourceIp"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ("text/csv", False),
        ("application/xml", False),
        ("application/javascript", False),
        ("application/x-www-form-urlencoded", True),
        ("application/problem+json", True),
        ("application/octet-stream", True),
        ("", True),
    ],
)
def test_only_some_types_arrive_as_text(content_type: str, encoded: bool) -> None:
    """Forms and bodies without a type are base64 too."""
    made = event(headers=((b"Content-Type", content_type.encode()),), body="é=1".encode())
    assert made["isBase64Encoded"] is encoded
    assert (base64.b64decode(made["body"]).decode() if encoded else made["body"]) == "é=1"


def test_bytes_that_are_no_text_survive_a_text_type() -> None:
    """A signature over the body must still be checkable."""
    made = event(headers=((b"Content-Type", b"application/json"),), body=b"\xff\x00")
    assert made["isBase64Encoded"] is True
    assert base64.b64decode(made["body"]) == b"\xff\x00"


def response(answer: object) -> tuple[int, list[tuple[str, str]], bytes]:
    """Make the response to one answer."""
    made = to_response(json.dumps(answer).encode())
    return made.status, list(made.headers), made.body


def test_an_answer_of_format_2() -> None:
    """Header names in lower case, one ``set-cookie`` for each cookie."""
    assert response(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "application/json", "My-Custom-Header": "Custom Value", "X-Count": 3},
            "cookies": ["cookie1=a", "cookie2=b; Secure"],
            "body": '{"message":"Hello from Lambda!"}',
            "isBase64Encoded": False,
        }
    ) == (
        201,
        [
            ("content-type", "application/json"),
            ("my-custom-header", "Custom Value"),
            ("x-count", "3"),
            ("set-cookie", "cookie1=a"),
            ("set-cookie", "cookie2=b; Secure"),
        ],
        b'{"message":"Hello from Lambda!"}',
    )


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("Hello from Lambda!", b"Hello from Lambda!"),
        ({"message": "Hello"}, b'{"message": "Hello"}'),
        ([1], b"[1]"),
        (None, b"null"),
    ],
)
def test_an_answer_without_status_code_is_the_body_of_a_200(answer: object, body: bytes) -> None:
    """AWS infers the rest; text goes out without quotes."""
    assert response(answer) == (200, [("content-type", "application/json")], body)


def test_a_base64_body_goes_out_as_bytes() -> None:
    """The flag in the answer decides, not the type."""
    status, headers, body = response(
        {
            "statusCode": 200,
            "headers": {"content-type": "image/png"},
            "body": base64.b64encode(b"\x89PNG").decode(),
            "isBase64Encoded": True,
        }
    )
    assert (status, headers, body) == (200, [("content-type", "image/png")], b"\x89PNG")


def test_a_body_without_type_is_plain_text_and_no_body_has_no_type() -> None:
    """AWS names a type only for what there is."""
    assert response({"statusCode": 200, "body": "x"})[1] == [("content-type", "text/plain;charset=UTF-8")]
    assert response({"statusCode": 204}) == (204, [], b"")


def test_the_function_does_not_decide_on_the_connection() -> None:
    """A length of its own making would break the answer."""
    headers = {"Connection": "close", "Content-Length": "999", "Transfer-Encoding": "chunked", "A": "b"}
    assert response({"statusCode": 200, "headers": headers})[1] == [("a", "b")]


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "teapot"},
        {"statusCode": 42},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": [["a", "b"]]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c=d"}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "cookies": "a=b"},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
    ],
)
def test_an_answer_that_api_gateway_refuses_is_invalid(answer: object) -> None:
    """It becomes a 500 in AWS, so it must not work here."""
    with pytest.raises(InvalidAnswer):
        response(answer)


def test_time_is_utc() -> None:
    """Whatever the zone of the clock."""
    assert event()["requestContext"]["timeEpoch"] == int(NOW.astimezone(UTC).timestamp() * 1000)
