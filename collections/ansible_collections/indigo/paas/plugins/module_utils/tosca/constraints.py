# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constraints of TOSCA as checks: tosca-parser's own, with bounds and values brought to the type first."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import comparable, convert
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import SCALAR_UNITS, constraint_class
from ansible_collections.indigo.paas.plugins.module_utils.tosca.patterns import Pattern
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Check
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import scalar_text

_UNBOUNDED = "UNBOUNDED"
_COMPARING = (
    "equal",
    "valid_values",
    "in_range",
    "greater_than",
    "greater_or_equal",
    "less_than",
    "less_or_equal",
)
_COLLECTIONS = ("list", "map", "range")


def make_check(name: str, kind: str, definition: Any) -> Check:
    """Return a check that gives None, or what is wrong with a value of the primitive type `kind`.

    `definition` is a TOSCA constraint such as {"in_range": [1, 4]}. The check takes a value as
    `converters.comparable` gives it. ValueError when the constraint makes no sense for the type.
    """
    if not isinstance(definition, Mapping) or len(definition) != 1:
        raise ValueError("a constraint is one mapping such as { greater_or_equal: 1 }")
    ((operator, bound),) = definition.items()
    checker_class = constraint_class(operator)
    if checker_class is None:
        raise ValueError(f"unknown constraint '{operator}'")
    if operator == "pattern" and kind == "string":
        return Pattern(bound).fault
    compared = _bound(kind, operator, bound)
    # tosca-parser would read scalars with units by itself, but takes '1 GB and more' for 1 GB.
    checked_as = "float" if kind in SCALAR_UNITS else kind
    try:
        checker = checker_class(name, checked_as, {operator: compared})
    except Exception as error:
        raise ValueError(str(error) or f"'{operator}' does not fit the type '{kind}'") from error
    fault = f"breaks the constraint {operator}: {_shown(bound)}"
    return functools.partial(_check_range if kind == "range" else _check, checker, fault)


def _check(checker: Any, fault: str, value: Any) -> str | None:
    try:
        checker.validate(value)
    except Exception:
        return fault
    return None


def _check_range(checker: Any, fault: str, value: Any) -> str | None:
    """Check both ends of a range; an end without bound breaks nothing."""
    ends = [end for end in value if end != _UNBOUNDED]
    return next((broken for end in ends if (broken := _check(checker, fault, end))), None)


def _bound(kind: str, operator: str, bound: Any) -> Any:
    if operator not in _COMPARING or kind in _COLLECTIONS:
        return bound
    if isinstance(bound, list):
        return [each if each == _UNBOUNDED else _converted(kind, each) for each in bound]
    return _converted(kind, bound)


def _converted(kind: str, bound: Any) -> Any:
    try:
        return comparable(kind, convert(kind, bound))
    except ValueError as error:
        raise ValueError(f"the bound '{bound}' is not {error}") from error


def _shown(bound: Any) -> str:
    if isinstance(bound, list):
        return f"[{', '.join(_shown(item) for item in bound)}]"
    return scalar_text(bound) if isinstance(bound, (str, int, float)) else str(bound)
