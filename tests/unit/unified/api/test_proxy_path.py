"""Where a proxied request may go: nothing that names another host, a folder above, or anything but an endpoint."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.api.proxy_path import checked_path, checked_query
from unified.ashby.passthrough import PASSTHROUGH
from unified.errors import Invalid

TRICKS = [
    "",
    "/",
    "//",
    "/candidate.list",
    "candidate.list/",
    "a//b",
    ".",
    "..",
    "...",
    "./candidate.list",
    "../candidate.list",
    "candidate.list/..",
    "a/../b",
    "a/./b",
    "%2e%2e",
    "%2e%2e/candidate.list",
    "a%2fb",
    "a%5cb",
    "%252e%252e",
    "..%2f",
    "a\\b",
    "..\\b",
    "http://evil.example/x",
    "https:evil.example",
    "//evil.example/x",
    "@evil.example",
    "x@evil.example/candidate.list",
    ":80/x",
    "candidate.list?x=1",
    "candidate.list#x",
    "candidate.list;x=1",
    "candidate list",
    " candidate.list",
    "candidate.list\n",
    "candidate.list\r\nhost: evil.example",
    "candidate\x00.list",
    "candidate\x7f.list",
    "candidate\t.list",
    "cändidate.list",
    "candidate\uff0elist",
    "\uff0e\uff0e/x",
    "\u2024\u2024/x",
    "a\u2215b",
    "candidate.list\u200b",
    "[::1]/x",
    "169.254.169.254:80/latest",
    "a" * 101,
    "/".join(["a"] * 9),
    "/".join(["a" * 100] * 6),
]


@pytest.mark.parametrize("path", TRICKS)
def test_a_trick_is_refused_and_not_repeated(path: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_path(path)
    assert refused.value.code == "MORPH::CONNECTION::PROXY::BAD_REQUEST"
    assert "evil" not in refused.value.detail


@pytest.mark.parametrize("path", ["candidate.list", "a/b", "posting-api/job-board/acme", "a..b", ".a", "~x_y-z"])
def test_a_path_within_the_grammar_is_left_as_it_is(path: str) -> None:
    assert checked_path(path) == path


@given(st.text(max_size=60))
def test_whatever_passes_is_segments_of_plain_characters(path: str) -> None:
    try:
        passed = checked_path(path)
    except Invalid:
        return
    assert passed == path
    assert set(path) <= set(string.ascii_letters + string.digits + "._~-/")
    assert all(segment.strip(".") for segment in path.split("/"))


@pytest.mark.parametrize(
    "path", ["_sandbox/keys", "oauth/token", "candidate", "candidate.list/x", ".list", "candidate.", "a.b.c", "~.list"]
)
def test_ashby_has_endpoints_only(path: str) -> None:
    checked_path(path)
    with pytest.raises(Invalid):
        PASSTHROUGH.endpoint(path)


@pytest.mark.parametrize(
    "path", ["candidate.list", "apiKey.info", "application.change_stage", "candidate.getRecentEmailMessages"]
)
def test_an_endpoint_of_ashby_is_one(path: str) -> None:
    assert PASSTHROUGH.endpoint(checked_path(path)) == path


@pytest.mark.parametrize(
    "query", ["", "a=1&a=2&b=%2F%2f&c=x+y", "a[b]=c", "z=%zz&y=a;b,c/d?e:@!$()*~", "a=" + "x" * 8190]
)
def test_a_query_is_left_as_it_is(query: str) -> None:
    assert checked_query(query) == query


@pytest.mark.parametrize("query", ["a=1#x", "a b", "a=\n", "a=\x00", "a=é", "a=\x7f", "a=" + "x" * 8191])
def test_a_query_that_cannot_be_sent_is_refused(query: str) -> None:
    with pytest.raises(Invalid):
        checked_query(query)


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("POST", "candidate.list", True),
        ("POST", "candidate.info", True),
        ("POST", "candidate.search", True),
        ("POST", "candidate.listNotes", True),
        ("POST", "candidate.getRecentEmailMessages", True),
        ("GET", "candidate.list", True),
        ("GET", "candidate.create", False),
        ("DELETE", "candidate.list", False),
        ("PUT", "candidate.info", False),
        ("POST", "candidate.create", False),
        ("POST", "candidate.listen", False),
        ("POST", "candidate.informant", False),
        ("POST", "candidate.searchAndDestroy", False),
        ("POST", "list.create", False),
        ("POST", "report.generate", False),
    ],
)
def test_what_reads_is_known_by_the_verb(method: str, path: str, reads: bool) -> None:
    assert PASSTHROUGH.is_read(method, path) is reads
