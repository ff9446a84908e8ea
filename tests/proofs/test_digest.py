# SPDX-License-Identifier: Apache-2.0
"""The digest of a group changes with each thing that the group depends on, and with nothing else."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from tests.proofs.digest import Checkout, CheckoutError, digest
from tests.proofs.groups import Group, read
from tests.proofs.imports import Imports

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
        "ansible.cfg": "",
        "pyproject.toml": "",
        ".gitignore": "*.log\n",
        "tests/a/conftest.py": "",
        "tests/a/test_it.py": "from tests.helper import x\nfrom . import near\n",
        "tests/a/near.py": "def later():\n    import tests.far.away\n",
        "tests/a/data.yaml": "",
        "tests/a/below/data.yaml": "",
        "tests/a/other/__init__.py": "",
        "tests/a/other/data.yaml": "",
        "tests/helper.py": "x = 1\n",
        "tests/far/__init__.py": "from lib.two import three\n",
        "tests/far/away.py": "from indigo.paas.plugins import module\n",
        "tests/far/start.sh": "",
        "tests/stranger.py": "",
        "tests/data.yaml": "",
        "tests/templates/data.yaml": "",
        "src/lib/__init__.py": "",
        "src/lib/two.py": "from .four import five\n",
        "src/lib/four.py": "this is no Python\n",
        "src/lib/data.yaml": "",
        "collections/indigo/paas/plugins/module.py": "from ..plugins.near import it\n",
        "collections/indigo/paas/plugins/near.py": "",
        "code/one.py": "if x:\n    from .left import once\ndef later():\n    from .left import two\n",
        "code/left/once.py": "",
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
        "ansible.cfg",
        "code/left/kept/three.py",
        "code/left/once.py",
        "code/one.py",
        "collections/indigo/paas/plugins/module.py",
        "collections/indigo/paas/plugins/near.py",
        "conftest.py",
        "pyproject.toml",
        "src/lib/__init__.py",
        "src/lib/four.py",
        "src/lib/two.py",
        "tests/a/below/data.yaml",
        "tests/a/conftest.py",
        "tests/a/data.yaml",
        "tests/a/near.py",
        "tests/a/test_it.py",
        "tests/far/__init__.py",
        "tests/far/away.py",
        "tests/far/start.sh",
        "tests/helper.py",
    ]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda root: (root / "code/one.py").write_text("1"), True),
        (lambda root: (root / "code/one.py").chmod(0o755), True),
        (lambda root: (root / "code/one.py").unlink(), True),
        (lambda root: (root / "code/new.py").touch(), True),
        (lambda root: (root / "code/a link").symlink_to("nowhere"), True),
        (lambda root: (root / "code/a folder").symlink_to("../src"), True),
        (lambda root: pathlib.Path(os.fsdecode(bytes(root) + b'/code/\xff\n"')).touch(), True),
        (lambda root: (root / "tests/far/away.py").write_text("1"), True),
        (lambda root: (root / "tests/far/start.sh").write_text("1"), True),
        (lambda root: (root / "src/lib/four.py").write_text("1"), True),
        (lambda root: (root / "code/one.py").chmod(0o600), False),
        (lambda root: os.utime(root / "code/one.py", (0, 0)), False),
        (lambda root: subprocess.run(["git", "add", "."], cwd=root, check=True), False),
        (lambda root: (root / "code/left/two.py").write_text("1"), False),
        (lambda root: (root / "code/noise.log").write_text("1"), False),
        (lambda root: (root / "tests/stranger.py").write_text("1"), False),
    ],
)
def test_what_changes_it(checkout, change, counts):
    before = digest(GROUP, Checkout(checkout), fixed)
    change(checkout)
    assert (digest(GROUP, Checkout(checkout), fixed) != before) is counts


def test_a_link_that_leads_elsewhere_changes_it(checkout):
    link = checkout / "code/link"
    link.symlink_to("one.py")
    before = digest(GROUP, Checkout(checkout), fixed)
    link.unlink()
    link.symlink_to("./one.py")
    assert digest(GROUP, Checkout(checkout), fixed) != before


def test_it_is_the_same_in_a_worktree_and_in_a_shallow_clone(checkout, tmp_path_factory):
    def git(*words: str) -> None:
        said = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *said, *words], cwd=checkout, check=True, capture_output=True)

    git("add", ".")
    git("commit", "-qm", "All")
    places = tmp_path_factory.mktemp("places")
    git("worktree", "add", "-q", str(places / "tree"))
    git("clone", "-q", "--depth", "1", f"file://{checkout}", str(places / "clone"))
    found = [digest(GROUP, Checkout(root), fixed) for root in (checkout, places / "tree", places / "clone")]
    assert found == [found[0]] * 3


def test_where_git_lists_no_files_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(CheckoutError, match="not a git repository"):
        _ = Checkout(tmp_path).files
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CheckoutError, match="git cannot be run"):
        _ = Checkout(tmp_path).files


def test_what_tests_import_is_found_here():
    found = Imports(ROOT, CHECKOUT.files).of(["tests/service/end_to_end/test_elastic_pool.py"])
    assert {"tests/service/end_to_end/clues.py", "tests/servers.py", "tests/service/identity/issuer.py"} <= found
    assert "collections/ansible_collections/indigo/paas/plugins/module_utils/errors.py" in found
