# SPDX-License-Identifier: Apache-2.0
"""The supervisor: starts a process for each job, and sees to those whose process is gone.

It may be killed at any moment and started again: processes of jobs outlive it, and all that it has to know is in the
store. Several of them may run, on one host or on several.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from indigo_paas.engine import work
from indigo_paas.errors import IndigoError
from indigo_paas.ground.paths import Home, private_directory
from indigo_paas.service import housekeeping
from indigo_paas.service.queue import Queue, why_late
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.store import QUEUED, Deployment, Job, Store

COMMAND = (sys.executable, "-m", "indigo_paas.service.job")

# Seconds between two looks, and those in which a process has to say that it is there.
PAUSE = 0.5
BOOT = 60.0

# How many callbacks are called at a time.
TELLERS = 20

_log = logging.getLogger(__name__)


class Supervisor:
    """Does the jobs of the service of SETTINGS on this host; COMMAND starts the process of one."""

    def __init__(self, settings: ServiceSettings, command: Sequence[str] = COMMAND, host: str | None = None) -> None:
        self._settings = settings
        self._command = command
        self._host = host
        self._children: dict[tuple[int, int], subprocess.Popen[bytes]] = {}
        self._started: set[tuple[int, int]] = set()
        self._stopping: dict[tuple[int, int], float] = {}
        self._tellers: list[threading.Thread] = []

    def run(self, stop: threading.Event) -> None:
        """Look for jobs until STOP, whatever goes wrong; those that run then go on without it."""
        while not stop.is_set():
            try:
                with work.opened(self._settings.engine(), make=True) as store:
                    self._look_until(stop, store)
            except IndigoError as error:
                _log.error("%s", error)
            except Exception:
                # One job that cannot be seen to must not keep all others from being done.
                _log.exception("a fault of the supervisor, which goes on")
            stop.wait(10 * PAUSE)

    def _look_until(self, stop: threading.Event, store: Store) -> None:
        queue = Queue(store, self._settings.jobs, self._host)
        tidied = -housekeeping.PAUSE
        while not stop.is_set():
            if time.monotonic() - tidied >= housekeeping.PAUSE:
                tidied = time.monotonic()
                housekeeping.tidy(Home(self._settings.home), store, self._settings.jobs.keep)
            self.look(queue)
            stop.wait(PAUSE)

    def look(self, queue: Queue) -> None:
        """See to all open jobs once, and start those that can be."""
        self._reap()
        jobs = queue.store.jobs.open()
        self._forget_ended(jobs)
        for job in jobs:
            if job.state == QUEUED:
                queue.expire(job)
            elif self._is_gone(job, queue):
                self._lost(job, queue)
            elif job.cancel is not None or why_late(job, queue.limits):
                self._press(job, queue)
        while (claimed := queue.claim()) is not None:
            self._start(claimed, queue.store)
        self._tell(queue.store)

    def _reap(self) -> None:
        for key, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[key]
                _drop_empty(Home(self._settings.home).log(key[0]))

    def _forget_ended(self, jobs: Sequence[Job]) -> None:
        known = {(job.id, job.starts) for job in jobs}
        self._started &= known
        self._stopping = {key: since for key, since in self._stopping.items() if key in known}

    def _is_gone(self, job: Job, queue: Queue) -> bool:
        if job.host != queue.host:
            return time.time() - (job.heartbeat or job.created) > queue.limits.stale
        if job.pid is not None:
            return not is_alive(job.pid, job.pid_started)
        # It has not said yet that it is there. Whoever started it knows better than the clock.
        key = job.id, job.starts
        is_late = key in self._started or time.time() - (job.started or 0) > BOOT
        return key not in self._children and is_late

    def _lost(self, job: Job, queue: Queue) -> None:
        _log.warning("job %d (%s of %s): its process is gone", job.id, job.kind, job.deployment)
        if queue.lost(job) or job.host != queue.host:
            return
        # Nobody goes on with it: what its process left running has to be ended here.
        with contextlib.suppress(IndigoError), work.existing(self._settings.engine(job.id), job.deployment, "stop"):
            pass

    def _tell(self, store: Store) -> None:
        """Tell callbacks what is owed to them, without waiting for it. One that is cut off is told again later."""
        self._tellers = [teller for teller in self._tellers if teller.is_alive()]
        longest = self._settings.callbacks.longest
        for job in store.jobs.owing()[: TELLERS - len(self._tellers)]:
            if store.jobs.begin_telling(job.id, time.time() + longest):
                teller = threading.Thread(target=self._notify_owner, args=[job], name=f"callback-{job.id}", daemon=True)
                self._tellers.append(teller)
                teller.start()

    def _notify_owner(self, job: Job) -> None:
        from indigo_paas.service import callbacks

        try:
            callbacks.notify(Deployment(**(job.owed or {})), self._settings)
        finally:
            with contextlib.suppress(IndigoError), work.opened(self._settings.engine()) as store:
                store.jobs.owes_nothing(job.id)

    def _press(self, job: Job, queue: Queue) -> None:
        """Kill the process of JOB when it does not stop."""
        since = self._stopping.setdefault((job.id, job.starts), time.time())
        if time.time() - since > queue.limits.grace and job.host == queue.host and job.pid is not None:
            _log.warning("job %d does not stop: it is killed", job.id)
            kill(job.pid, job.pid_started)

    def _start(self, job: Job, store: Store) -> None:
        self._started.add((job.id, job.starts))
        log = Home(self._settings.home).log(job.id)
        private_directory(log.parent)
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "wb") as output:
            try:
                self._children[job.id, job.starts] = subprocess.Popen(
                    [*self._command, str(job.id), str(job.starts)],
                    env={**os.environ, **self._settings.environment()},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # What ends the supervisor shall not end the job.
                    start_new_session=True,
                )
            except OSError as error:
                _log.error("job %d cannot be started: %s", job.id, error)
                store.jobs.requeue(job)


def is_alive(pid: int, started: float | None) -> bool:
    """Say whether the process PID that began at STARTED is still there; another one may have its number by now."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - (started or 0)) < 1
    except psutil.Error:
        return False


def kill(pid: int, started: float | None) -> None:
    """End the process PID that began at STARTED for good."""
    import psutil

    if is_alive(pid, started):
        try:
            psutil.Process(pid).kill()
        except psutil.Error:
            return


def _drop_empty(log: Path) -> None:
    try:
        if log.stat().st_size == 0:
            log.unlink()
    except OSError:
        return
