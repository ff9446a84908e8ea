# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, exit codes, and that no traceback leaves it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from indigo_paas import cli, store
from indigo_paas.cli import _common, _main
from indigo_paas.cli.ssh import _arguments, _node
from indigo_paas.errors import BadInput, Busy, IndigoError
from indigo_paas.ground.paths import DeploymentFiles, Home
from indigo_paas.templates import collection, kept_request

HEAVY = (
    "alembic",
    "ansible",
    "ansible_runner",
    "asyncio",
    "docker",
    "httpx",
    "openstack",
    "psutil",
    "requests",
    "rich",
    "sqlalchemy",
    "toscaparser",
    "yaml",
)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("INDIGO_PAAS_HOME", str(tmp_path / "home"))
    umask = os.umask(0o077)
    yield
    os.umask(umask)


def leaves(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("words", list(leaves(_main.group)), ids=" ".join)
def test_help_teaches_with_an_example(words, capsys):
    assert cli.run([*words, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Example" in shown
    assert f"indigo-paas {' '.join(words)}" in shown.partition("Example")[2] or words == ("inventory",)


def test_the_help_of_the_whole_names_every_command(capsys):
    assert cli.run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert not [name for name in _main.COMMANDS if f"\n  {name} " not in shown]
    assert "..." not in shown.partition("Commands:")[2]


def test_a_misspelt_command_is_answered_with_the_nearest(capsys):
    assert cli.run(["deply"]) == 2
    assert "No such command 'deply'. Did you mean 'deploy'?" in capsys.readouterr().err


def test_help_and_version_load_nothing_heavy():
    assert loaded("--help") == set()
    assert loaded("show", "--help") == set()


def test_to_look_at_deployments_loads_nothing_heavy(tmp_path):
    home = Home(tmp_path / "home")
    memory = store.open_store(home.database)
    memory.add_deployment("pool", status="CREATE_COMPLETE", template="pool.yaml", description="")
    memory.add_run(store.Run("r1", "pool", "deploy", 1.0, ended=2.0, state=store.OK))
    memory.close()
    home.deployment("pool").root.mkdir(parents=True)
    kept_request.write(home.deployment("pool"), kept_request.Request("pool", "template/pool.yaml"))
    assert loaded("list") == set()
    assert loaded("show", "pool") == {"yaml"}


def loaded(*arguments: str) -> set[str]:
    """Return what is heavy and loaded after a run of the command with ARGUMENTS, which must end well."""
    code = (
        f"import json, sys; from indigo_paas import cli; code = cli.run({list(arguments)!r}); "
        f"print(); print(json.dumps([code, sorted({set(HEAVY)!r} & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code, found = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return set(found)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("t.yaml:1:2: wrong. Mend it", "second"), 2),
        (IndigoError("failed"), 1),
        (Busy("busy"), 3),
        (KeyboardInterrupt(), 130),
        (OSError(28, "No space left on device", "/home/x"), 1),
        (RuntimeError("bug \x1b[2J"), 1),
    ],
)
def test_every_error_is_a_sentence_and_an_exit_code(error, code, monkeypatch, capsys, tmp_path):
    def broken(_settings):
        raise error

    monkeypatch.setattr("indigo_paas.engine.overview.views", broken)
    assert cli.run(["list"]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err
    assert "Traceback" not in told.err
    assert "\x1b" not in told.err
    logs = list((tmp_path / "home").rglob("*.txt"))
    assert len(logs) == (1 if isinstance(error, RuntimeError | OSError) else 0)
    assert not [log for log in logs if log.stat().st_mode & 0o077 or "Traceback" not in log.read_text()]


def test_all_problems_are_told(monkeypatch, capsys):
    def broken(_settings):
        raise BadInput("a.yaml:1:1: one", "a.yaml:2:1: two")

    monkeypatch.setattr("indigo_paas.engine.overview.views", broken)
    cli.run(["list", "--json"])
    told = capsys.readouterr()
    assert told.err == "a.yaml:1:1: one\na.yaml:2:1: two\n"
    assert [problem["message"] for problem in json.loads(told.out)["problems"]] == [
        "a.yaml:1:1: one",
        "a.yaml:2:1: two",
    ]


def test_nobody_logs_in_to_this_machine():
    from indigo_paas.cli import ssh

    ssh._require_remote({"name": "fe-0"})
    with pytest.raises(BadInput, match="fe-0 is this machine"):
        ssh._require_remote({"name": "fe-0", "ansible_connection": "local"})


def test_a_database_that_is_none(tmp_path, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "indigo-paas.db").write_text("no database at all, " * 100)
    assert cli.run(["list"]) == 1
    assert "indigo-paas.db cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("true", True),
        ("", ""),
        ("a: b", "a: b"),
        ("@x", "@x"),
        ("{{ 1 }}", "{{ 1 }}"),
        ("[80, 443]", [80, 443]),
        ("{a: 1}", {"a": 1}),
        ('"3"', "3"),
        ("'yes'", "yes"),
        ("[", "["),
        ("2024-01-01", "2024-01-01"),
        ("a=b", "a=b"),
    ],
)
def test_values_of_inputs(text, value):
    assert collection.parse_value(text) == value


def test_inputs_of_a_file_and_of_options(tmp_path):
    file = tmp_path / "inputs.yaml"
    file.write_text("a: 1\nb: two\n")
    assert _common.inputs_of(["a=3", "c=x=y"], file) == {"a": 3, "b": "two", "c": "x=y"}
    file.write_text("- a\n")
    with pytest.raises(BadInput, match="mapping"):
        _common.inputs_of([], file)


NODES = [
    {"name": "fe-0", "ansible_host": "10.0.0.1", "ansible_port": 2222, "ansible_user": "debian"},
    {"name": "wn-0", "ansible_host": "10.0.0.2"},
]


def test_ssh_reaches_known_hosts_with_the_deployments_key(tmp_path):
    files = DeploymentFiles(tmp_path / "a b")
    arguments = _arguments(files, NODES[0], [])
    assert arguments[-6:] == ["-p", "2222", "-l", "debian", "--", "10.0.0.1"]
    assert "StrictHostKeyChecking=yes" in arguments
    assert f'UserKnownHostsFile="{files.known_hosts}"' in arguments
    assert arguments[arguments.index("-i") + 1] == str(files.ssh_key)
    assert _arguments(files, NODES[1], ["echo a | cat"])[-1] == "echo a | cat"
    assert _arguments(files, NODES[1], ["echo", "a  b", "$HOME"])[-1] == "echo 'a  b' '$HOME'"


def test_ssh_chooses_a_node():
    assert _node("pool", NODES, None) is NODES[0]
    assert _node("pool", NODES, "wn-0") is NODES[1]
    with pytest.raises(BadInput, match="fe-0, wn-0"):
        _node("pool", NODES, "wn-9")
    with pytest.raises(BadInput, match="no nodes"):
        _node("pool", [], None)


@pytest.mark.parametrize("count", ["-1", "1.5", "many", "", "1000000"])
def test_a_count_is_a_whole_number_from_0(count, capsys):
    assert cli.run(["scale", "demo", f"wn_server={count}"]) == 2
    assert "with a whole number from 0 to 999999, as in wn_server=4" in capsys.readouterr().err


def test_one_node_in_one_group_is_called_so(tmp_path, capsys):
    template = tmp_path / "one.yaml"
    nodes = "node_templates: { server: { type: tosca.nodes.Compute } }"
    template.write_text(f"tosca_definitions_version: tosca_simple_yaml_1_3\ntopology_template: {{ {nodes} }}\n")
    assert cli.run(["template", "check", str(template)]) == 0
    assert capsys.readouterr().out == f"{template} is fine: 1 node in 1 group; no services.\n"


def test_the_help_says_where_things_are_kept_and_which_endings_are_known(capsys):
    assert cli.run(["--help"]) == cli.run(["graph", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "~/.local/share/indigo-paas" in said
    assert ".svg, .dot, .gv, .mmd, .mermaid" in said
