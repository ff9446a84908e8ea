# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template as it is understood: names resolved, inputs in place, values typed.

What cannot be known before the machines exist is still in the values as functions (see `functions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import is_zero_size
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import places_of
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Location
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import (
    COMPUTE,
    EXISTING_VOLUME,
    SOFTWARE,
    STORAGE,
    Schema,
    Type,
)


@dataclass(frozen=True)
class Requirement:
    """What one node template needs of another.

    `node` is the other's name, `relationship` the type between them, `hosting` says that this node runs on
    that one.
    """

    name: str
    node: str
    relationship: Type | None = None
    capability: str | None = None
    hosting: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    operations: tuple[OperationCall, ...] = ()
    at: Location = NOWHERE


@dataclass(frozen=True)
class Expected:
    """What a value that is not known yet must fit when it is: of a property, or of an argument.

    `subject` is how a message calls it. `whole` says that what it is for is this very value; otherwise this is a part
    of what that is made of.
    """

    name: str
    subject: str
    schema: Schema
    value: Any
    at: Location = NOWHERE
    whole: bool = True


@dataclass(frozen=True)
class OperationCall:
    """An operation of a node or a relationship with its arguments.

    `outputs` maps a variable to the attribute it gives. `at.file` is the file that a relative path in
    `implementation` is relative to. `dependencies` are names of artifacts, of files or roles, or artifacts. `places`
    says where each argument and output is written, `declared` are the arguments that may be given to a playbook.
    `expected` is what arguments that are not known yet must fit, in the order in which it is applied.
    """

    interface: str
    name: str
    implementation: str
    arguments: Mapping[str, Any]
    outputs: Mapping[str, str]
    at: Location = NOWHERE
    dependencies: tuple[Any, ...] = ()
    places: Mapping[Any, Location] = field(default_factory=dict)
    declared: frozenset[Any] = frozenset()
    expected: Mapping[Any, tuple[Expected, ...]] = field(default_factory=dict)

    def place_of(self, name: Any) -> Location:
        """Return where an argument or an output is written, else where the operation is."""
        return self.places.get(name, self.at)

    def place_in(self, file: str, name: Any) -> Location:
        """Return where a value of an argument is written, in a file of all that it is made of if that is possible."""
        places = [*places_of(self.arguments.get(name)), *(each.at for each in self.expected.get(name, ()))]
        return next((at for at in places if at.file == file), (*places, self.place_of(name))[0])


@dataclass(frozen=True)
class NodeTemplate:
    """One node template; `capabilities` maps a capability to its properties."""

    name: str
    type: Type
    properties: Mapping[str, Any] = field(default_factory=dict)
    capabilities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    operations: tuple[OperationCall, ...] = ()
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    host: str | None = None
    at: Location = NOWHERE
    places: Mapping[tuple[str | None, str], Location] = field(default_factory=dict)

    @property
    def is_compute(self) -> bool:
        """Say whether the node is a group of machines."""
        return self.type.is_a(COMPUTE)

    @property
    def is_software(self) -> bool:
        """Say whether the node is software that must run on machines."""
        return self.type.is_a(SOFTWARE)

    @property
    def is_no_volume(self) -> bool:
        """Say whether the node is a volume of size 0 that does not exist already: none is made for it."""
        exists = any(self.properties.get(name) for name in EXISTING_VOLUME)
        return self.type.is_a(STORAGE) and not exists and is_zero_size(self.properties.get("size"))

    def place_of(self, capability: str | None, name: str) -> Location:
        """Return where a property of the node, or of a capability, is written, else where the node is."""
        return self.places.get((capability, name), self.at)


@dataclass(frozen=True)
class Assigned:
    """The value of an attribute until what runs gives it another: of a node, or of its capability.

    `path` is (attribute,) or (capability, attribute).
    """

    node: str
    path: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Output:
    """One output of the template; the value may hold functions that are still unknown."""

    name: str
    description: str
    value: Any
    at: Location = NOWHERE


@dataclass(frozen=True)
class Group:
    """One group and the names of the node templates in it."""

    name: str
    type: Type
    members: tuple[str, ...]
    properties: Mapping[str, Any]
    at: Location = NOWHERE


@dataclass(frozen=True)
class Policy:
    """One policy and the names of the node templates that it is for; no target means all."""

    name: str
    type: Type
    targets: tuple[str, ...]
    properties: Mapping[str, Any]
    at: Location = NOWHERE


@dataclass(frozen=True)
class Topology:
    """A whole template. `inputs` are the values in use, given or default; nodes keep the template's order.

    `assigned` has each value after those that it refers to. `data_types` are those of all that is expected of
    arguments which are not known yet.
    """

    name: str
    file: str
    description: str
    metadata: Mapping[str, Any]
    inputs: Mapping[str, Any]
    nodes: Mapping[str, NodeTemplate]
    outputs: Mapping[str, Output]
    policies: tuple[Policy, ...]
    groups: Mapping[str, Group] = field(default_factory=dict)
    assigned: tuple[Assigned, ...] = ()
    data_types: Mapping[str, Type] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    def computes(self) -> list[NodeTemplate]:
        """Return the node templates that are groups of machines."""
        return [node for node in self.nodes.values() if node.is_compute]

    def machines(self) -> dict[str, NodeTemplate | None]:
        """Return for each node the group of machines that it runs on, through any number of hosts."""
        found: dict[str | None, NodeTemplate | None] = {None: None}
        for node in self.nodes.values():
            way: list[str] = []
            name: str | None = node.name
            while name not in found:
                step = self.nodes.get(name or "")
                found[name] = step if step is not None and step.is_compute else None
                way.append(name or "")
                name = step.host if step is not None and not step.is_compute else None
            machine = found[name] if name is not None else found[way[-1]] if way else None
            found.update(dict.fromkeys(way, machine))
        return {name: found[name] for name in self.nodes}
