# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: all that sites, playbooks and people need to know of a template, as plain data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca.applications import applications
from ansible_collections.indigo.paas.plugins.module_utils.tosca.border import Border
from ansible_collections.indigo.paas.plugins.module_utils.tosca.components import ComponentMaker
from ansible_collections.indigo.paas.plugins.module_utils.tosca.data import wanted_data
from ansible_collections.indigo.paas.plugins.module_utils.tosca.expected import reached_types, type_data
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import holds_call, places_of, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.groups import GroupMaker
from ansible_collections.indigo.paas.plugins.module_utils.tosca.machine_indexes import check_indexes
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report, severities
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import Role, find_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import Output, Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.unheeded import tell_unheeded

FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """A plan; its fields hold only dict, list, str, int, float, bool and None.

    `groups` are groups of machines; what TOSCA calls groups of nodes are `node_groups`. `data` is what the
    template works on, of which a site may be nearer or farther. `hybrid` says that a cluster of it may be spread
    over several sites. `attributes` are the values that attributes have until what runs gives them others, each
    {"node", "path", "value"} after those that it refers to; `path` is [attribute] or [capability, attribute].
    `checks` of operations are what arguments must fit that are not known yet, `data_types` the data types of that; `at`
    of an output that is not known yet is where it is written.
    """

    description: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    applications: list[dict[str, Any]] = field(default_factory=list)
    policies: list[dict[str, Any]] = field(default_factory=list)
    node_groups: list[dict[str, Any]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    hybrid: bool = False
    attributes: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    data_types: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    format: int = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as data of its own, fit for JSON."""
        return copy.deepcopy(self.view())

    def view(self) -> dict[str, Any]:
        """Return the same data as `to_dict`, shared with the plan: not to be changed."""
        names = ["format", *(each.name for each in fields(self) if each.name != "format")]
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Return the plan for what `to_dict` gave; TemplateError when it is something else."""
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            raise TemplateError("this is no plan that this version can read", hint="Make the plan again.")
        known = {each.name: each for each in fields(cls)}
        wrong = [name for name in data if name not in known]
        empty = cls()
        wrong += [name for name in known if name in data and type(data[name]) is not type(getattr(empty, name))]
        if wrong:
            raise TemplateError(f"this is no plan: '{str(wrong[0])[:80]}' is wrong in it", hint="Make the plan again.")
        return cls(**plain(data))


def make_plan(
    topology: Topology,
    counts: Mapping[str, int] | None = None,
    removals: Mapping[str, list[str]] | None = None,
    find: Callable[[str], Role] = find_role,
    sketch: bool = False,
) -> Plan:
    """Return the plan of a topology.

    `counts` maps a group of machines (node template or safe name) to how many there shall be, `removals` to
    the nodes that shall go. `find` knows the roles (see `roles.find_role`). `sketch` is that of `load`: what
    is not known is left out. Raises TemplateError with all that cannot be planned.
    """
    report = Report(severities(sketch=sketch))
    report.extend(list(topology.warnings))
    groups = GroupMaker(topology, report)
    software = ComponentMaker(topology, Border(report, find), report)
    parts: dict[str, Any] = {
        "description": topology.description,
        "inputs": plain(topology.inputs),
        "groups": groups.make(counts or {}, removals or {}),
        "components": software.components(),
        "stages": software.stages(groups.safe_names()),
        "applications": applications(topology),
        "policies": _policies(topology),
        "node_groups": _node_groups(topology),
        "data": wanted_data(topology),
        "hybrid": any(node.properties.get("hybrid") is True for node in topology.nodes.values()),
        "attributes": _attributes(topology),
        "outputs": _outputs(topology),
    }
    parts["data_types"] = _data_types(topology, software)
    check_indexes(topology, software, {group["name"]: group["count"] for group in parts["groups"]}, report)
    tell_unheeded(topology, parts["groups"], report)
    report.raise_errors()
    return Plan(**parts, warnings=[problem.to_dict() for problem in report.warnings])


def _policies(topology: Topology) -> list[dict[str, Any]]:
    return [
        {
            "name": policy.name,
            "type": policy.type.name,
            "types": list(policy.type.ancestors),
            "targets": list(policy.targets),
            "properties": plain(policy.properties),
        }
        for policy in topology.policies
    ]


def _node_groups(topology: Topology) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            "type": group.type.name,
            "members": list(group.members),
            "properties": plain(group.properties),
        }
        for group in topology.groups.values()
    ]


def _attributes(topology: Topology) -> list[dict[str, Any]]:
    return [{"node": each.node, "path": list(each.path), "value": plain(each.value)} for each in topology.assigned]


def _outputs(topology: Topology) -> dict[str, dict[str, Any]]:
    return {name: _output(output) for name, output in topology.outputs.items()}


def _output(output: Output) -> dict[str, Any]:
    found = {"description": output.description, "value": plain(output.value)}
    if not holds_call(output.value):
        return found
    place = next(places_of(output.value), output.at)
    return {**found, "at": list(place)}


def _data_types(topology: Topology, software: ComponentMaker) -> dict[str, dict[str, Any]]:
    """Return the data types that the checks of the plan need."""
    found = [each for _owner, _machine, call in software.calls() for each in call.expected.values()]
    types = reached_types((each.schema for expected in found for each in expected), topology.data_types.get)
    return {name: type_data(types[name]) for name in sorted(types)}
