# SPDX-License-Identifier: Apache-2.0
"""The life of a deployment of the service, on playbooks that only pretend."""

from __future__ import annotations

import http.server
import json
import os
import signal
import threading
import time

import pytest

from indigo_paas.errors import BadInput, Conflict, Forbidden, NotFound
from indigo_paas.service.model import Asked, Page, User, Which
from tests.cli.conftest import TEMPLATE
from tests.service.core.conftest import OWNER, Service, wait_until

OTHER = User("other", "https://issuer.example/")
ADMIN = User("admin", "https://issuer.example/", admin=True)
TWO = TEMPLATE.replace("default: 1}", "default: 2}")


def test_a_life(service):
    uuid = service.create(parameters={"count": "1", "version": "7"})
    row = service.desk.deployment(OWNER, uuid)
    assert (row.status, row.task, row.site) == ("CREATE_IN_PROGRESS", "NONE", None)
    (before,) = service.store.resources.of(uuid)
    assert (before.name, before.type, before.state) == ("server", "tosca.nodes.indigo.Compute", "CREATING")
    service.supervisor(FAKE_SAYS="hi")
    assert service.wait(uuid) == "CREATE_COMPLETE"
    row = service.desk.deployment(OWNER, uuid)
    assert (row.site, row.task, row.outputs["said"]) == ("here", "NONE", "hi")
    # Text became the type of its input; what is text by its type stayed so.
    assert row.outputs["asked"]["inputs"] == {"count": 1, "version": "7"}
    (after,) = service.store.resources.of(uuid)
    assert (after.uuid, after.node, after.state) == (before.uuid, "server-0", "STARTED")
    assert service.desk.template(OWNER, uuid) == TEMPLATE
    assert "Make the nodes" in service.desk.log(OWNER, uuid)
    json.dumps(service.desk.extra_info(OWNER, uuid))

    service.desk.update(OWNER, uuid, Asked(TWO, {"password": "geheim"}))
    assert service.status(uuid) == "UPDATE_IN_PROGRESS"
    assert service.desk.template(OWNER, uuid) == TWO
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    asked = service.desk.deployment(OWNER, uuid).outputs["asked"]
    assert asked["inputs"]["count"] == 1
    assert asked["inputs"]["version"] == "7"

    service.desk.delete(OWNER, uuid)
    assert service.wait(uuid) == "GONE"
    with pytest.raises(NotFound, match=f"The deployment <{uuid}> doesn't exist"):
        service.desk.deployment(OWNER, uuid)
    assert not (service.home / "deployments" / uuid).exists()
    assert {
        kind: number for (kind, state), (number, _s) in service.desk.counts()["ended"].items() if state == "ok"
    } == {
        "create": 1,
        "update": 1,
        "delete": 1,
    }
    assert "geheim" not in service.logs()


def test_a_failure_says_why_and_can_be_deleted(service):
    uuid = service.create(parameters={"password": "geheimnis"})
    service.supervisor(FAKE_FAIL="1", FAKE_SAYS="no room")
    assert service.wait(uuid) == "CREATE_FAILED"
    row = service.desk.deployment(OWNER, uuid)
    assert "no room" in row.reason
    assert service.desk.log(OWNER, uuid).count(row.reason) == 1
    assert "geheimnis" not in row.reason
    assert [each.state for each in service.store.resources.of(uuid)] == ["ERROR"]
    with pytest.raises(Conflict, match="Cannot update a deployment in CREATE_FAILED state"):
        service.desk.update(OWNER, uuid, Asked(TEMPLATE))


def test_where_no_site_fits_it_fails_with_the_reason(service):
    uuid = service.create()
    service.supervisor(FAKE_NO_SITE="1")
    assert service.wait(uuid) == "CREATE_FAILED"
    row = service.desk.deployment(OWNER, uuid)
    assert row.reason
    assert row.site is None
    assert [each.state for each in service.store.resources.of(uuid)] == ["ERROR"]
    assert service.desk.log(OWNER, uuid).count(row.reason) == 1
    service.desk.delete(OWNER, uuid)
    assert service.status(uuid) == "GONE"


def test_a_deletion_comes_before_an_update_that_is_being_accepted(service, monkeypatch):
    uuid = service.create()
    supervisor = service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    supervisor.terminate()
    accept = service.desk._accept_update

    def after_a_deletion(*arguments):
        # The lock is this process's: no command holds it.
        service.desk.delete(OWNER, uuid)
        accept(*arguments)

    monkeypatch.setattr(service.desk, "_accept_update", after_a_deletion)
    with pytest.raises(Conflict, match="DELETE_IN_PROGRESS"):
        service.desk.update(OWNER, uuid, Asked(TEMPLATE))


def test_what_never_began_is_gone_at_once(service):
    uuid = service.create()
    service.desk.delete(OWNER, uuid)
    assert service.status(uuid) == "GONE"
    assert [job.state for job in service.store.jobs.of(uuid)] == ["cancelled"]
    assert not (service.home / "deployments" / uuid).exists()


def test_a_deletion_stops_what_runs(service):
    uuid = service.create()
    slow = service.supervisor(FAKE_SLEEP="300")
    wait_until(lambda: service.working(uuid))
    slow.terminate()
    assert slow.wait(30) == 0
    service.supervisor()
    service.desk.delete(OWNER, uuid)
    assert service.status(uuid) == "DELETE_IN_PROGRESS"
    with pytest.raises(Conflict, match="Deployment already in DELETE_IN_PROGRESS state"):
        service.desk.delete(OWNER, uuid)
    assert service.wait(uuid) == "GONE"
    assert [(job.kind, job.state) for job in service.store.jobs.of(uuid)] == [("create", "cancelled"), ("delete", "ok")]
    assert service.processes(uuid) == []


def test_a_deletion_that_does_not_end_is_given_up_and_asked_for_again(service):
    uuid = service.create()
    supervisor = service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    with pytest.raises(Conflict, match="Cannot reset a deployment in CREATE_COMPLETE state"):
        service.desk.reset(OWNER, uuid)
    service.desk.delete(OWNER, uuid)
    service.desk.reset(OWNER, uuid)
    assert service.status(uuid) == "DELETE_FAILED"
    assert service.store.jobs.open(uuid) == []
    service.desk.delete(OWNER, uuid, force=True)
    service.supervisor()
    assert service.wait(uuid) == "GONE"


def test_of_two_updates_at_once_one_is_accepted(service):
    uuid = service.create()
    supervisor = service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    supervisor.kill()
    told, barrier = [], threading.Barrier(4)

    def update(number):
        barrier.wait()
        try:
            told.append(service.desk.update(OWNER, uuid, Asked(TEMPLATE, {"version": str(number)})).status)
        except Conflict as error:
            told.append(type(error).__name__)

    threads = [threading.Thread(target=update, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["Conflict", "Conflict", "Conflict", "UPDATE_IN_PROGRESS"]
    assert [job.kind for job in service.store.jobs.open(uuid)] == ["update"]
    service.supervisor()
    assert service.wait(uuid) == "UPDATE_COMPLETE"


def test_a_timeout_stops_what_runs_and_fails_it(service):
    running, waiting = service.create(timeout_mins=1), service.create(timeout_mins=1)
    service.supervisor(FAKE_SLEEP="300", INDIGO_PAAS_JOBS_WORKERS="1")
    wait_until(lambda: service.working(running))
    with service.store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET deadline = created + 0.001")
    assert service.wait(running) == "CREATE_FAILED"
    assert service.wait(waiting) == "CREATE_FAILED"
    for uuid in running, waiting:
        assert "timeout" in service.desk.deployment(OWNER, uuid).reason
    assert service.processes() == []


def test_a_job_whose_host_is_stopped_in_good_order_goes_on(service):
    uuid = service.create()
    service.supervisor(FAKE_SLEEP="300")
    wait_until(lambda: service.working(uuid))
    for _ in range(6):
        # More often than a job may be started: who stops it so means the host, not the job.
        pid = service.job_process(uuid)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda pid=pid: any(job.pid not in (None, pid) for job in service.store.jobs.open(uuid)))
    assert service.status(uuid) == "CREATE_IN_PROGRESS"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("  - indigo_custom_types", "  - /etc/passwd\n  - indigo_custom_types"), "template.yaml:4:5: .*/etc/passwd"),
        (("  - indigo_custom_types", "  - ../x.yaml\n  - indigo_custom_types"), "template.yaml:4:5: .*x.yaml"),
        (("  - indigo_custom_types", "  - http://127.0.0.1/x.yaml\n  - indigo_custom_types"), "template.yaml:4:5: "),
        (
            ("      capabilities", "      interfaces: {Standard: {create: /etc/passwd.yml}}\n      capabilities"),
            "template.yaml:.*comes from elsewhere",
        ),
        (
            (
                "      capabilities",
                "      interfaces: {Standard: {create: https://x.example/p.yml}}\n      capabilities",
            ),
            "template.yaml:.*comes from elsewhere",
        ),
        (
            ("      capabilities", "      interfaces: {Standard: {create: other.collection.role}}\n      capabilities"),
            "template.yaml:.*comes from elsewhere",
        ),
        (("properties:", "properties:\n            removal_list: [nobody]"), "template.yaml:.*no resource of 'server'"),
        (("tosca.nodes.indigo.Compute", "nonsense"), "template.yaml:12:13"),
        (("tosca_definitions_version", "PK\x03\x04"), "archive"),
    ],
)
def test_hostile_and_wrong_templates_are_refused_and_change_nothing(service, change, said):
    changed = TEMPLATE.replace(*change)
    assert changed != TEMPLATE
    with pytest.raises(BadInput, match=said):
        service.create(template=changed)
    assert service.store.deployments() == []
    assert service.store.jobs.open() == []
    assert not (service.home / "deployments").exists() or list((service.home / "deployments").iterdir()) == []


def test_who_may_see_and_change(service):
    uuid = service.create()
    for call in (service.desk.deployment, service.desk.template, service.desk.log, service.desk.delete):
        with pytest.raises(NotFound):
            call(OTHER, uuid)
    assert service.desk.deployment(ADMIN, uuid).uuid == uuid
    assert service.desk.deployments(OTHER, Page()).total == 0
    assert service.desk.deployments(ADMIN, Page()).total == 1
    assert service.desk.deployments(OWNER, Page(), Which((OWNER.subject, OWNER.issuer))).total == 1
    with pytest.raises(Forbidden, match="Only admin can retrieve"):
        service.desk.deployments(OTHER, Page(), Which((OWNER.subject, OWNER.issuer)))
    with pytest.raises(Forbidden, match="not in the group"):
        service.create(user_group="physics")


def test_a_group_sees_and_does_not_change(service):
    me = User("me", OWNER.issuer, groups=frozenset(["physics"]))
    you = User("you", OWNER.issuer, groups=frozenset(["physics"]))
    uuid = service.create(me, user_group="physics")
    assert service.desk.deployment(you, uuid).uuid == uuid
    assert service.desk.deployments(you, Page()).total == 0
    assert service.desk.deployments(you, Page(), Which(user_group="physics")).total == 1
    with pytest.raises(Forbidden):
        service.desk.delete(you, uuid)


def test_titles_are_unique_among_the_deployments_of_their_owner(service):
    service.create(name="mine")
    with pytest.raises(Conflict, match="'mine'"):
        service.create(name="mine")
    service.create(OTHER, name="mine")
    assert len(list((service.home / "deployments").iterdir())) == 2


def test_a_user_has_only_so_many_jobs(service):
    limit = service.settings.jobs.waiting_per_user
    for _ in range(limit - 1):
        service.store.jobs.add(_job(OWNER))
    service.create()
    with pytest.raises(Conflict, match=f"{limit} jobs"):
        service.create()
    service.create(OTHER)


def _job(user):
    from indigo_paas.store import Job

    return Job("elsewhere", "create", user.subject, user.issuer)


def test_a_node_is_stopped_and_started(service):
    uuid = service.create()
    service.supervisor()
    service.wait(uuid)
    (resource,) = service.store.resources.of(uuid)
    with pytest.raises(NotFound):
        service.desk.act(OTHER, uuid, resource.uuid, "stop")
    with pytest.raises(NotFound, match="resource"):
        service.desk.act(OWNER, uuid, uuid, "stop")
    with pytest.raises(BadInput, match="no action"):
        service.desk.act(OWNER, uuid, resource.uuid, "explode")
    for action, during, after in (("stop", "STOPPING", "STOPPED"), ("start", "STARTING", "STARTED")):
        service.desk.act(OWNER, uuid, resource.uuid, action)
        assert service.store.resources.of(uuid)[0].state in (during, after)
        service.wait(uuid)
        assert service.store.resources.of(uuid)[0].state == after, service.logs()
        assert service.status(uuid) == "CREATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).nodes[0]["state"] == "running"


def test_a_removal_list_names_resources_of_the_service(service):
    uuid = service.create(template=TWO)
    service.supervisor()
    service.wait(uuid)
    first, second = service.desk.resources(service.desk.deployment(OWNER, uuid), Page(sort=[("index", True)])).items
    assert [first.node, second.node] == ["server-0", "server-1"]
    properties = f"properties:\n            removal_list: ['{first.uuid}'] # out\n"
    fewer = TWO.replace("default: 2}", "default: 1}").replace("properties:\n", properties)
    with pytest.raises(BadInput, match="no resource of 'server'"):
        service.desk.update(OWNER, uuid, Asked(fewer.replace(first.uuid, uuid)))
    assert service.status(uuid) == "CREATE_COMPLETE"
    service.desk.update(OWNER, uuid, Asked(fewer))
    states = {row.uuid: row.state for row in service.store.resources.of(uuid)}
    assert states[first.uuid] == "DELETING"
    assert service.desk.template(OWNER, uuid) == fewer.replace(f"['{first.uuid}']", "[]")
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).outputs["asked"]["removals"] == {"server": ["server-0"]}
    (left,) = service.desk.resources(service.desk.deployment(OWNER, uuid), Page()).items
    assert (left.uuid, left.node, left.state) == (second.uuid, "server-1", "STARTED")
    # More again: the new row is there at once, as a client waits for it.
    service.desk.update(OWNER, uuid, Asked(TWO))
    assert len(service.store.resources.of(uuid)) == 2
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    rows = service.desk.resources(service.desk.deployment(OWNER, uuid), Page()).items
    assert second.uuid in {row.uuid for row in rows}
    assert sorted(row.node for row in rows) == ["server-0", "server-1"]


def test_a_removal_list_may_be_an_input(service):
    given = TWO.replace("  inputs:\n", "  inputs:\n    gone: {type: list, default: [], entry_schema: {type: string}}\n")
    given = given.replace("properties:\n", "properties:\n            removal_list: { get_input: gone }\n")
    uuid = service.create(template=given)
    service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    first, second = service.desk.resources(service.desk.deployment(OWNER, uuid), Page(sort=[("index", True)])).items
    with pytest.raises(BadInput, match="'nobody' is no resource of 'server'"):
        service.desk.update(OWNER, uuid, Asked(given, {"count": 1, "gone": ["nobody"]}))
    # As orpy sends it: all values are text.
    service.desk.update(OWNER, uuid, Asked(given, {"count": "1", "gone": f"[{first.uuid}]"}))
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    asked = service.desk.deployment(OWNER, uuid).outputs["asked"]
    assert (asked["removals"], asked["inputs"]["gone"]) == ({"server": ["server-0"]}, [])
    (left,) = service.desk.resources(service.desk.deployment(OWNER, uuid), Page()).items
    assert (left.uuid, left.node) == (second.uuid, "server-1")
    # What was removed once is not removed again.
    service.desk.update(OWNER, uuid, Asked(given))
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).outputs["asked"]["removals"] == {}


class Called(http.server.BaseHTTPRequestHandler):
    """Keeps what it is told, in `told` of its server."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((body["uuid"], body["status"]))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_arguments):
        return


@pytest.fixture
def hook():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Called)
    server.told, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/told"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def calling(tmp_path):
    """A service that calls addresses of this machine, and tries again after a long time only."""
    made = Service(tmp_path, INDIGO_PAAS_CALLBACKS_ALLOW_PRIVATE="true", INDIGO_PAAS_CALLBACKS_PAUSE="300")
    yield made
    made.close()


def test_the_callback_is_told_every_end(calling, hook):
    uuid = calling.create(callback=hook.url)
    late = calling.create(callback=hook.url, timeout_mins=1)
    with calling.store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET deadline = created + 0.001 WHERE deadline IS NOT NULL")
    calling.supervisor()
    wait_until(lambda: {(uuid, "CREATE_COMPLETE"), (late, "CREATE_FAILED")} <= set(hook.told))
    calling.desk.delete(OWNER, uuid)
    wait_until(lambda: (uuid, "DELETE_COMPLETE") in hook.told)
    wait_until(lambda: not [job for job in calling.store.jobs.of(uuid) if job.owed])
    assert len(hook.told) == 3


def test_a_callback_that_is_cut_off_is_told_again(calling, hook):
    hook.status = 503
    uuid = calling.create(callback=hook.url)
    supervisor = calling.supervisor()
    wait_until(lambda: hook.told == [(uuid, "CREATE_COMPLETE")])
    supervisor.kill()
    supervisor.wait()
    (job,) = calling.store.jobs.of(uuid)
    assert job.telling > time.time()
    assert calling.store.jobs.owing() == []
    with calling.store._database.writing() as connection:
        # The time for which nobody else may tell it is over.
        connection.exec_driver_sql("UPDATE jobs SET telling = 1")
    hook.status = 204
    calling.supervisor()
    wait_until(lambda: hook.told == [(uuid, "CREATE_COMPLETE")] * 2)
    wait_until(lambda: calling.store.jobs.job(job.id).owed is None)


def test_what_a_template_has_no_input_for_is_ignored_and_told(service):
    uuid = service.create(parameters={"count": 1, "instance_key_pub": "ssh-rsa AAAA", "x" * 200: {"a": [1]}})
    service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).outputs["asked"]["inputs"] == {"count": 1}
    told = service.desk.log(OWNER, uuid).splitlines()[0]
    assert "warning: Ignored, since the template has no such inputs: 'instance_key_pub', 'xxx" in told
    assert "AAAA" not in told
    assert len(told) < 300
    service.desk.update(OWNER, uuid, Asked(TWO, {"elsewhere": "1"}))
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert "'elsewhere'" in service.desk.log(OWNER, uuid)


def test_an_input_that_is_used_without_a_declaration_is_taken(service):
    text = TEMPLATE.replace("value: hello", "value: { get_input: greeting }")
    uuid = service.create(template=text, parameters={"greeting": "hi"})
    service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).outputs["asked"]["inputs"]["greeting"] == "hi"
    assert "Ignored" not in service.desk.log(OWNER, uuid)


def test_nodes_are_shown_as_they_are_while_the_services_are_set_up(service):
    uuid = service.create(parameters={"count": 2})
    first = service.supervisor(FAKE_NODES_FIRST="1")
    assert service.wait(uuid) == "CREATE_COMPLETE"
    first.terminate()
    first.wait()
    kept, gone = sorted(service.store.resources.of(uuid), key=lambda row: row.node)
    text = TEMPLATE.replace("get_input: count }", "get_input: count }\n            removal_list: [UUID]")
    service.desk.update(OWNER, uuid, Asked(text.replace("UUID", kept.uuid), {"count": 2}))
    states = {row.uuid: row.state for row in service.store.resources.of(uuid)}
    assert sorted(states.values()) == ["CREATING", "DELETING", "STARTED"]
    service.supervisor(FAKE_NODES_FIRST="1", FAKE_SLEEP="60")
    wait_until(lambda: service.working(uuid))
    rows = service.store.resources.of(uuid)
    assert service.status(uuid) == "UPDATE_IN_PROGRESS"
    assert [(row.node, row.state) for row in rows if row.uuid == gone.uuid] == [("server-1", "STARTED")]
    [new] = [row for row in rows if row.uuid != gone.uuid]
    assert (new.node, new.state, new.uuid in states, new.uuid != kept.uuid) == ("server-2", "CREATING", True, True)


@pytest.mark.parametrize(
    ("said", "kept", "told"),
    [
        ({"keep_last_attempt": False}, [], "Removed what was made: server-0, server-1."),
        ({}, [], "Removed what was made: server-0, server-1."),
        ({"keep_last_attempt": True}, ["server-0", "server-1"], None),
    ],
)
def test_what_a_failed_attempt_made_is_removed_unless_it_shall_be_kept(service, said, kept, told):
    uuid = service.create(parameters={"count": 2}, **said)
    service.supervisor(FAKE_NODES_FIRST="1", FAKE_FAIL="1", FAKE_SAYS="no room.")
    assert service.wait(uuid) == "CREATE_FAILED"
    row = service.desk.deployment(OWNER, uuid)
    assert [node["name"] for node in row.nodes] == kept
    assert (told is None) == ("Removed" not in row.reason)
    assert row.reason.endswith(told or "no room.")
    assert "no room" in row.reason
    assert [each.node for each in service.store.resources.of(uuid) if each.node] == kept
    assert {each.state for each in service.store.resources.of(uuid)} <= {"ERROR", "STARTED"}


def test_a_failed_update_removes_only_what_it_made(service):
    uuid = service.create(parameters={"count": 1})
    first = service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    first.terminate()
    first.wait()
    service.desk.update(OWNER, uuid, Asked(TEMPLATE, {"count": 3}))
    service.supervisor(FAKE_NODES_FIRST="1", FAKE_FAIL="1")
    assert service.wait(uuid) == "UPDATE_FAILED"
    row = service.desk.deployment(OWNER, uuid)
    assert [node["name"] for node in row.nodes] == ["server-0"]
    assert row.reason.endswith("Removed what was made: server-1, server-2.")


def test_what_cannot_be_removed_is_told(service):
    uuid = service.create()
    service.supervisor(FAKE_NODES_FIRST="1", FAKE_FAIL="always")
    assert service.wait(uuid) == "CREATE_FAILED"
    row = service.desk.deployment(OWNER, uuid)
    assert [node["name"] for node in row.nodes] == ["server-0"]
    assert "What was made, server-0, could not be removed: " in row.reason
    assert "the site is down" in row.reason


def test_what_no_site_could_hold_is_refused_as_soon_as_that_is_known(service):
    uuid = service.create()
    service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"
    with pytest.raises(BadInput, match="asks for 11 machines, and all sites of this service could hold 10"):
        service.create(parameters={"count": 11})
    assert len(service.store.deployments()) == 1
