# SPDX-License-Identifier: Apache-2.0
"""Which job is next, on one database and several processes."""

from __future__ import annotations

import collections
import dataclasses
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.service import settings
from indigo_paas.service.model import ANONYMOUS
from indigo_paas.service.queue import Queue, end, next_job, owe_deletion, why_late
from indigo_paas.store import Deployment, Job, open_store

HOST = "here"

limits = st.builds(
    settings.Jobs,
    workers=st.integers(0, 6),
    limit=st.integers(0, 6),
    per_user=st.none() | st.integers(0, 3),
    draining=st.integers(0, 3),
)
shared = st.builds(
    settings.Jobs, workers=st.integers(2, 5), limit=st.sampled_from([0, 2, 3, 5]), draining=st.integers(0, 3)
)


@st.composite
def queues(draw):
    """Jobs that wait and jobs that run, of few users and few deployments; of a deployment, one runs at most."""
    total = draw(st.integers(0, 14))
    made = [
        Job(
            draw(st.sampled_from("abcdefgh")),
            "create",
            subject=draw(st.sampled_from("xyz")),
            created=float(draw(st.integers(1, 5))),
            host=draw(st.sampled_from([HOST, "there"])),
            draining=draw(st.booleans()),
            id=number,
        )
        for number in range(1, total + 1)
    ]
    running = {job.deployment: job for job in made if draw(st.booleans())}
    taken = {job.id for job in running.values()}
    return [job for job in made if job.id not in taken], list(running.values())


@given(queues(), limits.filter(lambda limits: limits.per_user is not None))
def test_what_is_chosen_is_allowed_and_fair(queue, limits):
    waiting, running = queue
    chosen = next_job(waiting, running, HOST, limits)
    load = collections.Counter(job.user for job in running)
    busy = {job.deployment for job in running}

    def allowed(job):
        return (
            job.deployment not in busy
            and not any(other.deployment == job.deployment and other.id < job.id for other in waiting)
            and (not limits.per_user or load[job.user] < limits.per_user)
        )

    beside = {
        host: min(limits.draining, sum(job.host == host and job.draining for job in running))
        for host in (HOST, "there")
    }
    is_full = sum(job.host == HOST for job in running) - beside[HOST] >= limits.workers
    is_full = is_full or bool(limits.limit and len(running) - sum(beside.values()) >= limits.limit)
    candidates = [] if is_full else [job for job in waiting if allowed(job)]
    if not candidates:
        assert chosen is None
        return
    assert chosen in candidates
    for other in candidates:
        assert load[chosen.user] <= load[other.user]
        if load[chosen.user] == load[other.user]:
            assert (chosen.created, chosen.id) <= (other.created, other.id)


@given(queues(), st.integers(1, 6))
def test_everything_is_done_in_the_end_and_nobody_waits_for_a_user_with_many(queue, workers):
    waiting, running = queue
    waiting, running = [*waiting, *running], []
    limits = settings.Jobs(workers=workers)
    done = []
    while waiting or running:
        while (job := next_job(waiting, running, HOST, limits)) is not None:
            waiting.remove(job)
            running.append(Job(**{**vars(job), "host": HOST}))
        assert running
        done.append(running.pop(0))
    for deployment in {job.deployment for job in done}:
        numbers = [job.id for job in done if job.deployment == deployment]
        assert numbers == sorted(numbers)


def test_a_user_with_one_job_does_not_wait_for_one_with_a_hundred():
    many = [Job(f"d{number}", "create", "many", created=1.0, id=number) for number in range(1, 101)]
    one = Job("mine", "create", "one", created=2.0, id=101)
    running = [Job("d0", "create", "many", host=HOST)]
    assert next_job([*many, one], running, HOST, settings.Jobs()) == one


@given(queues(), shared)
def test_whatever_runs_for_one_user_another_one_is_next(queue, limits):
    running = [dataclasses.replace(job, subject="many") for job in queue[1]]
    one = Job("mine", "create", "one", created=9.0, id=101)
    assert next_job([*queue[0], one], running, HOST, limits) is not None
    assert next_job([one], running, HOST, limits) == one


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.sampled_from([0, 2, 3]), st.data())
def test_one_user_never_gets_the_workers_of_all_hosts(workers, limit, data):
    hosts = {f"host{number}": settings.Jobs(workers=each, limit=limit) for number, each in enumerate(workers)}
    waiting, running = [Job(f"d{number}", "create", "many", id=number) for number in range(20)], []
    for host in data.draw(st.lists(st.sampled_from(sorted(hosts)), max_size=20)):
        job = next_job(waiting, running, host, hosts[host])
        if job is not None:
            waiting.remove(job)
            running.append(dataclasses.replace(job, host=host))
    one = Job("mine", "create", "one", id=101)
    assert sum(workers) == 1 or any(next_job([one], running, host, hosts[host]) == one for host in hosts)


def test_who_asks_without_a_token_keeps_no_worker_for_others():
    mine = [Job(f"d{number}", "create", ANONYMOUS.subject, ANONYMOUS.issuer, id=number) for number in range(3)]
    running = [dataclasses.replace(mine[0], host=HOST)]
    assert next_job(mine[1:], running, HOST, settings.Jobs()) == mine[1]
    assert next_job(mine[2:], [*running, dataclasses.replace(mine[1], host=HOST)], HOST, settings.Jobs()) is None


def test_many_that_drain_of_one_take_no_worker_for_those_of_another():
    many = [Job(f"d{number}", "update", "many", host=HOST, draining=True, id=number) for number in range(30)]
    others = [Job(name, "update", name, host=HOST, draining=True, id=50 + at) for at, name in enumerate("xyz")]
    one = Job("mine", "create", "one", id=101)
    assert next_job([one], [*many, *others], HOST, settings.Jobs()) == one
    assert next_job([dataclasses.replace(one, subject="many")], [*many, *others], HOST, settings.Jobs()) is None


def test_the_time_at_work_is_limited_whatever_the_deployment_says():
    limits = settings.Jobs(timeout_mins=10)
    now = time.time()
    job = Job("pool", "update", state="running", created=now - 9000, started=now - 599, heartbeat=now)
    assert why_late(job, limits) == ""
    late = dataclasses.replace(job, started=now - 601)
    assert "10 minutes at work, the timeout of the service" in why_late(late, limits)
    assert "timeout of the service" in why_late(dataclasses.replace(late, deadline=now + 90000), limits)
    assert "timeout of the deployment" in why_late(dataclasses.replace(job, deadline=now - 1), limits)
    for change in ({"state": "queued"}, {"draining": True}, {"heartbeat": now - 590}):
        assert why_late(dataclasses.replace(late, **change), limits) == ""
    assert why_late(late, settings.Jobs(timeout_mins=0)) == ""
    assert why_late(late, settings.Jobs()) == ""


def test_the_time_at_work_begins_when_the_nodes_have_drained(queue):
    job = claimed(queue)
    queue.store.jobs.set_draining(job, True)
    assert queue.store.jobs.job(job.id).started == job.started
    queue.store.jobs.set_draining(job, False)
    assert queue.store.jobs.job(job.id).started > job.started


CLAIMER = """
import sys, time
from indigo_paas.service import settings
from indigo_paas.service.queue import Queue
from indigo_paas.store import Store
store = Store(sys.argv[1])
queue = Queue(store, settings.Jobs(workers=1000, limit=3, per_user=2), sys.argv[2])
while time.time() < float(sys.argv[3]):
    time.sleep(0.001)
idle = 0
while idle < 60:
    job = queue.claim()
    if job is None:
        idle += 1
        time.sleep(0.02)
        continue
    idle = 0
    running = [each for each in store.jobs.open() if each.state == "running"]
    users = [each.subject for each in running]
    deployments = [each.deployment for each in running]
    assert len(running) <= 3, running
    assert max(map(users.count, users)) <= 2, running
    assert len(set(deployments)) == len(deployments), running
    print(job.id, job.starts, flush=True)
    time.sleep(0.005)
    assert store.jobs.end(job, "ok")
"""


def test_processes_that_claim_at_once_never_get_the_same_job(url):
    store = open_store(url)
    total = 60
    for number in range(total):
        store.jobs.add(Job(f"d{number % 20}", "create", subject=f"u{number % 3}"))
    begin = str(time.time() + 4)
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, url, f"host{number}", begin],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    told = [claimer.communicate(timeout=120) for claimer in claimers]
    assert [claimer.returncode for claimer in claimers] == [0, 0], told
    claimed = [line.split() for output, _errors in told for line in output.splitlines()]
    assert sorted(int(number) for number, _start in claimed) == list(range(1, total + 1))
    assert {start for _number, start in claimed} == {"1"}
    assert all(output for output, _errors in told), "one of them got nothing: they did not claim at once"
    assert store.jobs.counts() == {"ok": total}
    store.close()


@pytest.fixture
def queue(url):
    store = open_store(url)
    yield Queue(store, settings.Jobs(workers=10), HOST)
    store.close()


def claimed(queue, **about):
    queue.store.jobs.add(Job("pool", "update", **about))
    return queue.claim()


def test_only_the_process_of_the_last_start_may_begin(queue):
    first = claimed(queue)
    assert queue.store.jobs.requeue(first)
    second = queue.claim()
    assert second.starts == 2
    assert queue.store.jobs.begin(second.id, 1, 10, 1.0) is None
    begun = queue.store.jobs.begin(second.id, 2, 11, 1.0)
    assert begun.pid == 11
    assert queue.store.jobs.begin(second.id, 2, 12, 1.0) is None
    assert queue.store.jobs.beat(second.id, 1) is None
    assert queue.store.jobs.beat(second.id, 2).heartbeat >= begun.heartbeat
    assert not queue.store.jobs.end(first, "ok")
    assert queue.store.jobs.end(second, "ok")
    assert not queue.store.jobs.end(second, "failed")


def test_a_job_whose_process_dies_too_often_fails_with_its_deployment(queue):
    queue.store.add_deployment(
        "pool", status="UPDATE_IN_PROGRESS", template="t", description="", site="here", sites=None
    )
    job = claimed(queue)
    for start in range(1, queue.limits.starts):
        assert job.starts == start
        assert queue.lost(job)
        job = queue.claim()
    assert not queue.lost(job)
    row = queue.store.deployment("pool")
    assert row.status == "UPDATE_FAILED"
    assert f"died {queue.limits.starts} times" in row.reason
    assert queue.store.jobs.job(job.id).state == "failed"
    assert queue.claim() is None


def test_a_lost_job_that_was_told_to_stop_is_not_started_again(queue):
    queue.store.add_deployment(
        "pool", status="UPDATE_IN_PROGRESS", template="t", description="", site="here", sites=None
    )
    job = claimed(queue)
    assert queue.store.accept(
        "pool", ["UPDATE_IN_PROGRESS"], {"status": "DELETE_IN_PROGRESS"}, Job("pool", "delete"), cancel="enough"
    )
    job = queue.store.jobs.job(job.id)
    assert job.cancel == "enough"
    assert queue.claim() is None, "the deletion waits for what runs"
    assert not queue.lost(job)
    assert queue.store.deployment("pool").status == "DELETE_IN_PROGRESS"
    assert queue.claim().kind == "delete"


HOOK = "https://hooks.example.org/x"


def deployment(queue, status, **about):
    return queue.store.add_deployment("pool", status=status, template="t", description="", site="x", **about)


def owed(queue):
    return [job.owed["status"] for job in queue.store.jobs.owing()]


def test_who_is_at_rest_is_owed_a_callback(queue):
    deployment(queue, "UPDATE_IN_PROGRESS", callback=HOOK)
    job = claimed(queue)
    assert owed(queue) == []
    queue.conclude(job, "no room")
    (ended,) = queue.store.jobs.owing()
    assert Deployment(**ended.owed) == queue.store.deployment("pool")
    assert (ended.owed["status"], ended.owed["reason"]) == ("UPDATE_FAILED", "no room")


def test_one_tells_and_the_others_leave_it(queue):
    deployment(queue, "CREATE_COMPLETE", callback=HOOK)
    job = claimed(queue)
    end(queue.store, job, "ok")
    now = time.time()
    assert queue.store.jobs.begin_telling(job.id, now + 60)
    assert not queue.store.jobs.begin_telling(job.id, now + 60)
    assert owed(queue) == []
    with queue.store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET telling = 1")
    assert owed(queue) == ["CREATE_COMPLETE"]
    queue.store.jobs.owes_nothing(job.id)
    assert owed(queue) == []
    assert not queue.store.jobs.begin_telling(job.id, now + 60)


@pytest.mark.parametrize(
    ("status", "about", "kind"),
    [
        ("CREATE_COMPLETE", {}, "create"),
        ("DELETE_IN_PROGRESS", {"callback": HOOK}, "create"),
        ("CREATE_COMPLETE", {"callback": HOOK}, "start"),
    ],
)
def test_nothing_is_owed(queue, status, about, kind):
    deployment(queue, status, **about)
    queue.store.jobs.add(Job("pool", kind))
    end(queue.store, queue.claim(), "ok")
    assert owed(queue) == []


def test_a_deletion_is_told_though_its_process_died_when_all_was_gone(queue):
    row = deployment(queue, "DELETE_IN_PROGRESS", callback=HOOK)
    queue.store.jobs.add(Job("pool", "delete"))
    job = queue.claim()
    owe_deletion(queue.store, job, row)
    assert owed(queue) == []
    queue.store.remove_deployment("pool")
    assert queue.lost(job)
    end(queue.store, queue.claim(), "ok")
    assert owed(queue) == ["DELETE_COMPLETE"]


def test_a_deletion_that_failed_is_told_as_that(queue):
    row = deployment(queue, "DELETE_IN_PROGRESS", callback=HOOK)
    queue.store.jobs.add(Job("pool", "delete"))
    job = queue.claim()
    owe_deletion(queue.store, job, row)
    queue.conclude(job, "it does not answer")
    assert owed(queue) == ["DELETE_FAILED"]


def test_whoever_changes_a_deployment_first_wins(queue):
    queue.store.add_deployment("pool", status="CREATE_COMPLETE", template="t", description="", site="x", sites=None)
    changes = {"status": "UPDATE_IN_PROGRESS"}
    assert queue.store.accept("pool", ["CREATE_COMPLETE"], changes, Job("pool", "update"))
    assert not queue.store.accept("pool", ["CREATE_COMPLETE"], changes, Job("pool", "update"))
    assert len(queue.store.jobs.open("pool")) == 1


def test_any_text_can_be_kept(queue):
    text = "a\0b\ud800c\u202e"
    queue.store.add_deployment("pool", status="s", template=text, description=text, site="x", sites=None)
    assert queue.store.deployment("pool").template == "a\\x00b\\ud800c\u202e"
