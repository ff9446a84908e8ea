# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of types, as written, to types with everything inherited; what is wrong goes to the report.

tosca-parser's own NodeType is not used for this: it alters the definitions it reads, knows no places, and
never returns from a cycle of derived_from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import did_you_mean, nearest
from .constraints import make_check
from .document import key_place, place, value_place
from .interfaces import LIFECYCLE, interface_bodies, operation_names, operation_sources
from .report import Location, Report
from .types import PRIMITIVES, CapabilityDef, Check, Operation, RequirementDef, Schema, Type

if TYPE_CHECKING:
    from .vocabulary import Vocabulary

_MAX_SCHEMA_DEPTH = 10


def mapping(value: Any, what: str, at: Location, report: Report) -> Mapping[str, Any]:
    """Return a mapping as it is, nothing as {}, and report anything else."""
    if isinstance(value, Mapping):
        return value
    if value is not None:
        report.add("shape", f"{what} must be a mapping of names to values", at, "Write `name: value` lines.")
    return {}


def section(definition: Any, key: str, what: str, report: Report) -> Mapping[str, Any]:
    """Return a section of a mapping as a mapping; report when it is something else."""
    found = definition.get(key)
    if found is None or isinstance(found, dict):
        return found or {}
    return mapping(definition.get(key), what, value_place(definition, key), report)


class TypeBuilder:
    """Builds types of one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, report: Report) -> None:
        self._vocabulary = vocabulary
        self._report = report

    def build(self, kind: str, name: str, chain: list[tuple[str, Mapping[str, Any]]]) -> Type:
        """Return the type whose definition is first in the chain, followed by those it is derived from.

        `kind` is the section of the type, such as "node_types".
        """
        old_to_new = [definition for _name, definition in reversed(chain)]
        base, checks = self._data_base(name, chain) if kind == "data_types" else (None, ())
        return Type(
            name=name,
            ancestors=tuple(link for link, _definition in chain),
            properties=self._schemas(old_to_new, "properties"),
            attributes=self._schemas(old_to_new, "attributes"),
            capabilities=self._capabilities(old_to_new) if kind == "node_types" else {},
            requirements=self._requirements(old_to_new) if kind == "node_types" else {},
            interfaces=self._interfaces(name, old_to_new),
            operations=self._operations(old_to_new),
            artifacts=self._artifacts(old_to_new),
            base=base,
            checks=checks,
            constraints=tuple(c for _name, definition in chain for c in _constraints(definition)) if base else (),
            description=_text(chain[0][1].get("description")),
        )

    def _schemas(self, old_to_new: list[Mapping[str, Any]], key: str) -> dict[str, Schema]:
        merged: dict[str, Schema] = {}
        for definition in old_to_new:
            for name, schema in section(definition, key, f"'{key}'", self._report).items():
                at = key_place(definition.get(key), name)
                merged[name] = self.schema(name, schema, at)
        return merged

    def schema(self, name: str, definition: Any, at: Location, depth: int = 0) -> Schema:
        """Return the schema of a property, an input or an entry; a text alone is its type."""
        if isinstance(definition, str):
            definition = {"type": definition}
        definition = mapping(definition, f"the definition of '{name}'", at, self._report)
        if depth > _MAX_SCHEMA_DEPTH:
            self._report.add("schema", f"'{name}': entry_schema is nested too deep", at, "Use a data type.")
            return Schema(name, "string", at=at)
        kind = self._value_type(name, definition, at)
        return Schema(
            name=name,
            type=kind,
            required=definition.get("required", True) is not False,
            default=definition.get("default"),
            checks=self._checks(name, kind, definition, at),
            constraints=_constraints(definition),
            entry=self._nested(name, definition, "entry_schema", at, depth),
            key=self._nested(name, definition, "key_schema", at, depth),
            description=_text(definition.get("description")),
            at=at,
        )

    def _nested(self, name: str, definition: Mapping[str, Any], key: str, at: Location, depth: int) -> Schema | None:
        if definition.get(key) is None:
            return None
        return self.schema(name, definition[key], value_place(definition, key), depth + 1)

    def _value_type(self, name: str, definition: Mapping[str, Any], at: Location) -> str:
        written = definition.get("type", "string")
        if isinstance(written, str):
            if written in PRIMITIVES:
                return written
            full = self._vocabulary.full_name("data_types", written)
            if full is not None:
                return full
        known = [*PRIMITIVES, *self._vocabulary.names("data_types")]
        place_of_type = value_place(definition, "type", at)
        self._report.add(
            "unknown-type",
            f"'{name}' has the unknown type '{written}'",
            place_of_type,
            did_you_mean(written, known),
        )
        return "string"

    def _checks(self, name: str, kind: str, definition: Mapping[str, Any], at: Location) -> tuple[Check, ...]:
        written = definition.get("constraints")
        if written is None:
            return ()
        if not isinstance(written, list):
            self._report.add("schema", f"the constraints of '{name}' must be a list", at, "Begin each with `- `.")
            return ()
        primitive = self._vocabulary.primitive(kind)
        checks = []
        for index, constraint in enumerate(written):
            try:
                checks.append(make_check(name, primitive, constraint))
            except ValueError as error:
                self._report.add("schema", f"constraint of '{name}': {error}", value_place(written, index))
        return tuple(checks)

    def _data_base(self, name: str, chain: list[tuple[str, Mapping[str, Any]]]) -> tuple[str | None, tuple[Check, ...]]:
        for _link, definition in chain:
            for key in ("type", "derived_from"):
                base = definition.get(key)
                if isinstance(base, str) and base in PRIMITIVES:
                    return base, self._base_checks(name, base, chain)
        return None, ()

    def _base_checks(self, name: str, base: str, chain: list[tuple[str, Mapping[str, Any]]]) -> tuple[Check, ...]:
        found: list[Check] = []
        for _link, definition in chain:
            found += self._checks(name, base, definition, place(definition))
        return tuple(found)

    def _capabilities(self, old_to_new: list[Mapping[str, Any]]) -> dict[str, CapabilityDef]:
        merged: dict[str, CapabilityDef] = {}
        for definition in old_to_new:
            for name, written in section(definition, "capabilities", "'capabilities'", self._report).items():
                at = key_place(definition["capabilities"], name)
                capability = self._capability(name, written, at, merged.get(name))
                if capability is not None:
                    merged[name] = capability
        return merged

    def _capability(
        self, name: str, written: Any, at: Location, inherited: CapabilityDef | None
    ) -> CapabilityDef | None:
        written = {"type": written} if isinstance(written, str) else written
        definition = mapping(written, f"the capability '{name}'", at, self._report)
        if "type" in definition or inherited is None:
            found = self._vocabulary.find("capability_types", definition.get("type"), at, self._report)
            if found is None:
                return inherited
            inherited = CapabilityDef(name, found, found.properties, found.attributes)
        properties = {**inherited.properties, **self._schemas([definition], "properties")}
        attributes = {**inherited.attributes, **self._schemas([definition], "attributes")}
        return CapabilityDef(name, inherited.type, properties, attributes)

    def _requirements(self, old_to_new: list[Mapping[str, Any]]) -> dict[str, RequirementDef]:
        merged: dict[str, dict[str, Any]] = {}
        dropped = False
        for definition in old_to_new:
            names = set()
            for name, written in self._listed(definition.get("requirements"), value_place(definition, "requirements")):
                written = {"capability": written} if isinstance(written, str) else written
                fields = mapping(written, f"the requirement '{name}'", place(written), self._report)
                merged.setdefault(name, {}).update(fields)
                names.add(name)
            dropped = "host" not in names if names else dropped
        return {name: self._requirement(name, fields, dropped and name == "host") for name, fields in merged.items()}

    def _listed(self, written: Any, at: Location) -> Iterator[tuple[str, Any]]:
        if written is None:
            return
        entries = written if isinstance(written, list) else [None]
        for entry in entries:
            if isinstance(entry, Mapping) and len(entry) == 1:
                yield from entry.items()
            else:
                self._report.add("shape", "'requirements' must be a list of one-key mappings", at)

    def _requirement(self, name: str, fields: Mapping[str, Any], dropped: bool) -> RequirementDef:
        occurrences = fields.get("occurrences")
        minimum = occurrences[0] if isinstance(occurrences, list) and occurrences else 1
        relationship = fields.get("relationship")
        if isinstance(relationship, Mapping):
            relationship = relationship.get("type")
        return RequirementDef(
            name,
            self._vocabulary.full_name("capability_types", fields.get("capability")),
            self._vocabulary.full_name("node_types", fields.get("node")),
            self._vocabulary.full_name("relationship_types", relationship),
            minimum if isinstance(minimum, int) else 1,
            dropped,
        )

    def _interfaces(self, name: str, old_to_new: list[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
        merged: dict[str, frozenset[str]] = {}
        for definition in old_to_new:
            for interface, body, at in interface_bodies(definition):
                declared = merged.get(interface, frozenset())
                if "type" in body:
                    at_type = value_place(body, "type", at)
                    declared |= self._vocabulary.operations_of(body["type"], at_type, self._report)
                self._check_lifecycle(name, interface, body, declared)
                merged[interface] = declared | operation_names(body)
        return merged

    def _check_lifecycle(self, owner: str, interface: str, body: Mapping[str, Any], declared: frozenset[str]) -> None:
        """Report names that resemble an operation which is run."""
        for name, source in operation_sources(body) if interface in LIFECYCLE else ():
            if name not in declared and nearest(name, declared) is not None:
                message = f"'{owner}' has no operation '{name}' in '{interface}'"
                self._report.add(
                    "unknown-operation", message, key_place(source, name), did_you_mean(name, sorted(declared))
                )

    def _operations(self, old_to_new: list[Mapping[str, Any]]) -> dict[tuple[str, str], Operation]:
        merged: dict[tuple[str, str], Operation] = {}
        for definition in old_to_new:
            merged = read_interfaces(definition, merged, self._report)
        return merged

    def _artifacts(self, old_to_new: list[Mapping[str, Any]]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for definition in old_to_new:
            artifacts = definition.get("artifacts")
            if isinstance(artifacts, Mapping):
                merged.update(artifacts)
        return merged


def _constraints(definition: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    written = definition.get("constraints")
    return tuple(item for item in written if isinstance(item, Mapping)) if isinstance(written, list) else ()


def _text(description: Any) -> str:
    return " ".join(str(description).split()) if description is not None else ""


def read_interfaces(
    owner: Mapping[str, Any], inherited: Mapping[tuple[str, str], Operation], report: Report
) -> dict[tuple[str, str], Operation]:
    """Return the operations of a type or a node template over those that it inherits.

    An operation with an implementation of its own does not inherit inputs: they were another
    implementation's.
    """
    merged = dict(inherited)
    for written_name, body in section(owner, "interfaces", "'interfaces'", report).items():
        interface = written_name.rpartition(".")[2]
        body = mapping(body, f"the interface '{interface}'", value_place(owner["interfaces"], written_name), report)
        shared = section(body, "inputs", f"the inputs of '{interface}'", report)
        section(body, "operations", f"the operations of '{interface}'", report)
        for name, source in operation_sources(body):
            key = (interface, name)
            merged[key] = _operation(key, source, shared, merged.get(key), report)
    return merged


def _operation(
    key: tuple[str, str],
    source: Mapping[str, Any],
    shared: Mapping[str, Any],
    inherited: Operation | None,
    report: Report,
) -> Operation:
    interface, name = key
    at = key_place(source, name)
    written = source[name]
    written = {"implementation": written} if isinstance(written, str) else written
    body = mapping(written, f"the operation '{name}'", at, report)
    implementation = _implementation(body, name, report)
    own = section(body, "inputs", f"the inputs of '{name}'", report)
    inputs = {**shared, **own}
    outputs = section(body, "outputs", f"the outputs of '{name}'", report)
    places = {key: key_place(source, key) for source in (shared, own, outputs) for key in source}
    if implementation is None and inherited is not None:
        return Operation(
            interface,
            name,
            inherited.implementation,
            {**inherited.inputs, **inputs},
            {**inherited.outputs, **outputs},
            inherited.at,
            inherited.dependencies,
            {**inherited.places, **places},
        )
    return Operation(interface, name, implementation, inputs, outputs, at, _dependencies(body, name, report), places)


def _implementation(body: Mapping[str, Any], name: str, report: Report) -> str | None:
    written = body.get("implementation")
    if isinstance(written, Mapping):
        written = written.get("primary", written.get("file"))
        if isinstance(written, Mapping):
            written = written.get("file")
    if written is None or isinstance(written, str):
        return written
    report.add(
        "shape",
        f"the implementation of '{name}' must be the name of a role",
        value_place(body, "implementation"),
        "Write one such as `implementation: indigo.paas.htcondor`.",
    )
    return None


def _dependencies(body: Mapping[str, Any], name: str, report: Report) -> tuple[Any, ...]:
    """Return what an implementation says that it needs: names of artifacts, of files or roles, or artifacts."""
    implementation = body.get("implementation")
    written = implementation.get("dependencies") if isinstance(implementation, Mapping) else None
    if written is None:
        return ()
    if isinstance(written, str) or _is_artifact(written):
        written = [written]
    if isinstance(written, list) and all(isinstance(each, str) or _is_artifact(each) for each in written):
        return tuple(written)
    report.add(
        "shape",
        f"the dependencies of '{name}' must be a list of artifacts",
        value_place(implementation, "dependencies"),
        "Write names of artifacts, or `{ file: example.role, type: tosca.artifacts.AnsibleGalaxy.role }`.",
    )
    return ()


def _is_artifact(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("file"), str)
