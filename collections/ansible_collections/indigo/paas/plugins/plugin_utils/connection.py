# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the nodes of a deployment are reached: over SSH, with the deployment's key, to known hosts only."""

from __future__ import annotations

import os
import shlex


def known_hosts_file(ssh_key: str) -> str:
    """Return the path of the file that holds the host keys of the nodes reached with SSH_KEY."""
    return os.path.join(os.path.dirname(ssh_key), "known_hosts")


def connection_variables(ssh_key: str | None) -> dict[str, str]:
    """Return Ansible's connection variables for SSH_KEY; none when the key comes from elsewhere (an agent, AWX)."""
    if not ssh_key:
        return {}
    known_hosts = shlex.quote(f"UserKnownHostsFile={known_hosts_file(ssh_key)}")
    return {
        "ansible_ssh_private_key_file": ssh_key,
        "ansible_ssh_common_args": f"-o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o {known_hosts}",
    }
