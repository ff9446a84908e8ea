# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a template and its inputs to a Topology, or to one error that tells everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .document import Document, key_place, parse, place, read, value_place
from .functions import plain
from .graph import dependency_order
from .imports import gather_types
from .inputs import read_inputs
from .references import References, Scope
from .report import Location, Report
from .settle import Settler
from .templates import Draft, DraftRequirement, read_templates, unknown_keys
from .topology import NodeTemplate, OperationCall, Output, Policy, Requirement, Topology
from .type_builder import mapping, read_interfaces, section
from .types import Operation
from .values import Values
from .vocabulary import PREFIXES, Vocabulary, default_vocabulary

VERSIONS = tuple(f"tosca_simple_yaml_1_{minor}" for minor in range(4))
_IGNORED = frozenset(("groups", "substitution_mappings", "workflows"))
_TOPOLOGY_KEYS = _IGNORED | {
    "description",
    "inputs",
    "node_templates",
    "relationship_templates",
    "outputs",
    "policies",
}
_KEYS = frozenset(PREFIXES) | {
    "tosca_definitions_version",
    "tosca_default_namespace",
    "template_name",
    "template_author",
    "template_version",
    "description",
    "metadata",
    "dsl_definitions",
    "repositories",
    "imports",
    "topology_template",
}


def load(
    source: str | bytes | os.PathLike[str],
    inputs: Mapping[str, Any] | None = None,
    *,
    vocabulary: Vocabulary | None = None,
    name: str = "template",
) -> Topology:
    """Return the topology of a template with the user's inputs in it.

    `source` is a path, or the template itself: bytes, or a str with a line break. `inputs` maps input names
    to values. `name` is how errors call a template that is no file. Raises TemplateError with all problems of
    the file and the inputs; nothing else.
    """
    report = Report()
    document = _document(source, name)
    if not isinstance(document.data, Mapping):
        report.add(
            "shape",
            "a template must be a mapping",
            Location(document.file, 1, 1),
            "Write `key: value` lines.",
        )
        report.raise_errors()
    given = _given(inputs, document, report)
    _check_head(document, report)
    types = gather_types(document, vocabulary or default_vocabulary(), report)
    body = section(document.data, "topology_template", "'topology_template'", report)
    topology = _Loader(document, body, types, report).load(given)
    report.raise_errors()
    return topology


def _document(source: str | bytes | os.PathLike[str], name: str) -> Document:
    if isinstance(source, bytes) or (isinstance(source, str) and ("\n" in source or not source.strip())):
        return Document(parse(source, name), name)
    return read(source)


def _given(inputs: Any, document: Document, report: Report) -> Mapping[str, Any]:
    if inputs is None or isinstance(inputs, Mapping):
        return inputs or {}
    report.add("wrong-type", "the inputs must be a mapping of names to values", Location(document.file))
    return {}


def _check_head(document: Document, report: Report) -> None:
    data = document.data
    version = data.get("tosca_definitions_version")
    if version not in VERSIONS:
        shown = f"'{version}' is not known" if version is not None else "is missing"
        at = value_place(data, "tosca_definitions_version")
        hint = f"Write one of {', '.join(VERSIONS)}."
        report.add("version", f"tosca_definitions_version {shown}", at, hint)
    unknown_keys(data, _KEYS, "the template", report)
    if data.get("topology_template") is None:
        report.add("shape", "there is no 'topology_template'", place(data), "Put the node templates under it.")


class _Loader:
    """Reads the parts of one topology_template."""

    def __init__(self, document: Document, body: Mapping[str, Any], types: Vocabulary, report: Report) -> None:
        self._document = document
        self._body = body
        self._types = types
        self._report = report

    def load(self, given: Mapping[str, Any]) -> Topology:
        """Return the topology; it is of use only when the report has no errors."""
        self._check_body()
        inputs = read_inputs(self._body, given, self._types, self._report)
        drafts = read_templates(self._body, self._types, self._report)
        self._check_cycles(drafts)
        written = section(self._body, "node_templates", "'node_templates'", self._report)
        references = References(drafts, written, inputs, self._report)
        settler = Settler(drafts, references, Values(self._types, self._report), self._report)
        settler.settle()
        nodes = {name: self._node(draft, settler) for name, draft in drafts.items()}
        outputs = self._outputs(settler)
        policies = self._policies(drafts, settler)
        return Topology(
            name=self._document.file,
            file=self._document.file,
            description=_text(self._body.get("description") or self._document.data.get("description")),
            metadata=plain(section(self._document.data, "metadata", "'metadata'", self._report)),
            inputs=inputs.values,
            nodes=nodes,
            outputs=outputs,
            policies=policies,
            warnings=tuple(self._report.warnings),
        )

    def _check_body(self) -> None:
        unknown_keys(self._body, frozenset(_TOPOLOGY_KEYS), "'topology_template'", self._report)
        for key in _IGNORED:
            if key in self._body:
                at = key_place(self._body, key)
                self._report.add("not-supported", f"'{key}' has no effect here", at, "Remove it.")
        if not section(self._body, "node_templates", "'node_templates'", self._report) and self._body:
            self._report.add("shape", "there are no node templates", place(self._body), "Write `node_templates:`.")

    def _check_cycles(self, drafts: Mapping[str, Draft]) -> None:
        graph = {name: [found.node for found in draft.requirements] for name, draft in drafts.items()}
        _order, cycles = dependency_order(graph)
        for cycle in cycles:
            names = " -> ".join(cycle)
            hint = "Remove one of these requirements."
            self._report.add("cycle", f"nodes that require each other: {names}", drafts[cycle[0]].at, hint)

    def _node(self, draft: Draft, settler: Settler) -> NodeTemplate:
        capabilities = {name: settler.properties(draft, name) for name in draft.type.capabilities}
        return NodeTemplate(
            name=draft.name,
            type=draft.type,
            properties=settler.properties(draft),
            capabilities=capabilities,
            requirements=tuple(self._requirement(draft, found, settler) for found in draft.requirements),
            operations=tuple(self._operations(draft, settler)),
            artifacts=draft.type.artifacts,
            host=draft.host,
            at=draft.at,
            places=self._places(draft),
        )

    def _places(self, draft: Draft) -> dict[tuple[str, str], Location]:
        places = {}
        for capability in draft.type.capabilities:
            given = draft.given(capability, self._report)
            places.update({(capability, name): value_place(given, name) for name in given})
        return places

    def _requirement(self, draft: Draft, found: DraftRequirement, settler: Settler) -> Requirement:
        subject = f"the requirement '{found.name}' of '{draft.name}'"
        given = section(found.body, "properties", f"the properties of {subject}", self._report)
        schemas = found.relationship.properties if found.relationship is not None else {}
        scope = Scope(node=draft.name, source=draft.name, target=found.node)
        properties = settler.fields(given, schemas, scope, subject, found.at) if given or found.body else {}
        return Requirement(
            found.name, found.node, found.relationship, found.capability, found.hosting, properties, found.at
        )

    def _operations(self, draft: Draft, settler: Settler) -> list[OperationCall]:
        operations = draft.type.operations
        if "interfaces" in draft.body:
            operations = read_interfaces(draft.body, operations, self._report)
        return [
            self._operation(draft, operation, settler)
            for operation in operations.values()
            if operation.implementation is not None
        ]

    def _operation(self, draft: Draft, operation: Operation, settler: Settler) -> OperationCall:
        scope = Scope(node=draft.name)
        arguments = {}
        for name, raw in operation.inputs.items():
            at = value_place(operation.inputs, name, operation.at)
            subject = f"'{name}' of '{operation.name}' of '{draft.name}'"
            arguments[name] = settler.value(_argument(raw), scope, subject, at)
        return OperationCall(
            interface=operation.interface,
            name=operation.name,
            implementation=operation.implementation or "",
            arguments={name: value for name, value in arguments.items() if value is not None},
            outputs=self._attribute_map(draft, operation),
            at=operation.at,
        )

    def _attribute_map(self, draft: Draft, operation: Operation) -> dict[str, str]:
        outputs = {}
        for variable, target in operation.outputs.items():
            if isinstance(target, list) and len(target) == 2 and target[0] == "SELF" and isinstance(target[1], str):
                outputs[variable] = target[1]
            else:
                message = f"the output '{variable}' of '{operation.name}' of '{draft.name}' must name an attribute"
                self._report.add("shape", message, operation.at, "Write `variable: [ SELF, attribute ]`.")
        return outputs

    def _outputs(self, settler: Settler) -> dict[str, Output]:
        outputs = {}
        written = section(self._body, "outputs", "'outputs'", self._report)
        for name in written:
            at = key_place(written, name)
            body = mapping(written[name], f"the output '{name}'", at, self._report)
            if "value" not in body:
                self._report.add("shape", f"the output '{name}' has no value", at, "Write `value: ...` in it.")
            value = settler.value(body.get("value"), Scope(), f"output '{name}'", value_place(body, "value"))
            outputs[name] = Output(name, _text(body.get("description")), value, at)
        return outputs

    def _policies(self, drafts: Mapping[str, Draft], settler: Settler) -> tuple[Policy, ...]:
        written = self._body.get("policies")
        if written is None:
            return ()
        if not isinstance(written, list):
            at = value_place(self._body, "policies")
            self._report.add("shape", "'policies' must be a list", at, "Begin each policy with `- `.")
            return ()
        found = [self._policy(entry, value_place(written, i), drafts, settler) for i, entry in enumerate(written)]
        return tuple(policy for policy in found if policy is not None)

    def _policy(self, entry: Any, at: Location, drafts: Mapping[str, Draft], settler: Settler) -> Policy | None:
        if not isinstance(entry, Mapping) or len(entry) != 1:
            self._report.add("shape", "a policy must be one name and its body", at, "Write `- name: { type: ... }`.")
            return None
        ((name, body),) = entry.items()
        body = mapping(body, f"the policy '{name}'", at, self._report)
        found = self._types.find("policy_types", body.get("type"), value_place(body, "type", at), self._report)
        if found is None:
            return None
        given = section(body, "properties", f"the properties of policy '{name}'", self._report)
        properties = settler.fields(given, found.properties, Scope(), f"policy '{name}'", at)
        return Policy(name, found, self._targets(name, body, drafts), properties, at)

    def _targets(self, name: str, body: Mapping[str, Any], drafts: Mapping[str, Draft]) -> tuple[str, ...]:
        targets = body.get("targets") or []
        targets = targets if isinstance(targets, list) else [targets]
        known = section(self._body, "node_templates", "'node_templates'", self._report)
        for index, target in enumerate(targets):
            if not isinstance(target, str) or target not in known:
                at = value_place(body.get("targets"), index)
                message = f"the policy '{name}' is for '{str(target)[:80]}', which is no node template"
                self._report.add("dangling-target", message, at, f"Use one of {', '.join(sorted(drafts)[:12])}.")
        return tuple(target for target in targets if isinstance(target, str) and target in drafts)


def _argument(raw: Any) -> Any:
    """Return the value of an operation's input; one that is defined like a property counts by its default."""
    if (
        isinstance(raw, Mapping)
        and isinstance(raw.get("type"), str)
        and raw.keys() <= {"type", "default", "required", "description"}
    ):
        return raw.get("default")
    return raw


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
