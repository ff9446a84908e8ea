# SPDX-License-Identifier: Apache-2.0
"""The digest of a group changes with each thing that the group depends on, and with nothing else."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from tests.proofs.digest import Checkout, digest
from tests.proofs.groups import Group, read
from tests.proofs.imports import imported

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKOUT = Checkout(ROOT)
CHECKED = [group for group in read(ROOT) if group.depends is not None]


class Touched(Checkout):
    """A checkout in which one file was changed."""

    def __init__(self, before: Checkout, name: str) -> None:
        super().__init__(before.root)
        self._before = before
        self._name = name

    def files_of(self, group: Group) -> list[str]:
        return self._before.files_of(group)

    def content(self, name: str) -> str:
        return "changed" if name == self._name else self._before.content(name)


def fixed(kind, packages):
    return dict.fromkeys(packages, "1.0")


def below(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}/")


@pytest.mark.parametrize("group", CHECKED, ids=[group.name for group in CHECKED])
def test_it_changes_with_each_declared_path(group):
    whole = digest(group, CHECKOUT, fixed)
    counting = CHECKOUT.files_of(group)
    for path in (*group.files, *(path for path in group.depends if not path.startswith("!"))):
        name = next(name for name in counting if below(name, path))
        assert digest(group, Touched(CHECKOUT, name), fixed) != whole


@pytest.mark.parametrize("group", CHECKED, ids=[group.name for group in CHECKED])
def test_it_does_not_change_with_what_is_left_out(group):
    whole = digest(group, CHECKOUT, fixed)
    others = set(CHECKOUT.files) - set(CHECKOUT.files_of(group))
    for path in (path.removeprefix("!") for path in group.depends if path.startswith("!")):
        for name in [name for name in others if below(name, path)][:1]:
            assert digest(group, Touched(CHECKOUT, name), fixed) == whole


@pytest.mark.parametrize("group", CHECKED, ids=[group.name for group in CHECKED])
def test_it_changes_with_each_version(group):
    whole = digest(group, CHECKOUT, fixed)
    for kind, packages in group.installs.items():
        for package in packages:

            def newer(asked, names, kind=kind, package=package):
                return fixed(asked, names) | ({package: "1.1"} if asked == kind else {})

            def unknown(asked, names, kind=kind, package=package):
                return fixed(asked, names) | ({package: None} if asked == kind else {})

            assert digest(group, CHECKOUT, newer) != whole
            assert digest(group, CHECKOUT, unknown) is None


@pytest.fixture
def checkout(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for name, text in {
        "conftest.py": "",
        ".gitignore": "*.log\n",
        "tests/a/conftest.py": "",
        "tests/a/test_it.py": "from tests.helper import x\nfrom . import near\n",
        "tests/a/near.py": "import tests.far\n",
        "tests/a/data.yaml": "",
        "tests/helper.py": "x = 1\n",
        "tests/far.py": "",
        "tests/stranger.py": "",
        "code/one.py": "",
        "code/left/two.py": "",
        "code/left/kept/three.py": "",
        "code/noise.log": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


GROUP = Group("one", ("tests/a/test_it.py",), ("code", "!code/left", "code/left/kept"))


def test_the_files_that_count(checkout):
    assert Checkout(checkout).files_of(GROUP) == [
        "code/left/kept/three.py",
        "code/one.py",
        "conftest.py",
        "tests/a/conftest.py",
        "tests/a/near.py",
        "tests/a/test_it.py",
        "tests/far.py",
        "tests/helper.py",
    ]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda root: (root / "code/one.py").write_text("1"), True),
        (lambda root: (root / "code/one.py").chmod(0o755), True),
        (lambda root: (root / "code/one.py").unlink(), True),
        (lambda root: (root / "code/new.py").touch(), True),
        (lambda root: (root / "tests/far.py").write_text("1"), True),
        (lambda root: (root / "code/left/two.py").write_text("1"), False),
        (lambda root: (root / "code/noise.log").write_text("1"), False),
        (lambda root: (root / "tests/stranger.py").write_text("1"), False),
    ],
)
def test_what_changes_it(checkout, change, counts):
    before = digest(GROUP, Checkout(checkout), fixed)
    change(checkout)
    assert (digest(GROUP, Checkout(checkout), fixed) != before) is counts


def test_what_tests_import_is_found_here():
    found = imported(ROOT, ["tests/service/end_to_end/test_elastic_pool.py"])
    assert {"tests/service/end_to_end/clues.py", "tests/servers.py", "tests/service/identity/issuer.py"} <= found
