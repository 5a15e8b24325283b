"""What the sweep function does: at each tick it sends what is due, and for each task it works one connection off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from unified import metrics
from unified.connections.watch import Watch
from unified.deadline import Deadline
from unified.errors import Missing, RateLimited, Unauthorized, UnifiedError, UpstreamFailure
from unified.hooks import settings as hook_settings
from unified.ledger import purge
from unified.ledger.progress import Progress
from unified.ledger.registry import PAUSE_SECONDS, Desk, LeaseLost, Registry
from unified.ledger.sweep import Interrupted, Pass, Witness, begin, fail
from unified.ledger.tasks import MOST_TASKS, send_tasks
from unified.ledger.watched import Home, Watched, home, is_renewing
from unified.log import frames, logger

# A connection that was sent out is due again after so long, unless its sweep says otherwise; one that dies does not.
_RETRY_SECONDS = 180
# What a person asked for waits for a sweep that is under way, for some minutes.
_ASKED_SECONDS = 5
_ASKED_TRIES = 60
# A sweep that found somebody else renewing the token.
_RENEWING_SECONDS = 60
_HOOK_SECONDS = 6 * 3600
# ... and so soon again where the webhooks could not be put right.
_HOOK_RETRY_SECONDS = 900
# Kept back of an invocation's time for a page that is being read when it ends.
_RESERVE_SECONDS = 45.0

Send = Callable[[list[dict[str, Any]], int], None]


class Worker:
    """Works tasks off. ``send`` puts tasks into the sweep queue after a delay in seconds."""

    def __init__(self, home: Home, send: Send = send_tasks) -> None:
        self._home = home
        self._registry = Registry(home.table)
        self._send = send

    def tick(self) -> int:
        """Send a task for every connection that is due; returns how many there were."""
        now = self._home.clock()
        tasks: list[tuple[Watch, str]] = []
        paused: dict[str, float] = {}
        for due in self._registry.all():
            connector = due.watch.reference.connector
            if due.due_at > now:
                continue
            if due.is_removed:
                tasks.append((due.watch, "purge"))
            else:
                if connector not in paused:
                    paused[connector] = self._registry.paused_until(connector)
                if paused[connector] <= now:
                    tasks.append((due.watch, "sweep"))
        for start in range(0, len(tasks), MOST_TASKS):
            part = tasks[start : start + MOST_TASKS]
            # Sent before it is noted: a crash between the two sends a task twice, which its lease bears.
            self._send([{"task": task, "watch": watch.to_message()} for watch, task in part], 0)
            for watch, task in part:
                set_due = self._registry.set_due if task == "sweep" else self._registry.put_off
                set_due(watch, now + _RETRY_SECONDS)
        return len(tasks)

    def work(self, task: Mapping[str, Any], deadline: Deadline) -> None:
        """Work one task off."""
        if task["task"] == "prepare-project":
            self._prepare_project(task["project"])
            return
        watch = Watch.from_message(task["watch"])
        if task["task"] == "purge":
            if not purge.purge(self._home, self._registry, watch, deadline):
                self._send([dict(task)], 0)
            return
        watched = self._home.open(watch)
        if watched is None:
            self._registry.set_removed(watch)
            return
        if not self._sweep(watched, deadline) and task.get("asked") and task.get("tries", 0) < _ASKED_TRIES:
            self._send([{**task, "tries": task.get("tries", 0) + 1}], _ASKED_SECONDS)

    def _prepare_project(self, project: str) -> None:
        """Have all connections of a project looked at now: what is wanted of them has changed."""
        watches = [due.watch for due in self._registry.all() if not due.is_removed]
        # Asked for: a sweep that is under way knows nothing yet of what is newly wanted.
        tasks: list[dict[str, Any]] = [
            {"task": "sweep", "watch": watch.to_message(), "asked": True}
            for watch in watches
            if watch.reference.project == project
        ]
        for start in range(0, len(tasks), MOST_TASKS):
            self._send(tasks[start : start + MOST_TASKS], 0)

    def _sweep(self, watched: Watched, deadline: Deadline) -> bool:
        """Sweep a connection as far as time goes; False when somebody else is at it, or at its token."""
        now = self._home.clock()
        watch, every = watched.watch, watched.settings.sweep_minutes * 60
        if watched.connection.status != "authorized":
            self._registry.set_due(watch, now + every)
            return True
        paused_until = self._registry.paused_until(watch.reference.connector)
        desk = Desk(self._home.table, watch)
        state = desk.take(now)
        if state is None:
            return False
        paused_until = max(paused_until, state.get("pausedUntil", 0))
        if paused_until > now:
            desk.release()
            self._registry.set_due(watch, paused_until)
            return True
        is_over, is_free = True, True
        try:
            is_over = watched.line(deadline).run(
                lambda session: self._work_off(watched, desk, state, session, deadline)
            )
            due_at = self._home.clock() + every
        except RateLimited as limited:
            due_at = self._pause(watched, limited)
        except (Unauthorized, UpstreamFailure) as failed:
            _tell_broken_off(watched, failed, is_fault=False)
            due_at = self._home.clock() + every
        except UnifiedError as failed:
            # A fault of ours may last for days. Were the task to fail, ticks would send others meanwhile, all in vain.
            is_free = not is_renewing(failed)
            _tell_broken_off(watched, failed, is_fault=is_free)
            due_at = self._home.clock() + (every if is_free else _RENEWING_SECONDS)
        except LeaseLost:
            return False
        finally:
            desk.release()
        if is_over:
            self._registry.set_due(watch, due_at)
        else:
            self._send([{"task": "sweep", "watch": watch.to_message()}], 0)
        return is_free

    def _work_off(
        self, watched: Watched, desk: Desk, state: Mapping[str, Any], session: Any, deadline: Deadline
    ) -> bool:
        """Prepare the webhooks and make each pass that is due; False when time is over before the work is."""
        now = self._home.clock()
        models = watched.models
        state = self._watch_from(watched, desk, state, models)
        if now >= state.get("hooksAt", 0) + _HOOK_SECONDS or list(state.get("hookModels", ())) != models:
            self._prepare(watched, desk, session, models)
        passes_end = Deadline(deadline.remaining() - _RESERVE_SECONDS + Deadline.MARGIN)
        witness = _witness(watched, desk, state)
        for model_id in models:
            progress = self._home.progress(watched.watch, model_id, state)
            is_due = now >= progress.swept_at + watched.settings.sweep_minutes * 60 - 1
            is_asked = progress.is_asked_for or progress.wants_full
            if not (is_due or is_asked or progress.run or not progress.is_complete):
                continue
            if passes_end.remaining() <= 0 or not self._pass(watched, desk, progress, session, witness, passes_end):
                return False
        return True

    def _watch_from(
        self, watched: Watched, desk: Desk, state: Mapping[str, Any], models: list[str]
    ) -> Mapping[str, Any]:
        """Note of each model since when it is watched: before its webhooks come, and long before its first pass may.

        What is made from then on is new, whichever of the two tells of it first. Returns the state as it is then.
        """
        known: Mapping[str, str] = state.get("watchedFrom", {})
        if set(known) == set(models):
            return state
        noted = {"watchedFrom": {model_id: known.get(model_id) or self._home.now() for model_id in models}}
        desk.keep(self._home.clock(), noted)
        return {**state, **noted}

    def _prepare(self, watched: Watched, desk: Desk, session: Any, models: list[str]) -> None:
        """Put the webhooks right; where that fails, sweeps go on all the same, and it is tried again soon."""
        clock = self._home.clock
        try:
            report = hook_settings.prepare(watched.watch, session, models, lambda: desk.keep(clock()))
        except hook_settings.Removed:
            raise LeaseLost from None
        except (Unauthorized, LeaseLost):
            raise
        except Exception as failed:
            if isinstance(failed, RateLimited) and failed.is_for_all:
                raise
            _tell("webhook settings", failed)
            desk.keep(clock(), {"hookModels": models, "hooksAt": clock() - _HOOK_SECONDS + _HOOK_RETRY_SECONDS})
            return
        noted = {
            "hookModels": models,
            "hookMissing": list(report.missing) or None,
            "hookByHand": list(report.by_hand) or None,
            "hooksAt": clock(),
        }
        desk.keep(clock(), noted)

    def _pass(
        self,
        watched: Watched,
        desk: Desk,
        progress: Progress,
        session: Any,
        witness: Witness,
        deadline: Deadline,
    ) -> bool:
        """Make or go on with one model's pass; False when time was over before it was.

        Whatever breaks it breaks this model's alone: those after it have their turn.
        """
        clock = self._home.clock
        begun = begin(progress, full_seconds=watched.settings.full_sweep_hours * 3600, now=clock())
        notes = desk.notes(clock)
        try:
            if begun.run is not progress.run:
                notes.save(begun, *(("wantsFull",) if progress.wants_full else ()))
            done = Pass(watched.subject(begun.model, begun), session, notes, witness, deadline, clock).run(begun)
        except Interrupted:
            return False
        except (RateLimited, Unauthorized, LeaseLost):
            raise
        except Exception as failed:
            _tell("sweep", failed, progress.model)
            reached = self._home.progress(watched.watch, progress.model, {})
            done = fail(notes, reached, failed, clock())
        if done.held is not None and (progress.held is None or progress.held.reason != done.held.reason):
            metrics.count("SweepHeld", reason=done.held.reason, model=progress.model)
            logger.error("sweep held", extra={"reason": done.held.reason, "model": progress.model})
        return True

    def _pause(self, watched: Watched, limited: RateLimited) -> float:
        """Leave the account alone for as long as it asks: what people ask for comes before sweeps."""
        until = self._home.clock() + max(limited.retry_after or 0, PAUSE_SECONDS)
        self._registry.pause(watched.watch, until, for_all=limited.is_for_all)
        return until


def _witness(watched: Watched, desk: Desk, state: Mapping[str, Any]) -> Witness:
    """Remember one record that only special access shows, and look for it before anything is taken for deleted."""
    known: list[str] = [state["witness"]] if state.get("witness") else []

    def note(model_id: str, record_id: str) -> None:
        if not known:
            known.append(f"{model_id}#{record_id}")
            desk.keep(watched.home.clock(), {"witness": known[0]})

    def is_blind(session: Any) -> bool:
        if not known:
            return False
        model_id, _, record_id = known[0].partition("#")
        model = watched.model(model_id)
        try:
            record = model.retrieve(session, record_id)
        except Missing:
            return True
        if not model.is_restricted(record):
            # It can be seen without special access by now: the next one that cannot will take its place.
            known.clear()
            desk.keep(watched.home.clock(), {"witness": None})
        return False

    return Witness(is_blind, note)


def _tell_broken_off(watched: Watched, failed: UnifiedError, *, is_fault: bool) -> None:
    """Log why a connection's sweep ended early; a fault of ours is also counted, for an alarm."""
    extra = {"code": failed.code, "connector": watched.watch.reference.connector}
    if not is_fault:
        logger.warning("sweep", extra=extra)
        return
    logger.error("sweep", extra=extra)
    metrics.count("SweepFailed", code=failed.code, connector=watched.watch.reference.connector)


def _tell(what: str, failed: Exception, model_id: str = "") -> None:
    """Log a failure that the work goes on after; one that nobody foresaw is also counted, for an alarm."""
    if isinstance(failed, UnifiedError):
        logger.warning(what, extra={"code": failed.code, "model": model_id})
        return
    extra = {"exception_name": type(failed).__name__, "frames": frames(failed), "model": model_id}
    logger.error(what, extra=extra)
    metrics.count("SweepFailed", model=model_id)


@lru_cache(maxsize=1)
def worker() -> Worker:
    """Return this environment's worker."""
    return Worker(home())
