# SPDX-License-Identifier: Apache-2.0
"""docs/tutorial-own-service.md works: its files are made as they are written there, and its commands are run."""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial-own-service.md").read_text()
FILE = re.compile(r"^```yaml\n((?:---\n)?# (\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {name: text for text, name in FILE.findall(PAGE)}
COMMANDS = [line.removeprefix("$ ") for block in CONSOLE.findall(PAGE) for line in block.splitlines()]
PROGRAMS = ("indigo-paas", "ansible-lint")
NEEDS_ENGINE = ("deploy", "outputs", "check", "ssh", "destroy")


@pytest.fixture
def project(tmp_path):
    """The directory of the tutorial with all its files."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def execute(project, run):
    """Run a command of the page in the directory of the tutorial."""
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(project / "collections"),
        "INDIGO_PAAS_HOME": str(project / "home"),
        "ANSIBLE_HOME": str(project / "ansible"),
    }

    def call(command: str) -> subprocess.CompletedProcess[str]:
        return run(*shlex.split(command), cwd=project, env=environment, stdin=subprocess.DEVNULL)

    return call


def commands(*programs: str, engine: bool) -> list[str]:
    found = [command for command in COMMANDS if shlex.split(command)[0] in programs]
    return [command for command in found if (shlex.split(command)[1] in NEEDS_ENGINE) == engine]


def test_all_commands_are_known():
    others = [command for command in COMMANDS if shlex.split(command)[0] not in PROGRAMS]
    assert others == ["mkdir hello && cd hello", "export ANSIBLE_COLLECTIONS_PATH=$PWD/collections"]


def test_every_file_of_the_page_is_made():
    assert len(FILES) == PAGE.count("```yaml")
    assert {"hello.yaml", "two.yaml"} < set(FILES)


@pytest.mark.parametrize("command", commands("ansible-lint", "indigo-paas", engine=False))
def test_a_command_that_needs_no_nodes(execute, command):
    done = execute(command)
    said = done.stdout + done.stderr
    assert "warning" not in said.replace("0 failure(s), 0 warning(s)", "")


def test_one_page_waits_for_the_other(execute):
    plan = execute("indigo-paas plan two.yaml").stdout
    assert plan.index("The first page") < plan.index("The second page")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [("prot: 8080", "port: 8080", "'port'"), ("port: 80", "port: 8080", "in_range"), ("", "text: Hi", "'text'")],
)
def test_what_the_page_wants_the_reader_to_break(project, execute, wrong, right, said):
    template = project / "hello.yaml"
    text = template.read_text().replace("text: { get_input: text }", "\n        ".join(["text: Hi", "port: 8080"]))
    assert right in text
    template.write_text(text.replace(right, wrong, 1))
    with pytest.raises(AssertionError, match="ended with 2") as refused:
        execute("indigo-paas template check hello.yaml")
    assert said in str(refused.value)


@pytest.mark.engine
@pytest.mark.slow
def test_the_commands_that_make_nodes(execute):
    said = {}
    try:
        for command in commands("indigo-paas", engine=True):
            said[command] = execute(command).stdout
    finally:
        for name in ("hello", "two"):
            leftovers(execute, name)
    pages = said["indigo-paas ssh two second-server-0 -- cat /srv/greeter/index.html"]
    assert re.fullmatch(r"The second page\nhttp://[0-9.]+:8080/\n", pages)
    assert re.search(r"http://[0-9.]+:8080/", said["indigo-paas outputs hello"])


def leftovers(execute, name: str) -> None:
    """Destroy what a command that failed has left."""
    if name in execute("indigo-paas list").stdout:
        execute(f"indigo-paas destroy {name} --yes")
