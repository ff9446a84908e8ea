# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.prepared import role_content

FILES = {
    "roles/service/tasks/main.yml": "- include_tasks: install.yml",
    "roles/service/tasks/install.yml": "- example.own.fetch: {}\n  when: x | example.own.fold\n",
    "roles/service/meta/main.yml": "dependencies: []",
    "roles/service/meta/tosca.yml": "node_types: {}",
    "roles/service/README.md": "A service",
    "roles/other/tasks/main.yml": "",
    "plugins/modules/fetch.py": "from ansible_collections.example.own.plugins.module_utils.web import get",
    "plugins/module_utils/web.py": "def get(): ...",
    "plugins/module_utils/unused.py": "",
    "plugins/filter/fold.yml": "DOCUMENTATION: {}",
    "plugins/filter/code.py": "def fold(): ...",
}


@pytest.fixture
def digest(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    for name, text in FILES.items():
        write(name, text)

    def root_of(namespace, collection):
        return tmp_path if (namespace, collection) == ("example", "own") else None

    def changed(name=None, text="changed"):
        if name:
            write(name, text)
        return role_content.content_digest(tmp_path / "roles" / "service", root_of)

    return changed


@pytest.mark.parametrize(
    "name",
    [
        "roles/service/tasks/main.yml",
        "roles/service/templates/new.j2",
        "roles/service/meta/main.yml",
        "plugins/modules/fetch.py",
        "plugins/module_utils/web.py",
        "plugins/filter/code.py",
    ],
)
def test_a_change_of_what_install_runs_changes_the_digest(digest, name):
    before = digest()
    assert digest(name) != before


@pytest.mark.parametrize(
    "name",
    [
        "roles/service/README.md",
        "roles/service/meta/tosca.yml",
        "roles/other/tasks/main.yml",
        "plugins/module_utils/unused.py",
    ],
)
def test_a_change_of_anything_else_does_not(digest, name):
    before = digest()
    assert digest(name) == before


def test_the_role_of_this_collection():
    role = role_content.find_install_role("indigo.paas.htcondor")
    assert role.arguments["htcondor_series"] == "25.0"
    assert "htcondor_pool_name" not in role.arguments
    # It has tasks of this name, but declares no entry point.
    assert role_content.find_install_role("indigo.paas.orchestrator") is None
    assert role_content.find_install_role("indigo.missing.htcondor") is None
    assert role_content.find_install_role("htcondor") is None
