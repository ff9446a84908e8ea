# SPDX-License-Identifier: Apache-2.0
"""What is over is removed in the end, and what counts it counts on."""

from __future__ import annotations

import os
import threading
import time
import uuid

import pytest

from indigo_paas.ground import lock
from indigo_paas.ground.paths import DeploymentFiles, Home
from indigo_paas.ground.progress import Event, Kind
from indigo_paas.service import housekeeping, settings
from indigo_paas.service.queue import Queue
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.service.worker import Supervisor
from indigo_paas.store import Job, Run, open_store

DAY = 24 * 3600.0


@pytest.fixture
def store(url):
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    made.logs.mkdir()
    return made


def ended(store, age, kind="create", state="ok", seconds=10.0):
    """Add a job that ended AGE days ago, and return its number."""
    at = time.time() - age * DAY
    return store.jobs.add(Job("d", kind, state=state, created=at - seconds, started=at - seconds, ended=at))


def numbers(store):
    return [job.id for job in store.jobs.of("d")]


def test_old_jobs_go_and_the_figures_stay(store, home):
    old = [ended(store, 40), ended(store, 31, seconds=5.0), ended(store, 31, "update", "failed")]
    young = [ended(store, 29), store.jobs.add(Job("d", "delete"))]
    assert numbers(store) == old + young
    before = store.jobs.durations()
    assert before["create", "ok"] == (3, pytest.approx(25.0))
    for _ in range(2):
        housekeeping.tidy(home, store, 30)
        assert numbers(store) == young
        assert store.jobs.durations() == {key: (many, pytest.approx(took)) for key, (many, took) in before.items()}
    ended(store, 0)
    assert store.jobs.durations()["create", "ok"] == (4, pytest.approx(35.0))


def test_the_number_of_a_job_is_never_given_again(store, home):
    ended(store, 50)
    last = ended(store, 40)
    housekeeping.tidy(home, store, 30)
    assert numbers(store) == [last]
    assert ended(store, 0) == last + 1


def test_whoever_wants_keeps_all(store, home):
    ended(store, 4000)
    last = ended(store, 4000)
    housekeeping.tidy(home, store, 0)
    assert numbers(store) == [last - 1, last]


def test_logs_go_as_jobs_do(store, home):
    waiting = store.jobs.add(Job("d", "create"))
    logs = {number: home.log(number) for number in (waiting, waiting + 1, waiting + 2)}
    for log in logs.values():
        log.write_text("x")
    other = home.logs / "mine.txt"
    other.write_text("x")
    for path in logs[waiting], logs[waiting + 1], other:
        os.utime(path, (time.time() - 31 * DAY,) * 2)
    housekeeping.tidy(home, store, 30)
    assert sorted(home.logs.iterdir()) == sorted([logs[waiting], logs[waiting + 2], other])


def test_old_runs_go_with_their_events_but_the_last_ones_stay(store, home):
    for name in ("busy", "quiet"):
        store.add_deployment(name, status="CREATE_COMPLETE", template="t", description="", site="here")
    now = time.time()

    def ran(name, number, command, age):
        run, at = f"{name}-{command}-{number}", now - age * DAY
        store.add_run(Run(run, name, command, at, at + 1, state="ok"))
        store.add_events(name, run, [Event(at, Kind.COMMAND, text=run)])

    for number in range(8):
        ran("busy", number, "update", 60 - number)
        ran("busy", number, "check", 40 - number / 10)
    ran("quiet", 0, "deploy", 90)
    store.add_run(Run("busy-now", "busy", "update", now - 70 * DAY))
    housekeeping.tidy(home, store, 30)
    kept = [f"busy-update-{number}" for number in range(3, 8)] + [f"busy-check-{number}" for number in range(3, 8)]
    assert {run.id for run in store.runs("busy")} == {*kept, "busy-now"}
    assert {event.text for _number, event in store.events("busy")} == set(kept)
    assert [run.id for run in store.runs("quiet")] == ["quiet-deploy-0"]
    assert store.last_states() == {"busy": "ok", "quiet": "ok"}


def test_directories_that_nobody_knows_go_when_they_are_old(store, home):
    known, old, young, held = (str(uuid.uuid4()) for _ in range(4))
    foreign = "pool"
    store.add_deployment(known, status="CREATE_COMPLETE", template="t", description="", site="here")
    for name in (known, old, young, held, foreign):
        home.deployment(name).root.mkdir(parents=True)
    with lock.hold(DeploymentFiles(home.deployment(held).root).lock, held, "deploy"):
        for name in (known, old, held, foreign):
            os.utime(home.deployment(name).root, (time.time() - 2 * housekeeping.AGE,) * 2)
        housekeeping.tidy(home, store, 30)
    assert {place.name for place in (home.root / "deployments").iterdir()} == {known, young, held, foreign}


def test_a_supervisor_forgets_what_ended(store, tmp_path):
    jobs = settings.Jobs(workers=3, per_user=3)
    supervisor = Supervisor(ServiceSettings(tmp_path, jobs=jobs), command=("sleep",), host="here")
    queue = Queue(store, jobs, "here")
    numbers = [store.jobs.add(Job(f"d{number}", "update")) for number in range(3)]
    supervisor.look(queue)
    assert supervisor._started == {(number, 1) for number in numbers}
    for job in store.jobs.open():
        store.jobs.cancel(job, "enough")
    supervisor.look(queue)
    assert supervisor._stopping.keys() <= supervisor._started
    for job in store.jobs.open():
        store.jobs.end(job, "cancelled")
    supervisor.look(queue)
    assert (supervisor._started, supervisor._stopping) == (set(), {})
    for child in list(supervisor._children.values()):
        child.wait(30)


def test_the_supervisor_tidies_by_itself(tmp_path):
    said = ServiceSettings(tmp_path, jobs=settings.Jobs(workers=0))
    store = open_store(said.engine().home.database)
    ended(store, 40)
    last = ended(store, 40)
    stop = threading.Event()
    thread = threading.Thread(target=Supervisor(said).run, args=[stop])
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while numbers(store) != [last]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join()
        store.close()
