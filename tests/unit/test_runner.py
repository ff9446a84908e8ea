# SPDX-License-Identifier: Apache-2.0
"""The environment of a run."""

from __future__ import annotations

from pathlib import Path

from indigo_paas import runner


def test_artifacts_are_found_after_the_collection_itself_and_before_what_the_user_has(tmp_path: Path) -> None:
    given = {"ANSIBLE_COLLECTIONS_PATH": "/users", "ANSIBLE_ROLES_PATH": "/roles", "OTHER": "kept"}
    base = runner.environment(given, Path("/own"), Path("/bin"))
    made = runner.with_artifacts(base, tmp_path, Path("/cache"))
    assert made["ANSIBLE_COLLECTIONS_PATH"] == f"/own:{tmp_path}/collections:/users"
    assert made["ANSIBLE_ROLES_PATH"] == f"{tmp_path}/roles:/roles"
    assert made["INDIGO_PAAS_CACHE"] == "/cache"
    assert made["OTHER"] == "kept"
    # Ansible takes no notice of a directory that is made after its start.
    assert (tmp_path / "collections" / "ansible_collections").is_dir()


def test_without_a_setting_roles_are_also_found_where_ansible_looks_by_default(tmp_path: Path) -> None:
    base = runner.environment({}, Path("/own"), Path("/bin"))
    made = runner.with_artifacts(base, tmp_path, Path("/cache"))
    assert made["ANSIBLE_ROLES_PATH"].split(":")[1:] == [
        "~/.ansible/roles",
        "/usr/share/ansible/roles",
        "/etc/ansible/roles",
    ]
