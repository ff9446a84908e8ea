# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOSCA types with everything inherited already in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Location

COMPUTE = "tosca.nodes.Compute"
SOFTWARE = "tosca.nodes.SoftwareComponent"
NETWORK = "tosca.nodes.network.Network"
PORT = "tosca.nodes.network.Port"
STORAGE = "tosca.nodes.BlockStorage"
APPLICATION = "tosca.nodes.Container.Application"
# Properties of a volume that is there already, or is made from one that is.
EXISTING_VOLUME = ("volume_id", "snapshot_id")
HOSTED_ON = "tosca.relationships.HostedOn"

# Attributes of Compute that are lists with one address for each machine.
ADDRESSES = ("private_address", "public_address")

PRIMITIVES = frozenset(
    (
        "string",
        "integer",
        "float",
        "number",
        "boolean",
        "timestamp",
        "version",
        "range",
        "list",
        "map",
        "scalar-unit.size",
        "scalar-unit.frequency",
        "scalar-unit.time",
        "scalar-unit.bitrate",
    )
)
# Stands for a type that nothing defines, which has been reported: what has it may be anything.
UNKNOWN_TYPE = "unknown"

Check = Callable[[Any], "str | None"]


@dataclass(frozen=True)
class Schema:
    """What a property, input, or entry of a list or map may hold.

    `type` is a primitive, the full name of a data type, or UNKNOWN_TYPE; `checks` give None or what is wrong with a
    value; `constraints` are what they check, as written, such as {"in_range": [1, 4]}.
    """

    name: str
    type: str
    required: bool = True
    default: Any = None
    checks: tuple[Check, ...] = ()
    constraints: tuple[Mapping[str, Any], ...] = ()
    entry: Schema | None = None
    key: Schema | None = None
    description: str = ""
    at: Location = NOWHERE


@dataclass(frozen=True)
class CapabilityDef:
    """A capability that a node type offers, with the properties that may be set in it."""

    name: str
    type: Type
    properties: Mapping[str, Schema]
    attributes: Mapping[str, Schema]


@dataclass(frozen=True)
class RequirementDef:
    """A requirement that a node type has; at least `minimum` must be given.

    `dropped` says that the type writes its requirements anew and leaves out the inherited `host`: published types
    mean by that that it need not be given.
    """

    name: str
    capability: str | None
    node: str | None
    relationship: str | None
    minimum: int
    dropped: bool = False


@dataclass(frozen=True)
class Operation:
    """One operation of an interface: what implements it, its inputs, and the variables it gives back.

    `inputs` are raw TOSCA values; `outputs` maps a variable to its [entity, attribute]; `dependencies` are names of
    artifacts, of files or roles, or artifacts. `places` says where each input and output is written, `unheeded` where
    what has no effect is, dependencies only of a role.
    """

    interface: str
    name: str
    implementation: str | None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    at: Location = NOWHERE
    dependencies: tuple[Any, ...] = ()
    places: Mapping[Any, Location] = field(default_factory=dict)
    unheeded: Mapping[str, Location] = field(default_factory=dict)


@dataclass(frozen=True)
class Type:
    """A node, capability, relationship, data, artifact or policy type.

    `ancestors` begins with the type's own name and ends with its root. `interfaces` are the names of the operations
    that each interface declares, `operations` those that are written out, by interface and name.
    """

    name: str
    ancestors: tuple[str, ...]
    properties: Mapping[str, Schema] = field(default_factory=dict)
    attributes: Mapping[str, Schema] = field(default_factory=dict)
    capabilities: Mapping[str, CapabilityDef] = field(default_factory=dict)
    requirements: Mapping[str, RequirementDef] = field(default_factory=dict)
    interfaces: Mapping[str, frozenset[str]] = field(default_factory=dict)
    operations: Mapping[tuple[str, str], Operation] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    checks: tuple[Check, ...] = ()
    constraints: tuple[Mapping[str, Any], ...] = ()
    description: str = ""

    def is_a(self, name: str) -> bool:
        """Say whether this type is the named one or is derived from it."""
        return name in self.ancestors
