"""What is no markup of ours is text, wherever it stands."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from unified.connect.html import Html, join, tag

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=60)


class Seen(HTMLParser):
    """What a reader of HTML makes of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXT, TEXT)
def test_text_comes_back_as_it_was_in_content_and_attributes(content: str, value: str) -> None:
    seen = Seen()
    seen.feed(tag("p", content, data_x=value, class_="note"))
    seen.close()

    assert seen.tags == [("p", {"data-x": value, "class": "note"})]
    assert seen.text == content


def test_markup_of_ours_is_taken_as_it_is_and_nothing_is_nothing() -> None:
    assert join(Html("<b>"), None, "<b>") == "<b>&lt;b&gt;"
    assert tag("input", type="text", hidden=True, required=False, name=None) == '<input type="text" hidden>'
    assert tag("p", tag("b", "&"), None) == "<p><b>&amp;</b></p>"
