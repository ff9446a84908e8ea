# SPDX-License-Identifier: Apache-2.0
"""Events of ansible-runner become steps, tasks and failures."""

from __future__ import annotations

import pytest

from indigo_paas.ground.progress import Kind, Progress, failure_text, task_name, timestamp

RUN = "88be2650-c006-49c8-a0a5-d97c9f442073"


def created(seconds):
    return f"2026-01-01T00:{seconds // 60:02d}:{seconds % 60:02d}+00:00"


def event(kind, seconds, stdout="", **data):
    of_this_run = {"playbook_uuid": RUN, **data}
    return {"event": kind, "created": created(seconds), "stdout": stdout, "event_data": of_this_run}


def play(seconds, name):
    return event("playbook_on_play_start", seconds, name=name)


def task(seconds, name, role=None):
    return event("playbook_on_task_start", seconds, task=name, name=name, **({"role": role} if role else {}))


def start(seconds, host):
    return event("runner_on_start", seconds, host=host)


def ok(seconds, host, task="t", **result):
    return event("runner_on_ok", seconds, host=host, task=task, res=result)


def published(seconds, host="localhost", task_action="ansible.builtin.set_stats", **data):
    result = {"ansible_stats": {"data": {"paas_result": data.pop("paas_result")}}}
    return event("runner_on_ok", seconds, **{"host": host, "task_action": task_action, "res": result, **data})


def failed(seconds, host, task="t", ignore_errors=False, **result):
    return event("runner_on_failed", seconds, host=host, task=task, res=result, ignore_errors=ignore_errors)


def stats(seconds, failures=(), dark=(), changed=None):
    return event(
        "playbook_on_stats",
        seconds,
        failures=dict.fromkeys(failures, 1),
        dark=dict.fromkeys(dark, 1),
        changed=changed or {},
    )


def started():
    progress = Progress()
    assert not list(progress.feed(event("playbook_on_start", 0)))
    return progress


def told(*events):
    """Return the progress after EVENTS, and what was told."""
    progress = started()
    return progress, [one for raw in events for one in progress.feed(raw)]


def test_steps_are_plays_with_their_durations():
    progress, events = told(
        play(0, "Plan"),
        task(1, "Read"),
        start(1, "localhost"),
        ok(3, "localhost", "Read"),
        play(4, "Make"),
        task(5, "Make"),
        ok(9, "localhost", "Make", changed=True),
        stats(10, changed={"localhost": 1}),
    )
    assert [(step.name, step.seconds, step.changed) for step in progress.steps] == [
        ("Plan", 4, 0),
        ("Make", 6, 1),
    ]
    assert [(one.kind, one.step, one.seconds) for one in events if one.kind in (Kind.STEP, Kind.STEP_DONE)] == [
        (Kind.STEP, "Plan", None),
        (Kind.STEP_DONE, "Plan", 4),
        (Kind.STEP, "Make", None),
        (Kind.STEP_DONE, "Make", 6),
    ]
    assert progress.changed == 1
    assert progress.reason() is None


def test_what_a_play_on_localhost_publishes_is_the_result():
    parts = [{"site": "here", "nodes": []}, {"outputs": {"a": 1}}]
    progress, _ = told(*(published(number, paas_result=part) for number, part in enumerate(parts)))
    assert progress.result == {"site": "here", "nodes": [], "outputs": {"a": 1}}


@pytest.mark.parametrize(
    "forged",
    [
        {"host": "n0"},
        {"host": "n0", "task_action": "ansible.builtin.command"},
        {"task_action": "ansible.builtin.command"},
        {"role": "notes"},
        {"playbook_uuid": "another"},
        {"playbook_uuid": None},
    ],
)
def test_what_a_node_answers_is_never_the_result(forged):
    progress, _ = told(published(0, paas_result={"site": "nowhere"}, **forged))
    assert progress.result == {}


def test_the_sum_of_all_published_values_is_not_the_result():
    progress, _ = told(event("playbook_on_stats", 0, artifact_data={"paas_result": {"site": "nowhere"}}))
    assert progress.result == {}


@pytest.mark.parametrize("data", [{}, {"playbook_uuid": "another"}, ["x"], "x", None])
def test_events_that_are_not_of_the_run_count_for_nothing(data):
    progress = started()
    kinds = ["playbook_on_start", "playbook_on_play_start", "playbook_on_task_start", "runner_on_failed"]
    for kind in [*kinds, "playbook_on_stats"]:
        assert list(progress.feed({"event": kind, "created": created(1), "event_data": data})) == []
    assert [*progress.feed(play(1, "Make")), *progress.feed(task(2, "Make"))][0].step == "Make"


def test_a_play_that_matches_no_host_is_no_step():
    progress, events = told(play(0, "Drain"), event("playbook_on_no_hosts_matched", 0), play(0, "Make"), stats(1))
    assert progress.steps == []
    assert events == []


def test_who_works_on_a_task():
    progress, _ = told(play(0, "Set up"), task(0, "Install", "a.b.htcondor"), start(0, "n0"), start(0, "n1"))
    assert progress.task == "htcondor: Install"
    assert progress.working == ["n0", "n1"]
    list(progress.feed(ok(2, "n0", "Install")))
    assert progress.working == ["n1"]
    (done, _begun) = list(progress.feed(task(5, "Next")))
    assert (done.kind, done.task, done.seconds) == (Kind.TASK_DONE, "htcondor: Install", 5)
    assert progress.working == []


def test_a_failure_names_step_task_nodes_and_cause():
    progress, _ = told(
        play(0, "Set up"),
        task(0, "Install"),
        failed(1, "n1", "Install", msg="No package", stderr="apt: gone"),
        failed(2, "n0", "Install", msg="No package"),
        stats(3, failures=["n0", "n1"]),
    )
    assert progress.reason() == "Set up: 'Install' failed on n1, n0: No package\napt: gone"


def component_failures(*nodes, made=()):
    """Return the progress after two components' roles, of which the second failed on NODES."""
    return told(
        play(0, "Check"),
        task(0, "Publish"),
        published(0, paas_result={"nodes": made}),
        task(0, "Run the role of hello (server)"),
        task(0, "Get the page", "lab.own.greeter"),
        task(1, "Run the role of hello two (server); other (other)"),
        task(2, "Get the page", "lab.own.greeter"),
        *(
            event("runner_on_failed", 3, host=node, task="Get the page", role="lab.own.greeter", res={"msg": "no"})
            for node in nodes
        ),
        stats(3, failures=nodes),
    )[0]


def test_a_failure_names_the_component():
    made = [{"name": "server-0", "group": "server"}, {"name": "other-0", "group": "other"}]
    progress = component_failures("server-0", made=made)
    assert progress.reason() == "Check: 'greeter of hello two: Get the page' failed on server-0: no"
    progress = component_failures("gone-0", made=made)
    assert progress.reason() == "Check: 'greeter of hello two, other: Get the page' failed on gone-0: no"


def test_one_task_that_fails_for_several_components_is_one_reason():
    made = [{"name": "server-0", "group": "server"}, {"name": "other-0", "group": "other"}]
    progress = component_failures("server-0", "other-0", made=made)
    assert progress.reason() == "Check: 'greeter of hello two, other: Get the page' failed on server-0, other-0: no"
    assert progress.failures["other-0"].task == "greeter of other: Get the page"


def test_what_is_not_a_component_s_is_not_told_as_one():
    progress, _ = told(
        play(0, "Set up"),
        task(0, "Run the role of hello (server)"),
        task(1, "Gather the facts of the nodes"),
        failed(2, "n0", "Gather the facts of the nodes", msg="no"),
        stats(3, failures=["n0"]),
    )
    assert progress.reason() == "Set up: 'Gather the facts of the nodes' failed on n0: no"


def retried(seconds, host, attempts, retries=31):
    return event("runner_retry", seconds, host=host, task="Ask", res={"attempts": attempts, "retries": retries})


def test_tries_are_told_once_whatever_the_nodes():
    progress, events = told(
        play(0, "Check"),
        task(0, "Ask", "htcondor"),
        retried(1, "n0", 1),
        retried(1, "n1", 1),
        retried(3, "n1", 2),
        event("runner_retry", 4, host="n1", task="Ask", res={"censored": "hidden"}),
    )
    assert [(one.time, one.task, one.text) for one in events if one.kind is Kind.RETRY] == [
        (timestamp(created(1)), "htcondor: Ask", "try 2 of 31"),
        (timestamp(created(3)), "htcondor: Ask", "try 3 of 31"),
    ]
    assert progress.tries == "try 3 of 31"
    list(progress.feed(task(5, "Next")))
    assert progress.tries == ""


def test_a_rescued_failure_is_not_the_reason():
    progress, _ = told(
        play(0, "Set up"),
        task(0, "Try"),
        failed(1, "n0", "Try", msg="rescued"),
        failed(2, "n1", "Really", msg="broken"),
        stats(3, failures=["n1"]),
    )
    assert progress.reason() == "Set up: 'Really' failed on n1: broken"


def test_an_ignored_failure_is_told_and_no_failure():
    progress, events = told(play(0, "Check"), task(0, "Ask"), failed(1, "n", ignore_errors=True, msg="no"), stats(2))
    assert Kind.IGNORED in [one.kind for one in events]
    assert progress.reason() is None


def test_a_node_that_does_not_answer():
    gone = event("runner_on_unreachable", 1, host="n0", task="Wait", res={"msg": "timed out", "unreachable": True})
    progress, _ = told(play(0, "Reach"), task(0, "Wait"), gone, stats(2, dark=["n0"]))
    assert progress.reason() == "Reach: n0 cannot be reached: timed out"


def test_many_nodes_are_counted():
    failures = [failed(1 + number, f"n{number}", "T", msg="no") for number in range(9)]
    progress, _ = told(play(0, "S"), task(0, "T"), *failures, stats(20, failures=[f"n{n}" for n in range(9)]))
    assert progress.reason() == "S: 'T' failed on n0, n1, n2, n3, n4 and 4 more: no"


def test_an_error_outside_of_tasks_is_the_reason():
    progress, events = told(event("error", 0, "[ERROR]: the playbook: x could\nnot be found"))
    assert progress.reason() == "the playbook: x could not be found"
    assert [one.kind for one in events] == [Kind.ERROR]


def test_an_unreadable_inventory_tells_its_first_cause():
    progress, events = told(
        event("verbose", 0, "[WARNING]: Failed to parse inventory with 'auto' plugin: no such input\r\n"),
        event("verbose", 0, "Failed to parse inventory with 'auto' plugin.\r\n"),
        event("verbose", 0, "[WARNING]: Failed to parse inventory with 'ini' plugin: not INI\r\n"),
        event("verbose", 0, "[ERROR]: Completely failed to parse inventory source x.yml\r\n"),
    )
    assert progress.reason() == "Completely failed to parse inventory source x.yml: no such input"
    assert [one.kind for one in events] == [Kind.ERROR]


def test_the_last_line_is_better_than_no_reason():
    progress, _ = told(event("verbose", 0, "Traceback\r\n"), event("verbose", 0, "ImportError: yaml\r\n"))
    assert progress.reason() == "ImportError: yaml"


def test_what_plugins_print():
    progress, events = told(
        play(0, "Make"),
        task(0, "Make"),
        event("verbose", 1, "local: Making 2 nodes\r\n"),
        event("warning", 2, "[WARNING]: a folded\nwarning\n"),
        event("verbose", 3, "\r\n"),
        event("verbose", 3, "[WARNING]: Unable to parse /home/me/cluster.indigo.yml\nas an inventory source\r\n"),
        event("warning", 3, "[WARNING]: Unable to parse /home/me/cluster.indigo.yml as an inventory source\n"),
        event("deprecated", 3, "[DEPRECATION WARNING]: old"),
    )
    assert [(one.kind, one.text, one.step) for one in events[2:]] == [
        (Kind.PROGRESS, "local: Making 2 nodes", "Make"),
        (Kind.WARNING, "a folded warning", "Make"),
    ]


def test_a_run_that_breaks_off_leaves_its_step_closed():
    progress, _ = told(play(0, "Make"), task(1, "Make"))
    closed = list(progress.end(timestamp(created(7))))
    assert [(one.kind, one.seconds) for one in closed] == [(Kind.TASK_DONE, 6), (Kind.STEP_DONE, 7)]
    assert progress.step is None
    assert list(progress.end(timestamp(created(9)))) == []


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"msg": "a"}, "a"),
        ({"msg": ["a", "b"]}, "a\nb"),
        ({"msg": "", "stderr": "x\n"}, "x"),
        ({"msg": "said x", "stderr": "x"}, "said x"),
        ({"msg": "a", "stderr": "\n".join(map(str, range(30)))}, "a\n" + "\n".join(map(str, range(20, 30)))),
        ({"msg": "one or more", "results": [{"msg": "ok"}, {"failed": True, "msg": "b"}]}, "b"),
        ({}, "No reason was given."),
    ],
)
def test_failure_text(result, text):
    assert failure_text(result) == text


def test_no_log_is_respected():
    assert "no_log" in failure_text({"censored": "the output has been hidden"})
    loop = {"msg": "one or more items failed", "results": [{"censored": "hidden"}]}
    assert "no_log" in failure_text(loop)


def test_task_names():
    assert task_name({"task": "Install", "role": "indigo.paas.htcondor"}) == "htcondor: Install"
    assert task_name({"task": "Install", "role": "/kept/roles/mesos"}) == "mesos: Install"
    assert task_name({"task": "Install"}) == "Install"
    assert task_name({"task_action": "ansible.builtin.meta"}) == "ansible.builtin.meta"


def test_times():
    assert timestamp("1970-01-01T00:00:10") == 10
    assert timestamp("1970-01-01T01:00:10+01:00") == 10
    assert timestamp(None) == 0


def test_warnings_of_a_task_are_told():
    _progress, events = told(
        play(0, "Make"), task(1, "Make"), ok(2, "localhost", "Make", warnings=["a host is silent"])
    )
    assert [(one.kind, one.text) for one in events if one.kind is Kind.WARNING] == [(Kind.WARNING, "a host is silent")]
