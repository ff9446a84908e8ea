# SPDX-License-Identifier: Apache-2.0
"""The life of a deployment through the command, on playbooks that only pretend."""

from __future__ import annotations

import json
import sqlite3

import yaml


def test_a_life(command):
    first = command.deploy(FAKE_SAYS="hi")
    assert first["status"] == "CREATE_COMPLETE"
    assert first["site"] == "here"
    assert first["outputs"]["said"] == "hi"
    assert first["changed"] == 1
    assert list(first["seconds"]) == ["Make the nodes"]
    assert first["total_seconds"] >= first["seconds"]["Make the nodes"] > 0

    (row,) = command.json("list")
    assert (row["name"], row["status"], row["interrupted"]) == ("pool", "CREATE_COMPLETE", False)
    shown = command.json("show", "pool")
    assert shown["inputs"] == {}
    assert [run["command"] for run in shown["runs"]] == ["deploy"]
    assert command("outputs", "pool", "said").stdout == "hi\n"
    kinds = [event["kind"] for event in command.json("events", "pool")]
    assert kinds[0] == "command"
    assert kinds[-1] == "end"
    # An address that is public and private is one.
    assert "server-0  127.0.0.1, fd00::1  " in command("show", "pool").stdout
    assert "Make the nodes" in command("events", "pool").stdout

    second = command.deploy()
    assert (second["status"], second["changed"]) == ("UPDATE_COMPLETE", 0)

    assert command.json("check", "pool")["status"] == "UPDATE_COMPLETE"

    scaled = command.json("scale", "pool", "server=3")
    assert scaled["outputs"]["asked"]["counts"] == {"server": 3}
    assert command.deploy()["outputs"]["asked"]["counts"] == {"server": 3}
    updated = command.json("update", "pool", "-i", "count=2")
    assert updated["outputs"]["asked"]["counts"] == {}
    assert updated["outputs"]["asked"]["inputs"] == {"count": 2}
    gone = command.json("scale", "pool", "--remove", "server-0")
    assert gone["outputs"]["asked"]["removals"] == {"server": ["server-0"]}
    assert gone["outputs"]["asked"]["counts"] == {"server": 1}
    assert command.deploy()["outputs"]["asked"]["removals"] == {}

    refused = command("destroy", "pool", status=2)
    assert "--yes" in refused.stderr
    destroyed = command.json("destroy", "pool", "--yes")
    assert destroyed["status"] == "DELETE_COMPLETE"
    assert command.json("list") == []
    assert list((command.home / "deployments").iterdir()) == []
    command("show", "pool", status=2)


def test_a_failure_tells_step_task_and_cause_and_resume_goes_on(command):
    failed = command.deploy(status=1, FAKE_FAIL="1", FAKE_SAYS="no room")
    assert failed["status"] == "CREATE_FAILED"
    assert failed["reason"] == "Make the nodes: 'Fail where it is wished' failed on localhost: no room"
    assert "no room" in command("show", "pool").stdout
    resumed = command.json("resume", "pool")
    assert resumed["status"] == "CREATE_COMPLETE"
    assert "wished" in command("check", "pool", status=1, FAKE_FAIL="1").stderr
    assert command.json("show", "pool")["status"] == "CREATE_COMPLETE"


def test_without_a_result_nothing_is_fine(command):
    assert "result" in command.deploy(status=1, FAKE_SILENT="1")["reason"]
    assert "the site is on fire" in command.json("resume", "pool", status=1, FAKE_UNREADABLE="1")["reason"]


def test_another_template_needs_update(command, tmp_path):
    command.deploy("-i", "count=2")
    other = tmp_path / "other.yaml"
    other.write_text(command.template.read_text().replace("    count: {type: integer, default: 1}\n", ""))
    other.write_text(other.read_text().replace("{ get_input: count }", "4"))
    refused = command("deploy", str(other), "--name", "pool", status=2)
    assert f"indigo-paas update pool --template {other}" in refused.stderr
    updated = command.json("update", "pool", "--template", str(other), "-i", "version=1.10")
    assert updated["outputs"]["asked"]["inputs"] == {"version": "1.10"}
    assert len(list((command.home / "deployments/pool/template").iterdir())) == 1


def test_the_original_may_go(command, tmp_path):
    types = tmp_path / "types" / "mine.yaml"
    types.parent.mkdir()
    types.write_text(
        "tosca_definitions_version: tosca_simple_yaml_1_0\n"
        "node_types:\n  my.Server:\n    derived_from: tosca.nodes.indigo.Compute\n"
    )
    text = command.template.read_text().replace("imports:\n", "imports:\n  - types/mine.yaml\n")
    command.template.write_text(text.replace("type: tosca.nodes.indigo.Compute", "type: my.Server"))
    command.deploy(status=1, FAKE_FAIL="1")
    command.template.unlink()
    types.unlink()
    assert command.json("resume", "pool")["status"] == "CREATE_COMPLETE"


def test_secrets_are_masked(command):
    secret = "correct-horse-battery"
    out = command("plan", str(command.template), "-i", f"password={secret}")
    failed = command(
        "deploy", str(command.template), "--name", "pool", "-i", f"password={secret}", status=1, FAKE_FAIL="1"
    )
    typo = command("template", "check", str(command.template), "-i", f"password=[{secret}]", status=2)
    assert secret not in typo.stderr
    told = [command(*words) for words in (("show", "pool"), ("show", "pool", "--json"), ("events", "pool"))]
    assert not [one for one in (out, failed, *told) if secret in one.stdout + one.stderr]
    assert "********" in told[0].stdout
    with sqlite3.connect(command.home / "indigo-paas.db") as database:
        dumped = "\n".join(database.iterdump())
    assert secret not in dumped
    asked = yaml.safe_load((command.home / "deployments/pool/cluster.indigo.yml").read_text())
    assert asked["inputs"]["password"] == secret


def test_hostile_outputs_are_inert(command):
    done = command("deploy", str(command.template), "--name", "pool", FAKE_SAYS="\x1b[2J[red]{{ 7 * 7 }}\u202e")
    assert "\\x1b[2J[red]{{ 7 * 7 }}\\u202e" in done.stdout
    for words in (("outputs", "pool"), ("show", "pool"), ("outputs", "pool", "--json")):
        assert "\x1b" not in command(*words).stdout
        assert "\u202e" not in command(*words).stdout


def test_verbose_shows_what_ansible_prints(command):
    done = command("-v", "deploy", str(command.template), "--name", "pool")
    assert "TASK [Change something]" in done.stdout
    assert "PLAY RECAP" in done.stdout


def test_everything_is_the_owners_alone(command):
    command.deploy()
    open_ones = [path for path in command.home.rglob("*") if path.stat().st_mode & 0o077 and not path.is_dir()]
    directories = [path for path in command.home.rglob("*") if path.is_dir() and path.stat().st_mode & 0o077]
    assert (open_ones, directories) == ([], [])
    runs = [path.name for path in command.home.rglob("command")]
    assert runs == []


def test_wrong_input_makes_nothing(command):
    template = str(command.template)
    cases = [
        ("deploy", template, "-i", "count=many"),
        ("deploy", template, "-i", "nothing"),
        ("deploy", template, "--site", "nowhere"),
        ("deploy", template, "--name", "Not A Name"),
        ("deploy", template, "--inputs", "/nonexistent.yaml"),
        ("deploy", "/nonexistent.yaml"),
        ("deploy",),
        ("scale", "pool", "server=3"),
        ("check", "pool"),
        ("destroy", "pool", "--yes"),
        ("ssh", "pool"),
        ("resume", "pool"),
        ("update", "pool", "-i", "count=2"),
        ("--sites", "/nonexistent", "deploy", template),
        ("nonsense",),
    ]
    for case in cases:
        assert command(*case, status=2).stderr, case
    assert not command.home.exists()
    problems = json.loads(command("deploy", template, "-i", "count=many", "--json", status=2).stdout)["problems"]
    assert any("count" in problem["message"] for problem in problems)


def test_sites_may_look_things_up(command, tmp_path):
    sites = tmp_path / "sites.yml"
    sites.write_text("---\npaas_sites:\n  hosts:\n    here:\n      site_type: \"{{ lookup('env', 'SITE_TYPE') }}\"\n")
    command("--sites", str(sites), "plan", str(command.template), SITE_TYPE="fake")
    sites.write_text("---\nnothing: {}\n")
    assert "paas_sites" in command("--sites", str(sites), "plan", str(command.template), status=2).stderr
    script = tmp_path / "sites.sh"
    script.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    script.chmod(0o700)
    assert "cannot be read" in command("--sites", str(script), "plan", str(command.template), status=2).stderr
