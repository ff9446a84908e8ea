# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template says, and TOSCA knows, but nothing here heeds: it is told, so that nobody counts on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

from ansible_collections.indigo.paas.plugins.module_utils.tosca.applications import is_application
from ansible_collections.indigo.paas.plugins.module_utils.tosca.data import is_data
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_installed, is_role, operations
from ansible_collections.indigo.paas.plugins.module_utils.tosca.networks import is_made, links_of
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import NETWORK, PORT, STORAGE, Schema

# What is heeded of nodes of a type, and of the capabilities of machines; the rest of their properties is told.
_OF_NETWORKS = frozenset(("network_name", "network_type"))
_OF_MADE_NETWORKS = frozenset(("cidr", "gateway_ip", "network_type"))
_OF_PORTS = frozenset(("ip_address",))
_OF_MACHINES: Mapping[str | None, frozenset[str]] = MappingProxyType(
    {
        None: frozenset(("os_users", "tags")),
        "host": frozenset(("num_cpus", "mem_size", "disk_size", "num_gpus", "instance_type", "preemtible_instance")),
        "os": frozenset(("image", "type", "distribution", "version", "architecture")),
        "endpoint": frozenset(("network_name", "dns_name", "ports")),
    }
)
_IMAGES = ("tosca.artifacts.Deployment.Image.VM", "Deployment.Image.VM")
# A network's type says whether it is public; any other word in it says how the site is built.
_NETWORK_TYPES = ("PUBLIC", "PRIVATE")


def tell_unheeded(topology: Topology, groups: list[dict[str, Any]], report: Report) -> None:
    """Report what of a topology has no effect; `groups` are those of its plan."""
    machines = topology.machines()
    for node in topology.nodes.values():
        _tell_artifacts(node, report)
        if node.is_compute:
            _tell_machines(node, report)
        elif is_application(node, machines[node.name]) and not _lacks_host(node) and not is_data(node):
            message = ("nothing here makes or runs ", f" ({node.type.name})")
            hint = (
                "Functions can read its properties all the same. An application must be given to its service by hand."
            )
            report.add_shared("not-implemented", message, f"'{node.name}'", node.at, hint)
        elif node.type.is_a(NETWORK):
            _tell(node, None, _OF_MADE_NETWORKS if is_made(node) else _OF_NETWORKS, report)
    for links in links_of(topology).values():
        made = [link for link in links if is_made(link.network)]
        for link in links:
            heeded = _OF_PORTS if link in made else frozenset[str]()
            _tell(link.port, None, heeded | {"order"} if len(made) > 1 else heeded, report)
    _tell_uninstalled(topology, report)
    _tell_unattached(topology, report)
    _tell_counts(topology, groups, report)


def _lacks_host(node: NodeTemplate) -> bool:
    """Say whether a node should run on another one, and does not, which is told already."""
    requirement = node.type.requirements.get("host")
    return node.host is None and requirement is not None and requirement.minimum > 0


def _tell_machines(node: NodeTemplate, report: Report) -> None:
    for capability, heeded in _OF_MACHINES.items():
        _tell(node, capability, heeded, report)


def _tell(node: NodeTemplate, capability: str | None, heeded: frozenset[str], report: Report) -> None:
    for name, at in _set_properties(node, capability):
        value = (node.properties if capability is None else node.capabilities[capability])[name]
        if name not in heeded or (name == "network_type" and not _is_public_or_not(value)):
            called = name if capability is None else f"{capability}.{name}"
            hint = "No site heeds it. Functions can read it all the same."
            report.add_shared("not-supported", (f"'{called}' of ", " has no effect"), f"'{node.name}'", at, hint)


def _tell_artifacts(node: NodeTemplate, report: Report) -> None:
    for name, artifact in node.artifacts.items():
        if not isinstance(artifact, Mapping):
            continue
        if node.is_compute and str(artifact.get("type")).startswith(_IMAGES):
            at = key_place(artifact, "type", node.at)
            hint = "The properties of its capability `os` choose the image of a machine, of those that the site has."
            message = (f"the image '{name}' of ", " has no effect")
            report.add_shared("not-supported", message, f"'{node.name}'", at, hint)
        if "deploy_path" in artifact:
            at = key_place(artifact, "deploy_path", node.at)
            message = ("'deploy_path' of an artifact of ", " has no effect")
            hint = "A role or playbook copies a file to its place."
            report.add_shared("not-supported", message, f"'{node.name}'", at, hint)


def _tell_uninstalled(topology: Topology, report: Report) -> None:
    """Report roles and collections among the artifacts of nodes that only a role sets up."""
    with_role: set[str] = set()
    with_playbook: set[str] = set()
    for node, call in operations(topology):
        (with_role if is_role(call.implementation) else with_playbook).add(node.name)
    for node in topology.nodes.values():
        for requirement in node.requirements:
            # The playbooks of a relationship have the artifacts of both its ends.
            if not all(is_role(call.implementation) for call in requirement.operations):
                with_playbook.add(requirement.node)
    for each in sorted(with_role - with_playbook):
        node = topology.nodes[each]
        for name, artifact in node.artifacts.items():
            if is_installed(artifact):
                message = (f"the artifact '{name}' of ", " has no effect")
                hint = "It is installed for playbooks, and only a role sets up this node."
                report.add_shared("not-supported", message, f"'{node.name}'", key_place(artifact, "type"), hint)


def _is_public_or_not(kind: Any) -> bool:
    return isinstance(kind, str) and kind.upper().rpartition(".")[2] in _NETWORK_TYPES


def _set_properties(node: NodeTemplate, capability: str | None) -> Iterator[tuple[str, Location]]:
    """Yield the properties of the type that do not have their default, with the place of each."""
    values: Mapping[str, Any] = node.properties if capability is None else node.capabilities.get(capability, {})
    schemas = _schemas(node, capability)
    for name, value in values.items():
        if name in schemas and value != schemas[name].default and value not in ("", [], {}):
            yield name, node.place_of(capability, name)


def _schemas(node: NodeTemplate, capability: str | None) -> Mapping[str, Schema]:
    if capability is None:
        return node.type.properties
    return node.type.capabilities[capability].properties if capability in node.type.capabilities else {}


def _tell_unattached(topology: Topology, report: Report) -> None:
    """Report volumes and networks that no machine has."""
    used = {requirement.node for node in topology.computes() for requirement in node.requirements}
    for port in topology.nodes.values():
        targets = [requirement.node for requirement in port.requirements] if port.type.is_a(PORT) else []
        if any(topology.nodes[target].is_compute for target in targets):
            used.update(targets)
    for node in topology.nodes.values():
        if (node.type.is_a(STORAGE) or node.type.is_a(NETWORK)) and node.name not in used:
            hint = "A machine has a volume by its requirement `local_storage`, a network by a node of the type Port."
            report.add_shared("not-supported", ("no machine has ", ": it is not made"), f"'{node.name}'", node.at, hint)


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _tell_counts(topology: Topology, groups: list[dict[str, Any]], report: Report) -> None:
    for group in groups:
        node, count = topology.nodes[group["name"]], group["count"]
        for name, is_beyond in (("min_instances", int.__lt__), ("max_instances", int.__gt__)):
            limit = node.capabilities.get("scalable", {}).get(name)
            at = node.places.get(("scalable", name))
            if at is not None and _is_number(limit) and is_beyond(count, limit):
                message = f"the count of '{node.name}' is {count}, its '{name}' is {limit}"
                report.add("not-supported", message, at, "The count is made, whatever the range says.")
