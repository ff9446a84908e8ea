# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of an inventory as the static site lists them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

PREFIX = "node_"

CONNECTION = {
    "address": "ansible_host",
    "port": "ansible_port",
    "user": "ansible_user",
    "key": "ansible_ssh_private_key_file",
    "connection": "ansible_connection",
    "python": "ansible_python_interpreter",
}


def describes_host(variable: str) -> bool:
    """Return whether the host variable says something of a host to `host_entry`."""
    return variable in CONNECTION.values() or variable.startswith(PREFIX)


def host_entry(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the host NAME of the inventory as an entry of site_hosts.

    The way to it comes from Ansible's own variables, what it is from those that begin with node_: node_cpus, ...
    """
    way = {key: variables[variable] for key, variable in CONNECTION.items() if variables.get(variable) is not None}
    python, connection = str(way.pop("python", "auto")), way.pop("connection", None)
    told = {key.removeprefix(PREFIX): variables[key] for key in variables if key.startswith(PREFIX)}
    known = {} if python.startswith("auto") else {"python": python}
    known |= {"connection": "local"} if connection == "local" else {}
    return {"address": name, **way, **known, **told, "name": name}


def with_hosts(
    options: Mapping[str, Any], hosts: Callable[[str], Iterable[tuple[str, Mapping[str, Any]]]]
) -> dict[str, Any]:
    """Return the OPTIONS of a site with the hosts of its hosts_group among its hosts.

    hosts   gives the hosts of a group by name, each with its variables
    """
    group = options.get("hosts_group")
    if not group:
        return dict(options)
    entries = [host_entry(name, variables) for name, variables in hosts(str(group))]
    return {**options, "hosts": [*(options.get("hosts") or ()), *entries]}
