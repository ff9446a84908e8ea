# SPDX-License-Identifier: Apache-2.0
"""A command at work on a deployment: its lock, what an earlier run left behind, and the run of a playbook."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeVar

from indigo_paas import runner
from indigo_paas import store as memories
from indigo_paas.errors import BadInput, Busy, Conflict, Lost, Problem
from indigo_paas.ground import leftovers, lock, paths, status
from indigo_paas.ground.masking import Masker
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.ground.progress import Event, Kind, Progress
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import kept_request

Seen = TypeVar("Seen")

KEPT_RUNS = 5

# Tasks that took less are not worth a line in the history (seconds).
LONG_TASK = 1.0

_UNKEPT = {Kind.TASK}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Observer(Protocol):
    """Follows a run."""

    def event(self, event: Event, progress: Progress) -> None:
        """Something happened."""

    def output(self, text: str) -> None:
        """Ansible printed TEXT."""

    def tick(self, progress: Progress) -> None:
        """Some time went by; called several times a second."""

    def stopping(self) -> str:
        """Return why the run shall end, "" while it shall not."""


@dataclass(frozen=True)
class Outcome:
    """What became of a command.

    state: ok, failed or interrupted. site: the main one. sites: those where something is, or may be.
    steps: [{"name", "seconds", "changed"}]. seconds: in all.
    """

    name: str
    command: str
    state: str
    status: str
    reason: str
    site: str | None
    nodes: list[dict[str, Any]]
    outputs: dict[str, Any]
    changed: int
    steps: list[dict[str, Any]]
    seconds: float
    warnings: list[Problem] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)


@dataclass
class Work:
    """A deployment under this process's lock."""

    settings: Settings
    files: DeploymentFiles
    store: memories.Store
    row: memories.Deployment
    stop: Stop
    started: float
    ended_leftovers: int = 0


class Stop:
    """Notes that the user wants an end: SIGINT, SIGTERM, SIGHUP."""

    def __init__(self) -> None:
        self.signal: str | None = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[Stop]:
        """Take the signals; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def received(self) -> bool:
        return self.signal is not None

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal = signal.Signals(number).name


@contextlib.contextmanager
def existing(settings: Settings, name: str, command: str) -> Iterator[Work]:
    """Work on the deployment NAME; raise BadInput when there is none, Busy when another command does."""
    started = time.time()
    with opened(settings) as memory:
        require(memory, name)
        files = settings.home.deployment(name)
        paths.private_directory(files.root)
        with lock.hold(files.lock, name, command), Stop().watching() as stop:
            if settings.job is None:
                _require_free(memory, name)
            work = Work(settings, files, memory, require(memory, name), stop, started)
            _settle(work)
            yield work


@contextlib.contextmanager
def new(
    settings: Settings,
    request: kept_request.Request,
    copy: kept_request.Copy,
    about: Mapping[str, Any],
    started: float,
) -> Iterator[Work]:
    """Make the deployment of REQUEST and work on it; raise Busy, BadInput or Conflict when somebody was faster.

    copy: its template. about: "template" and "description", for people, and what else `Store.add_deployment` takes.
    started: when the command began, which is before it was sure that the deployment can be made.
    """
    name = request.name
    files = settings.home.deployment(name)
    paths.private_directory(files.root)
    with (
        opened(settings, make=True) as memory,
        lock.hold(files.lock, name, "deploy"),
        Stop().watching() as stop,
    ):
        if memory.deployment(name):
            raise BadInput(f"{name} was made by another command a moment ago.")
        kept = kept_request.keep_template(files, copy)
        kept_request.write(files, dataclasses.replace(request, template=kept))
        row = memory.add_deployment(
            name,
            status=status.begin("deploy", None),
            sites=str(settings.sites.absolute()) if settings.sites else None,
            **about,
        )
        if row is None:
            shutil.rmtree(files.root)
            raise Conflict(f"You have a deployment that is called {about.get('title') or name!r} already.")
        yield Work(settings, files, memory, row, stop, started)


@contextlib.contextmanager
def opened(settings: Settings, make: bool = False) -> Iterator[memories.Store]:
    """Open the store. A file that does not exist is an empty store in memory, unless it shall be made."""
    file = settings.home.database
    memory = memories.open_store(settings.database or (file if make or file.exists() else "sqlite://"))
    try:
        yield memory
    finally:
        memory.close()


def looked(settings: Settings, see: Callable[[memories.Looking], Seen]) -> Seen:
    """Return what SEE finds in the store; a file that does not exist holds nothing."""
    return memories.look(settings.database or settings.home.database, see)


def forget(work: Work) -> None:
    """Remove all that is kept of a deployment that has nothing at any site."""
    work.store.remove_deployment(work.row.name)
    shutil.rmtree(work.files.root)


def gone(work: Work) -> Outcome:
    """Return what became of a deployment that `forget` removed, and for which nothing else was to be done."""
    return Outcome(
        name=work.row.name,
        command="destroy",
        state=memories.OK,
        status=status.DELETE_COMPLETE,
        reason="",
        site=work.row.site,
        nodes=work.row.nodes,
        outputs=work.row.outputs,
        changed=0,
        steps=[],
        seconds=round(time.time() - work.started, 3),
    )


def _require_free(memory: memories.Store, name: str) -> None:
    for job in memory.jobs.open(name):
        raise Busy(f"{name} is being worked on by {job}. Wait until it is over, or have the service stop it.")


def require(memory: memories.Looking, name: str) -> memories.Deployment:
    """Return the deployment NAME; raise BadInput with the names that there are."""
    row = memory.deployment(name)
    if row is None:
        import difflib

        rows = memory.deployments()
        names = [one.name for one in rows]
        called = [one.name for one in rows if one.title == name]
        if called:
            which = ", which is called so" if len(called) == 1 else ", which are called so by their owners"
            raise BadInput(f"There is no deployment {name!r}. The service has {', '.join(called[:10])}{which}.")
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(names[:10])}." if names else ""
        none = "There is none at all. 'indigo-paas recover' looks for what still runs at the sites."
        raise BadInput(f"There is no deployment {name!r}. {hint or none}")
    return row


def sites_source(settings: Settings, row: memories.Deployment | None = None) -> Path:
    """Return the sites' inventory: what the user named now, or for this deployment, or the default."""
    if settings.sites:
        return settings.sites.absolute()
    if row and row.sites:
        return Path(row.sites)
    return settings.home.sites if settings.home.sites.exists() else paths.embedded_sites()


def run(
    work: Work,
    command: str,
    playbook: str,
    observer: Observer,
    masker: Masker,
    warnings: list[Problem] | None = None,
    external: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run PLAYBOOK of the collection for COMMAND, keep its history, and return what became of it.

    external: whether playbooks from elsewhere are among what it runs. variables: extra variables.
    One of status.ASIDE leaves status and outputs alone; `destroy` removes the deployment when it succeeds.
    """
    doing = _begin(work, command)
    progress = Progress()
    code: int | None = None
    problem: BaseException | None = None
    try:
        code = _play(work, doing, playbook, progress, observer, masker, external, variables or {})
    except Exception as error:
        problem = error
    outcome = _outcome(work, doing, progress, code, problem, masker, warnings or [], observer.stopping())
    end = Event(time.time(), Kind.END, text=outcome.reason or outcome.status, seconds=outcome.seconds)
    if outcome.status != status.DELETE_COMPLETE:
        # Before the status: whoever follows the events goes when the deployment is at rest.
        work.store.add_events(work.row.name, doing.id, [end])
    _keep(work, doing, outcome)
    observer.event(end, progress)
    if isinstance(problem, Lost):
        raise Lost(outcome.reason) from problem
    if problem:
        raise problem
    return outcome


def _begin(work: Work, command: str) -> memories.Run:
    now = time.time()
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(4)}"
    doing = memories.Run(run_id, work.row.name, command, now)
    if command not in status.ASIDE:
        begun = {"status": status.begin(command, work.row.status), "reason": "", "task": status.DEPLOYER}
        if not work.store.change_deployment(work.row.name, only=[work.row.status], **begun):
            raise Busy(f"{work.row.name} was given something else to do a moment ago. Look at it again.")
        work.row = require(work.store, work.row.name)
    work.store.add_run(doing)
    work.store.add_events(work.row.name, doing.id, [Event(now, Kind.COMMAND, text=command)])
    _drop_old_runs(work.files)
    return doing


def _play(
    work: Work,
    doing: memories.Run,
    playbook: str,
    progress: Progress,
    observer: Observer,
    masker: Masker,
    external: bool,
    variables: Mapping[str, Any],
) -> int:
    if work.ended_leftovers:
        text = f"Ended what an interrupted run had left running ({work.ended_leftovers})."
        observer.event(Event(time.time(), Kind.WARNING, text=text), progress)
    job = runner.Job(
        deployment=work.row.name,
        run=doing.id,
        playbook=playbook,
        files=work.files,
        sites=sites_source(work.settings, work.row),
        directory=paths.private_directory(work.files.runs / doing.id),
        cache=work.settings.home.artifacts,
        external=external,
        # Only destroy can do without the plan.
        lenient=doing.command == "destroy",
        verbosity=max(0, work.settings.verbosity - 1),
        variables=variables,
    )

    def on_event(raw: dict[str, Any]) -> None:
        observer.output(masker.text(str(raw.get("stdout") or "")))
        _tell(work, doing, progress, list(progress.feed(raw)), observer, masker)

    def should_stop() -> bool:
        observer.tick(progress)
        return work.stop.received() or bool(observer.stopping())

    code = work.settings.execution.run(job, on_event, should_stop)
    _tell(work, doing, progress, list(progress.end(time.time())), observer, masker)
    return code


def _tell(
    work: Work,
    doing: memories.Run,
    progress: Progress,
    events: list[Event],
    observer: Observer,
    masker: Masker,
) -> None:
    told = [_masked(event, masker) for event in events]
    work.store.add_events(work.row.name, doing.id, [event for event in told if _worth_keeping(event)])
    for event in told:
        observer.event(event, progress)


def _worth_keeping(event: Event) -> bool:
    if event.kind is Kind.TASK_DONE:
        return (event.seconds or 0) >= LONG_TASK
    return event.kind not in _UNKEPT


def _masked(event: Event, masker: Masker) -> Event:
    def hidden(text: str | None) -> str | None:
        return masker.text(text) if text else None

    return dataclasses.replace(event, step=hidden(event.step), task=hidden(event.task), text=masker.text(event.text))


def _outcome(
    work: Work,
    doing: memories.Run,
    progress: Progress,
    code: int | None,
    problem: BaseException | None,
    masker: Masker,
    warnings: list[Problem],
    stopping: str,
) -> Outcome:
    result = progress.result
    told = "nodes" if doing.command in (status.START, status.STOP, status.UNDO) else "outputs"
    complete = told in result or doing.command == "destroy"
    state = memories.OK if code == 0 and complete else memories.FAILED
    reason = "" if state == memories.OK else _reason(progress, code, problem)
    if isinstance(problem, Lost):
        state, reason = memories.INTERRUPTED, f"{problem} {how_to_resume(work.row.name)}"
    elif state != memories.OK and (work.stop.signal or stopping):
        told = stopping or f"Stopped by {work.stop.signal}. {how_to_resume(work.row.name)}"
        state, reason = memories.INTERRUPTED, told
    changes_status = doing.command not in status.ASIDE
    # A job that is interrupted goes on some time, or whoever stopped it says what becomes of the deployment.
    is_over = changes_status and not (state == memories.INTERRUPTED and work.settings.job is not None)
    return Outcome(
        name=work.row.name,
        command=doing.command,
        state=state,
        status=status.end(work.row.status, state == memories.OK) if is_over else work.row.status,
        reason=masker.text(reason),
        site=result.get("site") or work.row.site,
        nodes=[] if doing.command == "destroy" else result.get("nodes", work.row.nodes),
        outputs=result.get("outputs", {}) if changes_status else work.row.outputs,
        changed=progress.changed,
        steps=[
            {"name": masker.text(step.name), "seconds": step.seconds, "changed": step.changed}
            for step in progress.steps
        ],
        seconds=round(time.time() - work.started, 3),
        warnings=warnings,
        sites=list(result.get("sites") or ()),
    )


def _reason(progress: Progress, code: int | None, problem: BaseException | None) -> str:
    if problem:
        return f"{type(problem).__name__}: {problem}"
    if code == 0:
        return "The playbook ended without publishing a result: no host may have matched its plays."
    return progress.reason() or f"ansible-playbook ended with code {code} and gave no reason."


def how_to_resume(name: str) -> str:
    """Return the sentence that says how an interrupted deployment goes on."""
    return f"'indigo-paas resume {name}' goes on where it was left."


def _keep(work: Work, doing: memories.Run, outcome: Outcome) -> None:
    if outcome.status == status.DELETE_COMPLETE:
        forget(work)
        return
    work.store.end_run(
        doing.id,
        state=outcome.state,
        ended=time.time(),
        changed=outcome.changed,
        steps=outcome.steps,
        reason=outcome.reason,
    )
    known: dict[str, Any] = {"nodes": outcome.nodes, "site": outcome.site} if doing.command != "destroy" else {}
    if outcome.state == memories.OK and doing.command not in status.ASIDE:
        known["outputs"] = outcome.outputs
    told: dict[str, Any] = {"status": outcome.status, "reason": outcome.reason, "task": status.NONE}
    # Where something else was asked for meanwhile, its status stays.
    if doing.command in status.ASIDE or not work.store.change_deployment(
        work.row.name, only=[work.row.status], **known, **told
    ):
        work.store.change_deployment(work.row.name, **known)
    work.row = require(work.store, work.row.name)


def _settle(work: Work) -> None:
    """Close the books of runs that died with their process, and end what they left running."""
    dead = [run for run in work.store.runs(work.row.name) if run.ended is None]
    if dead:
        work.ended_leftovers = leftovers.end({leftovers.marker(run.deployment, run.id) for run in dead})
    for run in dead:
        paths.remove_sockets(run.id)
        reason = f"The process of '{run.command}' died. {how_to_resume(work.row.name)}"
        work.store.end_run(run.id, state=memories.INTERRUPTED, ended=time.time(), reason=reason)
    # What a job left goes on as if nothing had happened.
    if not status.is_over(work.row.status) and work.settings.job is None:
        reason = f"The last command was cut off. {how_to_resume(work.row.name)}"
        work.store.change_deployment(work.row.name, status=status.end(work.row.status, False), reason=reason)
        work.row = require(work.store, work.row.name)


def _drop_old_runs(files: DeploymentFiles) -> None:
    if files.runs.is_dir():
        for old in sorted(files.runs.iterdir())[: -KEPT_RUNS + 1]:
            shutil.rmtree(old, ignore_errors=True)
