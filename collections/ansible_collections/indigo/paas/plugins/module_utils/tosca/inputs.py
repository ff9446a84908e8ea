# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a template: what is declared, what the user gives, what is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import did_you_mean
from .document import MAX_DEPTH, key_place, value_place
from .functions import FUNCTION
from .report import Location, Report
from .type_builder import TypeBuilder, section
from .types import Schema
from .values import Values
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class Inputs:
    """The value of every declared input, and the names of those whose problem is reported already."""

    values: Mapping[str, Any]
    unusable: frozenset[str] = frozenset()


def read_inputs(body: Mapping[str, Any], given: Mapping[str, Any], vocabulary: Vocabulary, report: Report) -> Inputs:
    """Return the value of every declared input, None for one that has neither value nor default.

    `body` is the topology_template, `given` what the user gives. Values are literals: no function in them is
    evaluated.
    """
    builder = TypeBuilder(vocabulary, report)
    values = Values(vocabulary, report)
    declared = section(body, "inputs", "'inputs'", report)
    schemas = {name: builder.schema(name, written, key_place(declared, name)) for name, written in declared.items()}
    _refuse_unknown(given, schemas, value_place(body, "inputs"), report)
    found = {name: _value(schema, declared[name], given, values, report) for name, schema in schemas.items()}
    return Inputs(
        found,
        frozenset(name for name, value in found.items() if value is None and _asked(schemas[name], given)),
    )


def _asked(schema: Schema, given: Mapping[str, Any]) -> bool:
    """Say whether an input has to have a value: without one, its problem has been reported."""
    return schema.required or schema.default is not None or given.get(schema.name) is not None


def _refuse_unknown(given: Mapping[str, Any], schemas: Mapping[str, Schema], at: Location, report: Report) -> None:
    for name in given:
        if name not in schemas:
            hint = did_you_mean(name, schemas, what="inputs")
            report.add("unknown-input", f"the template has no input '{str(name)[:80]}'", at, hint)


def _value(schema: Schema, declaration: Any, given: Mapping[str, Any], values: Values, report: Report) -> Any:
    raw = given.get(schema.name)
    subject = f"input '{schema.name}'"
    at = schema.at
    if raw is None:
        raw = schema.default
        subject = f"the default of input '{schema.name}'"
        at = value_place(declaration, "default", at)
    if raw is None:
        if schema.required:
            hint = f"Give it a value, as in {schema.name}=..., or a `default` in the template."
            report.add("missing-input", f"the input '{schema.name}' is required", schema.at, hint)
        return None
    fault = literal_fault(raw)
    if fault is not None:
        report.add("wrong-type", f"{subject} {fault}", at, "Give plain data.")
        return None
    return values.coerce(raw, schema, subject, at)


def literal_fault(value: Any) -> str | None:
    """Return why a value cannot be plain data: its types, its depth, the reserved key; None when it can."""
    level = [value]
    for _depth in range(MAX_DEPTH):
        children: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                if FUNCTION in item:
                    return f"holds the reserved key '{FUNCTION}'"
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
