# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that operations name are where Ansible looks for them, or it is said before anything is made."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import Finders, prepare
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.carried import carried
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template

TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    box: { type: tosca.nodes.Compute }
    other:
      type: tosca.nodes.SoftwareComponent
      artifacts: { greeting: texts/other.txt }
      requirements: [ { host: box } ]
    app:
      type: tosca.nodes.SoftwareComponent
      artifacts:
        text: { type: tosca.artifacts.File, file: FILE }
        spare: { type: tosca.artifacts.File, file: not/there.txt }
        image: { type: tosca.artifacts.Deployment.Image.Container.Docker, file: example/web }
      requirements: [ { host: box } ]
      interfaces:
        Standard:
          configure:
            implementation: { primary: play/bring.yml, dependencies: [ data/more.txt ] }
            inputs:
              text: { get_artifact: [ SELF, text ] }
              greeting: { get_artifact: [ other, greeting ] }
"""
FILES = {
    "play/bring.yml": "- hosts: all\n  tasks:\n    - copy: { src: '{{ text }}', dest: /root/hello.txt }\n",
    "files/hello.txt": "hello",
    "texts/other.txt": "other",
    "data/more.txt": "more",
}
BROUGHT = {"files/hello.txt": b"hello", "texts/other.txt": b"other", "data/more.txt": b"more"}


@pytest.fixture
def source(tmp_path: Path):
    """Write a template with its files; return its path."""

    def write(file: str = "files/hello.txt", **files: str) -> Path:
        for name, text in {**FILES, **files, "t.yaml": TEMPLATE.replace("FILE", file)}.items():
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "source/t.yaml"

    return write


def packed(template: Path, top: str = "") -> Path:
    """Make an archive of a template and the usual files; return its path."""
    path = template.parent.parent / "pool.csar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("TOSCA-Metadata/TOSCA.meta", f"Entry-Definitions: {top}t.yaml\n")
        archive.writestr(f"{top}t.yaml", template.read_text())
        for name, text in FILES.items():
            archive.writestr(name, text)
    return path


def role_of(template: Path, tmp_path: Path) -> Path:
    """Return the directory of the role that the template's playbook becomes."""
    plan = plan_template(template).to_dict()
    finders = Finders(lambda _name: None, lambda _name: False)
    found = prepare(plan, tmp_path / "deployment", tmp_path / "cache", finders)
    assert not prepare(plan, tmp_path / "deployment", tmp_path / "cache", finders)["changed"]
    (role,) = found["stages"]["configure"]["roles"]
    return Path(role)


def brought(role: Path) -> dict[str, bytes]:
    return {name: (role / name).read_bytes() for name in BROUGHT}


def test_the_files_lie_where_the_playbook_looks_for_them(source, tmp_path):
    role = role_of(source(), tmp_path)
    assert brought(role) == BROUGHT
    assert not (role / "not").exists()


def test_a_changed_file_is_taken_anew(source, tmp_path):
    template = source()
    role_of(template, tmp_path)
    (template.parent / "files/hello.txt").write_text("good bye")
    assert (role_of(template, tmp_path) / "files/hello.txt").read_text() == "good bye"


@pytest.mark.parametrize("top", ["", "Definitions/"])
def test_the_files_of_an_archive(top, source, tmp_path):
    assert brought(role_of(packed(source(), top), tmp_path)) == BROUGHT


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("files/nothing.txt", "the file .*files/nothing.txt that 'app' needs is not there"),
        ("../secret", "'../secret' that 'app' needs is refused: it leaves the directory"),
        ("/etc/passwd", "'/etc/passwd' that 'app' needs is refused: it leaves the directory"),
        ("files/link", "'files/link' that 'app' needs is refused: it is a link that leaves"),
        ("files", "the file .*files that 'app' needs is a directory"),
    ],
)
def test_what_cannot_be_brought_is_said_before(file, why, source, tmp_path):
    template = source(file)
    (tmp_path / "secret").write_text("secret")
    (template.parent / "files/link").symlink_to(tmp_path / "secret")
    with pytest.raises(PaasError, match=why):
        role_of(template, tmp_path)


def test_what_an_archive_lacks_is_told_with_its_place(source, tmp_path):
    with pytest.raises(PaasError) as caught:
        role_of(packed(source("files/nothing.txt")), tmp_path)
    (problem,) = caught.value.problems
    assert problem.message == "the file 'files/nothing.txt' that a playbook needs is not in the archive"
    assert (problem.file, problem.line) == (f"{tmp_path}/pool.csar/t.yaml", 12)
    assert str(tmp_path / "deployment") not in str(problem)


def test_two_files_of_one_path_are_refused(source, tmp_path):
    template = source(**{"play/files/hello.txt": "another"})
    with pytest.raises(PaasError, match="the artifact 'files/hello.txt' and a file of the playbook have one path"):
        role_of(template, tmp_path)


def test_a_project_has_the_files_with_it(source, tmp_path):
    plan, files = carried(plan_template(source()).to_dict())
    external = next(each for each in plan["components"] if each["name"] == "app")["operations"][0]["external"]
    places = {each["file"]: str(Path(each["defined_in"]).parent / each["file"]) for each in external["files"]}
    assert {name: files[place].encode() for name, place in places.items()} == BROUGHT


def test_a_project_is_not_made_without_its_files(source):
    with pytest.raises(PaasError, match="the file 'files/nothing.txt' that a playbook needs is not there"):
        carried(plan_template(source("files/nothing.txt")).to_dict())


def test_a_template_by_url_has_its_files_beside_it(server, source, tmp_path):
    plan = plan_template(source()).to_dict()
    for component in plan["components"]:
        for operation in component["operations"]:
            operation["external"]["defined_in"] = f"{server.url}/pool/t.yaml"
            for file in operation["external"]["files"]:
                file["defined_in"] = f"{server.url}/pool/t.yaml"
    server.files = {f"/pool/{name}": text.encode() for name, text in FILES.items()}
    finders = Finders(lambda _name: None, lambda _name: False)
    (role,) = prepare(plan, tmp_path / "one", tmp_path / "cache", finders)["stages"]["configure"]["roles"]
    assert brought(Path(role)) == BROUGHT
    assert "/pool/not/there.txt" not in server.asked
    del server.files["/pool/data/more.txt"]
    with pytest.raises(PaasError, match="the file .*/pool/data/more.txt that 'app' needs cannot be had"):
        prepare(plan, tmp_path / "other", tmp_path / "empty", finders)
