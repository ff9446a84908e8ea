# SPDX-License-Identifier: Apache-2.0
"""Every example is deployed on this machine, checked and destroyed: here, unless another test does that."""

from __future__ import annotations

import pathlib

import docker
import pytest
import yaml

pytestmark = [pytest.mark.engine, pytest.mark.slow]

EXAMPLES = {
    path.stem: path
    for path in sorted((pathlib.Path(__file__).parents[2] / "examples").glob("*.yaml"))
    if "topology_template" in yaml.safe_load(path.read_text())
}
# The tests beside this one that deploy it.
ELSEWHERE = {"htcondor_pool": "test_pool.py"}
# Why it cannot be deployed here.
NOT_HERE = {
    "orchestrator": "installs indigo-paas from a package index, where it is not; molecule-orchestrator tries its role",
}


def test_what_is_left_out_is_there():
    """Of an example that is renamed or removed nothing is left here."""
    assert set(ELSEWHERE) | set(NOT_HERE) <= set(EXAMPLES)
    assert not set(ELSEWHERE) & set(NOT_HERE)


def left(name: str) -> list[str]:
    """Return the containers and networks of a deployment."""
    of_it = {"label": f"indigo.paas.deployment={name}"}
    engine = docker.from_env()
    found = [*engine.containers.list(all=True, filters=of_it), *engine.networks.list(filters=of_it)]
    return [each.name for each in found]


def deploys(test: str, example: str) -> bool:
    """Say whether a test beside this one has the example in its text."""
    return f"examples/{example}.yaml" in pathlib.Path(__file__).with_name(test).read_text()


def live(indigo, example: str) -> None:
    """Deploy an example, check it, destroy it."""
    name = f"test-example-{example}".replace("_", "-")[:40].rstrip("-")
    try:
        made = indigo.json("deploy", str(EXAMPLES[example]), "--name", name)
        assert made["status"] == "CREATE_COMPLETE"
        assert [output for output, value in made["outputs"].items() if value is None] == []
        indigo("check", name)
    finally:
        ended = indigo("destroy", name, "--yes", status=None)
    assert ended.returncode == 0, ended.stderr
    assert left(name) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_is_deployed_checked_and_destroyed(indigo, example):
    if example in ELSEWHERE:
        assert deploys(ELSEWHERE[example], example)
    elif example not in NOT_HERE:
        live(indigo, example)
