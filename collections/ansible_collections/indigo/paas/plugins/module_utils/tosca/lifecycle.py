# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations that bring a node up, in TOSCA's order: its own, and those of its relationships around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_playbook, is_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import (
    NodeTemplate,
    OperationCall,
    Requirement,
    Topology,
)

# TOSCA Simple Profile 1.3, 5.8.5: the order in which the operations of one node and of its relationships run.
ORDER = (
    "create",
    "pre_configure_source",
    "pre_configure_target",
    "configure",
    "post_configure_source",
    "post_configure_target",
    "start",
    "add_target",
    "add_source",
)
OWN = frozenset(("create", "configure", "start"))
# On which of the two nodes an operation of a relationship runs.
ON_SOURCE = frozenset(("pre_configure_source", "post_configure_source", "add_target"))
ON_TARGET = frozenset(("pre_configure_target", "post_configure_target", "add_source"))
# The target learns of a source when that is up; who requires the target does not wait for it.
_AFTER_SOURCE = frozenset(("add_source",))


@dataclass(frozen=True)
class Step:
    """One operation that runs on a node, with the artifacts that it may need.

    `relationship` is {"source", "target", "requirement"} for an operation of a relationship; `waits_for` a node that
    must be up before.
    """

    call: OperationCall
    artifacts: Mapping[str, Any]
    relationship: dict[str, str] | None = None
    waits_for: str | None = None

    @property
    def gives_attributes(self) -> bool:
        """Say whether the outputs of the operation are attributes of the node that it runs on."""
        return self.relationship is None or self.call.name in ON_SOURCE


def steps_of(topology: Topology, report: Report) -> dict[str, list[Step]]:
    """Return the steps of each node that has any, in their order; what cannot run is reported and left out."""
    found: dict[str, list[Step]] = {}
    machines = topology.machines()
    for node in topology.nodes.values():
        for call in node.operations if machines[node.name] is not None else ():
            if call.name in OWN and _can_run(call, f"'{node.name}'", report):
                found.setdefault(node.name, []).append(Step(call, node.artifacts))
        for requirement in node.requirements:
            if topology.nodes[requirement.node].is_no_volume:
                continue
            for where, step in _of_requirement(node, requirement, topology, machines, report):
                found.setdefault(where, []).append(step)
    for steps in found.values():
        steps.sort(key=lambda step: ORDER.index(step.call.name))
    return found


def _of_requirement(
    node: NodeTemplate,
    requirement: Requirement,
    topology: Topology,
    machines: Mapping[str, NodeTemplate | None],
    report: Report,
) -> Iterator[tuple[str, Step]]:
    relationship = {"source": node.name, "target": requirement.node, "requirement": requirement.name}
    called = f"the requirement '{requirement.name}' of '{node.name}'"
    for call in requirement.operations:
        where = node.name if call.name in ON_SOURCE else requirement.node if call.name in ON_TARGET else None
        if where is None or not _can_run(call, called, report):
            continue
        if machines.get(where) is None:
            message = f"'{call.name}' of {called} has no machine to run on"
            report.add("not-implemented", message, call.at, f"'{where}' is on no Compute.")
            continue
        waits_for = node.name if call.name in _AFTER_SOURCE else None
        yield where, Step(call, {**topology.nodes[where].artifacts, **node.artifacts}, relationship, waits_for)


def _can_run(call: OperationCall, owner: str, report: Report) -> bool:
    if is_role(call.implementation) or is_playbook(call.implementation):
        return True
    message = (
        f"the implementation '{call.implementation[:80]}' of ",
        " is neither role nor playbook: it does not run",
    )
    hint = "Name a role as in `implementation: indigo.paas.htcondor`, or a playbook by URL or path."
    report.add_shared("not-implemented", message, owner, call.at, hint)
    return False
