# SPDX-License-Identifier: Apache-2.0
"""Runs of pytest in a small checkout: what they leave out, run and write down."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from tests.proofs import ledger

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {
    "pyproject.toml": """
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "--import-mode=importlib --strict-markers --strict-config"
""",
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
        (root / ".gitignore").write_text("__pycache__\n")
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *options: str, below: str = ".", **environment: str) -> tuple[list[str], str]:
        """Run pytest in the folder BELOW; return the files of the tests that ran, and what it said."""
        command = [sys.executable, "-m", "pytest", "-p", "tests.proofs.plugin", "-v", *options]
        # The plugin is this checkout's, the tests are the small one's.
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment}
        said = subprocess.run(command, cwd=self.root / below, env=env, capture_output=True, text=True, check=False)
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


UNPROVED = {
    "failed": "def test_a(): pass\ndef test_b(): assert False\n",
    "skipped": "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('why')\n",
    "edited": "def test_a(): open('code/one.txt', 'w').write('edited meanwhile')\n",
    "skipped as a whole": "import pytest\npytest.importorskip('nothing_of_this_name')\n",
    "not imported": "import nothing_of_this_name\n",
    "not parsed": "this is no Python\n",
}


@pytest.mark.parametrize("processes", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "more processes"])
def test_what_did_not_pass_is_not_written(small, processes):
    depends = "depends: [code/one.txt], installs: {python: [pytest]}"
    groups = ["  good: {tests: [tests/good]}\n"]
    small.write("tests/good/test_it.py", "def test_it(): pass\n")
    for number, (name, text) in enumerate(UNPROVED.items()):
        groups.append(f"  {name}: {{tests: [tests/{number}], {depends}}}\n")
        small.write(f"tests/{number}/test_it.py", text)
        small.write(f"tests/{number}/test_too.py", "def test_it(): pass\n")
    small.write("tests/groups.yaml", f"sets: {{}}\ngroups:\n{''.join(groups)}")
    small.run("--proofs=renew", "--continue-on-collection-errors", *processes)
    assert small.proved() == ["good"]


@pytest.mark.parametrize("options", [("-x",), ("-x", "-p", "xdist", "-n", "1")], ids=["one process", "more processes"])
@pytest.mark.parametrize("test", ["raise KeyboardInterrupt", "assert False"])
def test_a_run_that_ends_early_proves_what_was_over(small, test, options):
    small.write("tests/test_one.py", f"def test_a(): pass\ndef test_b(): {test}\ndef test_c(): pass\n")
    small.run("--proofs=renew", *options)
    assert small.proved() == ["always"]


def test_a_process_that_is_gone_proves_nothing(small):
    small.write("tests/test_one.py", "import os\ndef test_a(): pass\ndef test_b(): os._exit(1)\ndef test_c(): pass\n")
    small.run("--proofs=renew", "-p", "xdist", "-n", "1")
    assert small.proved() == ["always", "two"]


def test_any_name_of_a_case_counts(small):
    names = ["a::b", "[", "]", "[x]", "a b", "tests/test_two.py::test_it"]
    small.write("tests/test_one.py", f"import pytest\n@pytest.mark.parametrize('x', {names})\ndef test_a(x): pass\n")
    small.run("--proofs=renew")
    assert small.proved() == ["always", "one", "two"]
    assert small.run("--proofs=use")[0] == ["always"]


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
    "options",
    [
        ("-k", "test_a"),
        ("tests/test_one.py",),
        ("--deselect=tests/test_one.py::test_a",),
        ("--ignore=tests/test_two.py",),
        ("-o", "testpaths=tests/test_one.py"),
    ],
)
def test_a_part_of_the_tests_proves_nothing(small, options):
    ran, said = small.run("--proofs=renew", *options)
    assert "one" in ran
    assert "not used" in said
    assert small.proved() == []


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan"])
def test_what_does_not_run_proves_nothing(small, option):
    small.run("--proofs=renew", option)
    assert small.proved() == []


def test_from_a_folder_below_nothing_is_left_out_or_written(small):
    _ran, said = small.run("--proofs=renew", below="tests")
    assert "4 passed" in said
    assert "not used, for the folder in which pytest was started" in said
    assert small.proved() == []


def test_where_git_lists_no_files_everything_runs(small):
    small.run("--proofs=renew")
    before = ledger.read(small.root)
    shutil.rmtree(small.root / ".git")
    ran, said = small.run("--proofs=use", GIT_CEILING_DIRECTORIES=str(small.root.parent))
    assert ran == ["always", "one", "two"]
    assert "not a git repository" in said
    assert ledger.read(small.root) == before


def test_a_group_of_unknown_versions_runs_and_says_why(small):
    text = FILES["tests/groups.yaml"].replace("{python: [pytest]}", "{python: [pytest, nothing-of-this-name]}", 1)
    small.write("tests/groups.yaml", text)
    for _each in range(2):
        ran, said = small.run("--proofs=use")
        assert "one" in ran
        assert "one: the version of nothing-of-this-name is not known" in said
        assert small.proved() == ["two"]


@pytest.mark.parametrize("name", ["tests/proofs.yaml", "tests/groups.yaml"])
def test_a_damaged_file_is_told(small, name):
    small.write(name, "<<<<<<< HEAD\na: b\n=======\n")
    ran, said = small.run("--proofs=use")
    assert ran == []
    assert f"ERROR: {name}: " in said
    assert "Traceback" not in said


def test_a_ledger_that_was_damaged_meanwhile_is_left_as_it_is(small):
    small.write("tests/test_one.py", "def test_a(): open('tests/proofs.yaml', 'w').write('<<<<<<< HEAD')\n")
    ran, said = small.run("--proofs=renew")
    assert ran == ["always", "one", "two"]
    assert "nothing is proved: tests/proofs.yaml: " in said
    assert (small.root / "tests/proofs.yaml").read_text() == "<<<<<<< HEAD"


def test_a_group_that_is_gone_leaves_the_ledger(small):
    small.run("--proofs=renew")
    small.write("tests/groups.yaml", FILES["tests/groups.yaml"].replace("  one:", "  first:"))
    small.run("--proofs=use")
    assert small.proved() == ["always", "first", "two"]


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
