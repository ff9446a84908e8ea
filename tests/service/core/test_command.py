# SPDX-License-Identifier: Apache-2.0
"""The command line and the service see the same deployments, and do not get in each other's way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from indigo_paas.errors import Conflict, NotFound
from indigo_paas.service.desk import Desk
from indigo_paas.service.model import ANONYMOUS, Asked, Page, User
from indigo_paas.templates import collection
from tests.cli import fake as command
from tests.cli.conftest import TEMPLATE
from tests.servers import free_port, start_service
from tests.service.core import fake
from tests.service.core.conftest import OWNER, Service, wait_until

ADMIN = User("admin", "https://issuer.example/", admin=True)


def run(service, *arguments, status=0, program=(sys.executable, command.__file__), **env):
    done = subprocess.run(
        [*program, *arguments],
        env={**os.environ, **service.env, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
    return done


def told(service, *arguments, **keywords):
    return json.loads(run(service, *arguments, "--json", **keywords).stdout)


def test_one_that_waits_is_shown_as_what_it_is_and_no_command_touches_it(service, tmp_path):
    uuid = service.create(name="mine")
    (row,) = told(service, "list")
    assert (row["name"], row["status"], row["interrupted"]) == (uuid, "CREATE_IN_PROGRESS", False)
    shown = told(service, "show", uuid)
    assert (shown["status"], shown["interrupted"], shown["working"]) == ("CREATE_IN_PROGRESS", False, None)
    assert shown["job"]["state"] == "queued"
    text = run(service, "show", uuid).stdout
    assert f"{uuid}: CREATE_IN_PROGRESS at no site yet" in text
    assert "Its owner called it 'mine'." in text
    assert row["title"] == shown["title"] == "mine"
    head, line = run(service, "list").stdout.splitlines()
    assert head.split()[:2] == ["NAME", "CALLED"]
    assert line.split()[:2] == [uuid, "mine"]
    assert f"The service has {uuid}, which is called so." in run(service, "show", "mine", status=2).stderr
    assert "job 1 is queued" in text
    for arguments in (
        ["resume", uuid],
        ["check", uuid],
        ["destroy", uuid, "--yes"],
        ["scale", uuid, "server=2"],
        ["update", uuid, "-i", "count=2"],
    ):
        assert "job 1 of the service (create, queued)" in run(service, *arguments, status=3).stderr
    assert service.status(uuid) == "CREATE_IN_PROGRESS"


def test_what_runs_and_what_ran_is_shown(service):
    uuid = service.create()
    service.supervisor(FAKE_SLEEP="20")
    wait_until(lambda: service.working(uuid))
    (row,) = told(service, "list")
    assert (row["status"], row["interrupted"]) == ("CREATE_IN_PROGRESS", False)
    assert told(service, "show", uuid)["working"]["pid"] == service.job_process(uuid)
    run(service, "destroy", uuid, "--yes", status=3)
    followed = run(service, "events", uuid, "-f").stdout
    assert "CREATE_COMPLETE" in followed
    assert told(service, "show", uuid)["job"] is None
    service.wait(uuid)
    # The command line may work on it now, and the service sees what it did.
    assert told(service, "update", uuid, "-i", "version=5")["status"] == "UPDATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).outputs["asked"]["inputs"] == {"version": "5"}
    assert service.desk.update(OWNER, uuid, Asked(TEMPLATE)).status == "UPDATE_IN_PROGRESS"


def test_the_service_works_on_what_the_command_line_made(service, tmp_path):
    template = tmp_path / "server.yaml"
    template.write_text(TEMPLATE)
    run(service, "deploy", str(template), "--name", "pool")
    uuid = told(service, "show", "pool")["uuid"]
    with pytest.raises(NotFound):
        service.desk.deployment(OWNER, uuid)
    assert service.desk.deployments(ANONYMOUS, Page()).items[0].name == "pool"
    assert service.desk.deployments(OWNER, Page()).items == []
    (resource,) = service.desk.resources(service.desk.deployment(ADMIN, uuid), Page()).items
    assert (resource.node, resource.state) == ("server-0", "STARTED")
    assert service.desk.resource(service.desk.deployment(ADMIN, uuid), resource.uuid) == resource
    service.desk.update(ADMIN, uuid, Asked(TEMPLATE, {"version": "3"}))
    service.supervisor()
    wait_until(lambda: service.store.deployment("pool").status == "UPDATE_COMPLETE")
    left = service.desk.resources(service.desk.deployment(ADMIN, uuid), Page()).items
    assert [row.uuid for row in left] == [resource.uuid]
    service.desk.delete(ADMIN, uuid)
    wait_until(lambda: service.store.deployment("pool") is None)


def test_the_service_does_not_cut_in_on_a_command(service, tmp_path):
    template = tmp_path / "server.yaml"
    template.write_text(TEMPLATE)
    run(service, "deploy", str(template), "--name", "pool")
    uuid = told(service, "show", "pool")["uuid"]
    (node,) = service.desk.resources(service.desk.deployment(ADMIN, uuid), Page()).items
    working = subprocess.Popen(
        [sys.executable, command.__file__, "check", "pool"],
        env={**os.environ, **service.env, "FAKE_SLEEP": "60"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: service.working("pool"))
    by_whom = rf"'indigo-paas check pool' \(process {working.pid}, "
    for refused in (
        lambda: service.desk.update(ADMIN, uuid, Asked(TEMPLATE)),
        lambda: service.desk.delete(ADMIN, uuid),
        lambda: service.desk.act(ADMIN, uuid, node.uuid, "stop"),
    ):
        with pytest.raises(Conflict, match=by_whom):
            refused()
    assert service.store.deployment("pool").status == "CREATE_COMPLETE"
    assert service.store.jobs.of("pool") == []
    working.send_signal(signal.SIGTERM)
    working.wait(60)
    service.desk.delete(ADMIN, uuid)
    service.supervisor()
    wait_until(lambda: service.store.deployment("pool") is None and not service.store.jobs.open())


def test_the_service_does_not_give_up_the_deletion_of_a_command(service, tmp_path):
    template = tmp_path / "server.yaml"
    template.write_text(TEMPLATE)
    run(service, "deploy", str(template), "--name", "pool")
    uuid = told(service, "show", "pool")["uuid"]
    working = subprocess.Popen(
        [sys.executable, command.__file__, "destroy", "pool", "--yes"],
        env={**os.environ, **service.env, "FAKE_SLEEP": "60"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: service.working("pool"))
    with pytest.raises(Conflict, match="'indigo-paas destroy pool'"):
        service.desk.reset(ADMIN, uuid)
    assert service.store.deployment("pool").status == "DELETE_IN_PROGRESS"
    # One that is dead deletes nothing any more.
    working.kill()
    working.wait(60)
    service.desk.reset(ADMIN, uuid)
    assert service.store.deployment("pool").status == "DELETE_FAILED"


def test_everything_is_in_postgresql(tmp_path, database, monkeypatch):
    service = Service(tmp_path, INDIGO_PAAS_DATABASE=database)
    try:
        uuid = service.create(parameters={"version": "2"})
        assert not (service.home / "indigo-paas.db").exists()
        service.supervisor(FAKE_SAYS="hi")
        assert service.wait(uuid) == "CREATE_COMPLETE"
        assert told(service, "show", uuid)["outputs"]["said"] == "hi"
        service.desk.update(OWNER, uuid, Asked(TEMPLATE, {"version": "3"}))
        assert service.wait(uuid) == "UPDATE_COMPLETE"
        listed = service.desk.deployments(OWNER, Page())
        assert (listed.total, listed.items[0].uuid) == (1, uuid)
        service.desk.delete(OWNER, uuid)
        assert service.wait(uuid) == "GONE"
        assert told(service, "list") == []
        # What a job starts is not told where the database is.
        assert database not in service.logs()
    finally:
        service.close()


def test_a_database_that_cannot_be_reached_is_told_without_its_password(service):
    url = "postgresql+psycopg://me:geheim@127.0.0.1:1/none"
    said = run(service, "list", status=1, INDIGO_PAAS_DATABASE=url).stderr
    assert "cannot be used" in said
    assert "geheim" not in said
    assert "postgresql+psycopg://" in run(service, "list", status=2, INDIGO_PAAS_DATABASE="nonsense").stderr


def test_serve_is_api_and_supervisor_in_one(service, tmp_path):
    config = tmp_path / "service.toml"
    config.write_text("[identity]\nanonymous = true\n")
    port = free_port()
    serving = start_service(fake.COMMAND, config, port, tmp_path / "serve.txt", {**service.env, "FAKE_SAYS": "hi"})
    base = f"http://127.0.0.1:{port}"

    def ask(path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{base}{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    try:
        made = ask("/deployments", {"template": TEMPLATE, "parameters": {"count": "1"}})
        assert made["status"] == "CREATE_IN_PROGRESS"
        service.wait(made["uuid"])
        now = ask(f"/deployments/{made['uuid']}")
        assert (now["status"], now["outputs"]["said"]) == ("CREATE_COMPLETE", "hi"), service.logs()
        serving.terminate()
        assert serving.wait(30) in (0, -signal.SIGTERM)
    finally:
        serving.kill()
        serving.wait()
    assert "Traceback" not in (tmp_path / "serve.txt").read_text()


def test_worker_ends_at_a_signal(service):
    process = subprocess.Popen(
        [_installed(), "worker", "--workers", "1"],
        env={**os.environ, **service.env},
        stderr=subprocess.PIPE,
        text=True,
    )
    uuid = service.create()
    wait_until(lambda: any(job.starts for job in service.store.jobs.of(uuid)))
    service.desk.delete(OWNER, uuid)
    process.terminate()
    _out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def _installed():
    from tests.conftest import BIN

    return str(BIN / "indigo-paas")


def test_settings_that_are_wrong_name_file_and_key(service, tmp_path):
    config = tmp_path / "service.toml"
    for text, said in (
        ("[jobs]\nstarts = 'x'", "jobs.starts must be a whole number"),
        ("[jobs]\nworker = 1", "jobs.worker is no setting"),
        ('file = "other.toml"', "service.toml: file is no setting"),
        ("jobs = 3", "jobs must be a section"),
        ("x = ", "is no TOML"),
    ):
        config.write_text(text)
        errors = run(service, "worker", "--config", str(config), status=2, program=[_installed()]).stderr
        assert str(config) in errors
        assert said in errors
    errors = run(service, "worker", status=2, program=[_installed()], INDIGO_PAAS_JOBS_WORKERS="x").stderr
    assert "INDIGO_PAAS_JOBS_WORKERS must be a whole number" in errors


def test_the_desk_needs_no_site(service, monkeypatch):
    monkeypatch.setattr(collection, "describe_sites", None)
    assert Desk(service.settings).create(OWNER, Asked(TEMPLATE)).status == "CREATE_IN_PROGRESS"
