# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications: what is submitted to a service that runs, such as a Marathon application or a batch job."""

from __future__ import annotations

from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import APPLICATION, NETWORK, PORT, STORAGE


def is_application(node: NodeTemplate, machine: NodeTemplate | None) -> bool:
    """Say whether a node is neither a machine, nor software on one, nor a network or a volume.

    `machine` is the group of machines that it runs on.
    """
    if node.is_compute or any(map(node.type.is_a, (NETWORK, PORT, STORAGE))):
        return False
    return machine is None or (node.type.is_a(APPLICATION) and not node.operations)


def applications(topology: Topology) -> list[dict[str, Any]]:
    """Return the applications of a plan, in the order of the template."""
    machines = topology.machines()
    found = [node for node in topology.nodes.values() if is_application(node, machines[node.name])]
    return [_application(node, machines[node.name]) for node in found]


def _application(node: NodeTemplate, machine: NodeTemplate | None) -> dict[str, Any]:
    return {
        "name": node.name,
        "type": node.type.name,
        "types": list(node.type.ancestors),
        "group": machine.name if machine is not None else None,
        "requires": list(dict.fromkeys(requirement.node for requirement in node.requirements)),
        "properties": plain(node.properties),
        "capabilities": {name: plain(values) for name, values in node.capabilities.items() if values},
        "artifacts": plain(node.artifacts),
        "operations": [
            {"operation": call.name, "implementation": call.implementation, "arguments": plain(call.arguments)}
            for call in node.operations
        ],
    }
