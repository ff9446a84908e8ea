# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of a pool by the parts that they play, and jobs for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from testinfra.host import Host


@pytest.fixture(scope="session")
def front(nodes_of: Callable[[str], dict[str, Host]]) -> Host:
    """The central manager, which is the submit node too."""
    (host,) = nodes_of("pool_front_end").values()
    return host


@pytest.fixture(scope="session")
def workers(nodes_of: Callable[[str], dict[str, Host]]) -> dict[str, Host]:
    """The execute nodes by name."""
    return nodes_of("pool_worker")


@pytest.fixture
def user(front: Host) -> Iterator[str]:
    """An ordinary user who exists on the submit node only.

    The number is new each time too: HTCondor remembers for minutes whose it is.
    """
    identity = uuid.uuid4()
    name = f"t{identity.hex[:8]}"
    front.check_output(f"useradd --create-home --uid {20000 + identity.int % 30000} {name}")
    yield name
    front.check_output(f"condor_rm {name} || true")
    front.check_output(f"userdel --remove {name} 2>/dev/null || true")


@pytest.fixture
def run_job(front: Host) -> Callable[[str, str], str]:
    """Run a shell command as a job of a user, and return what it wrote."""

    def run(user: str, command: str) -> str:
        description = "\n".join(
            [
                "executable = /bin/sh",
                "transfer_executable = false",
                f"arguments = \"-c '{command}'\"",
                "output = out",
                "error = err",
                "log = log",
                "should_transfer_files = YES",
                "when_to_transfer_output = ON_EXIT",
                "request_memory = 16",
                "request_disk = 1024",
                "queue",
            ]
        )
        front.check_output(
            f"cd /home/{user} && runuser -u {user} -- condor_submit -terse - <<'END'\n{description}\nEND"
        )
        front.check_output(f"condor_wait -wait 60 /home/{user}/log")
        return front.check_output(f"cat /home/{user}/out /home/{user}/err")

    return run
