# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of types, as written, to types with everything inherited; what is wrong goes to the report.

tosca-parser's own NodeType is not used for this: it alters the definitions it reads, knows no places, and
never returns from a cycle of derived_from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean, nearest
from ansible_collections.indigo.paas.plugins.module_utils.tosca.constraints import make_check
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place, place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import is_function
from ansible_collections.indigo.paas.plugins.module_utils.tosca.interfaces import (
    LIFECYCLE,
    interface_bodies,
    operation_names,
    operation_sources,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import (
    PRIMITIVES,
    UNKNOWN_TYPE,
    CapabilityDef,
    Check,
    Operation,
    RequirementDef,
    Schema,
    Type,
)

if TYPE_CHECKING:
    from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary

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

    def build(self, kind: str, name: str, definition: Mapping[str, Any], parent: Type | None) -> Type:
        """Return the type of a definition that is derived from `parent`, None for a root.

        `kind` is the section of the type, such as "node_types".
        """
        parent = parent or Type("", ())
        ancestors = (name, *parent.ancestors)
        if kind == "interface_types":
            # Its body is what the interfaces of other types are: one, which is called as the type.
            inherited = next(iter(parent.interfaces.values()), frozenset())
            return Type(name, ancestors, interfaces={name: inherited | operation_names(definition)})
        is_node = kind == "node_types"
        base, checks = self._data_base(name, definition, parent) if kind == "data_types" else (None, ())
        return Type(
            name=name,
            ancestors=ancestors,
            properties=self._schemas(definition, "properties", parent.properties),
            attributes=self._schemas(definition, "attributes", parent.attributes),
            capabilities=self._capabilities(definition, parent.capabilities) if is_node else {},
            requirements=self._requirements(definition, parent.requirements) if is_node else {},
            interfaces=self._interfaces(name, definition, parent.interfaces),
            operations=read_interfaces(definition, parent.operations, self._report),
            artifacts=_artifacts(definition, parent.artifacts),
            base=base,
            checks=checks,
            constraints=(*_constraints(definition), *parent.constraints) if base else (),
            description=_text(definition.get("description")),
        )

    def _schemas(
        self, definition: Mapping[str, Any], key: str, inherited: Mapping[str, Schema]
    ) -> Mapping[str, Schema]:
        written = section(definition, key, f"'{key}'", self._report)
        if not written:
            return inherited
        return {
            **inherited,
            **{name: self.schema(name, schema, key_place(written, name)) for name, schema in written.items()},
        }

    def schema(self, name: str, definition: Any, at: Location, depth: int = 0) -> Schema:
        """Return the schema of a property, an input or an entry; a text alone is its type.

        Without a type, it is that of the default, else a text. What a function gives may be of any type.
        """
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
        if "type" not in definition and is_function(definition.get("default")):
            return UNKNOWN_TYPE
        written = definition.get("type", _type_of(definition.get("default")))
        if isinstance(written, str):
            if written in PRIMITIVES:
                return written
            full = self._vocabulary.full_name("data_types", written)
            if full is not None:
                return full
        known = [*PRIMITIVES, *self._vocabulary.names("data_types")]
        if not self._vocabulary.incomplete:
            message = f"'{name}' has the unknown type '{written}'"
            self._report.add("unknown-type", message, value_place(definition, "type", at), did_you_mean(written, known))
        return UNKNOWN_TYPE

    def _checks(self, name: str, kind: str, definition: Mapping[str, Any], at: Location) -> tuple[Check, ...]:
        written = definition.get("constraints")
        if written is None or kind == UNKNOWN_TYPE:
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

    def _data_base(
        self, name: str, definition: Mapping[str, Any], parent: Type
    ) -> tuple[str | None, tuple[Check, ...]]:
        said = (definition.get(key) for key in ("type", "derived_from"))
        base = next((each for each in said if isinstance(each, str) and each in PRIMITIVES), parent.base)
        if base is None:
            return None, ()
        return base, (*self._checks(name, base, definition, place(definition)), *parent.checks)

    def _capabilities(
        self, definition: Mapping[str, Any], inherited: Mapping[str, CapabilityDef]
    ) -> Mapping[str, CapabilityDef]:
        written = section(definition, "capabilities", "'capabilities'", self._report)
        if not written:
            return inherited
        merged = dict(inherited)
        for name, body in written.items():
            capability = self._capability(name, body, key_place(written, name), merged.get(name))
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
        properties = self._schemas(definition, "properties", inherited.properties)
        attributes = self._schemas(definition, "attributes", inherited.attributes)
        return CapabilityDef(name, inherited.type, properties, attributes)

    def _requirements(
        self, definition: Mapping[str, Any], inherited: Mapping[str, RequirementDef]
    ) -> Mapping[str, RequirementDef]:
        merged = dict(inherited)
        names = set()
        for name, written in self._listed(definition.get("requirements"), value_place(definition, "requirements")):
            written = {"capability": written} if isinstance(written, str) else written
            fields = mapping(written, f"the requirement '{name}'", place(written), self._report)
            merged[name] = self._requirement(name, fields, merged.get(name))
            names.add(name)
        if names and "host" in merged:
            merged["host"] = replace(merged["host"], dropped="host" not in names)
        return merged if names else inherited

    def _listed(self, written: Any, at: Location) -> Iterator[tuple[str, Any]]:
        if written is None:
            return
        entries = written if isinstance(written, list) else [None]
        for entry in entries:
            if isinstance(entry, Mapping) and len(entry) == 1:
                yield from entry.items()
            else:
                self._report.add("shape", "'requirements' must be a list of one-key mappings", at)

    def _requirement(self, name: str, fields: Mapping[str, Any], inherited: RequirementDef | None) -> RequirementDef:
        """Return a requirement; what it does not say is as it is inherited."""
        relationship = fields.get("relationship")
        if isinstance(relationship, Mapping):
            relationship = relationship.get("type")
        occurrences = fields.get("occurrences")
        minimum = occurrences[0] if isinstance(occurrences, list) and occurrences else 1
        said: dict[str, Any] = {
            "capability": self._vocabulary.full_name("capability_types", fields.get("capability")),
            "node": self._vocabulary.full_name("node_types", fields.get("node")),
            "relationship": self._vocabulary.full_name("relationship_types", relationship),
            "occurrences": minimum if isinstance(minimum, int) else 1,
        }
        start = inherited or RequirementDef(name, None, None, None, 1)
        changes = {field: value for field, value in said.items() if field in fields}
        if "occurrences" in changes:
            changes["minimum"] = changes.pop("occurrences")
        return replace(start, **changes)

    def _interfaces(
        self, name: str, definition: Mapping[str, Any], inherited: Mapping[str, frozenset[str]]
    ) -> Mapping[str, frozenset[str]]:
        merged = dict(inherited)
        for interface, body, at in interface_bodies(definition):
            declared = merged.get(interface, frozenset())
            if "type" in body:
                at_type = value_place(body, "type", at)
                declared |= self._vocabulary.operations_of(body["type"], at_type, self._report)
            self._check_lifecycle(name, interface, body, declared)
            merged[interface] = declared | operation_names(body)
        return merged if merged != inherited else inherited

    def _check_lifecycle(self, owner: str, interface: str, body: Mapping[str, Any], declared: frozenset[str]) -> None:
        """Report names that resemble an operation which is run."""
        for name, source in operation_sources(body) if interface in LIFECYCLE else ():
            if name not in declared and nearest(name, declared) is not None:
                message = f"'{owner}' has no operation '{name}' in '{interface}'"
                self._report.add(
                    "unknown-operation", message, key_place(source, name), did_you_mean(name, sorted(declared))
                )


def _artifacts(definition: Mapping[str, Any], inherited: Mapping[str, Any]) -> Mapping[str, Any]:
    artifacts = definition.get("artifacts")
    return {**inherited, **artifacts} if isinstance(artifacts, Mapping) and artifacts else inherited


def _constraints(definition: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    written = definition.get("constraints")
    return tuple(item for item in written if isinstance(item, Mapping)) if isinstance(written, list) else ()


def _type_of(default: Any) -> str:
    """Return the primitive type of a default, as YAML has it."""
    named = {bool: "boolean", int: "integer", float: "float", list: "list", dict: "map"}
    return next((name for kind, name in named.items() if isinstance(default, kind)), "string")


def _text(description: Any) -> str:
    return " ".join(str(description).split()) if description is not None else ""


def read_interfaces(
    owner: Mapping[str, Any], inherited: Mapping[tuple[str, str], Operation], report: Report
) -> Mapping[tuple[str, str], Operation]:
    """Return the operations of a type or a node template over those that it inherits.

    An operation with an implementation of its own does not inherit inputs: they were another
    implementation's.
    """
    written = section(owner, "interfaces", "'interfaces'", report)
    if not written:
        return inherited
    merged = dict(inherited)
    for written_name, body in written.items():
        interface = written_name.rpartition(".")[2]
        body = mapping(body, f"the interface '{interface}'", value_place(written, written_name), report)
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
            inherited.unheeded,
        )
    return Operation(
        interface,
        name,
        implementation,
        inputs,
        outputs,
        at,
        _dependencies(body, name, report),
        places,
        _unheeded(body, name),
    )


def _unheeded(body: Mapping[str, Any], name: str) -> dict[str, Location]:
    """Return the keys of an implementation that nothing heeds, dependencies of a role among them.

    A host where the operation runs anyway does no harm.
    """
    written = body.get("implementation")
    if not isinstance(written, Mapping):
        return {}
    usual = ("SELF", "HOST", name.rpartition("_")[2].upper())
    return {
        key: key_place(written, key)
        for key in ("operation_host", "timeout", "dependencies")
        if written.get(key) not in (None, []) and not (key == "operation_host" and written[key] in usual)
    }


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
