# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a template and its inputs to a Topology, or to one error that tells everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import chain
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import effort
from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar, dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.border import check_names
from ansible_collections.indigo.paas.plugins.module_utils.tosca.copies import with_copies
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import (
    Document,
    key_place,
    parse,
    place,
    read,
    value_place,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft, DraftRequirement, Scope, Templates
from ansible_collections.indigo.paas.plugins.module_utils.tosca.expected import reached_types
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.graph import dependency_order
from ansible_collections.indigo.paas.plugins.module_utils.tosca.imports import FILE_KEYS, Resolver, gather_types
from ansible_collections.indigo.paas.plugins.module_utils.tosca.inputs import Inputs, read_inputs, tell_unused
from ansible_collections.indigo.paas.plugins.module_utils.tosca.operations import OperationReader
from ansible_collections.indigo.paas.plugins.module_utils.tosca.policies import PolicyReader
from ansible_collections.indigo.paas.plugins.module_utils.tosca.references import References
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report, severities
from ansible_collections.indigo.paas.plugins.module_utils.tosca.run_attributes import RunAttributes
from ansible_collections.indigo.paas.plugins.module_utils.tosca.sections import unknown_keys
from ansible_collections.indigo.paas.plugins.module_utils.tosca.settle import Settler
from ansible_collections.indigo.paas.plugins.module_utils.tosca.substitution import check_substitution
from ansible_collections.indigo.paas.plugins.module_utils.tosca.templates import read_templates
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import (
    NodeTemplate,
    Output,
    Requirement,
    Topology,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.values import Values
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary, default_vocabulary

_UNUSED = {
    "workflows": ("'workflows' are not run", "The order comes from the requirements between the nodes."),
}
_TOPOLOGY_KEYS = frozenset(_UNUSED) | {
    "substitution_mappings",
    "description",
    "groups",
    "inputs",
    "node_templates",
    "relationship_templates",
    "outputs",
    "policies",
}


def load(
    source: str | bytes | os.PathLike[str],
    inputs: Mapping[str, Any] | None = None,
    *,
    vocabulary: Vocabulary | None = None,
    name: str = "template",
    resolver: Resolver | None = None,
    strict: bool = False,
    trust: bool = False,
    sketch: bool = False,
) -> Topology:
    """Return the topology of a template with the user's inputs in it.

    `source` is a path, or the template itself: bytes, or a str with a line break. Both may be a CSAR archive. `inputs`
    maps input names to values. `name` is how errors call a template that is no file. `resolver` finds the imports of
    such a template (see `imports`). `strict` makes an error of each leniency (`report.LENIENCIES`). `trust` marks
    Jinja in the template's own texts for evaluation (see `jinja`). `sketch` takes required inputs without a value for
    unknown: the result is to be looked at, not to be deployed. Raises TemplateError with all problems of the file
    and the inputs; nothing else.
    """
    with effort.limited():
        return _loaded(source, inputs, vocabulary, name, resolver, Report(severities(strict, sketch)), trust)


def _loaded(
    source: str | bytes | os.PathLike[str],
    inputs: Mapping[str, Any] | None,
    vocabulary: Vocabulary | None,
    name: str,
    resolver: Resolver | None,
    report: Report,
    trust: bool,
) -> Topology:
    document, inside = open_template(source, name, report)
    if not isinstance(document.data, Mapping):
        report.add(
            "shape",
            "a template must be a mapping",
            Location(document.file, 1, 1),
            "Write `key: value` lines.",
        )
        report.raise_errors()
    given = _input_values(inputs, document, report)
    _check_head(document, report)
    if isinstance(inside, csar.Archive):
        inside.check_head(document, report)
    types = gather_types(document, vocabulary or default_vocabulary(), report, inside or resolver)
    body = section(document.data, "topology_template", "'topology_template'", report)
    topology = _Loader(document, with_copies(body, report), types, report, trust).load(given)
    if isinstance(inside, csar.Archive):
        inside.check_implementations(topology, report)
    if report.error_count:
        check_names(topology, report)
    report.raise_errors()
    return topology


def open_template(
    source: str | bytes | os.PathLike[str], name: str = "template", report: Report | None = None
) -> tuple[Document, Resolver | None]:
    """Return the document of a template, and what finds its imports when it lies in a CSAR archive.

    The arguments are those of `load`; leniencies go to `report`, without one they are not said. Raises TemplateError.
    """
    report = Report() if report is None else report
    if isinstance(source, bytes) or (isinstance(source, str) and ("\n" in source or not source.strip())):
        if isinstance(source, bytes) and csar.is_archive(source):
            return csar.open_document(source, name, report)
        return Document(parse(source, name, report), name), None
    path = os.fspath(source)
    if csar.is_archive_file(path):
        return csar.open_document(csar.read_archive(path), path, report)
    return read(source, report), None


def _input_values(inputs: Any, document: Document, report: Report) -> Mapping[str, Any]:
    if inputs is None or isinstance(inputs, Mapping):
        return inputs or {}
    report.add("wrong-type", "the inputs must be a mapping of names to values", Location(document.file))
    return {}


def _check_head(document: Document, report: Report) -> None:
    data = document.data
    at = value_place(data, "tosca_definitions_version")
    if not dialect.version(data.get("tosca_definitions_version"), at, report):
        report.raise_errors()
    for key in _TOPOLOGY_KEYS - FILE_KEYS:
        if key in data:
            message = f"'{key}' must be under 'topology_template'"
            report.add("unknown-key", message, key_place(data, key), "Indent it, below `topology_template:`.")
    unknown_keys(data, FILE_KEYS | _TOPOLOGY_KEYS, "the template", report)
    if data.get("topology_template") is None:
        report.add("shape", "there is no 'topology_template'", place(data), "Put the node templates under it.")


class _Loader:
    """Reads the parts of one topology_template."""

    def __init__(
        self, document: Document, body: Mapping[str, Any], types: Vocabulary, report: Report, trust: bool
    ) -> None:
        self._document = document
        self._body = body
        self._types = types
        self._report = report
        self._trust = trust

    def load(self, given: Mapping[str, Any]) -> Topology:
        """Return the topology; it is of use only when the report has no errors."""
        self._check_body()
        inputs = read_inputs(self._body, given, self._types, self._report, self._trust)
        tell_unused(self._body, self._types.own_definitions(), self._report)
        templates = read_templates(self._body, inputs, self._types, self._report)
        drafts = templates.nodes
        self._check_cycles(drafts)
        settler = self._settler(templates, inputs)
        operations = OperationReader(settler, self._report)
        nodes = {name: self._node(draft, settler, operations) for name, draft in drafts.items()}
        outputs = self._outputs(settler)
        reader = PolicyReader(self._body, drafts, settler, self._types, self._report)
        groups = reader.groups()
        policies = reader.policies(groups)
        self._types.check_unused(self._report)
        return Topology(
            name=self._document.file,
            file=self._document.file,
            description=_text(self._body.get("description") or self._document.data.get("description")),
            metadata=plain(section(self._document.data, "metadata", "'metadata'", self._report)),
            inputs=inputs.values,
            nodes=nodes,
            outputs=outputs,
            policies=policies,
            groups=groups,
            assigned=settler.assigned,
            data_types=self._expected_types(nodes),
            warnings=tuple(self._report.warnings),
        )

    def _expected_types(self, nodes: Mapping[str, NodeTemplate]) -> dict[str, Type]:
        """Return the data types of what is expected of arguments that are not known yet."""
        related = (requirement.operations for node in nodes.values() for requirement in node.requirements)
        operations = chain.from_iterable([*(node.operations for node in nodes.values()), *related])
        expected = (found for call in operations for found in call.expected.values())
        schemas = [each.schema for found in expected for each in found]
        return reached_types(schemas, lambda name: self._types.data_type(name, self._report))

    def _settler(self, templates: Templates, inputs: Inputs) -> Settler:
        runs = RunAttributes(templates.nodes)
        references = References(templates, runs, inputs, self._report)
        values = Values(self._types, self._report)
        settler = Settler(templates, runs, references, values, self._report, self._trust)
        settler.settle()
        return settler

    def _check_body(self) -> None:
        unknown_keys(self._body, _TOPOLOGY_KEYS, "'topology_template'", self._report)
        for key, (message, hint) in _UNUSED.items():
            if key in self._body:
                self._report.add("not-supported", message, key_place(self._body, key), hint)
        written = section(self._body, "node_templates", "'node_templates'", self._report)
        check_substitution(self._body, written, self._types, self._report)
        if not written and isinstance(self._document.data.get("topology_template"), Mapping):
            at = value_place(self._document.data, "topology_template")
            self._report.add("shape", "there are no node templates", at, "Write `node_templates:`.")

    def _check_cycles(self, drafts: Mapping[str, Draft]) -> None:
        graph = {name: [found.node for found in draft.requirements] for name, draft in drafts.items()}
        _order, cycles = dependency_order(graph)
        for cycle in cycles:
            names = " -> ".join(cycle)
            hint = "Remove one of these requirements."
            self._report.add("cycle", f"nodes that require each other: {names}", drafts[cycle[0]].at, hint)

    def _node(self, draft: Draft, settler: Settler, operations: OperationReader) -> NodeTemplate:
        capabilities = {name: settler.properties(draft, name) for name in draft.capabilities}
        return NodeTemplate(
            name=draft.name,
            type=draft.type,
            properties=settler.properties(draft),
            capabilities=capabilities,
            requirements=tuple(self._requirement(found, settler, operations) for found in draft.requirements),
            operations=operations.of_node(draft),
            artifacts=draft.artifacts(),
            host=draft.host,
            at=draft.at,
            places=self._places(draft),
        )

    def _places(self, draft: Draft) -> dict[tuple[str | None, str], Location]:
        places = {}
        for capability in (None, *draft.capabilities):
            given = draft.given(capability)
            places.update({(capability, name): value_place(given, name) for name in given})
        return places

    def _requirement(self, found: DraftRequirement, settler: Settler, operations: OperationReader) -> Requirement:
        return Requirement(
            found.name,
            found.node,
            found.kind,
            found.capability,
            found.hosting,
            settler.properties(found.relationship),
            operations.of_relationship(found),
            found.at,
        )

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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
