"""What a connect page may look like: plain text, plain colours, a small picture, and nothing that could be a script."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified.connect.branding import MAX_LOGO_BYTES, Branding, checked, contrast, logo_of, readable_on
from unified.errors import Invalid

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def test_a_look_is_kept_as_it_is_and_an_empty_part_is_taken_away() -> None:
    look = {
        "companyName": "Grün & Söhne",
        "title": "<b>Connect</b>",
        "intro": "",
        "supportUrl": "mailto:help@example.com",
        "accentColor": "#0B6E4f",
        "logo": uri("png", PNG),
        "language": "de",
    }

    assert checked(look) == {name: value for name, value in look.items() if value}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("companyName", "x" * 81),
        ("companyName", "   "),
        ("displayName", "x" * 81),
        ("displayName", "\u00a0"),
        ("title", "two\nlines"),
        ("intro", "\u202egnp.exe"),
        ("intro", 7),
        ("accentColor", "red"),
        ("accentColor", "#fff"),
        ("accentColor", "#ffffff}body{display:none"),
        ("backgroundColor", "url(https://evil.example)"),
        ("supportUrl", "javascript:alert(1)"),
        ("supportUrl", "http://example.com"),
        ("supportUrl", "https://"),
        ("supportUrl", 'https://example.com/"onclick="x'),
        ("supportUrl", "https://[broken"),
        ("supportUrl", "mailto:nobody"),
        ("language", "tlh"),
        ("logo", "https://example.com/logo.png"),
        ("logo", uri("svg+xml", b"<svg onload='alert(1)'/>")),
        ("logo", uri("png", b"<svg onload='alert(1)'/>")),
        ("logo", uri("jpeg", PNG)),
        ("logo", uri("png", PNG + b"\0" * MAX_LOGO_BYTES)),
        ("logo", uri("png", b"\0" * 1_000_000)),
        ("logo", "data:image/png;base64,A"),
        ("style", "body{}"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        checked({field: value})

    assert [problem.field for problem in refused.value.fields] == [f"branding.{field}"]
    assert str(value)[:60] not in refused.value.detail + refused.value.fields[0].message


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PNG, "png"), (b"\xff\xd8\xff\xe0rest", "jpeg"), (b"RIFF\x10\0\0\0WEBPrest", "webp")],
)
def test_a_file_is_a_logo_by_its_first_bytes(content: bytes, kind: str) -> None:
    assert logo_of(content) == uri(kind, content)
    assert checked({"logo": logo_of(content)})


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", PNG + b"\0" * MAX_LOGO_BYTES])
def test_a_file_of_another_kind_or_size_is_no_logo(content: bytes) -> None:
    with pytest.raises(Invalid):
        logo_of(content)


@given(st.integers(0, 0xFFFFFF))
def test_text_on_any_colour_can_be_read(value: int) -> None:
    colour = f"#{value:06x}"

    assert contrast(readable_on(colour), colour) >= 4.5


def test_contrast_is_that_of_the_guidelines() -> None:
    # https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio: black on white is 21, #767676 on white the known 4.54.
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_a_later_look_goes_before_an_earlier_one() -> None:
    found = Branding.of("Project", {"companyName": "Acme", "accentColor": "#111111"}, {"accentColor": "#222222"})

    assert (found.company_name, found.accent) == ("Acme", "#222222")
    assert Branding.of("Project").company_name == "Project"
    assert "#222222" in found.style()
