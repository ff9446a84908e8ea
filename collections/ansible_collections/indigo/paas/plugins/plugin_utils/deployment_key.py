# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment's SSH key, and the known hosts beside it."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.plugin_utils.connection import known_hosts_file


def public_key(path: str, deployment: str, make: bool) -> str:
    """Return the public half of the key at PATH; empty when there is none yet and none is to be made."""
    if make or os.path.exists(path):
        return ssh_keys.ensure_key(path, comment=deployment)
    return ""


def write_known_hosts(ssh_key: str, nodes: list[dict[str, Any]]) -> bool:
    """Write the host keys of NODES beside SSH_KEY; return whether they were others. Raises SiteError."""
    path = known_hosts_file(ssh_key)
    try:
        return ssh_keys.write_if_different(path, ssh_keys.known_hosts(nodes))
    except OSError as error:
        raise SiteError(f"The host keys of the nodes cannot be written to {path}: {error.strerror}") from error
