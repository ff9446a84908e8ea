# SPDX-License-Identifier: Apache-2.0
"""Runs of pytest in a small checkout: what they leave out, run and write down."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

from tests.proofs import ledger

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\naddopts = "--import-mode=importlib"\n',
    "conftest.py": "",
    "code/one.txt": "",
    "code/two.txt": "",
    "tests/groups.yaml": """
sets: {}
groups:
  always: {tests: [tests/test_always.py]}
  one: {tests: [tests/test_one.py], depends: [code/one.txt], installs: {python: [pytest]}}
  two: {tests: [tests/test_two.py], depends: [code/two.txt], installs: {python: [pytest]}}
""",
    "tests/test_always.py": "def test_it(): pass\n",
    "tests/test_one.py": "def test_a(): pass\ndef test_b(): pass\n",
    "tests/test_two.py": "def test_it(): pass\n",
}


class Small:
    """A small checkout with three groups of tests."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        subprocess.run(["git", "init", "-q", root], check=True)
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(self, *options: str) -> tuple[list[str], str]:
        """Run pytest; return the files of the tests that ran, and what it said."""
        command = [sys.executable, "-m", "pytest", "-p", "tests.proofs.plugin", "-v", *options]
        # The plugin is this checkout's, the tests are the small one's.
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        said = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        return sorted(
            set(re.findall(r"tests/test_(\w+)\.py::\S+ (?:PASSED|FAILED|SKIPPED)", said.stdout))
        ), said.stdout + said.stderr

    def proved(self) -> list[str]:
        return sorted(ledger.read(self.root))


@pytest.fixture
def small(tmp_path):
    return Small(tmp_path)


def test_without_options_nothing_is_left_out_or_written(small):
    ran, _said = small.run()
    assert ran == ["always", "one", "two"]
    assert small.proved() == []


def test_a_proved_group_is_left_out_with_its_date_until_something_changes(small):
    assert small.run("--proofs=renew")[0] == ["always", "one", "two"]
    assert small.proved() == ["always", "one", "two"]
    ran, said = small.run("--proofs=use")
    assert ran == ["always"]
    assert re.search(r"left out: one, proved \d{4}-\d\d-\d\d", said)
    small.write("code/one.txt", "changed")
    assert small.run("--proofs=use")[0] == ["always", "one"]
    assert small.run("--proofs=use")[0] == ["always"]
    small.write("tests/test_two.py", "def test_it(): assert True\n")
    assert small.run("--proofs=use")[0] == ["always", "two"]


def test_what_was_proved_longest_ago_runs_again(small):
    small.run("--proofs=renew")
    ran, said = small.run("--proofs=use", "--proofs-minutes=1")
    assert ran == ["always", "one", "two"]
    assert "runs again: one" in said


@pytest.mark.parametrize(
    "text",
    [
        "def test_a(): pass\ndef test_b(): assert False\n",
        "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('why')\n",
        "def test_a(): open('code/one.txt', 'w').write('edited meanwhile')\n",
    ],
    ids=["failed", "skipped", "edited"],
)
def test_what_did_not_pass_is_not_written(small, text):
    small.write("tests/test_one.py", text)
    small.run("--proofs=renew")
    assert small.proved() == ["always", "two"]


def test_a_failure_takes_no_proof_away(small):
    small.run("--proofs=renew")
    before = ledger.read(small.root)["one"]
    small.write("tests/test_one.py", "def test_a(): assert False\n")
    small.run("--proofs=use")
    assert ledger.read(small.root)["one"] == before
    assert small.run("--proofs=use")[0] == ["always", "one"]


def test_one_group_runs_and_is_written(small):
    assert small.run("--proofs=renew", "--group=two")[0] == ["two"]
    assert small.proved() == ["two"]


@pytest.mark.parametrize(
    "options", [("-k", "test_a"), ("-m", "not slow"), ("tests/test_one.py",), ("--deselect=tests/test_one.py::test_a",)]
)
def test_a_part_of_the_tests_proves_nothing(small, options):
    ran, said = small.run("--proofs=renew", *options)
    assert "one" in ran
    assert "not used" in said
    assert small.proved() == []


def test_an_unknown_group_is_told(small):
    ran, said = small.run("--group=three")
    assert ran == []
    assert "there is no group three" in said


def test_several_processes_leave_out_the_same(small):
    assert small.run("--proofs=renew", "-p", "xdist", "-n", "2")[1].count("PASSED") == 4
    assert small.proved() == ["always", "one", "two"]
    said = small.run("--proofs=use", "-p", "xdist", "-n", "2")[1]
    assert said.count("PASSED") == 1
    assert "left out: two" in said
