# SPDX-License-Identifier: Apache-2.0
"""Whatever is killed, and whenever: what was accepted comes about, and nobody sees it fail in between."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

import psutil
import pytest

from indigo_paas.service.model import Asked
from tests.cli.conftest import TEMPLATE
from tests.service.core.conftest import OWNER, Service, wait_until

pytestmark = pytest.mark.slow

END = {"create": "CREATE_COMPLETE", "update": "UPDATE_COMPLETE", "delete": "GONE"}

# Who is killed, and when. A supervisor does nothing with a job between its start and its end.
KILLS = [
    ("supervisor", "claimed"),
    ("supervisor", "working"),
    ("job", "begun"),
    ("job", "working"),
    ("job", "soon over"),
    ("both", "begun"),
    ("both", "working"),
]

IN_SQLITE = [("sqlite", *kill, kind) for kind in END for kill in KILLS]

# What differs is how a job is claimed and ended, and whose connection breaks: each moment once.
IN_POSTGRESQL = [
    ("postgresql", "supervisor", "claimed", "update"),
    ("postgresql", "job", "begun", "delete"),
    ("postgresql", "both", "working", "create"),
    ("postgresql", "job", "soon over", "update"),
]

# Seconds without a sign of life, of which there is one each second.
STALE = 4


class Statuses:
    """All statuses that a deployment has, as somebody sees them who looks all the time."""

    def __init__(self, service, uuid):
        self.seen = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=[service, uuid])

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._over.set()
        self._thread.join()

    def _look(self, service, uuid):
        while not self._over.wait(0.01):
            status = service.status(uuid)
            if self.seen[-1:] != [status]:
                self.seen.append(status)


def ask(service, kind):
    """Ask for what a job of KIND does, and return the deployment."""
    uuid = service.create()
    if kind != "create":
        first = service.supervisor()
        assert service.wait(uuid) == "CREATE_COMPLETE"
        first.terminate()
        first.wait(30)
    if kind == "update":
        service.desk.update(OWNER, uuid, Asked(TEMPLATE, {"version": "9"}))
    if kind == "delete":
        service.desk.delete(OWNER, uuid)
    return uuid


def reach(service, uuid, moment):
    """Wait until the job of a deployment is at MOMENT; return its process, None where there is none yet."""
    if moment == "claimed":
        wait_until(lambda: any(job.state == "running" for job in service.store.jobs.open(uuid)))
        return next((job.pid for job in service.store.jobs.open(uuid)), None)
    pid = service.job_process(uuid)
    if moment != "begun":
        wait_until(lambda: service.working(uuid))
    if moment == "soon over":
        wait_until(lambda: not service.working(uuid))
    return pid


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture
def service_in(tmp_path, request):
    """Make a service whose store is a SQLite file, or a database of PostgreSQL."""
    with contextlib.ExitStack() as opened:

        def make(kind, **said):
            if kind == "postgresql":
                said["INDIGO_PAAS_DATABASE"] = opened.enter_context(request.getfixturevalue("cluster").database())
            return opened.enter_context(contextlib.closing(Service(tmp_path, **said)))

        yield make


@pytest.mark.parametrize(("store", "victims", "moment", "kind"), [*IN_SQLITE, *IN_POSTGRESQL])
def test_what_was_accepted_comes_about(service_in, store, victims, moment, kind):
    service = service_in(store)
    uuid = ask(service, kind)
    supervisor = service.supervisor(FAKE_SLEEP="2")
    with Statuses(service, uuid) as statuses:
        pid = reach(service, uuid, moment)
        if victims != "job":
            supervisor.kill()
            supervisor.wait()
        if victims != "supervisor" and pid is not None:
            kill(pid)
        if victims != "job":
            service.supervisor(FAKE_SLEEP="1")
        assert service.wait(uuid) == END[kind]
        time.sleep(0.1)
    assert statuses.seen[-1] == END[kind]
    assert not [status for status in statuses.seen if status.endswith("_FAILED")], statuses.seen
    if kind == "update":
        assert service.desk.deployment(OWNER, uuid).outputs["asked"]["inputs"] == {"version": "9"}
    if kind != "delete":
        assert [row.state for row in service.store.resources.of(uuid)] == ["STARTED"]
    assert [job.state for job in service.store.jobs.of(uuid)][-1] == "ok"
    assert service.store.jobs.counts().keys() == {"ok"}
    wait_until(lambda: service.processes() == [], 30)


def test_a_job_goes_on_while_its_supervisor_is_gone(service):
    uuid = ask(service, "create")
    supervisor = service.supervisor(FAKE_SLEEP="2")
    pid = reach(service, uuid, "working")
    supervisor.kill()
    supervisor.wait()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    (job,) = service.store.jobs.of(uuid)
    assert (job.starts, job.pid, job.state) == (1, pid, "ok")


def test_a_supervisor_takes_over_what_runs_and_starts_no_more_than_it_may(service):
    first, second, third = (ask(service, "create") for _ in range(3))
    supervisor = service.supervisor(FAKE_SLEEP="4")
    pids = {reach(service, uuid, "working") for uuid in (first, second)}
    supervisor.kill()
    supervisor.wait()
    service.supervisor()
    time.sleep(1)
    assert [job.state for job in service.store.jobs.open(third)] == ["queued"]
    for uuid in first, second, third:
        assert service.wait(uuid) == "CREATE_COMPLETE"
    assert {service.store.jobs.of(uuid)[0].pid for uuid in (first, second)} == pids


def test_a_job_that_dies_each_time_fails_with_the_reason(service):
    uuid = ask(service, "create")
    service.supervisor(FAKE_SLEEP="300")
    killed = set()
    for _ in range(service.settings.jobs.starts):
        pid = wait_until(
            lambda: next((job.pid for job in service.store.jobs.open(uuid) if job.pid not in (None, *killed)), None)
        )
        wait_until(lambda: service.working(uuid))
        kill(pid)
        killed.add(pid)
    assert service.wait(uuid) == "CREATE_FAILED"
    assert "died 5 times" in service.desk.deployment(OWNER, uuid).reason
    wait_until(lambda: service.processes() == [], 30)


@pytest.fixture
def shared(service_in):
    """A service of two hosts, `one` and `two`: a PostgreSQL, and a home that both mount."""
    return service_in("postgresql", INDIGO_PAAS_JOBS_STALE=str(STALE))


def begun_at_one(service, sleep):
    """Let the host `one` work on a new deployment; return that, its supervisor, and the process of its job."""
    uuid = ask(service, "create")
    supervisor = service.supervisor(FAKE_HOST="one", FAKE_SLEEP=sleep)
    return uuid, supervisor, reach(service, uuid, "working")


def test_a_job_of_a_host_that_is_gone_is_done_by_another_one(shared):
    uuid, supervisor, pid = begun_at_one(shared, "300")
    for process in [supervisor.pid, pid, *(each.pid for each in shared.processes(uuid))]:
        kill(process)
    supervisor.wait()
    (lost,) = shared.store.jobs.open(uuid)
    shared.supervisor(FAKE_HOST="two")
    assert shared.wait(uuid) == "CREATE_COMPLETE"
    (job,) = shared.store.jobs.of(uuid)
    assert (lost.host, job.host, job.starts, job.state) == ("one", "two", 2, "ok")
    assert job.started - lost.heartbeat > STALE


def test_a_job_of_a_host_that_lives_is_left_alone(shared):
    uuid, supervisor, pid = begun_at_one(shared, str(2 * STALE))
    shared.supervisor(FAKE_HOST="two")
    # The process of the job alone tells that the host lives.
    supervisor.kill()
    supervisor.wait()
    assert shared.wait(uuid) == "CREATE_COMPLETE"
    (job,) = shared.store.jobs.of(uuid)
    assert (job.host, job.starts, job.pid) == ("one", 1, pid)


def test_a_host_that_comes_back_leaves_the_job_to_the_other_one(shared):
    uuid, supervisor, pid = begun_at_one(shared, "300")
    supervisor.kill()
    supervisor.wait()
    os.kill(pid, signal.SIGSTOP)
    shared.supervisor(FAKE_HOST="two")
    wait_until(lambda: [job.host for job in shared.store.jobs.open(uuid) if job.pid not in (None, pid)] == ["two"])
    # The first one still holds the deployment's lock.
    assert shared.status(uuid) == "CREATE_IN_PROGRESS"
    os.kill(pid, signal.SIGCONT)
    assert shared.wait(uuid) == "CREATE_COMPLETE"
    (job,) = shared.store.jobs.of(uuid)
    assert (job.host, job.starts, job.state) == ("two", 2, "ok")
    wait_until(lambda: shared.processes(uuid) == [], 30)


def playbook_process(service, uuid):
    """Return the process of ansible-playbook of a deployment: the first one, whose children work."""
    found = {process.pid: process for process in service.processes(uuid)}
    (first,) = [process for process in found.values() if process.ppid() not in found and "playbook" in _line(process)]
    return first


def _line(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.parametrize("kind", END)
def test_a_playbook_that_is_killed_alone_is_run_again(service, kind):
    uuid = ask(service, kind)
    service.supervisor(FAKE_SLEEP="2")
    with Statuses(service, uuid) as statuses:
        reach(service, uuid, "working")
        kill(playbook_process(service, uuid).pid)
        assert service.wait(uuid) == END[kind]
    assert not [status for status in statuses.seen if status.endswith("_FAILED")], statuses.seen
    job = service.store.jobs.of(uuid)[-1]
    assert (job.state, job.starts) == ("ok", 2)
    wait_until(lambda: service.processes() == [], 30)
