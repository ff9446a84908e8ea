# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is expected of values that only what runs tells: kept in the plan, held against them once they are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.constraints import make_check
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import holds_call, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import Expected
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import PRIMITIVES, UNKNOWN_TYPE, Schema, Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.values import Values

Data = Mapping[str, Any]

# How much is kept for one value: more properties than that, each of which is only another one, nobody writes.
_MOST = 50


def expectations(found: Iterable[Expected], whole: bool = True) -> tuple[Expected, ...]:
    """Return what is expected, each once; where it is not the `whole` value that is meant, as that of its parts."""
    once = {(each.subject, each.at): each if whole else replace(each, whole=False) for each in found}
    return tuple(once.values())[-_MOST:]


def reached_types(schemas: Iterable[Schema], find: Callable[[str], Type | None]) -> dict[str, Type]:
    """Return the data types that schemas need, by name; `find` knows all."""
    found: dict[str, Type] = {}
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        waiting += [each for each in (schema.entry, schema.key) if each is not None]
        known = schema.type in PRIMITIVES or schema.type == UNKNOWN_TYPE or schema.type in found
        type_ = None if known else find(schema.type)
        if type_ is not None:
            found[schema.type] = type_
            waiting += type_.properties.values()
    return found


def expected_data(each: Expected) -> dict[str, Any]:
    """Return what is expected as plain data; a part has its value, under its name, by which secrets are known."""
    found = {"subject": each.subject, "at": list(each.at), "schema": _schema_data(each.schema)}
    return found if each.whole else {**found, "part": {each.name: plain(each.value)}}


def type_data(type_: Type) -> dict[str, Any]:
    """Return a data type as plain data."""
    return {
        "base": type_.base,
        "constraints": plain(type_.constraints),
        "properties": {name: _schema_data(schema) for name, schema in type_.properties.items()},
    }


def _schema_data(schema: Schema) -> dict[str, Any]:
    found = {
        "type": schema.type,
        "required": schema.required,
        "default": plain(schema.default),
        "constraints": plain(schema.constraints),
        "entry": _schema_data(schema.entry) if schema.entry is not None else None,
        "key": _schema_data(schema.key) if schema.key is not None else None,
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


class DataTypes:
    """The data types of a plan."""

    def __init__(self, data: Data) -> None:
        """Take them as `type_data` gives them, by name."""
        self._data = data
        self._found: dict[str, Type] = {}

    def data_type(self, name: str, _report: Report) -> Type | None:
        """Return a data type by its name, None when there is none."""
        if name in self._data and name not in self._found:
            self._found[name] = self._type(name, self._data[name])
        return self._found.get(name)

    def schema(self, name: str, data: Data) -> Schema:
        """Return a schema of which `data` was made."""
        entry, key = data.get("entry"), data.get("key")
        constraints = tuple(data.get("constraints") or ())
        return Schema(
            name,
            data["type"],
            required=data["required"],
            default=data.get("default"),
            checks=tuple(make_check(name, self._primitive(data["type"]), each) for each in constraints),
            constraints=constraints,
            entry=self.schema(name, entry) if entry is not None else None,
            key=self.schema(name, key) if key is not None else None,
        )

    def _type(self, name: str, data: Data) -> Type:
        constraints = tuple(data["constraints"])
        return Type(
            name,
            (name,),
            properties={each: self.schema(each, schema) for each, schema in data["properties"].items()},
            base=data["base"],
            checks=tuple(make_check(name, data["base"], each) for each in constraints),
            constraints=constraints,
        )

    def _primitive(self, kind: str) -> str:
        if kind in PRIMITIVES:
            return kind
        return (self._data.get(kind) or {}).get("base") or "map"


@dataclass(frozen=True)
class Checker:
    """Holds values that are known now against what is expected of them; what is wrong goes to the report."""

    types: DataTypes
    report: Report

    def fitted(self, value: Any, expected: Iterable[Data], evaluate: Callable[[Any], Any]) -> Any:
        """Return an evaluated value as its types make it; `evaluate` evaluates those that it is made of."""
        for each in expected:
            if "part" in each:
                for name, part in each["part"].items():
                    self._one(evaluate(part), each, name)
            else:
                value = self._one(value, each, "")
        return value

    def _one(self, value: Any, each: Data, name: str) -> Any:
        if value is None or holds_call(value):
            return value
        schema = self.types.schema(name, each["schema"])
        return Values(self.types, self.report).given(value, schema, each["subject"], Location(*each["at"]))
