# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that hold Jinja. They are text like any other, unless the operator says that he trusts the template.

A trusted one is data too: {"$jinja": "{{ condor_host }}"}, or {"$jinja": [part, ...]} for a text that is joined of
parts, each a text that stays as it is or a {"$jinja": text}. Whoever honours that evaluates each part by itself, so
that a value between two parts can never become a part of an expression. Only text of the template is marked:
what the user gives as an input and what a machine says stays text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report

JINJA = "$jinja"
_PAIRS = (("{{", "}}"), ("{%", "%}"))


def looks_like_jinja(text: str) -> bool:
    """Say whether a text holds an expression or a statement of Jinja."""
    return any(begin in text and end in text[text.index(begin) :] for begin, end in _PAIRS)


def is_jinja(value: Any) -> bool:
    """Say whether a value is a text that Jinja is to evaluate."""
    return isinstance(value, dict) and len(value) == 1 and JINJA in value


def holds_jinja(value: Any) -> bool:
    """Say whether there is a text for Jinja anywhere in a value."""
    if isinstance(value, Mapping):
        return JINJA in value or any(holds_jinja(item) for item in value.values())
    return isinstance(value, list) and any(holds_jinja(item) for item in value)


def read_text(text: str, trust: bool, report: Report, at: Location) -> Any:
    """Return a text of the template: as it is, or marked for Jinja when it holds some and the template is trusted."""
    if "{" not in text or not looks_like_jinja(text):
        return text
    if trust:
        return {JINJA: text}
    hint = "Nothing is to be done where the braces mean themselves; else trust the template."
    report.add("jinja", "the Jinja in this text is not evaluated", at, hint)
    return text


def mark_texts(value: Any, trust: bool, report: Report, at: Location) -> Any:
    """Return plain data, such as the default of an input, with each text in it read as `read_text` does."""
    if isinstance(value, str):
        return read_text(value, trust, report, at)
    if isinstance(value, dict):
        return {key: mark_texts(item, trust, report, at) for key, item in value.items()}
    if isinstance(value, list):
        return [mark_texts(item, trust, report, at) for item in value]
    return value


def joined(parts: list[Any]) -> dict[str, Any]:
    """Return the text that is joined of texts and of texts for Jinja."""
    flat: list[Any] = []
    for part in parts:
        inner = part[JINJA] if is_jinja(part) else part
        flat += inner if isinstance(inner, list) else [part]
    return {JINJA: flat}


def source(value: Any) -> Any:
    """Return a value with the texts for Jinja in it as the template writes them."""
    if is_jinja(value):
        inner = value[JINJA]
        return "".join(source(part) for part in inner) if isinstance(inner, list) else inner
    if isinstance(value, Mapping):
        return {key: source(item) for key, item in value.items()}
    if isinstance(value, list):
        return [source(item) for item in value]
    return value


def evaluated(value: Any, evaluate: Callable[[str], Any]) -> Any:
    """Return a value with each text for Jinja in it evaluated by itself, and joined where it is one of several.

    What `evaluate` returns is not looked into again.
    """
    if is_jinja(value):
        inner = value[JINJA]
        if isinstance(inner, list):
            return "".join(_as_text(evaluated(part, evaluate)) for part in inner)
        return evaluate(inner)
    if isinstance(value, Mapping):
        return {key: evaluated(item, evaluate) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluated(item, evaluate) for item in value]
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
