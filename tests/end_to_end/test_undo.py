# SPDX-License-Identifier: Apache-2.0
"""What a failed attempt had made goes, and nothing else."""

from __future__ import annotations

import json

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-undo"


@pytest.fixture
def environment(root):
    return {"ANSIBLE_COLLECTIONS_PATH": f"{root / 'collections'}:{root / 'tests' / 'collections'}"}


def nodes() -> dict[str, str]:
    """Return the ids of the deployment's containers by node name, those that have work among them."""
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={NAME}"})
    return {container.labels["indigo.paas.hostname"]: container.id for container in found}


def test_the_nodes_that_are_named_go_and_then_all(indigo, run, environment):
    try:
        indigo("deploy", "tests/templates/notes.yaml", "--name", NAME, "-i", "count=3", env=environment)
        before = nodes()
        inventory = indigo("inventory", NAME).stdout.strip()

        def undo(counts: dict[str, int], removals: dict[str, list[str]]) -> None:
            variables = json.dumps({"paas_counts": counts, "paas_removals": removals})
            run("ansible-playbook", "-i", inventory, "indigo.paas.undo", "-e", variables, env=environment)

        # They may have work: it is not waited for.
        busy = docker.from_env().containers.get(before["server-1"])
        assert busy.exec_run(["touch", "/root/busy"]).exit_code == 0
        undo({"server": 1}, {"server": ["server-0", "server-1"]})
        assert nodes() == {"server-2": before["server-2"]}
        undo({"server": 0}, {"server": ["server-2"]})
        assert nodes() == {}
        assert docker.from_env().networks.list(filters={"label": f"indigo.paas.deployment={NAME}"}) == []
        refused = run("ansible-playbook", "-i", inventory, "indigo.paas.undo", env=environment, status=2)
        assert "Nothing was changed" in " ".join(refused.stdout.split())
    finally:
        indigo("destroy", NAME, "--yes", status=None, env=environment)
