"""What is to be sent: bytes as they came, up to what Lambda can carry, or as a description says."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from unified.api.proxy_body import MAX_BODY_BYTES, MAX_QUERY_DEPTH, Asked, content_of, described
from unified.errors import UnifiedError

BAD = "MORPH::CONNECTION::PROXY::BAD_REQUEST"


def asked(**body: Any) -> Asked:
    return described(json.dumps({"method": "POST", "path": "/candidate.list", **body}).encode())


@pytest.mark.parametrize("content", [b"", b"{}", bytes(range(256)), "Grüße 🎉".encode()])
def test_bytes_come_out_as_they_went_in(content: bytes) -> None:
    assert content_of(base64.b64encode(content).decode(), is_base64=True) == content


def test_text_is_utf_8_and_nothing_is_empty() -> None:
    assert content_of("Grüße", is_base64=False) == "Grüße".encode()
    assert content_of(None, is_base64=False) == content_of(None, is_base64=True) == b""


@pytest.mark.parametrize(("body", "is_base64"), [("!!", True), ("YQ", True), ("YQ==\n", True), ("\ud800", False)])
def test_what_cannot_be_read_is_refused(body: str, is_base64: bool) -> None:
    with pytest.raises(UnifiedError) as refused:
        content_of(body, is_base64=is_base64)
    assert refused.value.code == BAD


@pytest.mark.parametrize("is_base64", [True, False])
def test_the_longest_body_passes_and_one_byte_more_does_not(is_base64: bool) -> None:
    def spelled(length: int) -> str:
        return base64.b64encode(b"a" * length).decode() if is_base64 else "a" * length

    assert len(content_of(spelled(MAX_BODY_BYTES), is_base64=is_base64)) == MAX_BODY_BYTES
    with pytest.raises(UnifiedError) as refused:
        content_of(spelled(MAX_BODY_BYTES + 1), is_base64=is_base64)
    assert (refused.value.status, refused.value.code) == (413, "MORPH::PAYLOAD_TOO_LARGE")


def test_the_longest_body_fits_into_what_lambda_carries() -> None:
    headers = {f"x-{number}": "v" * 100 for number in range(300)}
    answer = {"statusCode": 200, "headers": headers, "body": base64.b64encode(b"\xff" * MAX_BODY_BYTES).decode()}
    assert len(json.dumps(answer)) < 6 * 1024 * 1024


def test_a_description_is_read() -> None:
    headers = {"Ashby-Version": "2026-01-01"}
    assert asked(data={"limit": 1}, headers=headers) == Asked(
        "POST", "candidate.list", "", {**headers, "content-type": "application/json"}, b'{"limit": 1}'
    )


@pytest.mark.parametrize("data", [[], 0, False, "", "x", {}, [None]])
def test_data_is_any_json(data: Any) -> None:
    assert json.loads(asked(data=data).content) == data


def test_without_data_there_is_no_body_and_no_type() -> None:
    assert asked(data=None, query=None, headers=None) == Asked("POST", "candidate.list", "", {}, b"")


def test_a_type_of_the_callers_own_stays() -> None:
    assert asked(data=1, headers={"Content-Type": "application/x"}).headers == {"Content-Type": "application/x"}


@pytest.mark.parametrize(
    ("query", "spelled"),
    [
        ({}, ""),
        ({"a": "x y&z=/é", "b": 1, "c": True, "d": None, "e": 1.5}, "a=x%20y%26z%3D%2F%C3%A9&b=1&c=true&e=1.5"),
        ({"a": ["x", "y,z", None, 2]}, "a=x,y%2Cz,2"),
        ({"a": {"b": {"c": 1}, "d]": [1]}}, "a[b][c]=1&a[d%5D]=1"),
        ({"a&b": ""}, "a%26b="),
        ({"a": []}, "a="),
    ],
)
def test_a_query_is_spelled_as_morph_does(query: dict[str, Any], spelled: str) -> None:
    assert asked(query=query).query == spelled


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"method": "TRACE"}, "method"),
        ({"method": "post"}, "method"),
        ({"method": None}, "method"),
        ({"path": 7}, "path"),
        ({"query": "a=1"}, "query"),
        ({"query": {"a": [{}]}}, "query.a"),
        ({"query": {"a": {"b": [[1]]}}}, "query.a"),
        ({"headers": ["a"]}, "headers"),
        ({"headers": {"a": 1}}, "headers"),
        ({"url": "https://evil.example"}, "url"),
    ],
)
def test_what_is_wrong_in_a_description_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(UnifiedError) as refused:
        asked(**body)
    assert refused.value.code == BAD
    assert [problem.field for problem in refused.value.fields] == [field]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"null", b'"x"', b"{", b'{"method":"GET","method":"POST","path":"a.b"}', b'{"data":NaN}', b"\xff",
        b"[" * 99999,
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused(content: bytes) -> None:
    with pytest.raises(UnifiedError) as refused:
        described(content)
    assert refused.value.code == BAD


@pytest.mark.parametrize(
    "spelled",
    [
        '{"x": 1e999, "y": 12345678901234567890.123456789, "z": 1.0}',
        "9" * 5000,
        '[1 , "\\ud800\\u00e9é" ]',
        "[" * 500 + "]" * 500,
    ],
)
def test_data_goes_on_as_it_is_spelled(spelled: str) -> None:
    content = f' {{"method" : "POST","data": {spelled} , "path":"a.b"}} '.encode()
    assert described(content).content == spelled.encode()


def test_so_do_the_numbers_of_a_query() -> None:
    content = b'{"method":"GET","path":"a.b","query":{"a":1e999,"b":[1.0,12345678901234567890.123456789],"c":true}}'
    assert described(content).query == "a=1e999&b=1.0,12345678901234567890.123456789&c=true"


def test_what_is_nested_without_end_is_refused() -> None:
    for name, inner in (("data", "[" * 99999 + "]" * 99999), ("query", '{"a":' * 2000 + "1" + "}" * 2000)):
        with pytest.raises(UnifiedError) as refused:
            described(f'{{"method":"GET","path":"a.b","{name}":{inner}}}'.encode())
        assert refused.value.code == BAD


def test_a_query_may_be_nested_so_deep_and_no_deeper() -> None:
    def nested(depth: int) -> Any:
        return {"a": 1} if depth == 1 else {"a": nested(depth - 1)}

    assert asked(query=nested(MAX_QUERY_DEPTH)).query == "a" + "[a]" * (MAX_QUERY_DEPTH - 1) + "=1"
    with pytest.raises(UnifiedError) as refused:
        asked(query=nested(MAX_QUERY_DEPTH + 1))
    assert [problem.field for problem in refused.value.fields] == ["query.a"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"a": "\ud800"}, "query.a"), ({"a": {"\ud800": 1}}, "query.a"), ({"\ud800": "x"}, "query.?")],
)
def test_half_of_a_surrogate_pair_is_named_where_it_lies(query: dict[str, Any], field: str) -> None:
    with pytest.raises(UnifiedError) as refused:
        asked(query=query)
    assert refused.value.code == BAD
    assert [problem.field for problem in refused.value.fields] == [field]


@pytest.mark.parametrize(
    "content",
    [
        b'{"method":"GET" "path":"a.b"}', b'{"method":"GET","path":"a.b",}', b'{"method":"GET","path":"a.b"}x',
        b'{method:"GET"}', b'{"method" "GET"}', b'{,"method":"GET"}', b'{"method":"GET","path":"a.b"', b"{} {}",
    ],
)  # fmt: skip
def test_what_is_nearly_json_is_refused(content: bytes) -> None:
    with pytest.raises(UnifiedError) as refused:
        described(content)
    assert (refused.value.code, list(refused.value.fields)) == (BAD, [])
