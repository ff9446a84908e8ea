# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`copy`: a template that begins as another one (TOSCA 1.3, 3.8.3 and 3.8.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import Map, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import section

_COPIED = {"node_templates": "node template", "relationship_templates": "relationship template"}


def with_copies(body: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Return a topology_template in which each `copy` is replaced by the keys of the template that it names.

    The keys that the copying template has itself take the place of those of the other one, whole: properties, for
    example, are not merged. A copy of a copy is refused, as the standard has it. What is wrong is reported and stays a
    `copy`.
    """
    result = body
    for kind, called in _COPIED.items():
        written = section(body, kind, f"'{kind}'", report)
        if any(_copies(each) for each in written.values()):
            templates = {name: _copied(name, written, called, report) for name in written}
            result = _with(result, {kind: _with(written, templates)})
    return result


def _copies(template: Any) -> bool:
    return isinstance(template, Mapping) and "copy" in template


def _copied(name: str, written: Mapping[str, Any], called: str, report: Report) -> Any:
    template = written[name]
    if not _copies(template):
        return template
    source = template["copy"]
    at = value_place(template, "copy")
    found = written.get(source) if isinstance(source, str) else None
    if not isinstance(found, Mapping):
        hint = did_you_mean(source, [each for each in written if each != name], what=f"{called}s")
        report.add("copy", f"'{name}' copies '{str(source)[:80]}', which is no {called}", at, hint)
        return template
    if _copies(found):
        message = f"'{name}' copies '{source}', which is a copy itself"
        report.add("copy", message, at, f"Copy the {called} that '{source}' is a copy of.")
        return template
    return _with(found, _without(template, "copy"))


def _with(old: Mapping[str, Any], new: Mapping[str, Any]) -> Map:
    """Return a mapping with the keys of both, each with its place; of a key that both have, the second's."""
    result = Map({**old, **new}, old if isinstance(old, Map) else None)
    result.marks = {**getattr(old, "marks", {}), **getattr(new, "marks", {})}
    return result


def _without(old: Mapping[str, Any], key: str) -> Map:
    result = Map({name: value for name, value in old.items() if name != key}, old if isinstance(old, Map) else None)
    result.marks = {name: mark for name, mark in result.marks.items() if name != key}
    return result
