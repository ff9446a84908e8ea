# SPDX-License-Identifier: Apache-2.0
"""Which versions of packages count: Python's here, and Debian's as its archive offers them."""

from __future__ import annotations

import importlib.metadata

import pytest

from tests.proofs import versions as under_test
from tests.proofs.versions import versions

POLICY = """\
condor:
  Installed: (none)
  Candidate: 23.9.6+dfsg-2.1
  Version table:
     23.9.6+dfsg-2.1 500
        500 http://archive.example.org/debian trixie/main amd64 Packages
nova-api:
  Installed: (none)
  Candidate: (none)
  Version table:
"""


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Programs of apt that say POLICY, sources at a Debian archive, and what was asked."""
    asked: list[tuple[str, ...]] = []

    def said(*command: str) -> str:
        asked.append(command)
        return POLICY if "policy" in command else ""

    (tmp_path / "sources.list").write_text("deb [signed-by=/a/key] http://archive.example.org/debian/ trixie main\n")
    monkeypatch.setattr(under_test, "_SOURCES", tmp_path)
    monkeypatch.setattr(under_test, "_said", said)
    under_test._lists.cache_clear()
    under_test._of_debian.cache_clear()
    yield asked
    under_test._lists.cache_clear()
    under_test._of_debian.cache_clear()


def test_of_python():
    found = versions("python", ("pytest", "nothing-of-this-name"))
    assert found == {"pytest": importlib.metadata.version("pytest"), "nothing-of-this-name": None}


def test_of_debian(apt):
    wanted = ("condor", "nova-api", "nothing-of-this-name")
    found = {"condor": "23.9.6+dfsg-2.1", "nova-api": None, "nothing-of-this-name": None}
    assert versions("trixie", wanted) == found


def test_the_archive_is_asked_once(apt):
    for _each in range(2):
        versions("trixie", ("condor",))
    assert [command[0] for command in apt] == ["apt-get", "apt-cache"]


def test_an_archive_that_does_not_answer_leaves_them_unknown(apt, monkeypatch):
    monkeypatch.setattr(under_test, "_said", lambda *_command: "")
    assert versions("trixie", ("condor",)) == {"condor": None}


def test_where_no_archive_is_known_they_are_unknown(apt, tmp_path):
    (tmp_path / "sources.list").write_text("deb http://archive.ubuntu.com/ubuntu noble main\n")
    assert versions("trixie", ("condor",)) == {"condor": None}
    assert apt == []


@pytest.mark.parametrize("program", ["no-program-of-this-name", "false"])
def test_a_program_that_fails_says_nothing(program):
    assert under_test._said(program) == ""
