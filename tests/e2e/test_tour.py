"""The tour of the README works, word for word; and what runs it finds what does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import run_local
from tests.e2e.running import AWS, ROOT
from tests.e2e.tour import TourFailed, run_tour, steps

PAGES = ("connect", "idempotency", "mapping", "proxy")

SAMPLE = """
# Sample

```sh
exit 1  # before the tour
```

<!-- tour -->
First a name, in two commands:

```sh
name=Ada
echo "hello   $name"
# => hello Ada
echo '{"data":[{"id":"1"}],
  "next":null}'
# => {"data": [ … ],
# => "next": null}
```

```json
{"not": "run"}
```

It is still known:

```sh
cat <<END
$name of port 8787, not of 18787
END
# => Ada of port 8787, not of 18787
```
<!-- /tour -->

```sh
exit 2  # after the tour
```
"""


def test_blocks_run_in_one_shell_and_print_what_is_expected(tmp_path: Path) -> None:
    """Ports are replaced as whole numbers only."""
    said = run_tour(SAMPLE, tmp_path, {"8787": "9999"})
    assert said.startswith("hello   Ada\n")
    assert said.endswith("Ada of port 9999, not of 18787\n")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("# => hello Ada", "# => hello Eve", "line 14: expected 'hello Eve'"),
        ("# => Ada of port", "# => hello", "line 31: expected 'hello 9999"),
        ('# => "next": null}', '# => "next": "x"}', "line 18: expected"),
        ('echo "hello', 'cat missing | echo "hello', "exit code 1:\ncat: missing"),
        ("$name of port", "$nobody of port", "line 28: nobody: unbound"),
        ("name=Ada", "name=Ada; false", "exit code 1:\nline 12"),
        ("echo '{", "ls /nowhere; echo '{", "nowhere"),
        ("<!-- /tour -->", "", "inside of the tour"),
        ("<!-- /tour -->", "<!-- tour -->", "line 33"),
        ("```sh", "```bash", "no tour"),
    ],
)
def test_what_is_not_so_is_found(tmp_path: Path, old: str, new: str, told: str) -> None:
    """With the line where it stands."""
    assert old in SAMPLE
    with pytest.raises(TourFailed) as failed:
        run_tour(SAMPLE.replace(old, new), tmp_path, {"8787": "9999"})
    assert told in str(failed.value)


def test_an_expectation_is_not_met_by_an_earlier_block(tmp_path: Path) -> None:
    """Each block answers for itself."""
    text = "<!-- tour -->\n```sh\necho one\n```\n```sh\n# => one\n```\n<!-- /tour -->\n"
    with pytest.raises(TourFailed, match="line 6"):
        run_tour(text, tmp_path, {})


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run a stack that nothing else has touched, as a reader has it; gives its ports by those of the texts."""
    with run_local(ROOT, tmp_path_factory.mktemp("tour") / "log", {"LOCAL_RELOAD": "0"}) as stack:
        urls = {"8787": stack.url, "8788": stack.sandbox_url, "8789": stack.aws_url}
        yield {port: url.rpartition(":")[2] for port, url in urls.items()}


def test_the_tour_of_the_readme(ports: dict[str, str]) -> None:
    """Before the pages of ``docs``: it makes what they find there already."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert any("# =>" in step.text for block in steps(text) for step in block), "the tour promises nothing"
    run_tour(text, ROOT, ports, AWS)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_can_be_pasted(ports: dict[str, str], page: str) -> None:
    """In any order, after the README's tour or without it."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert any("# =>" in step.text for block in steps(text) for step in block), "the page promises nothing"
    run_tour(text, ROOT, ports, AWS)


def test_every_page_that_can_be_pasted_is_tried() -> None:
    marked = {path.stem for path in (ROOT / "docs").glob("*.md") if "<!-- tour -->" in path.read_text(encoding="utf-8")}
    assert marked == set(PAGES)
