"""One pass over one model of a watched connection: all that has changed, or all that there is.

A pass goes page by page and notes after each few pages where it is, so whoever comes next goes on there, whatever
happened to the one before. A full pass also notes the ids it saw; once every page was read, what the ledger knows
and the pass did not see is looked for one by one, and only what the account says is missing is gone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from queue import Empty, Queue
from threading import Event
from typing import Any, NamedTuple, Protocol

from unified.connector import ListQuery, Page
from unified.deadline import Deadline
from unified.errors import Invalid, SyncTokenExpired, UnifiedError
from unified.ledger.decisions import CLOCK_MARGIN, Entry
from unified.ledger.known import SHORT_BYTES, short
from unified.ledger.ledger import Find
from unified.ledger.progress import Held, Kind, Progress, Run
from unified.ledger.subject import Subject
from unified.models.moments import now_iso

PAGE = 100
# How many pages are taken in between two notes of where the pass is.
_PAGES_A_NOTE = 10
# ... and how long it may go without one: a note also keeps the lease, which lasts for two minutes.
_SECONDS_A_NOTE = 30
# Fewer than this are taken for deleted whatever their share; more only up to a tenth of all.
_PLAUSIBLE = 20
_PLAUSIBLE_SHARE = 0.1
_FAILURES = 5
_RESTARTS = 2
# Beside the one that is being read and the one that is being taken in.
_PAGES_AHEAD = 3
# Of the ledger's entries, 70 bytes each.
_MOST_HELD = 300_000


class Interrupted(Exception):
    """There is no time left in this invocation; the pass goes on in the next."""


class Notes(Protocol):
    """Where a pass keeps how far it is."""

    def save(self, progress: Progress, *granted: str) -> None:
        """Keep how far the pass is, and that what a person asked for (``wantsFull``, ``accepts``) is ``granted``.

        Raises when somebody else is at it by now.
        """
        ...

    def add_ids(self, progress: Progress, page: int, ids: bytes) -> None:
        """Keep what a full pass saw on the pages up to ``page``; the same page again replaces it."""
        ...

    def ids(self, progress: Progress) -> Iterable[bytes]:
        """Return all that was kept of this pass."""
        ...


class Witness(NamedTuple):
    """Tells whether special access, once seen, is still there; ``note`` hears of a record (model, id) that needs it."""

    is_blind: Callable[[Any], bool]
    note: Callable[[str, str], None]


def begin(progress: Progress, *, full_seconds: float, now: float) -> Progress:
    """Begin a pass where none is under way: a full one when it is due or nothing less is possible.

    A full one that a person asks for takes the place of a pass over what has changed.
    """
    if progress.run is not None and not (progress.wants_full and progress.run.kind == "incremental"):
        return progress
    is_full_due = progress.wants_full or not progress.is_complete or now >= progress.full_at + full_seconds
    kind: Kind = "full" if is_full_due or progress.sync_token is None else "incremental"
    return progress._replace(run=Run(uuid.uuid4().hex[:12], kind, now), wants_full=False)


def fail(notes: Notes, progress: Progress, error: Exception, now: float) -> Progress:
    """Note that a pass could not go on; one that fails time and again is given up and held. Raises as notes do."""
    run = progress.run
    if run is None:
        return progress
    known = error if isinstance(error, UnifiedError) else None
    forbidden = known is not None and known.code == "MORPH::CONNECTION::PROXY::FORBIDDEN"
    failures = run.failures + 1 if run.pages <= run.failed_at else 1
    if not forbidden and failures < _FAILURES:
        failed_at = max(run.pages, run.failed_at)
        kept = progress._replace(run=run._replace(failures=failures, failed_at=failed_at))
    else:
        reason = "permissionMissing" if forbidden else "pageFailed"
        held = Held(reason, now_iso(), permission=known.permission if known else None)
        is_known = progress.held is not None and progress.held.reason == reason
        kept = progress._replace(
            run=None,
            swept_at=now,
            # A full one is due all the same, at the next time.
            full_at=0 if run.kind == "full" else progress.full_at,
            held=progress.held if is_known or _kept(progress.held) else held,
        )
    notes.save(kept)
    return kept


class _Read(NamedTuple):
    """A page, when its reading began and ended, and the entries of its records, on their way."""

    page: Page
    began_at: float
    ended_at: float
    entries: Future[dict[str, Entry]]


class Pass:
    """A pass over ``subject`` with an open ``session``. ``deadline`` is when it must have noted where it is."""

    def __init__(
        self,
        subject: Subject,
        session: Any,
        notes: Notes,
        witness: Witness,
        deadline: Deadline,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._subject = subject
        self._session = session
        self._notes = notes
        self._witness = witness
        self._deadline = deadline
        self._clock = clock
        self._noted_at = clock()
        self._noted_pages = 0

    def run(self, progress: Progress, restarts: int = 0) -> Progress:
        """Go on with the pass to its end; returns what is then known, already kept.

        Raises ``Interrupted`` when the time is over, ``RateLimited`` and ``Unauthorized`` as they come; where the
        pass is was noted before. Anything else that keeps a page from being read or taken in is a failure of the
        pass (``fail``): after some it is given up, held, and begun anew at the next time.
        """
        try:
            if progress.run is not None and not progress.run.is_listed:
                progress = self._list(progress)
            held = self._delete(progress) if progress.run and progress.run.kind == "full" else _kept(progress.held)
        except (SyncTokenExpired, Invalid) as expired:
            if restarts == _RESTARTS or progress.run is None:
                raise
            # What was read so far is in the ledger; nothing is deleted on the way. A cursor that has expired costs the
            # pass, a token that has expired makes it a full one.
            token_expired = isinstance(expired, SyncTokenExpired)
            kind: Kind = "full" if token_expired else progress.run.kind
            told = {"failures": progress.run.failures, "failed_at": progress.run.failed_at}
            restarted = Run(uuid.uuid4().hex[:12], kind, self._clock())._replace(**told)
            progress = progress._replace(run=restarted, sync_token=None if token_expired else progress.sync_token)
            self._notes.save(progress)
            self._noted_pages = 0
            return self.run(progress, restarts + 1)
        run = progress.run
        if run is None:
            return progress
        if held is not None and progress.held is not None and held.reason == progress.held.reason:
            held = held._replace(at=progress.held.at)
        whole = run.kind == "full"
        granted = ("accepts",) if whole and progress.accepts else ()
        done = progress._replace(
            is_complete=progress.is_complete or whole,
            sync_token=run.sync_token,
            swept_at=run.began_at,
            full_at=run.began_at if whole else progress.full_at,
            run=None,
            held=held,
            accepts=False if whole else progress.accepts,
        )
        self._notes.save(done, *granted)
        return done

    # Listing

    def _list(self, progress: Progress) -> Progress:
        """Take in page after page."""
        run = progress.run
        assert run is not None  # noqa: S101 - for the type checker: a pass is under way
        fresh: list[bytes] = []
        with ThreadPoolExecutor(3) as readers, closing(self._pages(progress, run, readers)) as pages:
            try:
                for read in pages:
                    page = read.page
                    entries = read.entries.result()
                    taken = self._subject.take_page(self._session, page.records, read.began_at, read.ended_at, entries)
                    if page.groups:
                        self._subject.settle_groups(self._session, page.groups, taken.record_ids)
                    if taken.restricted is not None:
                        self._witness.note(progress.model, taken.restricted)
                    fresh += [short(record_id) for record_id in taken.record_ids]
                    run = run._replace(
                        cursor=page.next,
                        pages=run.pages + 1,
                        records=run.records + len(taken.record_ids),
                        is_listed=page.next is None,
                        sync_token=page.sync_token,
                    )
                    progress = progress._replace(run=run)
                    late = self._deadline.remaining() <= 0
                    if run.is_listed or late or run.pages % _PAGES_A_NOTE == 0 or self._is_long_ago():
                        self._note(progress, fresh)
                        fresh = []
                    if late:
                        break
            except Exception:
                # What was taken in is not taken in again, whatever keeps the next page from being read.
                if run.pages > self._noted_pages:
                    self._note(progress, fresh)
                raise
        if not run.is_listed:
            raise Interrupted
        return progress

    def _known(self, run: Run) -> Find | None:
        """Read all entries at once for a pass over all records, unless there are too many."""
        return self._subject.ledger.entries.all(_MOST_HELD) if run.kind == "full" else None

    def _pages(self, progress: Progress, run: Run, readers: ThreadPoolExecutor) -> Generator[_Read]:
        """Yield page after page, read ahead: the account is never left waiting while a page is taken in.

        Entries that are read early may be out of date by then. What differs from its entry costs a write that does not
        apply, no more, since every write needs its entry to be the one that was read. What is as its entry was is as
        good as not looked at; should it have changed and changed back meanwhile, the second change is told by its
        webhook or the next pass.
        """
        coming: Queue[_Read | BaseException] = Queue(_PAGES_AHEAD)
        over = Event()
        known = readers.submit(self._known, run)

        def read_all() -> None:
            cursor = run.cursor
            try:
                while not over.is_set():
                    page, began_at, ended_at = self._read(progress, cursor)
                    coming.put(_Read(page, began_at, ended_at, readers.submit(self._entries_of, page, known)))
                    cursor = page.next
                    if cursor is None:
                        return
            except BaseException as failed:
                coming.put(failed)

        readers.submit(read_all)
        try:
            while True:
                read = coming.get()
                if isinstance(read, BaseException):
                    raise read
                yield read
                if read.page.next is None:
                    return
        finally:
            over.set()
            with suppress(Empty):
                # Whoever waits to put a page in may end.
                while True:
                    coming.get_nowait()

    def _entries_of(self, page: Page, known: Future[Find | None]) -> dict[str, Entry]:
        """Find a page's entries among all, or read them while all are still being read."""
        return self._subject.entries_of(page.records, known.result() if known.done() else None)

    def _read(self, progress: Progress, cursor: str | None) -> tuple[Page, float, float]:
        assert progress.run is not None  # noqa: S101 - for the type checker
        token = progress.sync_token if progress.run.kind == "incremental" else None
        began_at = self._clock()
        page = self._subject.model.sweep(self._session, ListQuery(PAGE, cursor, sync_token=token))
        return page, began_at, self._clock()

    def _note(self, progress: Progress, fresh: list[bytes]) -> None:
        assert progress.run is not None  # noqa: S101 - for the type checker
        # The ids first: noted pages whose ids were lost would make records vanish.
        if progress.run.kind == "full" and fresh:
            self._notes.add_ids(progress, progress.run.pages, b"".join(fresh))
        self._save(progress)
        self._noted_pages = progress.run.pages

    def _save(self, progress: Progress) -> None:
        self._notes.save(progress)
        self._noted_at = self._clock()

    def _is_long_ago(self) -> bool:
        return self._clock() >= self._noted_at + _SECONDS_A_NOTE

    # Deleting

    def _delete(self, progress: Progress) -> Held | None:
        """Look for each record that a full pass did not see; returns why nothing was taken for gone, or None."""
        assert progress.run is not None  # noqa: S101 - for the type checker
        seen: set[bytes] = set()
        for ids in self._notes.ids(progress):
            seen.update(ids[start : start + SHORT_BYTES] for start in range(0, len(ids), SHORT_BYTES))
        if self._subject.ledger.entries.count() == len(seen):
            # As many as were seen. Should one have gone and another be missing meanwhile, the next full pass finds it.
            return None
        before = progress.run.began_at - CLOCK_MARGIN
        known = 0
        missing: list[str] = []
        restricted = False
        for record_id, entry in self._subject.ledger.entries.begins(""):
            if entry.is_gone:
                continue
            known += 1
            if short(record_id) not in seen and entry.seen_at < before:
                missing.append(record_id)
                restricted = restricted or entry.is_restricted
        if not missing:
            return None
        if not progress.accepts:
            reason = self._doubt(len(missing), known, restricted=restricted)
            if reason is not None:
                return Held(reason, now_iso(), len(missing), known)
        for record_id in missing:
            if self._deadline.remaining() <= 0:
                raise Interrupted
            if self._is_long_ago():
                self._save(progress)
            self._gone(record_id)
        return None

    def _doubt(self, missing: int, known: int, *, restricted: bool) -> Any:
        if restricted or self._witness.is_blind(self._session):
            return "restrictedAccessLost"
        return "implausible" if missing > max(_PLAUSIBLE, known * _PLAUSIBLE_SHARE) else None

    def _gone(self, record_id: str) -> None:
        """Settle what a whole list did not show; a model that reads no single record is believed its list."""
        if self._subject.reads_one:
            self._subject.settle(self._session, record_id, believes_restricted=True)
        else:
            self._subject.take_word(self._session, record_id, self._clock(), None)


def _kept(held: Held | None) -> Held | None:
    """Return what only another full pass can clear: that a pass of changes could be read says nothing of it."""
    return held if held is not None and held.reason in ("restrictedAccessLost", "implausible") else None
