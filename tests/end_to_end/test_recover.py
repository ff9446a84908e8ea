# SPDX-License-Identifier: Apache-2.0
"""A deployment whose state is lost: its nodes are still there, and so is their name."""

from __future__ import annotations

import os
import shutil

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = f"test-recover-{os.getpid()}"


def nodes() -> list[str]:
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={NAME}"})
    return sorted(container.labels["indigo.paas.hostname"] for container in found)


def test_what_still_runs_is_taken_over_and_deleted_by_its_name(indigo, root):
    environment = {"ANSIBLE_COLLECTIONS_PATH": f"{root / 'collections'}:{root / 'tests' / 'collections'}"}
    try:
        indigo("deploy", "tests/templates/notes.yaml", "--name", NAME, "-i", "count=2", env=environment)
        for file in indigo.home.glob("indigo-paas.db*"):
            file.unlink()
        [taken] = indigo.json("recover", NAME, "--site", "local")["taken"]
        assert (taken["sites"], taken["nodes"], taken["missing"]) == (["local"], ["server-0", "server-1"], [])
        # The home was kept, and so was the key.
        assert indigo("ssh", NAME, "server-1", "--", "hostname").stdout.strip() == "server-1"
        assert indigo.json("resume", NAME, env=environment)["status"] == "UPDATE_COMPLETE"

        shutil.rmtree(indigo.home)
        [taken] = indigo.json("recover", NAME)["taken"]
        assert taken["missing"] == ["template and inputs", "SSH key"]
        assert [node["name"] for node in indigo.json("show", NAME)["nodes"]] == ["server-0", "server-1"]
        assert "The SSH key of" in indigo("ssh", NAME, "server-0", "--", "true", status=1).stderr
        assert nodes() == ["server-0", "server-1"]
        indigo("destroy", NAME, "--yes", env=environment)
        assert nodes() == []
        assert indigo.json("list") == []
    finally:
        indigo("destroy", NAME, "--yes", status=None, env=environment)
