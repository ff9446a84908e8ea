# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of nodes and of the relationships between them, with their arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft, DraftRequirement, Scope
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.feeding import fed_by
from ansible_collections.indigo.paas.plugins.module_utils.tosca.interfaces import (
    LIFECYCLE,
    interface_bodies,
    known_operations,
    operation_names,
    operation_sources,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.lifecycle import ORDER
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.settle import Settler
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import OperationCall
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import read_interfaces
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Operation, Type

# Keys of an operation's input that is defined like a property; its value or default is then the argument.
_DEFINITION = frozenset(
    ("type", "default", "value", "required", "description", "constraints", "entry_schema", "key_schema", "status")
)


class OperationReader:
    """Reads operations of settled node templates; what is wrong goes to the report."""

    def __init__(self, settler: Settler, report: Report) -> None:
        self._settler = settler
        self._report = report

    def of_node(self, draft: Draft) -> tuple[OperationCall, ...]:
        """Return the operations of a node template over those of its type, without those that nothing implements."""
        subject = f"'{draft.name}'"
        operations = draft.type.operations
        if "interfaces" in draft.body:
            operations = read_interfaces(draft.body, operations, self._report)
            operations = self._declared(operations, draft.body, draft.type.interfaces, subject)
        typed = draft.type.operations
        calls = self._calls(operations.values(), draft.scope(), draft.artifacts(), subject, "SELF", typed, draft.type)
        return tuple(calls)

    def of_relationship(self, found: DraftRequirement) -> tuple[OperationCall, ...]:
        """Return the operations of the relationship that a requirement makes; SELF is the relationship in them."""
        draft = found.relationship
        operations = draft.type.operations
        if "interfaces" in draft.body:
            operations = read_interfaces(draft.body, operations, self._report)
            operations = self._declared(operations, draft.body, draft.type.interfaces, draft.called)
        return tuple(self._calls(operations.values(), draft.scope(), {}, draft.called, "SOURCE", draft.type.operations))

    def _declared(
        self,
        operations: Mapping[tuple[str, str], Operation],
        body: Mapping[str, Any],
        declared: Mapping[str, Collection[str]],
        subject: str,
    ) -> Mapping[tuple[str, str], Operation]:
        """Return the operations without those that the type does not declare, which are reported."""
        undeclared = set(self._undeclared(body, declared or {"Configure": ORDER}, subject))
        return {key: operation for key, operation in operations.items() if key not in undeclared}

    def _undeclared(
        self, body: Mapping[str, Any], declared: Mapping[str, Collection[str]], subject: str
    ) -> Iterator[tuple[str, str]]:
        for interface, written, at in interface_bodies(body):
            known = known_operations(interface, declared)
            if known is None:
                message = f"{subject} has no interface '{interface}'"
                dialect.unknown("unknown-interface", interface, declared, (), message, at, self._report)
            for name, source in operation_sources(written):
                if known is not None and name not in known:
                    message = f"{subject} has no operation '{name}' in '{interface}'"
                    given = operation_names(written)
                    at = key_place(source, name)
                    dialect.unknown("unknown-operation", name, known, given, message, at, self._report)
                if known is None or name not in known:
                    yield interface, name

    def _calls(
        self,
        operations: Iterable[Operation],
        scope: Scope,
        artifacts: Mapping[str, Any],
        subject: str,
        owner: str,
        typed: Mapping[tuple[str, str], Operation],
        node_type: Type | None = None,
    ) -> list[OperationCall]:
        """Return the operations that something implements; `typed` are those of the type."""
        calls = []
        for operation in operations:
            if operation.implementation is None:
                continue
            if operation.interface in LIFECYCLE and operation.name in ORDER:
                self._tell_unheeded(operation, _file(operation.implementation, artifacts), subject)
                declared = _declared(operation, typed.get((operation.interface, operation.name)))
                calls.append(self._call(operation, scope, artifacts, subject, owner, declared, node_type))
            else:
                message = (f"'{operation.interface}.{operation.name}' of ", " is not run")
                hint = "What is run: create, configure and start, and what a relationship has around them."
                self._report.add_shared("not-supported", message, subject, operation.at, hint)
        return calls

    def _tell_unheeded(self, operation: Operation, implementation: str, subject: str) -> None:
        for key, at in operation.unheeded.items():
            hint = "An operation runs on the machine of its node, and takes as long as it takes."
            if key == "dependencies":
                if not is_role(implementation):
                    continue
                hint = "They are brought for a playbook. A role of a collection comes with all that it needs."
            message = (f"'{key}' of '{operation.interface}.{operation.name}' of ", " has no effect")
            self._report.add_shared("not-supported", message, subject, at, hint)

    def _call(
        self,
        operation: Operation,
        scope: Scope,
        artifacts: Mapping[str, Any],
        subject: str,
        owner: str,
        declared: Iterable[Any],
        node_type: Type | None,
    ) -> OperationCall:
        implementation = _file(operation.implementation or "", artifacts)
        arguments, expected = {}, {}
        for name, raw in operation.inputs.items():
            at = operation.places.get(name, operation.at)
            called = f"'{name}' of '{operation.name}' of {subject}"
            schema = fed_by(implementation, name, raw, node_type)
            arguments[name], expected[name] = self._settler.pending(_argument(raw), scope, called, at, schema)
        return OperationCall(
            interface=operation.interface,
            name=operation.name,
            implementation=implementation,
            places=operation.places,
            declared=frozenset(declared),
            arguments={name: value for name, value in arguments.items() if value is not None},
            outputs=self._attribute_map(operation, subject, owner),
            at=operation.at,
            dependencies=operation.dependencies,
            expected={name: each for name, each in expected.items() if each},
        )

    def _attribute_map(self, operation: Operation, subject: str, owner: str) -> dict[str, str]:
        outputs = {}
        for variable, target in operation.outputs.items():
            if isinstance(target, list) and len(target) == 2 and target[0] == owner and isinstance(target[1], str):
                outputs[variable] = target[1]
            else:
                message = f"the output '{variable}' of '{operation.name}' of {subject} must name an attribute"
                self._report.add("shape", message, operation.at, f"Write `variable: [ {owner}, attribute ]`.")
        return outputs


def _declared(operation: Operation, typed: Operation | None) -> Iterable[Any]:
    """Return the inputs that are declared: by the type, or where that declares none, by the operation itself."""
    if typed is None or not typed.inputs or typed.implementation != operation.implementation:
        return operation.inputs
    return typed.inputs


def _argument(raw: Any) -> Any:
    """Return the value of an operation's input; one that is defined like a property counts by its value or default.

    Such a definition needs no type (TOSCA 1.3, 3.6.14).
    """
    is_definition = isinstance(raw, Mapping) and raw.keys() <= _DEFINITION
    if is_definition and (isinstance(raw.get("type"), str) or "value" in raw or "default" in raw):
        return raw["value"] if "value" in raw else raw.get("default")
    return raw


def _file(implementation: str, artifacts: Mapping[str, Any]) -> str:
    """Return the file of the artifact that an implementation names, else the implementation itself."""
    artifact = artifacts.get(implementation)
    written = artifact.get("file") if isinstance(artifact, Mapping) else artifact
    return written if isinstance(written, str) and written else implementation
