# SPDX-License-Identifier: Apache-2.0
"""The command is killed at ten moments spread over a deployment; resume completes it, with no node too many."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any, NamedTuple

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATE = "examples/htcondor_pool.yaml"
SMALL = ["-i", "wn_num=1"]
PATIENCE = 600  # seconds
ROLE = "indigo.paas.htcondor : "


class Moment(NamedTuple):
    """When Ansible has begun with something, and from then on when a file is there on a node."""

    heading: str
    file: str | None = None


# In the order in which a deployment comes to them. What its seconds are spent on has two.
MOMENTS = (
    Moment("PLAY [Plan the deployment]"),
    Moment("TASK [Make the nodes]"),
    Moment("PLAY [Reach the nodes]"),
    Moment(f"TASK [{ROLE}Install HTCondor]", "/var/lib/dpkg/info/libdate-manip-perl.list"),
    Moment(f"TASK [{ROLE}Install HTCondor]", "/var/lib/dpkg/info/condor.list"),
    Moment(f"TASK [{ROLE}Write what the daemons of this node are]"),
    Moment(f"TASK [{ROLE}Make the pool's signing key]"),
    Moment(f"TASK [{ROLE}Install the node's token]"),
    Moment(f"RUNNING HANDLER [{ROLE}Wait until the central manager listens]"),
    Moment(f"TASK [{ROLE}Run the job]"),
)


def containers(name: str) -> list[Any]:
    return docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={name}"})


def nodes(name: str) -> list[str]:
    return sorted(container.labels["indigo.paas.hostname"] for container in containers(name))


def leftovers(name: str) -> list[str]:
    """Return what the engine still has of the deployment NAME, by its names, in case its labels got lost."""
    engine = docker.from_env()
    found = [*engine.containers.list(all=True), *engine.networks.list(), *engine.volumes.list()]
    return [str(thing.name) for thing in found if name in str(thing.name)]


def wait_for(moment: Moment, process: subprocess.Popen[str], name: str) -> None:
    """Return at MOMENT of the deployment NAME, which PROCESS makes."""
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith(moment.heading):
            break
    else:
        pytest.fail(f"{moment} did not come:\n{''.join(said)}")
    deadline = time.monotonic() + PATIENCE
    while moment.file and not any(has(container, moment.file) for container in containers(name)):
        assert process.poll() is None, f"{moment} did not come"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def has(container: Any, file: str) -> bool:
    return bool(container.exec_run(["test", "-e", file]).exit_code == 0)


# Each is a deployment of its own, so that they may run at the same time.
@pytest.mark.parametrize("number", range(len(MOMENTS) // 2))
def test_killed_twice_then_resumed(indigo, number):
    """The second moment is one of a later part: what goes on from there is killed, too."""
    name = f"test-kill-{number + 1:02}"  # none is the beginning of another
    goes_on = ["deploy", TEMPLATE, *SMALL, "--name", name]
    try:
        for moment in (MOMENTS[number], MOMENTS[number + len(MOMENTS) // 2]):
            process = indigo.start("-v", *goes_on, stderr=subprocess.STDOUT)
            wait_for(moment, process, name)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)
            # Killed early enough, it wrote nothing down.
            if indigo.json("list"):
                goes_on = ["resume", name]
        resumed = indigo.json(*goes_on)
        assert resumed["status"].endswith("_COMPLETE")
        assert len(nodes(name)) == 2
        indigo("check", name)
    finally:
        indigo("destroy", name, "--yes", status=None)
    assert leftovers(name) == []
