# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a template: what is declared, what the user gives, what is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import MAX_DEPTH, key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import RESERVED, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import mark_texts
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import TypeBuilder, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Schema
from ansible_collections.indigo.paas.plugins.module_utils.tosca.values import Values
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary


@dataclass(frozen=True)
class Inputs:
    """The value of every declared input, and the names of those whose problem is reported already."""

    values: Mapping[str, Any]
    unusable: frozenset[str] = frozenset()


def read_inputs(
    body: Mapping[str, Any], given: Mapping[str, Any], vocabulary: Vocabulary, report: Report, trust: bool = False
) -> Inputs:
    """Return the value of every declared input, None for one that has neither value nor default.

    `body` is the topology_template, `given` what the user gives. Values are literals: no function in them is
    evaluated. `trust` marks Jinja in defaults, which are the template's text; what the user gives stays text.
    """
    builder = TypeBuilder(vocabulary, report)
    values = Values(vocabulary, report)
    declared = section(body, "inputs", "'inputs'", report)
    schemas = {name: builder.schema(name, written, key_place(declared, name)) for name, written in declared.items()}
    reader = _Reader(given, values, report, trust)
    found = {name: reader.value(schema, declared[name]) for name, schema in schemas.items()}
    found.update(_undeclared(body, given, schemas, reader))
    return Inputs(
        found,
        frozenset(name for name, schema in schemas.items() if found[name] is None and _must_have_value(schema, given)),
    )


def _must_have_value(schema: Schema, given: Mapping[str, Any]) -> bool:
    """Say whether an input has to have a value: without one, its problem has been reported."""
    return schema.required or schema.default is not None or given.get(schema.name) is not None


def _undeclared(
    body: Mapping[str, Any], given: Mapping[str, Any], schemas: Mapping[str, Schema], reader: _Reader
) -> dict[str, Any]:
    """Return what the user gives for inputs that the template uses without declaring them; refuse the rest."""
    names = [name for name in given if name not in schemas]
    used = used_inputs(body) if names else {}
    found = {}
    for name in names:
        if name in used and given[name] is not None:
            message = f"the input '{name}' is used, but not declared"
            reader.report.add("undeclared-input", message, used[name], "Declare it under `inputs:`.")
            found[name] = reader.plain(name, used[name])
        elif name not in used:
            hint = did_you_mean(name, schemas, what="inputs")
            at = value_place(body, "inputs")
            reader.report.add("unknown-input", f"the template has no input '{str(name)[:80]}'", at, hint)
    return found


def tell_unused(body: Mapping[str, Any], users: Mapping[str, Any], report: Report) -> None:
    """Report the declared inputs that nothing in `body`, the topology_template, or `users` asks for."""
    declared = section(body, "inputs", "'inputs'", Report())
    used = {**used_inputs(body), **used_inputs(users)} if declared else {}
    for name in declared:
        if name not in used:
            hint = "Remove it, or use it with get_input."
            report.add("unused-input", f"nothing uses the input '{name}'", key_place(declared, name), hint)


def used_inputs(body: Mapping[str, Any]) -> dict[str, Location]:
    """Return the names that get_input has in a topology_template, each with its first place."""
    found: dict[str, Location] = {}
    waiting: list[Any] = [body]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            named = item.get("get_input")
            name = named[0] if isinstance(named, list) and named else named
            if isinstance(name, str):
                found.setdefault(name, key_place(item, "get_input"))
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found


@dataclass(frozen=True)
class _Reader:
    given: Mapping[str, Any]
    values: Values
    report: Report
    trust: bool

    def value(self, schema: Schema, declaration: Any) -> Any:
        """Return the value of one input: what the user gives, else its default."""
        subject = f"input '{schema.name}'"
        raw = self.given.get(schema.name)
        default = None
        if schema.default is not None:
            at = value_place(declaration, "default", schema.at)
            default = self._default(schema, f"the default of {subject}", at, used=raw is None)
        if raw is not None:
            return (
                self.values.coerce(raw, schema, subject, schema.at) if self._literal(raw, subject, schema.at) else None
            )
        if schema.default is not None:
            return default
        if schema.required:
            hint = f"Give it a value, as in {schema.name}=..., or a `default` in the template."
            self.report.add("missing-input", f"the input '{schema.name}' is required", schema.at, hint)
        return None

    def plain(self, name: str, at: Location) -> Any:
        """Return the value that the user gives for an input without a declaration."""
        raw = self.given[name]
        return plain(raw) if self._literal(raw, f"input '{name}'", at) else None

    def _default(self, schema: Schema, subject: str, at: Location, used: bool) -> Any:
        if not self._literal(schema.default, subject, at):
            return None
        value = self.values.constant(schema.default, schema, subject, at, used=used)
        return mark_texts(value, self.trust, self.report, at) if used else None

    def _literal(self, raw: Any, subject: str, at: Location) -> bool:
        fault = literal_fault(raw)
        if fault is not None:
            self.report.add("wrong-type", f"{subject} {fault}", at, "Give plain data.")
        return fault is None


def literal_fault(value: Any) -> str | None:
    """Return why a value cannot be plain data: its types, its depth, the reserved key; None when it can."""
    level = [value]
    for _depth in range(MAX_DEPTH):
        children: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                reserved = next((key for key in RESERVED if key in item), None)
                if reserved is not None:
                    return f"holds the reserved key '{reserved}'"
                if not all(isinstance(key, str) for key in item):
                    return "has a key that is not text"
                children.extend(item.values())
            elif isinstance(item, (list, tuple)):
                children.extend(item)
            elif item is not None and not isinstance(item, (str, int, float)):
                return f"holds a value of type {type(item).__name__}"
        if not children:
            return None
        level = children
    return f"is nested deeper than {MAX_DEPTH} levels"
