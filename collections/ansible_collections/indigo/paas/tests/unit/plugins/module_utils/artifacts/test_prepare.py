# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import Finders, prepare
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

PLAYBOOK = "- hosts: localhost\n  roles: [own]\n- hosts: localhost\n  tasks: [{command: x}]\n"


def plan(*playbooks: str, defined_in: str = "", collections: tuple[str, ...] = ()) -> dict:
    """Return a plan whose one component runs playbooks, one an operation."""
    operations = [
        {
            "operation": "configure",
            "arguments": {"message": "x"},
            "external": {
                "playbook": playbook,
                "defined_in": defined_in,
                "galaxy_roles": [],
                "collections": list(collections),
            },
        }
        for playbook in playbooks
    ]
    stages = [
        {"name": f"configure-{number}", "role": None, "external": True, "operation": number, "components": ["web"]}
        for number in range(len(playbooks))
    ]
    return {"components": [{"name": "web", "operations": operations}], "stages": stages}


@pytest.fixture
def ready(tmp_path: Path):
    """Prepare a plan in directories of the test."""

    def call(plan: dict, check_mode: bool = False, found: Path | None = None) -> dict:
        finders = Finders(lambda name: found, lambda name: name == "installed")
        return prepare(plan, tmp_path / "deployment", tmp_path / "cache", finders, check_mode)

    return call


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """Write a playbook of two plays with a role beside it; return the template that names it."""
    tasks = tmp_path / "source/roles/own/tasks/main.yml"
    tasks.parent.mkdir(parents=True)
    tasks.write_text("[]")
    (tmp_path / "source/site.yml").write_text(PLAYBOOK)
    return tmp_path / "source/template.yaml"


def test_a_plan_without_external_stages_needs_nothing(ready, tmp_path):
    assert ready({"components": [], "stages": []}) == {"changed": False, "fetched": [], "stages": {}}
    assert not (tmp_path / "cache").exists()


def test_each_play_becomes_a_role_that_finds_the_roles_beside(ready, beside, tmp_path):
    made = ready(plan("site.yml", defined_in=str(beside)))
    first, second = made["stages"]["configure-0"]["roles"]
    assert made["changed"]
    (task,) = yaml.safe_load(Path(first, "tasks/paas_playbook.yml").read_text())[0]["block"][:1]
    role = task["ansible.builtin.import_role"]["name"]
    assert Path(role, "tasks/main.yml").read_text() == "[]"
    assert role.startswith(str(tmp_path / "deployment"))
    assert "command" in Path(second, "tasks/paas_playbook.yml").read_text()
    assert not ready(plan("site.yml", defined_in=str(beside)))["changed"]


def test_a_stage_that_is_gone_leaves_nothing(ready, beside):
    two = ready(plan("site.yml", "site.yml", defined_in=str(beside)))
    one = ready(plan("site.yml", defined_in=str(beside)))
    assert one["changed"]
    assert one["stages"].keys() == {"configure-0"}
    assert not Path(two["stages"]["configure-1"]["roles"][0]).exists()


def test_check_mode_changes_nothing(ready, beside, tmp_path):
    wanted = plan("site.yml", defined_in=str(beside))
    before = ready(wanted, check_mode=True)
    assert before == {"changed": True, "fetched": ["playbooks/_beside/site.yml"], "stages": {}}
    assert not (tmp_path / "deployment").exists()
    ready(wanted)
    after = ready(wanted, check_mode=True)
    assert not after["changed"]
    assert after["stages"].keys() == {"configure-0"}
    (beside.parent / "site.yml").write_text("- hosts: a\n")
    assert ready(wanted, check_mode=True)["changed"]
    pinned = tmp_path / "deployment/playbooks/_beside/site.yml"
    assert pinned.read_text() == PLAYBOOK


def test_a_playbook_that_is_wrong_is_fetched_again_once_it_is_mended(ready, server):
    url = f"{server.url}/site.yml"
    server.files["/site.yml"] = b"- hosts: a\n  serial: 1\n"
    with pytest.raises(PaasError) as caught:
        ready(plan(url))
    assert str(caught.value).startswith(f"{url}:2:3: 'serial' cannot be run")
    server.files["/site.yml"] = b"- hosts: a\n"
    assert ready(plan(url))["fetched"] == [f"playbooks/127.0.0.1%3A{url.split(':')[2].split('/')[0]},http/site.yml"]


def test_faults_of_all_playbooks_are_told_at_once(ready, beside):
    (beside.parent / "a.yml").write_text("- hosts: a\n  serial: 1\n")
    (beside.parent / "b.yml").write_text("- hosts: a\n  roles: [lost]\n")
    with pytest.raises(PaasError) as caught:
        ready(plan("a.yml", "b.yml", defined_in=str(beside)))
    assert [Path(problem.file or "").name for problem in caught.value.problems] == ["a.yml", "b.yml"]


def test_a_collection_that_ansible_does_not_find_is_told(ready, beside, repository, tmp_path):
    galaxy_yml = "namespace: my\nname: tools\nversion: 1.2.3\nreadme: README.md\nauthors: [x]\n"
    url = repository("tools", {"galaxy.yml": galaxy_yml, "README.md": "x", "meta/runtime.yml": "{}"})
    wanted = plan("site.yml", defined_in=str(beside), collections=(f"git+{url},,my.tools",))
    path = tmp_path / "deployment/collections"
    with pytest.raises(PaasError) as caught:
        ready(wanted)
    assert str(caught.value) == (
        f"Ansible does not take my.tools from {path}. Run this again with {path} first in ANSIBLE_COLLECTIONS_PATH."
    )
    ready(wanted, found=path / "ansible_collections/my/tools")


@pytest.mark.parametrize("playbook", ["../books/site.yml", "books/site.yml"])
def test_a_playbook_in_an_archive_runs_as_one_beside_the_template(ready, tmp_path, playbook):
    path = tmp_path / "app.csar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Definitions/service.yaml", "x")
        archive.writestr("books/site.yml", PLAYBOOK)
        archive.writestr("books/roles/own/tasks/main.yml", "[]")
    wanted = plan(playbook, defined_in=f"{path}/Definitions/service.yaml")
    assert ready(wanted, check_mode=True)["changed"]
    assert not (tmp_path / "deployment").exists()
    made = ready(wanted)
    (task,) = yaml.safe_load(Path(made["stages"]["configure-0"]["roles"][0], "tasks/paas_playbook.yml").read_text())
    assert Path(task["block"][0]["ansible.builtin.import_role"]["name"], "tasks/main.yml").read_text() == "[]"
    assert not ready(wanted)["changed"]
    assert not ready(wanted, check_mode=True)["changed"]


def test_a_playbook_that_an_archive_lacks_is_told(ready, tmp_path):
    with zipfile.ZipFile(tmp_path / "app.csar", "w") as archive:
        archive.writestr("service.yaml", "x")
    with pytest.raises(PaasError, match="site.yml that 'web' needs is not there"):
        ready(plan("site.yml", defined_in=f"{tmp_path}/app.csar/service.yaml"))


def test_the_archive_before_an_update_is_removed(ready, tmp_path):
    for content in ("- hosts: all\n", "- hosts: all\n  tasks: []\n"):
        with zipfile.ZipFile(tmp_path / "app.csar", "w") as archive:
            archive.writestr("service.yaml", "x")
            archive.writestr("site.yml", content)
        ready(plan("site.yml", defined_in=f"{tmp_path}/app.csar/service.yaml"))
        assert len(list((tmp_path / "deployment/archives").iterdir())) == 1
