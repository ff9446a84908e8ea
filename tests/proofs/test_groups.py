# SPDX-License-Identifier: Apache-2.0
"""tests/groups.yaml holds every test, and names only what there is."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
from collections.abc import Iterable

import pytest

from tests.proofs.digest import Checkout
from tests.proofs.groups import Group, Groups, GroupsError, read
from tests.proofs.versions import PYTHON

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROUPS = read(ROOT)
CHECKOUT = Checkout(ROOT)


def is_test(name: str) -> bool:
    within = name.startswith(("tests/", "collections/ansible_collections/indigo/paas/tests/unit/"))
    return within and pathlib.PurePath(name).match("test_*.py")


def test_every_test_file_belongs_to_a_group():
    tests = [name for name in CHECKOUT.files if is_test(name)]
    assert len(tests) > 100
    assert [name for name in tests if GROUPS.name_of(name) is None] == []


def test_every_test_belongs_to_a_group(request):
    ids = [item.nodeid for item in request.session.items]
    assert [nodeid for nodeid in ids if GROUPS.name_of(nodeid) is None] == []


def test_every_group_has_tests():
    assert [group.name for group in GROUPS if not any((ROOT / file).exists() for file in group.files)] == []


def test_what_a_group_depends_on_is_there():
    declared = {path.removeprefix("!") for group in GROUPS for path in group.depends or ()}
    assert [path for path in sorted(declared) if not (ROOT / path).exists()] == []


@functools.cache
def names(path: pathlib.Path) -> set[str]:
    """Return the texts in a Python file, and those that it joins with /."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.strip("/"))
        parts: list[str] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant):
            parts.insert(0, str(node.right.value))
            node = node.left
        found.add("/".join(parts))
    return found


CHECKED = [group for group in GROUPS if group.depends is not None]
PLACES = ("", "collections/ansible_collections/indigo/paas/")


@pytest.mark.parametrize("group", CHECKED, ids=[group.name for group in CHECKED])
def test_a_group_depends_on_what_its_tests_name(group):
    """A word alone, such as README.md, may be a file elsewhere; a path that there is in the checkout is meant."""
    counting = CHECKOUT.files_of(group)
    tests = [name for name in counting if name.startswith("tests/") and name.endswith(".py")]
    named = {place + text for name in tests for text in names(ROOT / name) if "/" in text for place in PLACES}
    there = {path for path in named if _below(CHECKOUT.files, path)}
    assert [path for path in sorted(there) if not _below(counting, path)] == []


def _below(files: Iterable[str], path: str) -> bool:
    return any(file == path or file.startswith(f"{path}/") for file in files)


@pytest.mark.parametrize("group", CHECKED, ids=[group.name for group in CHECKED])
def test_a_group_that_runs_the_command_depends_on_it(group):
    counting = CHECKOUT.files_of(group)
    tests = [ROOT / name for name in counting if name.startswith("tests/") and is_test(name)]
    runs = any(
        re.search(r"\bindigo(\.json|\.start)?\(|\bindigo: Command|[\"']indigo-paas[\"' ]", test.read_text())
        for test in tests
    )
    assert not runs or {"src/indigo_paas/cli/_main.py", "inventories/local/sites.yml"} <= set(counting)


def test_every_group_that_may_be_left_out_names_versions():
    assert [group.name for group in GROUPS if group.depends and not group.installs.get(PYTHON)] == []


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/a/test_a.py", "all"),
        ("tests/a/test_a.py::test_one", "all"),
        ("tests/a/test_b.py", "file"),
        ("tests/a/test_b.py::test_one[x]", "file"),
        ("tests/a/test_b.py::test_two[x]", "one"),
        ("tests/a/test_b.py::test_two[x]y", "file"),
        ("tests/a/test_b.pyc", "all"),
        ("tests/ab/test_b.py", None),
    ],
)
def test_the_longest_beginning_counts(nodeid, name):
    groups = Groups(
        [
            Group("one", ("tests/a/test_b.py::test_two[x]",)),
            Group("all", ("tests/a",)),
            Group("file", ("tests/a/test_b.py",)),
        ]
    )
    assert groups.name_of(nodeid) == name


def write(root: pathlib.Path, text: str) -> None:
    (root / "tests").mkdir(exist_ok=True)
    (root / "tests/groups.yaml").write_text(text)


def test_one_declaration_makes_a_group_for_each_path(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / "roles" / name).mkdir(parents=True)
        (tmp_path / "roles" / name / "here").touch()
    write(
        tmp_path,
        """
sets: {code: [src, more], more: [lib]}
groups:
  role-{name}: {per: roles/*/here, tests: ["t.py::test[{name}]"], depends: [code, "roles/{name}"]}
  role-b: {tests: ["t.py::test[b]"], depends: [code, roles/b, roles/a]}
""",
    )
    groups = read(tmp_path)
    assert {group.name: group.depends for group in groups} == {
        "role-a": ("src", "lib", "roles/a"),
        "role-b": ("src", "lib", "roles/b", "roles/a"),
        "role-c": ("src", "lib", "roles/c"),
    }
    assert groups["role-a"].tests == ("t.py::test[a]",)


@pytest.mark.parametrize(
    "body",
    ["{tests: [a], dependz: [b]}", "{tests: ['{name}'], depends: [b], per: roles}"],
)
def test_a_wrong_declaration_is_refused(tmp_path, body):
    write(tmp_path, f"sets: {{}}\ngroups:\n  one: {body}\n")
    with pytest.raises(GroupsError, match="group one"):
        read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "groups: {}",
        "sets: {}\ngroups: {one: 1}",
        "sets: {}\ngroups: {one: {}}",
        "<<<<<<< HEAD\na: b\n======\n",
    ],
)
def test_a_damaged_file_is_refused(tmp_path, text):
    write(tmp_path, text)
    with pytest.raises(GroupsError, match=r"tests/groups.yaml: "):
        read(tmp_path)


def test_two_groups_do_not_share_tests(tmp_path):
    write(tmp_path, "sets: {}\ngroups:\n  one: {tests: [a]}\n  two: {tests: [a]}\n")
    with pytest.raises(GroupsError, match="same tests"):
        read(tmp_path)


def test_an_unknown_group_is_told_with_those_there_are():
    with pytest.raises(GroupsError, match=r"no group nothing .* unit"):
        GROUPS["nothing"]
