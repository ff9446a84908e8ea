# SPDX-License-Identifier: Apache-2.0
"""A node that still has work keeps itself and all that would leave with it."""

from __future__ import annotations

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-drain"


def containers() -> dict[str, docker.models.containers.Container]:
    """Return the containers of the deployment by node name."""
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={NAME}"})
    return {container.labels["indigo.paas.hostname"]: container for container in found}


@pytest.fixture
def environment(root):
    return {"ANSIBLE_COLLECTIONS_PATH": f"{root / 'collections'}:{root / 'tests' / 'collections'}"}


def test_no_node_goes_while_one_that_leaves_has_work(indigo, environment):
    try:
        indigo("deploy", "tests/templates/notes.yaml", "--name", NAME, "-i", "count=3", env=environment)
        before = {name: container.id for name, container in containers().items()}
        assert len(before) == 3
        busy = containers()["server-2"]
        assert busy.exec_run(["touch", "/root/busy"]).exit_code == 0
        refused = indigo("scale", NAME, "server=1", status=1, env=environment)
        assert "server-2" in refused.stdout + refused.stderr
        assert "still has work" in refused.stdout + refused.stderr
        assert {name: container.id for name, container in containers().items()} == before
        assert busy.exec_run(["rm", "/root/busy"]).exit_code == 0
        indigo("resume", NAME, env=environment)
        assert {name: container.id for name, container in containers().items()} == {"server-0": before["server-0"]}
    finally:
        indigo("destroy", NAME, "--yes", status=None, env=environment)
