# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""substitution_mappings: without effect here, but read (TOSCA 1.3, 3.8.13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary

_NODE_PARTS = ("capabilities", "requirements")
_KEYS = ("node_type", "properties", "attributes", *_NODE_PARTS, "interfaces", "substitution_filter")
_FILTER_KEYS = ("properties", "capabilities")
_CALLED = "'substitution_mappings'"


def check_substitution(body: Mapping[str, Any], nodes: Mapping[str, Any], types: Vocabulary, report: Report) -> None:
    """Report what is wrong with the substitution_mappings of a topology_template whose node templates are `nodes`."""
    if "substitution_mappings" not in body:
        return
    hint = "The template is deployed as it is, never in place of a node."
    report.add("not-supported", f"{_CALLED} has no effect here", key_place(body, "substitution_mappings"), hint)
    written = section(body, "substitution_mappings", _CALLED, report)
    _check_keys(written, _KEYS, _CALLED, report)
    node_type = None
    if "node_type" in written:
        at = value_place(written, "node_type")
        node_type = dialect.find_type(types, "node_types", written["node_type"], at, report)
    elif written:
        at = key_place(body, "substitution_mappings")
        report.add("shape", f"{_CALLED} names no node_type", at, "Write `node_type: ...` in it.")
    for part in _NODE_PARTS:
        _check_part(part, written, nodes, node_type, report)
    _check_filter(written, report)


def _check_keys(written: Mapping[str, Any], known: tuple[str, ...], called: str, report: Report) -> None:
    for key in written:
        if key not in known:
            message = f"{called} has the unknown key '{key}'"
            dialect.unknown("unknown-key", key, known, written, message, key_place(written, key), report)


def _check_part(
    part: str, written: Mapping[str, Any], nodes: Mapping[str, Any], node_type: Type | None, report: Report
) -> None:
    """Report a capability or requirement that is mapped to no node template, or that the node type has not."""
    found = section(written, part, f"the {part} of {_CALLED}", report)
    known: Mapping[str, Any] = getattr(node_type, part) if node_type is not None else found
    one = {"capabilities": "capability", "requirements": "requirement"}[part]
    for name, target in found.items():
        if name not in known and node_type is not None:
            message = f"'{node_type.name}' has no {one} '{name}'"
            dialect.unknown(f"unknown-{one}", name, known, found, message, key_place(found, name), report)
        at = value_place(found, name)
        target = target.get("mapping") if isinstance(target, Mapping) else target
        if not (isinstance(target, list) and len(target) == 2 and isinstance(target[0], str)):
            message = f"the {one} '{name}' of {_CALLED} must be a node template and its {one}"
            report.add("shape", message, at, f"Write `{name}: [ node, {name} ]`.")
        elif target[0] not in nodes:
            message = f"the {one} '{name}' of {_CALLED} is that of '{target[0][:80]}', which is no node template"
            report.add("dangling-target", message, at, did_you_mean(target[0], nodes, what="node templates"))


def _check_filter(written: Mapping[str, Any], report: Report) -> None:
    """Report a substitution_filter that is no node_filter; published ones also have one more `node_filter` in it."""
    called = "the substitution_filter"
    found = section(written, "substitution_filter", called, report)
    if "node_filter" in found:
        found = mapping(found["node_filter"], called, value_place(found, "node_filter"), report)
    _check_keys(found, _FILTER_KEYS, called, report)
    for key in _FILTER_KEYS:
        _check_list(found.get(key), f"the {key} of {called}", value_place(found, key), report)


def _check_list(written: Any, called: str, at: Location, report: Report) -> None:
    if written is not None and not isinstance(written, list):
        report.add("shape", f"{called} must be a list", at, "Begin each with `- `.")
