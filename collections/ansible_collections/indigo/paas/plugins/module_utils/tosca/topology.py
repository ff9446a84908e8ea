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

from ..errors import Problem
from .report import NOWHERE, Location
from .types import COMPUTE, SOFTWARE, Type


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
    at: Location = NOWHERE


@dataclass(frozen=True)
class OperationCall:
    """An operation of a node with its arguments; `outputs` maps a variable to the attribute it gives."""

    interface: str
    name: str
    implementation: str
    arguments: Mapping[str, Any]
    outputs: Mapping[str, str]
    at: Location = NOWHERE


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
    places: Mapping[tuple[str, str], Location] = field(default_factory=dict)

    @property
    def is_compute(self) -> bool:
        """Say whether the node is a group of machines."""
        return self.type.is_a(COMPUTE)

    @property
    def is_software(self) -> bool:
        """Say whether the node is software that must run on machines."""
        return self.type.is_a(SOFTWARE)

    def place_of(self, capability: str, name: str) -> Location:
        """Return where a property of a capability is written, else where the node is."""
        return self.places.get((capability, name), self.at)


@dataclass(frozen=True)
class Output:
    """One output of the template; the value may hold functions that are still unknown."""

    name: str
    description: str
    value: Any
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
    """A whole template. `inputs` are the values in use, given or default; nodes keep the template's order."""

    name: str
    file: str
    description: str
    metadata: Mapping[str, Any]
    inputs: Mapping[str, Any]
    nodes: Mapping[str, NodeTemplate]
    outputs: Mapping[str, Output]
    policies: tuple[Policy, ...]
    warnings: tuple[Problem, ...] = ()

    def computes(self) -> list[NodeTemplate]:
        """Return the node templates that are groups of machines."""
        return [node for node in self.nodes.values() if node.is_compute]

    def machine_of(self, name: str) -> NodeTemplate | None:
        """Return the group of machines that a node runs on, through any number of hosts."""
        node = self.nodes.get(name)
        for _step in range(len(self.nodes)):
            if node is None or node.is_compute:
                return node
            node = self.nodes.get(node.host) if node.host else None
        return None
