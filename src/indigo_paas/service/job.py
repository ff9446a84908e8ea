# SPDX-License-Identifier: Apache-2.0
"""The process of one job: python -m indigo_paas.service.job NUMBER START.

START says which start of the job this is, counted from 1: a process that comes too late finds that it is not its turn.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from indigo_paas.engine import verbs, work
from indigo_paas.engine.work import Outcome
from indigo_paas.errors import Busy, IndigoError, Lost
from indigo_paas.ground import leftovers, paths, status
from indigo_paas.ground.progress import Event, Kind, Progress
from indigo_paas.service import queue, resources
from indigo_paas.service.queue import CREATE, DELETE, START, STOP, UPDATE, Queue
from indigo_paas.service.settings import Jobs, ServiceSettings, read
from indigo_paas.store import FAILED, INTERRUPTED, OK, Deployment, Job, Store
from indigo_paas.templates import kept_request, target

# Seconds between two signs of life, and between two looks at a deployment that somebody else works on.
BEAT = 1.0
PATIENCE = 1.0

NOT_OURS = "The job is another process's now."

# What the steps of the playbook deploy make of resources that come to be.
_STATES = {
    "Make the nodes": resources.CREATING,
    "Reach the nodes": resources.CREATED,
    "Set up the services": resources.CONFIGURING,
    "Check the services": resources.STARTING,
}

# The step that waits until nodes which leave have no work, for as long as that takes.
_DRAINING = "Drain the nodes that leave"

# What becomes of a resource that is acted on.
_POWER = {START: resources.STARTED, STOP: resources.STOPPED}

_KEPT = {paths.HOME_VARIABLE, leftovers.MARKER}

_log = logging.getLogger(__name__)


class Pulse:
    """Gives signs of life of a job, and learns whether it shall stop. reason: why, "" while it shall not."""

    def __init__(self, store: Store, job: Job, limits: Jobs) -> None:
        self._store = store
        self._job = job
        self._limits = limits
        self._over = threading.Event()
        self.reason = ""

    @contextlib.contextmanager
    def beating(self) -> Iterator[Pulse]:
        thread = threading.Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    @property
    def is_lost(self) -> bool:
        return self.reason == NOT_OURS

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            try:
                job = self._store.jobs.beat(self._job.id, self._job.starts)
            except IndigoError as error:
                # The database may be back in a moment; until then others see no sign of life.
                _log.warning("%s", error)
                continue
            self.reason = self.reason or _why_stop(job, self._limits)


class Watch:
    """Follows the run of a job."""

    def __init__(self, settings: ServiceSettings, store: Store, job: Job, pulse: Pulse) -> None:
        self._settings = settings
        self._store = store
        self._job = job
        self._pulse = pulse
        self._draining = False
        self._nodes: object = None

    def event(self, event: Event, progress: Progress) -> None:
        if event.kind is Kind.STEP:
            self._note_draining(event.step == _DRAINING)
        self._take_nodes(progress.result.get("nodes"))
        state = _STATES.get(event.step or "") if event.kind is Kind.STEP else None
        if state and self._job.kind != DELETE:
            rows = self._store.resources.of(self._job.deployment)
            self._store.resources.replace(self._job.deployment, resources.advanced(rows, state))

    def _take_nodes(self, nodes: object) -> None:
        """Show the nodes as soon as they are made, and those that left no more."""
        if self._job.kind not in (CREATE, UPDATE) or not isinstance(nodes, list) or nodes == self._nodes:
            return
        self._nodes = nodes
        plan = _plan(self._settings, self._job)
        if plan is not None:
            rows = self._store.resources.of(self._job.deployment)
            self._store.resources.replace(
                self._job.deployment, resources.meanwhile(self._job.deployment, plan, nodes, rows)
            )

    def output(self, text: str) -> None:
        return

    def tick(self, progress: Progress) -> None:
        return

    def stopping(self) -> str:
        return self._pulse.reason

    def _note_draining(self, draining: bool) -> None:
        if draining != self._draining:
            self._draining = draining
            self._store.jobs.set_draining(self._job, draining)


def main(arguments: Sequence[str]) -> int:
    """Do the job that ARGUMENTS say; 0 when it is over or not this process's, else it is to be started again."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # It would tell every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    number, start = map(int, arguments)
    settings = read()
    _forget_settings()
    with work.opened(settings.engine()) as store:
        job = store.jobs.begin(number, start, os.getpid(), _own_start())
        if job is None:
            return 0
        row = store.deployment(job.deployment)
        if row is not None and job.kind == DELETE:
            queue.owe_deletion(store, job, row)
        with Pulse(store, job, settings.jobs).beating() as pulse, _access_token(settings, job, row, pulse):
            state = do(settings, store, job, pulse)
        return 1 if state is None else 0


def _access_token(
    settings: ServiceSettings, job: Job, row: Deployment | None, pulse: Pulse
) -> contextlib.AbstractContextManager[None]:
    if not any(issuer.exchange for issuer in settings.identity.issuers):
        return contextlib.nullcontext()
    from indigo_paas.service import access_token

    return access_token.provided(settings, job, row, lambda: pulse.reason)


def do(settings: ServiceSettings, store: Store, job: Job, pulse: Pulse) -> str | None:
    """Do JOB and write its end; return its state, None where it is to be started again or is another process's."""
    row = store.deployment(job.deployment)
    state = queue.state_of(job, row)
    if row is None:
        shutil.rmtree(settings.engine().home.deployment(job.deployment).root, ignore_errors=True)
    if state is not None:
        # It was done, or nobody wants it any more: its process died before it could say so.
        queue.end(store, job, state, row.reason if row and state == FAILED else "")
        return state
    try:
        outcome = _when_free(settings, store, job, pulse)
    except Lost as error:
        # The supervisor starts it again, as it does a job whose process is gone.
        _log.warning("%s", error)
        return None
    except IndigoError as error:
        return _failed(settings, store, job, str(error))
    if pulse.is_lost:
        return None
    if outcome is None or outcome.state == INTERRUPTED:
        return _stopped(settings, store, job, pulse)
    return _ended(settings, store, job, outcome)


def _when_free(settings: ServiceSettings, store: Store, job: Job, pulse: Pulse) -> Outcome | None:
    """Do JOB as soon as nobody else works on its deployment; None where it has to stop before."""
    while not pulse.reason:
        try:
            return _verb(settings, job, Watch(settings, store, job, pulse))
        except Busy as error:
            _log.info("%s", error)
            time.sleep(PATIENCE)
            if queue.state_of(job, store.deployment(job.deployment)) is not None:
                return None
    return None


def _verb(settings: ServiceSettings, job: Job, watch: Watch) -> Outcome:
    told = settings.engine(job.id)
    if job.kind == DELETE:
        return verbs.destroy(told, job.deployment, watch, bool(job.arguments.get("force")))
    if job.kind == CREATE:
        return verbs.resume(told, job.deployment, watch)
    if job.kind in _POWER:
        return verbs.power(told, job.deployment, [job.arguments["node"]], watch, running=job.kind == START)
    return verbs.carry_out(told, job.deployment, watch)


def _ended(settings: ServiceSettings, store: Store, job: Job, outcome: Outcome) -> str:
    if outcome.status != status.DELETE_COMPLETE:
        _settle_resources(settings, store, job, outcome.nodes, outcome.state == OK)
    state = OK if outcome.state == OK else FAILED
    queue.end(store, job, state, outcome.reason)
    return state


def _failed(settings: ServiceSettings, store: Store, job: Job, reason: str) -> str:
    """End JOB, which came to nothing before anything ran."""
    row = store.deployment(job.deployment)
    _settle_resources(settings, store, job, row.nodes if row else [], False)
    Queue(store, settings.jobs).conclude(job, reason)
    return FAILED


def _stopped(settings: ServiceSettings, store: Store, job: Job, pulse: Pulse) -> str | None:
    """End JOB, which was told to stop; where only its process was, it waits again."""
    if not pulse.reason:
        store.jobs.requeue(job, counted=False)
        return None
    return _failed(settings, store, job, pulse.reason)


def _settle_resources(
    settings: ServiceSettings, store: Store, job: Job, nodes: Sequence[dict[str, object]], ok: bool
) -> None:
    if job.kind in _POWER:
        store.resources.mark({job.arguments["resource"]: _POWER[job.kind] if ok else resources.ERROR})
        return
    before = store.resources.of(job.deployment)
    if job.kind == DELETE:
        rows = resources.marked(before, resources.ERROR)
    else:
        plan = _plan(settings, job)
        if plan is None:
            return
        rows = resources.paired(job.deployment, plan, nodes, before, ok)
    store.resources.replace(job.deployment, rows)


def _plan(settings: ServiceSettings, job: Job) -> target.Plan | None:
    """Return the plan of the deployment of JOB, None where there is none any more."""
    files = settings.engine().home.deployment(job.deployment)
    try:
        return target.plan_of(files, kept_request.read(files))
    except IndigoError as error:
        _log.warning("the resources of %s stay as they are: %s", job.deployment, error)
        return None


def _why_stop(job: Job | None, limits: Jobs) -> str:
    return NOT_OURS if job is None else job.cancel or queue.why_late(job, limits)


def _own_start() -> float:
    import psutil

    return psutil.Process().create_time()


def _forget_settings() -> None:
    """Keep what only the service may know, such as the database's URL, from the programs that a job starts."""
    for name in [name for name in os.environ if name.startswith("INDIGO_PAAS_") and name not in _KEPT]:
        del os.environ[name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
