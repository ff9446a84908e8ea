# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node can be reached."""

from __future__ import annotations

import socket


def ssh_answers(host: str, port: int) -> bool:
    """Return whether an SSH server greets at HOST, PORT; it is given 2 seconds."""
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
