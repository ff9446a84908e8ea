# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON Schema (draft 7) of templates, by which an editor completes, explains and checks them.

It takes what published templates write: a function may stand for every value, a number may be written as text, and what
is not known is kept. What only the reader can see, such as a requirement that points nowhere, it does not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.dialect import VERSIONS
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import FUNCTIONS, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import SCALAR_UNITS
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import PRIMITIVES, CapabilityDef, Schema, Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import PREFIXES, Vocabulary, spellings

DRAFT = "http://json-schema.org/draft-07/schema#"
TITLE = "TOSCA template of indigo.paas"

_Json = dict[str, Any]
_NODES = "node_types"
_TYPE_SECTIONS = ("data_types", "capability_types", "relationship_types", "node_types", "policy_types")

# The primitive types with everything that the reader converts to them; see converters.py.
_PRIMITIVE: Mapping[str, _Json] = {
    "string": {"type": ["string", "number", "boolean", "null"]},
    "integer": {"anyOf": [{"type": ["integer", "null"]}, {"type": "string", "pattern": "^-?[0-9]+$"}]},
    "float": {
        "anyOf": [{"type": ["number", "null"]}, {"type": "string", "pattern": "^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$"}]
    },
    "number": {"$ref": "#/definitions/float"},
    "boolean": {
        "anyOf": [
            {"type": ["boolean", "null"]},
            {"type": "string", "pattern": "^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$"},
        ]
    },
    "timestamp": {"type": ["string", "null"]},
    "version": {"type": ["string", "number", "null"]},
    "range": {
        "type": ["array", "null"],
        "items": {"anyOf": [{"type": "integer"}, {"const": "UNBOUNDED"}, {"$ref": "#/definitions/function"}]},
        "minItems": 2,
        "maxItems": 2,
    },
    "list": {"type": ["array", "null"]},
    "map": {"type": ["object", "null"]},
    **{
        kind: {"type": ["string", "number", "null"], "pattern": r"^\s*[0-9]*\.?[0-9]*\s*[A-Za-z]*\s*$"}
        for kind in SCALAR_UNITS
    },
}
_BOUNDS = {
    "greater_or_equal": "minimum",
    "greater_than": "exclusiveMinimum",
    "less_or_equal": "maximum",
    "less_than": "exclusiveMaximum",
}
_LENGTHS = {
    "length": ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    "min_length": ("minLength", "minItems", "minProperties"),
    "max_length": ("maxLength", "maxItems", "maxProperties"),
}


def template_schema(vocabulary: Vocabulary) -> _Json:
    """Return the JSON Schema of templates that use the types of a vocabulary; plain data."""
    types = {kind: _types(vocabulary, kind) for kind in _TYPE_SECTIONS}
    return {
        "$schema": DRAFT,
        "title": TITLE,
        "type": "object",
        "required": ["tosca_definitions_version", "topology_template"],
        "properties": {
            "tosca_definitions_version": {"enum": list(VERSIONS)},
            "description": _PRIMITIVE["string"],
            "metadata": _object("What tools show of the template: display_name, icon, tag."),
            "imports": _described({"type": "array"}, "Files with types; those that INDIGO published are known."),
            **{kind: _object("Types of this template's own.") for kind in PREFIXES},
            "topology_template": _topology(types),
        },
        "if": _BRINGS_TYPES,
        "else": _only_known_nodes(types[_NODES]),
        "definitions": {
            **_PRIMITIVE,
            "function": _FUNCTION,
            "input": _input(types["data_types"]),
            "output": _OUTPUT,
            "requirement": _requirement(types["relationship_types"]),
            "node": _node(types[_NODES]),
            "policy": _policy(types["policy_types"]),
            **{name: _data(found) for name, found in types["data_types"].items()},
            **{
                name: _fields(found, complete=False)
                for kind in ("capability_types", "relationship_types", "policy_types")
                for name, found in types[kind].items()
            },
            **{name: _node_of(found) for name, found in types[_NODES].items()},
        },
    }


def _types(vocabulary: Vocabulary, kind: str) -> dict[str, Type]:
    report = Report()
    found = {name: vocabulary.find(kind, name, NOWHERE, report) for name in sorted(set(vocabulary.names(kind)))}
    return {name: each for name, each in found.items() if each is not None}


def _object(text: str) -> _Json:
    return {"type": ["object", "null"], "description": text}


def _ref(name: str) -> _Json:
    return {"$ref": f"#/definitions/{name}"}


def _described(schema: _Json, text: str) -> _Json:
    return {**schema, "description": text} if text else schema


_FUNCTION: _Json = {
    "description": "A value that becomes known later.",
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {name: {} for name in FUNCTIONS},
    "patternProperties": {"^get_[a-z_]+$": {}},
    "additionalProperties": False,
}
_OUTPUT: _Json = {
    "type": "object",
    "required": ["value"],
    "properties": {"description": _PRIMITIVE["string"], "value": {}},
}
_PUBLISHED = {"type": "string", "pattern": "://"}
_LOCAL_IMPORT = {"not": {"anyOf": [_PUBLISHED, {"type": "object", "additionalProperties": _PUBLISHED}]}}
_BRINGS_TYPES: _Json = {
    "anyOf": [
        {"required": ["node_types"]},
        {"required": ["imports"], "properties": {"imports": {"contains": _LOCAL_IMPORT}}},
    ]
}


def _topology(types: Mapping[str, Mapping[str, Type]]) -> _Json:
    return {
        "type": "object",
        "properties": {
            "description": _PRIMITIVE["string"],
            "inputs": {**_object("What the user chooses."), "additionalProperties": _ref("input")},
            "node_templates": {**_object("The parts and what they run on."), "additionalProperties": _ref("node")},
            "relationship_templates": _object("Relationships that requirements name."),
            "outputs": {**_object("What the user is told at the end."), "additionalProperties": _ref("output")},
            "policies": {"type": ["array", "null"], "items": _one_key(additional=_ref("policy"))},
        },
    }


def _one_key(known: Mapping[str, _Json] | None = None, additional: _Json | None = None) -> _Json:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": dict(known or {}),
        "additionalProperties": additional or {},
    }


def _only_known_nodes(nodes: Mapping[str, Type]) -> _Json:
    """Return that no node has an unknown type: so it is in a template that brings no types of its own."""
    node = {"properties": {"type": {"enum": [spelling for name in nodes for spelling in spellings(_NODES, name)]}}}
    templates = {"properties": {"node_templates": {"additionalProperties": node}}}
    return {"properties": {"topology_template": templates}}


def _known_or_any(names: Iterable[str]) -> _Json:
    """Return a schema that an editor completes, and that accepts every other text."""
    return {"anyOf": [{"enum": list(names)}, {"type": "string"}]}


def _input(data_types: Mapping[str, Type]) -> _Json:
    return {
        "type": "object",
        "properties": {
            "type": _known_or_any([*sorted(PRIMITIVES), *data_types]),
            "description": _PRIMITIVE["string"],
            "required": _ref("boolean"),
            "default": {},
            "constraints": {"type": "array", "items": _one_key()},
        },
    }


def _requirement(relationships: Mapping[str, Type]) -> _Json:
    of_type = [_when(name, {"properties": {"properties": _ref(name)}}, "relationship_types") for name in relationships]
    inline = {
        "type": "object",
        "properties": {"type": _known_or_any(relationships), "properties": {"type": ["object", "null"]}},
        "allOf": of_type,
    }
    long = {
        "type": "object",
        "properties": {
            "node": _described({"type": "string"}, "Name of a node template."),
            "capability": {"type": "string"},
            "relationship": {"anyOf": [{"type": "string"}, inline]},
            "node_filter": {"type": "object"},
            "occurrences": _ref("range"),
        },
    }
    return {"anyOf": [_described({"type": "string"}, "Name of a node template."), long]}


def _node(nodes: Mapping[str, Type]) -> _Json:
    return {
        "type": "object",
        "if": {"not": {"required": ["copy"]}},
        "then": {"required": ["type"]},
        "properties": {
            "type": _known_or_any(nodes),
            "copy": _described({"type": "string"}, "Name of the node template that this one begins as."),
            "description": _PRIMITIVE["string"],
            "metadata": {"type": ["object", "null"]},
            "properties": {"type": ["object", "null"]},
            "capabilities": {"type": ["object", "null"]},
            "requirements": {"type": ["array", "null"], "items": _one_key(additional=_ref("requirement"))},
            "artifacts": {"type": ["object", "null"]},
            "interfaces": {"type": ["object", "null"]},
        },
        "allOf": [_when(name, _ref(name)) for name in nodes],
    }


def _when(name: str, schema: _Json, kind: str = _NODES) -> _Json:
    condition = {"required": ["type"], "properties": {"type": {"enum": spellings(kind, name)}}}
    return {"if": condition, "then": schema}


def _node_of(node: Type) -> _Json:
    fields = _fields(node)
    schema: _Json = {
        "description": node.description,
        "properties": {
            "properties": fields,
            "capabilities": {"properties": {name: _capability(found) for name, found in node.capabilities.items()}},
            "requirements": {"items": {"properties": {name: _ref("requirement") for name in node.requirements}}},
        },
    }
    return {**schema, "required": ["properties"]} if "required" in fields else schema


def _capability(capability: CapabilityDef) -> _Json:
    shared = capability.type.properties
    own = {name: schema for name, schema in capability.properties.items() if schema is not shared.get(name)}
    fields: _Json = {"anyOf": [_ref(capability.type.name), {"type": "null"}]}
    if own:
        fields["properties"] = {name: _value(schema) for name, schema in own.items()}
    return _described({"type": ["object", "null"], "properties": {"properties": fields}}, capability.type.description)


def _policy(policies: Mapping[str, Type]) -> _Json:
    of_type = [_when(name, {"properties": {"properties": _ref(name)}}, "policy_types") for name in policies]
    return {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": _known_or_any(policies),
            "targets": {"type": ["array", "string", "null"]},
            "properties": {"type": ["object", "null"]},
        },
        "allOf": of_type,
    }


def _fields(found: Type, complete: bool = True) -> _Json:
    """Return the schema of the properties of a type; `complete` when none that is needed may be left out."""
    schema: _Json = {
        "type": ["object", "null"],
        "properties": {name: _value(each) for name, each in found.properties.items()},
    }
    needed = [name for name, each in found.properties.items() if each.required and each.default is None]
    if needed and complete:
        schema.update(type="object", required=needed)
    return schema


def _data(found: Type) -> _Json:
    schema = _fields(found) if found.base is None else _constrained(found.base, found.constraints)
    return _described(schema, found.description)


def _value(schema: Schema) -> _Json:
    """Return the schema of a value: a function, or what its type takes."""
    value: _Json = {"anyOf": [_type(schema), _ref("function")]}
    if schema.default is not None:
        value["default"] = plain(schema.default)
    return _described(value, schema.description)


def _type(schema: Schema) -> _Json:
    constrained = _constrained(schema.type, schema.constraints)
    if schema.entry is None:
        return constrained
    key = "items" if schema.type == "list" else "additionalProperties"
    return {"allOf": [constrained, {key: _value(schema.entry)}]}


def _constrained(kind: str, constraints: Iterable[Mapping[str, Any]]) -> _Json:
    limits = [limit for constraint in constraints for limit in _limits(kind, constraint) if limit]
    return {"allOf": [_ref(kind), *limits]} if limits else _ref(kind)


def _limits(kind: str, constraint: Mapping[str, Any]) -> list[_Json]:
    """Return what a constraint means in JSON Schema; nothing where a unit or a text would have to be read first."""
    ((operator, bound),) = constraint.items()
    if operator in ("equal", "valid_values"):
        values = list(bound) if operator == "valid_values" else [bound]
        # The same value may be written as text.
        return [{"enum": [*values, *(str(value) for value in values if not isinstance(value, str)), None]}]
    if operator in _LENGTHS:
        return [dict.fromkeys(_LENGTHS[operator], bound)]
    if operator == "pattern":
        return [{"pattern": f"^(?:{bound})$"}]
    if kind == "range":
        return []
    if operator == "in_range":
        return [_bound("minimum", bound[0]), _bound("maximum", bound[1])]
    return [_bound(_BOUNDS[operator], bound)] if operator in _BOUNDS else []


def _bound(keyword: str, bound: Any) -> _Json:
    return {keyword: bound} if isinstance(bound, (int, float)) else {}
