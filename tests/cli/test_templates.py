# SPDX-License-Identifier: Apache-2.0
"""Where a template may come from, how it is read, and how its faults are told."""

from __future__ import annotations

import json
import zipfile

import pytest
import yaml

from tests.cli.conftest import TEMPLATE
from tests.servers import serving

OWN = "node_types: {my.Server: {derived_from: tosca.nodes.indigo.Compute}}\n"
IMPORTING = TEMPLATE.replace("imports:\n", "imports:\n  - types/own.yaml\n").replace(
    "tosca.nodes.indigo.Compute", "my.Server"
)
JINJA = TEMPLATE.replace("{ value: hello }", "{ value: '{{ 6 * 7 }}' }")
STRAY = TEMPLATE.replace("  outputs:", "      properties: {stray: 1}\n  outputs:")


def kept(command):
    root = command.home / "deployments/pool"
    request = yaml.safe_load((root / "cluster.indigo.yml").read_text())
    return request, root / request["template"]


@pytest.fixture
def archive(tmp_path):
    file = tmp_path / "pool.csar"
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("TOSCA-Metadata/TOSCA.meta", "TOSCA-Meta-File-Version: 1.1\nEntry-Definitions: pool.yaml\n")
        target.writestr("pool.yaml", IMPORTING)
        target.writestr("types/own.yaml", OWN)
        target.writestr("notes.txt", "not imported, and kept all the same")
    return file


def test_a_template_from_standard_input(command):
    assert "server: 1 node" in command("plan", "-", stdin=TEMPLATE).stdout
    assert command.json("template", "check", "-", stdin=TEMPLATE)["template"] == "<stdin>"
    assert "<svg" in command("graph", "-", stdin=TEMPLATE).stdout
    assert json.loads(command("survey", "-", stdin=TEMPLATE).stdout)["spec"]
    assert "--name" in command("deploy", "-", stdin=TEMPLATE, status=2).stderr
    made = command.json("deploy", "-", "--name", "pool", stdin=TEMPLATE)
    assert made["status"] == "CREATE_COMPLETE"
    assert kept(command)[1].read_text() == TEMPLATE
    assert command.json("deploy", "-", "--name", "pool", stdin=TEMPLATE)["changed"] == 0
    assert command.json("show", "pool")["template"] == "standard input"
    updated = command.json("update", "pool", "--template", "-", stdin=TEMPLATE.replace("default: 1}", "default: 2}"))
    assert updated["status"] == "UPDATE_COMPLETE"
    assert "default: 2}" in kept(command)[1].read_text()
    assert not list((command.home / "deployments/pool/template").glob("new"))


def test_an_archive_is_kept_as_it_is(command, archive):
    data = archive.read_bytes()
    assert command.json("deploy", str(archive))["name"] == "pool"
    assert kept(command)[1].read_bytes() == data
    archive.unlink()
    assert command.json("resume", "pool")["status"] == "UPDATE_COMPLETE"
    assert command.json("scale", "pool", "server=2")["outputs"]["asked"]["counts"] == {"server": 2}


def test_a_template_from_a_url_is_pinned_with_its_imports(command):
    files = {"/a/pool.yaml": IMPORTING.encode(), "/a/types/own.yaml": OWN.encode()}
    with serving(files) as server:
        made = command("deploy", f"{server}/a/pool.yaml?token=correct-horse")
        assert "The deployment is called pool" in made.stderr
        assert "correct-horse" not in made.stdout + made.stderr
        command.json("deploy", f"{server}/a/pool.yaml")
        files["/a/types/own.yaml"] = OWN.replace("Server", "Other").encode()
        assert "has changed since" in command("deploy", f"{server}/a/pool.yaml", status=2).stderr
        command("plan", f"{server}/a/pool.yaml", status=2)
        del files["/a/types/own.yaml"]
        told = command("plan", f"{server}/a/pool.yaml", status=2).stderr
        assert f"{server}/a/pool.yaml:4:5: {server}/a/types/own.yaml: the server answers 404" in told
    gone = command("deploy", f"{server}/a/pool.yaml", status=2).stderr
    assert "cannot be fetched" in gone
    assert command.json("resume", "pool")["status"] == "UPDATE_COMPLETE"
    assert command.json("update", "pool", "-i", "count=2")["status"] == "UPDATE_COMPLETE"
    with zipfile.ZipFile(kept(command)[1]) as pinned:
        texts = {pinned.read(name).decode() for name in pinned.namelist()}
    assert {IMPORTING, OWN} < texts


def test_how_a_template_is_read_stays(command):
    assert command("template", "check", str(command.template), "--strict").returncode == 0
    command.template.write_text(STRAY)
    assert "stray" in command("plan", str(command.template), "--strict", status=2).stderr
    assert "stray" in command("deploy", str(command.template), "--name", "pool", "--strict", status=2).stderr
    assert not command.home.exists()
    assert "warning: " in command("plan", str(command.template)).stderr

    command.template.write_text(JINJA)
    first = command.deploy("--trust-template", "--strict")
    asked = first["outputs"]["asked"]
    assert (asked["strict"], asked["trust_template"], first["warnings"]) == (True, True, [])
    for words in (("resume", "pool"), ("scale", "pool", "server=2"), ("update", "pool", "-i", "count=3")):
        asked = command.json(*words)["outputs"]["asked"]
        assert (asked["strict"], asked["trust_template"]) == (True, True), words
    assert command.deploy()["outputs"]["asked"]["trust_template"] is True
    command.json("update", "pool", "--no-trust-template", "--no-strict")
    assert kept(command)[0].keys().isdisjoint({"strict", "trust_template"})
    (warning,) = command.json("resume", "pool")["warnings"]
    assert "Jinja" in warning["message"]
    assert warning["severity"] == "warning"


def test_another_template_has_to_be_trusted_anew(command, tmp_path):
    command.template.write_text(JINJA)
    command.deploy("--trust-template")
    other = tmp_path / "other.yaml"
    other.write_text(JINJA.replace("6 * 7", "6 * 8"))
    told = command("update", "pool", "--template", str(other), "--dry-run")
    assert "is not evaluated" in told.stderr
    command.json("update", "pool", "--template", str(other))
    assert "trust_template" not in kept(command)[0]
    command.json("update", "pool", "--template", str(other), "--trust-template")
    assert kept(command)[0]["trust_template"] is True


def test_the_help_warns_of_trust(command):
    told = " ".join(command("deploy", "--help").stdout.split())
    assert "It is code, and runs with your rights" in told


BAD = TEMPLATE.replace("nodes.indigo.Compute", "nodes.indigo.Compte").replace("{ value: hello }", "{ valu: hello }")


@pytest.mark.parametrize("words", [("plan",), ("template", "check"), ("deploy", "--name", "pool")])
def test_faults_are_shown_in_their_lines_and_told_as_data(command, words):
    command.template.write_text(BAD)
    told = command(*words, str(command.template), "--json", status=2)
    answer = json.loads(told.stdout)
    problems = {problem["line"]: problem for problem in answer["problems"]}
    lines = BAD.splitlines()
    wrong = next(number for number, text in enumerate(lines, 1) if "Compte" in text)
    problem = problems[wrong]
    assert problem.keys() == {"file", "line", "column", "end_column", "message", "hint", "severity"}
    assert lines[wrong - 1][problem["column"] - 1 : problem["end_column"] - 1] == "tosca.nodes.indigo.Compte"
    assert problem["file"] == str(command.template)
    assert "Did you mean 'tosca.nodes.indigo.Compute'" in problem["hint"]
    assert len(problems) == 2
    assert "^^^^" not in told.stdout
    shown = command(*words, str(command.template), status=2)
    assert shown.stdout == ""
    assert f"{command.template}:{wrong}:{problem['column']}: " in shown.stderr
    assert f"{wrong:>5} | {lines[wrong - 1]}\n      | {' ' * (problem['column'] - 1)}{'^' * 25}\n" in shown.stderr
    assert "\x1b" not in shown.stderr
    assert not command.home.exists()


def test_faults_of_standard_input_are_shown_too(command):
    shown = command("plan", "-", status=2, stdin=BAD).stderr
    assert "<stdin>:" in shown
    assert "^^^^" in shown


def test_hostile_lines_steer_no_terminal(command):
    command.template.write_text(BAD.replace("indigo.Compte", 'indigo.Compte # \u202e"{{ x }}'))
    shown = command("plan", str(command.template), status=2).stderr
    assert "\u202e" not in shown
    assert "Compte" in shown


def test_other_languages_get_a_clear_answer(command):
    command.template.write_text("tosca_definitions_version: tosca_2_0\nservice_template: {node_templates: {}}\n")
    told = command("plan", str(command.template), status=2).stderr
    assert "server.yaml:1:28: " in told
    assert "2.0" in told
    command.template.write_text("heat_template_version: 2021-04-16\nresources: {}\n")
    assert "tosca_definitions_version" in command("template", "check", str(command.template), status=2).stderr


def test_a_pattern_that_never_ends(command):
    text = TEMPLATE.replace('default: ""}', 'default: "", constraints: [pattern: "(a|aa)+b?(a|aa)+$"]}')
    command.template.write_text(text)
    told = command("plan", str(command.template), "-i", f"password={'a' * 60}!", status=2).stderr
    assert "cannot be tried within the 2 s" in told


def test_differences_are_told_for_any_template(command, archive):
    command.deploy()
    assert "Nothing changes." in command("plan", "-", "--against", "pool", stdin=TEMPLATE).stdout
    told = command("plan", str(archive), "--against", "pool").stdout
    assert "~ type: tosca.nodes.indigo.Compute -> my.Server" in told
    assert command.json("plan", str(archive), "--against", "pool")["warnings"] == []
