# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node can be reached, and waiting until it can."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

FIRST_PAUSE = 0.05  # seconds
LONGEST_PAUSE = 1.0


class Reached(Protocol):
    """What is waited for: a node."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def ansible_host(self) -> str:
        """Where its SSH server is; empty where it is nowhere yet."""

    @property
    def ansible_port(self) -> int:
        """The port of that."""


def ssh_answers(host: str, port: int) -> bool:
    """Return whether an SSH server greets at HOST, PORT; it is given 2 seconds."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def greets(node: Reached) -> bool:
    """Return whether an SSH server greets where NODE is reached."""
    return bool(node.ansible_host) and ssh_answers(node.ansible_host, node.ansible_port)


def wait_for_ssh(
    node: Reached,
    seconds: float,
    *,
    hint: str,
    answers: Callable[[Any], bool] = greets,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Return when NODE's SSH server answers. Raises SiteError where it has not after SECONDS.

    hint      what to do then
    answers   whether it does
    check     called between looks after the first second; raises where waiting is of no use
    """
    until = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while not answers(node):
        if not node.ansible_host or pause > LONGEST_PAUSE / 2:
            check()
        if not node.ansible_host or time.monotonic() > until:
            where = f"{node.ansible_host} port {node.ansible_port}" if node.ansible_host else "no address"
            raise SiteError(f"Node {node.name}: no SSH server answers after {seconds:.0f} s at {where}", hint=hint)
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
