# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes from one plan to another, and for the nodes that exist. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Changes, Node, reconcile

Data = Mapping[str, Any]
Difference = dict[str, Any]

CREATE, KEEP, CHANGE, REMOVE = "create", "keep", "change", "remove"

# What identifies a group, and what is said by its nodes.
_NOT_FIELDS = frozenset(("name", "group", "count", "removal_list"))
_NODE_FIELDS = frozenset(field.name for field in dataclasses.fields(Node))


def plan_diff(old: Data | None, new: Data, nodes: Iterable[Data]) -> Difference:
    """Return what bringing a deployment from OLD to NEW changes.

    old     its plan now, None for what does not exist yet
    nodes   the nodes that it has, as sites give them

    changed     bool: whether anything does
    inputs      [{name, change, old, new}]
    groups      [{name, change, old_count, new_count, fields, nodes: {create, keep, repair, remove: [name]}}]
    components  [{name, change, group, fields}]; a field is {name, old, new}: a property, or role and argument
    applications  [{name, change, fields}]
    outputs     [{name, change, old, new}]

    `change` is create, keep, change or remove. Things are in the order of NEW; what leaves comes last.
    """
    before = old or {}
    changes = reconcile(read_groups(new.get("groups", [])), [_node(node) for node in nodes])
    parts = {
        "inputs": _values(before.get("inputs", {}), new.get("inputs", {})),
        "groups": _groups(before.get("groups", []), new.get("groups", []), changes),
        "components": _named(before.get("components", []), new.get("components", []), _component_fields),
        "applications": _named(before.get("applications", []), new.get("applications", []), _application_fields),
        "outputs": _values(_output_values(before), _output_values(new)),
    }
    changed = any(item["change"] != KEEP for name, items in parts.items() if name != "inputs" for item in items)
    return {"changed": changed or bool(changes), **parts}


def field_differences(old: Any, new: Any, name: str = "") -> list[Difference]:
    """Return the fields in which two values differ, as {name, old, new}; the name is the path through mappings."""
    if _same(old, new):
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_call(old) and not _is_call(new):
        keys = dict.fromkeys([*old, *new])
        dotted = {key: f"{name}.{key}" if name else str(key) for key in keys}
        return [each for key in keys for each in field_differences(old.get(key), new.get(key), dotted[key])]
    return [{"name": name, "old": old, "new": new}]


def _is_call(value: Data) -> bool:
    return len(value) == 1 and next(iter(value)).startswith("$")


def _same(old: Any, new: Any) -> bool:
    """Compare as JSON does: True is not 1."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and old == new


def _node(node: Data) -> Node:
    return Node(**{name: value for name, value in node.items() if name in _NODE_FIELDS})


def _values(old: Data, new: Data) -> list[Difference]:
    return [
        {
            "name": name,
            "change": _change(name in old, name in new, not _same(old.get(name), new.get(name))),
            "old": old.get(name),
            "new": new.get(name),
        }
        for name in dict.fromkeys([*new, *old])
    ]


def _output_values(plan: Data) -> dict[str, Any]:
    return {name: output.get("value") for name, output in plan.get("outputs", {}).items()}


def _groups(old: list[Data], new: list[Data], changes: Changes) -> list[Difference]:
    before = {group["name"]: group for group in old}
    after = {group["name"]: group for group in new}
    return [_group(name, before.get(name), after.get(name), changes) for name in dict.fromkeys([*after, *before])]


def _group(name: str, old: Data | None, new: Data | None, changes: Changes) -> Difference:
    safe = (new or old or {}).get("group")
    nodes = {
        CREATE: [node.name for node in changes.create if node.group.safe_name == safe],
        **{
            what: [node.name for node in getattr(changes, what) if node.group == safe]
            for what in (KEEP, "repair", REMOVE)
        },
    }
    fields = field_differences(_group_fields(old), _group_fields(new)) if old and new else []
    touched = bool(fields or nodes[CREATE] or nodes["repair"] or nodes[REMOVE])
    return {
        "name": name,
        "change": _change(old is not None, new is not None, touched or _count(old) != _count(new)),
        "old_count": _count(old),
        "new_count": _count(new),
        "fields": fields,
        "nodes": nodes,
    }


def _group_fields(group: Data) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name not in _NOT_FIELDS}


def _count(group: Data | None) -> int:
    return int(group["count"]) if group else 0


def _named(old: list[Data], new: list[Data], fields_of: Callable[[Data], dict[str, Any]]) -> list[Difference]:
    before = {item["name"]: item for item in old}
    after = {item["name"]: item for item in new}
    return [_item(name, before.get(name), after.get(name), fields_of) for name in dict.fromkeys([*after, *before])]


def _item(name: str, old: Data | None, new: Data | None, fields_of: Callable[[Data], dict[str, Any]]) -> Difference:
    fields = field_differences(fields_of(old), fields_of(new)) if old and new else []
    shown = new or old or {}
    return {
        "name": name,
        "change": _change(old is not None, new is not None, bool(fields)),
        **({"group": shown["group"]} if shown.get("group") else {}),
        "fields": fields,
    }


def _component_fields(component: Data) -> dict[str, Any]:
    """Return what a component is given: where, what it needs, and the arguments of its roles and playbooks."""
    arguments = {
        f"{operation.get('role') or operation.get('operation')}: {name}": value
        for operation in component.get("operations", [])
        for name, value in (operation.get("arguments") or {}).items()
    }
    implementations = [
        operation.get("role") or (operation.get("external") or {}).get("playbook")
        for operation in component.get("operations", [])
    ]
    told = {name: component.get(name) for name in ("type", "group", "requires")}
    return {**told, "implemented by": implementations, **arguments}


def _application_fields(application: Data) -> dict[str, Any]:
    return {name: value for name, value in application.items() if name != "name"}


def _change(was: bool, will_be: bool, differs: bool) -> str:
    if not was or not will_be:
        return CREATE if will_be else REMOVE
    return CHANGE if differs else KEEP
