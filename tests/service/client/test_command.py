# SPDX-License-Identifier: Apache-2.0
"""The command line on the deployments of a server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from indigo_paas import cli
from tests.cli.conftest import TEMPLATE
from tests.service.client.lively import ADMIN, ALICE, Original, gone, served


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("INDIGO_PAAS_TOKEN", "alice")


@pytest.fixture
def template(tmp_path):
    file = tmp_path / "pool.yaml"
    file.write_text(TEMPLATE)
    return file


@pytest.fixture
def run(url, capsys):
    """Run the command on the server, and return what it printed."""

    def call(*arguments, status=0, server=url):
        code = cli.run(["--url", server, *map(str, arguments)])
        told = capsys.readouterr()
        assert code == status, f"{code}\n{told.out}\n{told.err}"
        assert "Traceback" not in told.err
        return told

    return call


@pytest.fixture
def pool(run, template, desk):
    """The UUID of a complete deployment called pool."""
    run("deploy", template)
    (uuid,) = desk.rows
    return uuid


def told(run, *arguments, **keywords):
    return json.loads(run(*arguments, "--json", **keywords).out)


def test_deploying_shows_what_the_server_does(run, template, desk):
    desk.seconds = 1.5
    shown = run("deploy", template, "-i", "count=2", "--name", "physics", "--max-providers-retry", "3")
    (uuid,) = desk.rows
    assert f"works on it as {uuid}." in shown.out
    assert "Make the nodes ..." in shown.out
    assert "Make the nodes: done in 1.5 s, 1 changed" in shown.out
    assert "physics is CREATE_COMPLETE at recas: " in shown.out
    assert shown.out.endswith("Outputs:\n  ip: 198.51.100.7\n")
    asked = desk.asked[uuid]
    assert (asked.name, asked.template, asked.parameters) == ("physics", TEMPLATE, {"count": 2})
    assert (asked.max_providers_retry, asked.keep_last_attempt) == (3, None)


def test_what_ansible_prints_is_not_told_but_progress_is(url, template, capsys):
    assert cli.run(["-vv", "--url", url, "deploy", str(template)]) == 0
    assert "Make the nodes: done in 0.1 s, 1 changed" in capsys.readouterr().out


def test_the_json_is_that_of_this_machine(run, template, desk):
    report = told(run, "deploy", template)
    assert report.keys() == {
        "name", "state", "status", "reason", "site", "nodes", "outputs", "changed", "warnings", "sites", "seconds",
        "total_seconds",
    }  # fmt: skip
    assert (report["name"], report["state"], report["status"]) == ("pool", "ok", "CREATE_COMPLETE")
    assert report["nodes"][0]["public_address"] == ["198.51.100.7"]
    assert (report["changed"], report["seconds"]) == (1, {"Make the nodes": 0.1})


def test_a_failure_is_told_with_what_to_do(run, template, desk):
    template.write_text(f"{TEMPLATE}# fail\n")
    shown = run("deploy", template, status=1)
    assert "pool is CREATE_FAILED at recas" in shown.err
    assert "no room" in shown.err
    assert "'indigo-paas destroy pool', and deploy it again" in shown.err
    for words in (["resume", "pool"], ["deploy", template]):
        message = told(run, *words, status=3)["problems"][0]["message"]
        assert message.startswith("Cannot update a deployment in CREATE_FAILED state. A server does not go on with")


def test_looking(run, pool):
    (row,) = told(run, "list")
    assert (row["name"], row["uuid"], row["status"], row["site"]) == ("pool", pool, "CREATE_COMPLETE", "recas")
    assert (row["nodes"], row["template"], row["interrupted"]) == (None, None, False)
    assert "pool  CREATE_COMPLETE  recas" in run("list").out
    for name in ("pool", pool, pool.upper()):
        shown = told(run, "show", name)
        assert (shown["name"], shown["uuid"], shown["outputs"]) == ("pool", pool, {"ip": "198.51.100.7"})
    assert shown["owner_subject"] == "alice"
    assert [(one["command"], one["state"], one["changed"]) for one in shown["runs"]] == [("deploy", "ok", 1)]
    assert shown["runs"][0]["steps"] == [{"name": "Make the nodes", "seconds": 0.1, "changed": 1}]
    text = run("show", "pool").out
    assert "pool: CREATE_COMPLETE at recas" in text
    assert "server-0  198.51.100.7, 10.0.0.7  running" in text
    assert run("outputs", "pool", "ip").out == "198.51.100.7\n"
    assert told(run, "outputs", "pool") == {"ip": "198.51.100.7"}


def test_events(run, pool):
    events = told(run, "events", "pool")
    assert [event["kind"] for event in events] == ["command", "step", "changed", "step_done", "end"]
    lines = run("events", "pool", "-f", "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == events
    assert "CREATE_COMPLETE (0.1 s)" in run("events", "pool").out


def test_the_keys_of_a_view_are_those_of_this_machine(run, pool, tmp_path, monkeypatch):
    from dataclasses import asdict

    from indigo_paas.engine import overview
    from indigo_paas.engine.work import opened
    from indigo_paas.ground.paths import home
    from indigo_paas.runner.settings import Settings

    settings = Settings(home(tmp_path / "local"))
    with opened(settings, make=True) as memory:
        memory.add_deployment(
            "x", status="CREATE_COMPLETE", template="x.yaml", description="", site="recas", sites=None
        )
    shown = told(run, "show", "pool")
    assert shown.keys() == overview.document(settings, "x").keys()
    from indigo_paas.store import Run

    assert shown["runs"][0].keys() == asdict(Run("1", "x", "deploy", 1.0)).keys()


def test_a_name_that_there_is_not(run, pool, url):
    assert f"There is no deployment 'pol' at {url}. Did you mean 'pool'?" in run("show", "pol", status=2).err
    assert "doesn't exist" in run("show", "00000000-0000-4000-8000-000000000000", status=2).err


def test_a_name_that_several_have(run, pool, desk, monkeypatch):
    import dataclasses

    uuid = "11111111-0000-4000-8000-000000000000"
    desk.rows[uuid] = dataclasses.replace(desk.rows[pool], name=uuid, uuid=uuid, owner_subject="bob")
    monkeypatch.setenv("INDIGO_PAAS_TOKEN", "admin")
    said = run("show", "pool", status=2).err
    assert "Several users call a deployment 'pool'" in said
    assert f"{uuid} of bob" in said
    desk.told[uuid], desk.nodes[uuid] = [], []
    assert told(run, "show", uuid)["owner_subject"] == "bob"


def test_deploying_again_asks_for_the_same(run, pool, template, desk):
    assert told(run, "deploy", template, "-i", "count=3")["status"] == "UPDATE_COMPLETE"
    assert len(desk.rows) == 1
    assert (desk.updates[0].template, desk.updates[0].parameters) == (TEMPLATE, {"count": 3})
    template.write_text(f"{TEMPLATE}# other\n")
    assert "pool is a deployment of another template" in run("deploy", template, status=2).err
    assert len(desk.updates) == 1


def test_updating(run, pool, tmp_path, desk):
    shown = run("update", "pool", "-i", "count=2")
    assert "pool is UPDATE_COMPLETE at recas" in shown.out
    # What happened before is not told again.
    assert shown.out.count("Make the nodes") == 1
    (tmp_path / "other.yaml").write_text(f"{TEMPLATE}# other\n")
    run("update", "pool", "--template", tmp_path / "other.yaml")
    assert [(one.template, one.parameters) for one in desk.updates] == [
        (TEMPLATE, {"count": 2}),
        (f"{TEMPLATE}# other\n", {}),
    ]


def test_scaling(run, pool, desk):
    run("scale", "pool", "server=4")
    assert (desk.updates[0].template, desk.updates[0].parameters) == (TEMPLATE, {"count": 4})
    assert "There is no node group 'x'. There is server." in run("scale", "pool", "x=4", status=2).err


def test_letting_a_node_go(run, pool, desk):
    import dataclasses

    desk.nodes[pool] = [dataclasses.replace(row, node=f"server-{row.index}") for row in desk.nodes[pool]]
    assert "no node 'x' to remove. There is server-1, server-0." in run("scale", "pool", "--remove", "x", status=2).err
    run("scale", "pool", "--remove", "server-0")
    (asked,) = desk.updates
    assert asked.parameters == {"count": 1}
    assert f'removal_list: ["{desk.nodes[pool][0].uuid}"]' in asked.template


def test_resuming_asks_for_the_same_template(run, pool, desk):
    assert told(run, "resume", "pool")["status"] == "UPDATE_COMPLETE"
    assert (desk.updates[0].template, desk.updates[0].parameters) == (TEMPLATE, {})


def test_resuming_what_could_not_be_deleted_deletes_it(run, pool, desk):
    desk.change(pool, status="DELETE_FAILED")
    assert told(run, "resume", "pool")["status"] == "DELETE_COMPLETE"
    assert gone(desk, pool)


def test_destroying(run, pool, desk, url):
    assert "This needs a yes" in run("destroy", "pool", status=2).err
    shown = run("destroy", "pool", "--yes")
    assert "pool is DELETE_COMPLETE at recas" in shown.out
    assert f"Removed: the nodes server-0, what {url} kept of it." in shown.out
    assert gone(desk, pool)
    assert run("list").err == "There is no deployment. 'indigo-paas deploy TEMPLATE' makes one.\n"


def test_what_the_server_refuses(run, template, desk):
    template.write_text(f"{TEMPLATE}# wrong\n")
    said = run("deploy", template, status=2)
    assert said.err.endswith("template.yaml:1:1: this is no TOSCA. Write tosca_definitions_version.\n")
    assert desk.rows == {}


@pytest.mark.parametrize(
    "option", [["--site", "recas"], ["--spread"], ["--strict"], ["--trust-template"]], ids=lambda option: option[0]
)
def test_what_a_server_cannot_be_told(run, template, desk, option):
    assert f"{option[0]} cannot be said to a server" in run("deploy", template, *option, status=2).err
    assert desk.rows == {}


@pytest.mark.parametrize(
    "words",
    [["ssh", "pool"], ["inventory", "pool"], ["sites"], ["site", "check", "recas"], ["plan", "TEMPLATE"],
     ["translate", "TEMPLATE", "-o", "x"]],
    ids=lambda words: words[0],
)  # fmt: skip
def test_what_is_about_this_machine_only(run, template, words):
    said = run(*(template if word == "TEMPLATE" else word for word in words), status=2).err
    assert "cannot be asked of http://127.0.0.1" in said
    assert f'say \'indigo-paas --url "" {words[0]}' in said


@pytest.mark.parametrize(
    "words",
    [["check", "pool"], ["update", "pool", "-i", "count=2", "--dry-run"], ["scale", "pool", "server=2", "--dry-run"]],
    ids=lambda words: words[0],
)
def test_what_a_server_cannot_do(run, pool, desk, words):
    assert "A server cannot " in run(*words, status=2).err
    assert desk.updates == []


def test_templates_of_several_files_stay_here(run, template, desk, tmp_path):
    (tmp_path / "types.yaml").write_text("tosca_definitions_version: tosca_simple_yaml_1_0\n")
    template.write_text(TEMPLATE.replace("imports:\n", "imports:\n  - types.yaml\n", 1))
    said = run("deploy", template, status=2).err
    assert "needs other files (types.yaml), and a server takes the text of one template" in said
    assert desk.rows == {}


def test_the_environment_names_the_server(capsys, monkeypatch, url, pool):
    monkeypatch.setenv("INDIGO_PAAS_URL", url)
    assert cli.run(["outputs", "pool", "ip"]) == 0
    assert capsys.readouterr().out.endswith("198.51.100.7\n")
    assert cli.run(["--url", "", "outputs", "pool", "ip"]) == 2
    assert "There is no deployment 'pool'. There is none at all." in capsys.readouterr().err
    monkeypatch.delenv("INDIGO_PAAS_URL")
    monkeypatch.delenv("INDIGO_PAAS_TOKEN")
    monkeypatch.setenv("ORCHENT_URL", url)
    assert cli.run(["outputs", "pool", "ip"]) == 2
    monkeypatch.setenv("ORCHENT_TOKEN", "alice")
    assert cli.run(["outputs", "pool", "ip"]) == 0


def test_commands_of_this_machine_do_not_load_the_client():
    code = "import sys; from indigo_paas import cli; cli.run(['list']); print('httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_an_interrupted_command_leaves_the_deployment_running(url, template, desk):
    desk.go_on.clear()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.client.at", url, "deploy", template],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while not any(told for told in desk.told.values()):
            assert time.monotonic() < until
            time.sleep(0.05)
        for line in process.stdout:
            if "works on it as" in line:
                break
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        desk.go_on.set()
    assert process.returncode == 130, err
    assert err.endswith(
        f"{url} goes on with pool: 'indigo-paas events pool -f' follows it, and 'indigo-paas destroy pool' ends it.\n"
    )
    (uuid,) = desk.rows
    for _ in range(200):
        if desk.deployment(ALICE, uuid).status == "CREATE_COMPLETE":
            break
        time.sleep(0.05)
    assert desk.deployment(ADMIN, uuid).status == "CREATE_COMPLETE"


def test_a_server_without_names_and_events(run, template, desk, tmp_path, monkeypatch):
    monkeypatch.setattr("indigo_paas.client.steps.FIRST_PAUSE", 0.05)
    with served(Original(desk, tmp_path)) as server:
        made = told(run, "deploy", template, "--name", "pool", server=server)
        (uuid,) = desk.rows
        assert (made["name"], made["status"], made["outputs"]) == (uuid, "CREATE_COMPLETE", {"ip": "198.51.100.7"})
        assert (made["nodes"], made["seconds"]) == ([], {})
        assert [row["name"] for row in told(run, "list", server=server)] == [uuid]
        assert told(run, "show", uuid, server=server)["runs"] == []
        assert f"There is {uuid}." in run("show", "pool", status=2, server=server).err
        assert "tells no events. 'indigo-paas show" in run("events", uuid, status=2, server=server).err
        assert told(run, "update", uuid, "-i", "count=2", server=server)["status"] == "UPDATE_COMPLETE"
        assert told(run, "destroy", uuid, "--yes", server=server)["status"] == "DELETE_COMPLETE"


def test_an_input_that_the_template_has_not_is_refused_here_for_the_server_would_ignore_it(run, template, desk):
    refused = run("deploy", template, "-i", "cuont=2", status=2)
    assert "the template has no input 'cuont'. Did you mean 'count'?" in refused.err
    assert desk.rows == {}
    run("deploy", template)
    assert "no input 'x'" in told(run, "update", "pool", "-i", "x=1", status=2)["problems"][0]["message"]
