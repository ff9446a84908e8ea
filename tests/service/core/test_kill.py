# SPDX-License-Identifier: Apache-2.0
"""Whatever is killed, and whenever: what was accepted comes about, and nobody sees it fail in between."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from indigo_paas.service.model import Asked
from tests.cli.conftest import TEMPLATE
from tests.service.core.conftest import OWNER, wait_until

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


@pytest.mark.parametrize("kind", END)
@pytest.mark.parametrize(("victims", "moment"), KILLS)
def test_what_was_accepted_comes_about(service, victims, moment, kind):
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
