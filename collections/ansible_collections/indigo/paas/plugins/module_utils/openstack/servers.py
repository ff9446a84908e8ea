# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: what they are found to be, and what is asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.flavors import MIB, Flavor
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels
from ansible_collections.indigo.paas.plugins.module_utils.openstack.preemption import NO_PREEMPTION, Preemption
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    ERROR,
    RUNNING,
    STOPPED,
    UNFINISHED,
    Identity,
    NewNode,
    Node,
)

STATES = {
    "ACTIVE": RUNNING,
    "VERIFY_RESIZE": RUNNING,
    "SHUTOFF": STOPPED,
    "PAUSED": STOPPED,
    "SUSPENDED": STOPPED,
    "SHELVED": STOPPED,
    "SHELVED_OFFLOADED": STOPPED,
    "RESCUE": STOPPED,
    "ERROR": ERROR,
    "UNKNOWN": ERROR,
}
GONE = ("DELETED", "SOFT_DELETED")
DELETING = "deleting"

Server = Any


@dataclass(frozen=True)
class Blueprint:
    """How the nodes of one group are made.

    image, networks   ids; a network that is still to be made is not among them
    new_network       name of the network that is still to be made for the group
    pool              id of the external network that gives its floating addresses
    root_volume       size in GiB of the volume that it boots from; 0 where its disk is the flavor's
    preemption        how the cloud is told that it may take them back
    own_networks      those that the template gives it, with the address of its node in each, None for any
    """

    flavor: Flavor
    image: str
    networks: tuple[str, ...] = ()
    new_network: str | None = None
    pool: str | None = None
    root_volume: int = 0
    preemption: Preemption = NO_PREEMPTION
    own_networks: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What there must be before servers are: the keypair's name, and ids.

    Security groups and server groups are by node group, networks by name; None stands for all node groups. Own networks
    are those that the template gives.
    """

    keypair: str
    security_groups: dict[str | None, str] = field(default_factory=dict)
    server_groups: dict[str, str] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    own_networks: dict[str, str] = field(default_factory=dict)


def identity(server: Server) -> Identity:
    """Return the (group, index) that SERVER is labelled with."""
    return server.metadata[labels.GROUP], int(server.metadata[labels.INDEX])


def is_going(server: Server) -> bool:
    """Return whether SERVER is being deleted, or is deleted."""
    return server.task_state == DELETING or server.status in GONE


def state(server: Server) -> str:
    """Return the state of SERVER as a node's."""
    return STATES.get(server.status, UNFINISHED)


def fault(server: Server) -> str:
    """Return why SERVER is in error, in the cloud's words."""
    return str((server.fault or {}).get("message") or "the cloud gives no reason").rstrip(".")


def read_node(server: Server, public_network: str | None, access: str, floating: str | None = None) -> Node:
    """Return the node that SERVER is.

    public_network   name of the network whose addresses are public; floating addresses always are
    access           whether the controller reaches it at its "private" or "public" address, or "auto": the public
                     one where it has one
    floating         its floating address, where that is known from elsewhere
    """
    marks = server.metadata
    private, public = _addresses(server, public_network, bool(marks.get(labels.PUBLIC)))
    if floating:
        public = [floating, *(address for address in public if address not in (floating, *private))]
    first = {"auto": [*public, *private], "private": private, "public": public}[access][:1]
    found = state(server)
    return Node(
        name=marks.get(labels.HOSTNAME) or server.name,
        group=marks[labels.GROUP],
        index=int(marks[labels.INDEX]),
        id=server.id,
        state=found,
        private_address=private,
        public_address=public,
        ansible_host=first[0] if first and found == RUNNING else "",
        host_keys=[marks[labels.HOST_KEY]] if marks.get(labels.HOST_KEY) else [],
        size={"cpus": float(marks.get(labels.CPUS) or 0), "memory": int(marks.get(labels.MEMORY) or 0)},
        problem=_problem(server, found),
    )


def _addresses(server: Server, public_network: str | None, is_public: bool) -> tuple[list[str], list[str]]:
    """Return the private and the public addresses, those of IPv4 first."""
    floating: list[Any] = []
    fixed: list[Any] = []
    outer: list[Any] = []
    for network, entries in (server.addresses or {}).items():
        for entry in entries:
            kind = floating if entry.get("OS-EXT-IPS:type") == "floating" else fixed
            (outer if kind is fixed and network == public_network and len(server.addresses) > 1 else kind).append(entry)
    private = _sorted(fixed or outer)
    return private, _sorted([*floating, *outer]) or (private if is_public else [])


def _sorted(entries: list[Any]) -> list[str]:
    return [entry["addr"] for entry in sorted(entries, key=lambda entry: entry["version"])]


def _problem(server: Server, found: str) -> str | None:
    if found == RUNNING:
        return None
    if found == ERROR:
        return f"It is in error: {fault(server)}."
    return f"It does not run: {server.status}."


def node_labels(deployment: str, node: NewNode, host_key: str, key_mark: str) -> dict[str, str]:
    """Return the metadata by which a server is found again as NODE, with the tags of its group."""
    size = node.group.size
    tags = {name[:255]: value[:255] for name, value in node.group.tags.items()}
    return {
        **{name: value for name, value in tags.items() if not name.startswith(labels.LABEL)},
        labels.DEPLOYMENT: deployment,
        labels.GROUP: node.group.safe_name,
        labels.INDEX: str(node.index),
        labels.HOSTNAME: node.name,
        labels.HOST_KEY: host_key,
        labels.KEY: key_mark,
        labels.CPUS: f"{size.cpus:g}",
        labels.MEMORY: str(int(size.memory)),
        **({labels.PUBLIC: "1"} if node.group.public else {}),
    }


def server_request(
    node: NewNode,
    blueprint: Blueprint,
    around: Surroundings,
    *,
    deployment: str,
    metadata: dict[str, str],
    user_data: str,
    volumes: Iterable[str] = (),
    zone: str | None = None,
    volume_type: str | None = None,
) -> dict[str, Any]:
    """Return the attributes of the server to ask for; `volumes` are the ids of those to attach."""
    group = node.group.safe_name
    networks = [*blueprint.networks]
    if blueprint.new_network:
        networks.insert(0, around.networks[blueprint.new_network])
    secure = [around.security_groups[None], around.security_groups[group]]
    apart = around.server_groups.get(group)
    hints = {**blueprint.preemption.scheduler_hints, **({"group": apart} if apart else {})}
    disks = _disks(blueprint, list(volumes), volume_type)
    return {
        "name": f"{deployment}.{node.name}",
        "flavor_id": blueprint.flavor["id"],
        **({} if blueprint.root_volume else {"image_id": blueprint.image}),
        "networks": [{"uuid": network} for network in networks] + _own_networks(blueprint, around),
        "security_groups": [{"name": name} for name in secure],
        "key_name": around.keypair,
        "metadata": metadata,
        "user_data": base64.b64encode(user_data.encode()).decode(),
        **({"availability_zone": zone} if zone else {}),
        **({"scheduler_hints": hints} if hints else {}),
        **({"block_device_mapping": disks} if disks else {}),
    }


def _own_networks(blueprint: Blueprint, around: Surroundings) -> list[dict[str, str]]:
    return [
        {"uuid": around.own_networks[name], **({"fixed_ip": address} if address else {})}
        for name, address in blueprint.own_networks
    ]


def _disks(blueprint: Blueprint, volumes: list[str], volume_type: str | None) -> list[dict[str, Any]]:
    if not blueprint.root_volume and not volumes:
        return []
    root: dict[str, Any] = {
        "boot_index": 0,
        "uuid": blueprint.image,
        "source_type": "image",
        "destination_type": "local",
        "delete_on_termination": True,
    }
    if blueprint.root_volume:
        root |= {"destination_type": "volume", "volume_size": blueprint.root_volume}
        root |= {"volume_type": volume_type} if volume_type else {}
    more = [
        {
            "boot_index": -1,
            "uuid": volume,
            "source_type": "volume",
            "destination_type": "volume",
            "delete_on_termination": False,
        }
        for volume in volumes
    ]
    return [root, *more]


def use(servers: Iterable[Server]) -> dict[str, dict[str, float]]:
    """Return what SERVERS take of the quotas, {cpus, memory in bytes, nodes} by deployment."""
    found: dict[str, dict[str, float]] = {}
    for server in servers:
        taken = found.setdefault(server.metadata[labels.DEPLOYMENT], {"cpus": 0, "memory": 0, "nodes": 0})
        taken["cpus"] += server.flavor.vcpus or 0
        taken["memory"] += (server.flavor.ram or 0) * MIB
        taken["nodes"] += 1
    return found
