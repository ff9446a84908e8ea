# SPDX-License-Identifier: Apache-2.0
"""The command is killed at ten moments spread over a deployment; resume completes it, with no node too many."""

from __future__ import annotations

import os
import signal
import time

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATE = "examples/htcondor_pool.yaml"
SMALL = ["-i", "wn_num=1"]
MOMENTS = 10


@pytest.fixture(scope="session")
def seconds(tmp_path_factory, run):
    """How long an undisturbed deployment takes here."""
    from tests.conftest import Command

    indigo = Command(tmp_path_factory.mktemp("kill") / "home", run)
    name = f"test-undisturbed-{os.getpid()}"
    start = time.monotonic()
    try:
        indigo("deploy", TEMPLATE, *SMALL, "--name", name)
        return time.monotonic() - start
    finally:
        indigo("destroy", name, "--yes")


def nodes(name: str) -> list[str]:
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={name}"})
    return sorted(container.labels["indigo.paas.hostname"] for container in found)


def leftovers(name: str) -> list[str]:
    """Return what the engine still has of the deployment NAME, by its names, in case its labels got lost."""
    engine = docker.from_env()
    found = [*engine.containers.list(all=True), *engine.networks.list(), *engine.volumes.list()]
    return [str(thing.name) for thing in found if name in str(thing.name)]


# Each is a deployment of its own, so that they may run at the same time.
@pytest.mark.parametrize("moment", range(1, MOMENTS // 2 + 1))
def test_killed_twice_then_resumed(indigo, seconds, moment):
    """The second moment is one of a later part: what goes on from there is killed, too."""
    name = f"test-kill-{moment:02}"  # none is the beginning of another
    goes_on = ["deploy", TEMPLATE, *SMALL, "--name", name]
    try:
        for each in (moment, moment + MOMENTS // 2):
            process = indigo.start(*goes_on)
            time.sleep(seconds * each / (MOMENTS + 1))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)
            # Killed early enough, it wrote nothing down; killed too late, it is over and is looked over once more.
            if indigo.json("list"):
                goes_on = ["resume", name]
        resumed = indigo.json(*goes_on)
        assert resumed["status"].endswith("_COMPLETE")
        assert len(nodes(name)) == 2
        indigo("check", name)
    finally:
        indigo("destroy", name, "--yes", status=None)
    assert leftovers(name) == []
