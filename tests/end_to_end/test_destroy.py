# SPDX-License-Identifier: Apache-2.0
"""What cannot be asked does not keep from being deleted what can."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from tests.sites.conftest import group

pytestmark = pytest.mark.engine

NAME = f"test-destroy-{os.getpid()}"


@pytest.fixture
def destroy(tmp_path, root, run):
    """Run the playbook at all sites of an inventory: one that is down, and one that is well."""
    down = {"site_type": "docker", "site_endpoint": "tcp://127.0.0.1:1"}
    sites = {"paas_sites": {"hosts": {"down": down, "well": {"site_type": "docker"}}}}
    (tmp_path / "sites.yml").write_text(json.dumps(sites))
    command = ("ansible-playbook", "-i", str(tmp_path / "sites.yml"), "indigo.paas.destroy", "-e", f"paas_name={NAME}")

    def call(*more, status):
        done = run(*command, *more, status=status, env={"ANSIBLE_COLLECTIONS_PATH": str(root / "collections")})
        return " ".join((done.stdout + done.stderr).split())

    return call


def test_a_site_that_is_down_keeps_no_node_of_the_others(destroy, tmp_path):
    site = open_site("well", {"type": "docker"})
    try:
        site.ensure_nodes(NAME, [group()], public_key=ssh_keys.ensure_key(str(tmp_path / "key")))
        assert "No container engine answers at tcp://127.0.0.1:1" in destroy(status=2)
        assert site.list_nodes(NAME) == []
        assert "[WARNING]: No container engine answers" in destroy("-e", "paas_force=true", status=0)
    finally:
        site.delete_nodes(NAME)


def test_a_site_that_is_no_more_keeps_nothing_when_forced(destroy, tmp_path):
    site = open_site("well", {"type": "docker"})
    places = ("-e", json.dumps({"paas_candidates": ["gone", "well"]}))
    try:
        site.ensure_nodes(NAME, [group()], public_key=ssh_keys.ensure_key(str(tmp_path / "key")))
        assert "There is no site 'gone'" in destroy(*places, status=2)
        assert len(site.list_nodes(NAME)) == 1
        destroy(*places, "-e", "paas_force=true", status=0)
        assert site.list_nodes(NAME) == []
    finally:
        site.delete_nodes(NAME)
