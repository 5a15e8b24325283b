"""What the suite asks of a connector under test: a live fake of its provider, and samples of every model.

A connector supplies one module, ``tests/conformance/<connector id>_fixture.py``, with a function ``start()`` that is a
context manager and gives a ``Fake``. Nothing else here or in the tests knows a provider.
"""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from unified.connector import (
    ConnectorModel,
    Credential,
    ListQuery,
    Operation,
    Record,
    connector_ids,
    load_connector,
)
from unified.errors import UnifiedError

Fields = Mapping[str, Any]
NOTHING: Fields = {}
FIVE = (Operation.LIST, Operation.RETRIEVE, Operation.CREATE, Operation.UPDATE, Operation.DELETE)
WRITES = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)
# More than any list of a fake has: a list that goes round in circles must fail, not hang.
MOST_PAGES = 2000

_CELLS = [
    (connector_id, model_id, operation, load_connector(connector_id).load(model_id).capabilities[operation].mode)
    for connector_id in connector_ids()
    for model_id in load_connector(connector_id).model_ids
    for operation in Operation
]
_MODELS = list(dict.fromkeys(cell[:2] for cell in _CELLS))


def _cells(cells: list[tuple[str, str, Operation, str]]) -> pytest.MarkDecorator:
    ids = ["-".join(cell[:3]) for cell in cells]
    return pytest.mark.parametrize(("connector_id", "model_id", "operation"), [cell[:3] for cell in cells], ids=ids)


every_connector = pytest.mark.parametrize("connector_id", connector_ids())
every_model = pytest.mark.parametrize(("connector_id", "model_id"), _MODELS, ids=["-".join(one) for one in _MODELS])
every_cell = _cells(_CELLS)
offered = _cells([cell for cell in _CELLS if cell[3] != "refused" and cell[2] in FIVE])
offered_writes = _cells([cell for cell in _CELLS if cell[3] != "refused" and cell[2] in WRITES])
offered_reads = _cells([cell for cell in _CELLS if cell[3] != "refused" and cell[2] in FIVE[:2]])
refused_cells = _cells([cell for cell in _CELLS if cell[3] == "refused"])


def examples(count: int) -> settings:
    """Run so many examples, the same every time: which fields are covered must not depend on luck, nor on a clock."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class Trouble(StrEnum):
    """How the provider fails."""

    RATE_LIMITED = "429, with a time to wait"
    BROKEN = "500"
    DROPPED_BEFORE = "the connection closes, and nothing has happened"
    DROPPED_AFTER = "the connection closes, and the call has had its effect"
    MALFORMED = "the answer is not JSON, and the call has had its effect"


class Creating(NamedTuple):
    """A way to make records: ``fields`` of every kind, with what ``given`` makes anew for each of them.

    ``plain`` are fields that with ``given`` make one record in the account.
    """

    fields: st.SearchStrategy[dict[str, Any]]
    plain: Fields
    given: Callable[[Any], Fields] = lambda _session: NOTHING


class Updating(NamedTuple):
    """A way to change records: ``target`` makes one and gives its id, ``fields`` of every kind can be changed of it.

    ``plain`` are fields that do change such a record.
    """

    fields: st.SearchStrategy[dict[str, Any]]
    plain: Fields
    target: Callable[[Any], str]


class Sample(NamedTuple):
    """What the suite needs to know of a model.

    All ``creating`` together, or all ``updating`` together, must use every field that can be written at all.
    ``deletable`` gives the id of a record that can be deleted. ``filters`` holds for each filter a value that some
    records have and some have not. ``follows`` names the fields that change when another one is written.
    ``write_only`` names fields that the provider takes and never gives back.
    """

    creating: Sequence[Creating] = ()
    updating: Sequence[Updating] = ()
    deletable: Callable[[Any], str] | None = None
    filters: Mapping[str, str] = {}
    follows: Mapping[str, Collection[str]] = {}
    write_only: Collection[str] = ()


class Fake(Protocol):
    """A fake of the provider that runs, with one account and one key that may do everything."""

    base_url: str
    secret: str

    def credential(self) -> Credential:
        """Return the key as a credential."""
        ...

    def open(self) -> Any:
        """Return a new session by the key; it does not really sleep between attempts."""
        ...

    def open_nowhere(self) -> Any:
        """Return a session to an address where nobody listens."""
        ...

    def permit(self, permissions: Collection[str] | None) -> None:
        """Let the key do only this, or everything again."""
        ...

    def all_permissions(self) -> Collection[str]:
        """Return every permission that there is."""
        ...

    def disable(self) -> None:
        """Let the key be refused from now on."""
        ...

    def trouble(self, kind: Trouble, operations: str, times: int | None = None) -> None:
        """Let calls fail: those that read (``reads``) or those that change something (``writes``), all or so many."""
        ...

    def calm(self) -> None:
        """End every trouble: the key works and may do everything."""
        ...

    def effects(self) -> int:
        """Return a number that grows with every change in the account."""
        ...

    def calls(self, operations: str) -> int:
        """Return how many calls of a kind (``reads``, ``writes``) have arrived."""
        ...

    def sample(self, model_id: str) -> Sample:
        """Return what the suite needs to know of a model."""
        ...


Start = Callable[[], AbstractContextManager[Fake]]


def whole(model: ConnectorModel, session: Any, record_id: str) -> Record:
    """Read a record with all of its fields."""
    (record,) = model.with_extras(session, [model.retrieve(session, record_id)], model.extras)
    return record


def fields_of(model: ConnectorModel, session: Any, record_id: str) -> dict[str, Any]:
    """Read a record's fields, none of which may be left out with a warning."""
    resource = model.mapper.resource(whole(model, session, record_id))
    assert resource["id"] == record_id
    assert "warnings" not in resource, resource["warnings"]
    return resource["fields"]


def pages(
    model: ConnectorModel, open_session: Callable[[], Any], limit: int, filters: Mapping[str, str] = {}
) -> Generator[list[Record]]:
    """List to the end, each page by a session of its own: a cursor must hold all that it needs."""
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = model.list(open_session(), ListQuery(limit, cursor, None, filters))
        assert len(page.records) <= limit
        yield list(page.records)
        cursor = page.next
        if cursor is None:
            return
    pytest.fail(f"a list of {model.model.id} does not end")


def everything(
    model: ConnectorModel, fake: Fake, limit: int = 100, filters: Mapping[str, str] = {}
) -> list[dict[str, Any]]:
    """List every resource."""
    found = pages(model, fake.open, limit, filters)
    return [model.mapper.resource(record) for page in found for record in page]


def written_form(model: ConnectorModel, fields: Fields) -> dict[str, Any]:
    """Return fields as they are written: aliases resolved, references as ids, times in their one form."""
    return model.mapper.check_write(fields, creating=False)


def says(read: Any, wanted: Any) -> bool:
    """Whether what was read says what was written: lists in any order, objects perhaps with more in them."""
    if isinstance(wanted, dict):
        return isinstance(read, dict) and all(key in read and says(read[key], part) for key, part in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(read, list) or len(read) != len(wanted):
            return False
        left = list(read)
        for one in wanted:
            found = next((position for position, other in enumerate(left) if says(other, one)), None)
            if found is None:
                return False
            del left[found]
        return True
    return bool(read == wanted) and isinstance(read, bool) == isinstance(wanted, bool)


def assert_says(model: ConnectorModel, read: Fields, wanted: Fields) -> None:
    """Check that fields that were read are those that were written."""
    for key, value in written_form(model, wanted).items():
        assert key in read, f"{key} was written and is not there"
        kind = model.model.by_key[key].type
        # What was read, as the reference or the list that it is, is written in the same form.
        try:
            again = kind.write(read[key])
        except ValueError as problem:
            raise AssertionError(f"{key} cannot be written as it is read: {problem}") from None
        assert says(again, value), f"{key} was written as {value!r} and is read as {read[key]!r}"


@contextmanager
def refused(fake: Fake, kind: type[UnifiedError] = UnifiedError) -> Generator[pytest.ExceptionInfo[UnifiedError]]:
    """Expect an error of a kind, and that it gives no secret away."""
    with pytest.raises(kind) as caught:
        yield caught
    assert leaked(fake, caught.value) == []


def leaked(fake: Fake, error: BaseException) -> list[str]:
    """Name where in an error, or in those that led to it, the secret can be seen."""
    forms = (fake.secret, base64.b64encode(f"{fake.secret}:".encode()).decode().rstrip("="))
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    said = {
        f"{type(one).__name__}.{name}": text
        for one in chain
        for name, text in (("str", str(one)), ("repr", repr(one)), ("args", repr(one.args)), ("vars", repr(vars(one))))
    }
    said["traceback"] = "".join(traceback.format_exception(error))
    return [place for place, text in said.items() if any(form in text for form in forms)]


def one_of_each(model: ConnectorModel, fake: Fake, operation: Operation) -> Callable[[Any], Any] | None:
    """Prepare one call of an operation, so that only the call itself is left to do; None where it is refused.

    Preparing is done by a session with every permission.
    """
    if model.capabilities[operation].mode == "refused":
        return None
    session = fake.open()
    sample = fake.sample(model.model.id)
    if operation is Operation.LIST:
        return lambda line: model.list(line, ListQuery(5))
    if operation is Operation.RETRIEVE:
        record_id = first_id(model, session)
        return lambda line: model.retrieve(line, record_id)
    if operation is Operation.CREATE:
        fields = new_fields(model, session, sample.creating[0])
        return lambda line: model.create(line, fields)
    if operation is Operation.UPDATE:
        way = sample.updating[0]
        target, changes = way.target(session), model.mapper.check_write(way.plain, creating=False)
        return lambda line: model.update(line, target, changes)
    assert sample.deletable is not None, f"{model.model.id} can be deleted and the fixture has nothing deletable"
    victim = sample.deletable(session)
    return lambda line: model.delete(line, victim)


def new_fields(model: ConnectorModel, session: Any, way: Creating) -> dict[str, Any]:
    """Return fields, checked, that make a record."""
    return model.mapper.check_write({**way.plain, **way.given(session)}, creating=True)


def first_id(model: ConnectorModel, session: Any) -> str:
    """Return the id of a record that is there."""
    page = model.list(session, ListQuery(5))
    return model.mapper.resource(page.records[0])["id"]
