# SPDX-License-Identifier: Apache-2.0
"""What `python -m tests.proofs` answers."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from tests.proofs.__main__ import listed, which_run
from tests.proofs.digest import Checkout
from tests.proofs.groups import Groups, read

GROUPS = """
sets: {}
groups:
  always: {tests: [tests/test_always.py]}
  one: {tests: [tests/test_one.py], depends: [code], installs: {python: [pytest]}}
  two: {tests: [tests/test_two.py], depends: [code/two.txt], installs: {python: [nothing-of-this-name]}}
"""


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "checkout"
    for name in ("code/one.txt", "code/two.txt", "tests/test_one.py", "other", "built/noise"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "tests/groups.yaml").write_text(GROUPS)
    (root / ".gitignore").write_text("built\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    return Checkout(root)


@pytest.fixture
def groups(checkout) -> Groups:
    return read(checkout.root)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("code/one.txt", ["always", "one"]),
        ("./code//two.txt", ["always", "one", "two"]),
        ("code", ["always", "one", "two"]),
        ("code/", ["always", "one", "two"]),
        (".", ["always", "one", "two"]),
        ("other", ["always"]),
    ],
)
def test_the_groups_that_run_after_a_change(checkout, groups, monkeypatch, path, names):
    assert which_run(checkout, groups, [path]) == names
    assert which_run(checkout, groups, [str(checkout.root / path)]) == names
    monkeypatch.chdir(checkout.root)
    assert which_run(checkout, groups, [path]) == names


def test_a_path_may_be_from_the_folder_that_one_is_in(checkout, groups, monkeypatch):
    monkeypatch.chdir(checkout.root / "tests")
    assert which_run(checkout, groups, ["../code/two.txt"]) == ["always", "one", "two"]
    assert which_run(checkout, groups, ["test_one.py"]) == ["always", "one"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("code/three.txt", "there is no code/three.txt"),
        ("/etc/passwd", "outside of the checkout"),
        ("../elsewhere", "outside of the checkout"),
        ("built", "git ignores built"),
    ],
)
def test_a_path_of_which_there_is_nothing_is_told(checkout, groups, monkeypatch, path, said):
    monkeypatch.chdir(checkout.root)
    with pytest.raises(ValueError, match=said):
        which_run(checkout, groups, [path])


def test_a_wrong_path_ends_without_a_traceback():
    root = pathlib.Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.proofs", "which", "no/such/file"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(f"error: there is no no/such/file, neither here nor from the root {root}\n")


def test_each_group_is_listed_with_what_is_known_of_it(checkout):
    root = checkout.root
    (root / "tests/proofs.yaml").write_text("one: {digest: a, passed: 2026-01-01 10:00, seconds: 90}\n")
    assert [line.split(maxsplit=1) for line in listed(root)] == [
        ["always", "always runs"],
        ["one", "90 s  not proved: something changed since 2026-01-01 10:00"],
        ["two", "not proved: the version of nothing-of-this-name is not known"],
    ]
