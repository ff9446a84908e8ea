# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks need and cannot be had is told when the plan is made, with the line that names it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import presence
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar, plan_template

TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    box:
      type: tosca.nodes.Compute
      artifacts:
        page:
          file: FILE
          type: tosca.artifacts.File
      interfaces:
        Standard:
          configure:
            implementation: PLAYBOOK
            inputs: { page: { get_artifact: [ SELF, page ] } }
"""


def told(text: str, directory: Path) -> list[tuple[str, int | None, str]]:
    """Return what is told of a template as a file, with the place of each."""
    path = directory / "t.yaml"
    path.write_text(text)
    return refused(path)


def refused(source: Path | bytes, archive: csar.Archive | None = None) -> list[tuple[str, int | None, str]]:
    """Return what is told of a template."""
    plan = plan_template(source, name="web").to_dict()
    try:
        presence.require(plan, archive, isinstance(source, Path))
    except PaasError as error:
        return [(each.message, each.line, each.file or "") for each in error.problems]
    return []


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    for name in ("play.yml", "page.html"):
        (tmp_path / name).touch()
    return tmp_path


def text(file: str = "page.html", playbook: str = "play.yml") -> str:
    return TEMPLATE.replace("FILE", file).replace("PLAYBOOK", playbook)


META = "TOSCA-Metadata/TOSCA.meta"
FILES_BESIDE = {META: "Entry-Definitions: t.yaml\n", "play.yml": "[]", "files/x": ""}
LEAVES = "is refused: it leaves the directory of the file that names it"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("/etc/passwd", f"the file '/etc/passwd' that 'box' needs {LEAVES}"),
        ("../x", f"the file '../x' that 'box' needs {LEAVES}"),
        ("absent.html", "'absent.html' that 'box' needs is not there"),
        ("files", "'files' that 'box' needs is a directory"),
        ("files/", "'files/' that 'box' needs is a directory"),
        ('"a\\0b"', f"the file 'a?b' that 'box' needs {LEAVES}"),
    ],
)
def test_an_artifact_that_cannot_be_had_is_told_at_its_line(directory: Path, file: str, message: str) -> None:
    assert told(text(file), directory) == [(message, 8, str(directory / "t.yaml"))]


@pytest.mark.parametrize("playbook", ["absent.yml", "files/absent.yml"])
def test_a_playbook_that_is_not_there_is_told_at_its_line(directory: Path, playbook: str) -> None:
    ((message, line, _file),) = told(text(playbook=playbook), directory)
    assert (message, line) == (f"'{playbook}' that 'box' needs is not there", 12)


@pytest.mark.parametrize("playbook", ["https://example.org/play.yml", "/absent/play.yml"])
def test_what_is_fetched_or_may_be_kept_is_not_looked_for(directory: Path, playbook: str) -> None:
    assert told(text(playbook=playbook), directory) == []


def test_a_problem_points_to_the_path(directory: Path) -> None:
    (directory / "t.yaml").write_text(text("absent.html"))
    with pytest.raises(PaasError) as caught:
        presence.require(plan_template(directory / "t.yaml").to_dict())
    assert [(each.line, each.column) for each in caught.value.problems] == [(8, 17)]


def test_what_is_there_is_no_problem(directory: Path) -> None:
    assert told(text(), directory) == []


def test_nothing_lies_beside_a_text(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(directory)
    assert refused(text().encode()) == [
        ("'play.yml' that 'box' needs is not there", 12, "web"),
        ("'page.html' that 'box' needs is not there", 8, "web"),
    ]


@pytest.mark.parametrize("file", ["page.html", "files"])
def test_what_an_archive_lacks_is_told_at_its_line(file: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, data in (FILES_BESIDE | {"t.yaml": text(file)}).items():
            target.writestr(name, data)
    data = stream.getvalue()
    message = f"the file '{file}' that a playbook needs is not in the archive"
    assert refused(data, csar.Archive(data, "web")) == [(message, 8, "web/t.yaml")]
