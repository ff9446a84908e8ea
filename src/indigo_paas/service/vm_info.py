# SPDX-License-Identifier: Apache-2.0
"""What is known of a node, as the INDIGO Orchestrator writes it: a machine of the Infrastructure Manager. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from indigo_paas.service import resources
from indigo_paas.store import Resource

# The key of a resource's metadata.
KEY = "VirtualMachineInfo"

_PUBLIC, _PRIVATE = "pub_network", "priv_network"

# What the Infrastructure Manager calls the states of a machine.
_STATES = {
    resources.INITIAL: "pending",
    resources.CREATING: "pending",
    resources.CREATED: "running",
    resources.CONFIGURING: "running",
    resources.STARTING: "running",
    resources.STARTED: "configured",
    resources.STOPPING: "running",
    resources.STOPPED: "stopped",
    resources.ERROR: "failed",
}

# What it calls the types of sites: clouds with an address that everybody may know, and others.
_CLOUDS = {"openstack": "OpenStack", "opennebula": "OpenNebula"}
_OTHERS = {"docker": "Docker"}


def vm_info(row: Resource, about: Mapping[str, Any]) -> str:
    """Return what is known of the machine of ROW: JSON with `vmProperties`, its networks and then the system.

    about: the site of the node, {"type", "endpoint"}, as far as that is known. Of the node's cards, the first is in the
    private network, where it has one. Memory is in bytes.
    """
    private, public = _first(row.metadata, "private_address"), _first(row.metadata, "public_address")
    cards = [(name, address) for name, address in ((_PRIVATE, private), (_PUBLIC, public)) if address]
    networks = [
        {"class": "network", "id": name, **({"outbound": "yes"} if name == _PUBLIC else {})} for name, _ in cards
    ]
    system: dict[str, Any] = {
        "class": "system",
        "id": row.name,
        "instance_name": row.node,
        "instance_id": row.metadata.get("id"),
        "cpu.count": _size(row.metadata, "cpus"),
        "memory.size": _size(row.metadata, "memory"),
        "state": _STATES.get(row.state, "unknown"),
        "net_interface.0.dns_name": row.node,
        **_provider(about),
    }
    for number, (name, address) in enumerate(cards):
        system[f"net_interface.{number}.connection"] = name
        system[f"net_interface.{number}.ip"] = address
    known = {name: value for name, value in system.items() if value is not None}
    return json.dumps({"vmProperties": [*networks, known]}, separators=(",", ":"))


def _provider(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the cloud is. The host of other sites is the operator's own, and not told."""
    kind = str(about.get("type"))
    if kind not in _CLOUDS:
        return {"provider.type": _OTHERS.get(kind)}
    url = urlsplit(about.get("endpoint") or "")
    return {"provider.type": _CLOUDS[kind], "provider.host": url.hostname, "provider.port": _port(url)}


def _port(url: SplitResult) -> int | None:
    try:
        return url.port
    except ValueError:
        return None


def _first(metadata: Mapping[str, Any], name: str) -> Any:
    return next(iter(metadata.get(name) or ()), None)


def _size(metadata: Mapping[str, Any], name: str) -> Any:
    return (metadata.get("size") or {}).get(name)
