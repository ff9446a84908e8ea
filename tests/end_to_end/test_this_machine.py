# SPDX-License-Identifier: Apache-2.0
"""A template of one node on the machine that the command runs on. All that it leaves is a file in /root, which goes."""

from __future__ import annotations

import json
import os
import pathlib

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.leases import LEASE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="this machine can be a node for root only")

NAME = "test-this-machine"
NOTE, LEASE_HERE = pathlib.Path("/root/note"), pathlib.Path(LEASE)


@pytest.fixture
def here(indigo, root, tmp_path):
    """The command with this machine as its only site."""
    for path in (NOTE, LEASE_HERE):
        if path.exists():
            pytest.fail(f"This machine is in use: {path} is there already")
    host = {"site_type": "static", "site_hosts": [{"name": "here", "connection": "local"}]}
    (tmp_path / "sites.yml").write_text(json.dumps({"paas_sites": {"hosts": {"here": host}}}))
    indigo.env["INDIGO_PAAS_SITES"] = str(tmp_path / "sites.yml")
    indigo.env["ANSIBLE_COLLECTIONS_PATH"] = f"{root / 'collections'}:{root / 'tests' / 'collections'}"
    yield indigo
    indigo("destroy", NAME, "--yes", "--force", status=None)
    NOTE.unlink(missing_ok=True)


def test_a_template_of_one_node_runs_here_and_goes_without_a_trace(here):
    keys = pathlib.Path("/root/.ssh/authorized_keys")
    before = keys.read_bytes() if keys.exists() else None
    made = here.json("deploy", "tests/templates/notes.yaml", "--name", NAME, "-i", "text=a note")
    assert (made["status"], made["site"]) == ("CREATE_COMPLETE", "here")
    (node,) = made["nodes"]
    assert (node["ansible_connection"], node["leased"]) == ("local", True)
    assert made["outputs"]["path"] == str(NOTE)
    assert NOTE.read_text() == "a note"
    assert json.loads(LEASE_HERE.read_text())["deployment"] == NAME
    here("check", NAME)
    assert here.json("deploy", "tests/templates/notes.yaml", "--name", NAME, "-i", "text=a note")["changed"] == 0
    refused = here("deploy", "tests/templates/notes.yaml", "--name", f"{NAME}-b", status=2)
    assert "it has 0 nodes free" in refused.stderr
    here("destroy", NAME, "--yes")
    assert not NOTE.exists()
    assert not LEASE_HERE.exists()
    assert (keys.read_bytes() if keys.exists() else None) == before


def test_a_template_of_two_nodes_does_not_fit(here):
    refused = here("deploy", "tests/templates/notes.yaml", "--name", NAME, "-i", "count=2", status=2)
    assert "The deployment asks for 2 nodes in all; it has 1 nodes free" in refused.stderr
    assert not LEASE_HERE.exists()
