# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalars brought to the primitive types of TOSCA, where that loses nothing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import SCALAR_UNITS, is_version, scalar_number
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import scalar_text

_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off"))
_NATURAL: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "float": (int, float),
    "number": (int, float),
    "boolean": bool,
    "version": (str, int, float),
}
_BARE_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*([kKmMgGtT]?)(i?)\Z", re.ASCII)
_LEAST_BYTES = 1_000_000
# Above it, not every whole number is a float.
_MAX_WHOLE = 2**53


def convert(kind: str, value: Any) -> Any:
    """Return a value as the primitive type `kind`, such as "integer" or "scalar-unit.size".

    ValueError says what the value would have to be, as in "a whole number". Lists and maps are not for this.
    """
    return _CONVERTERS[kind](value)


def spelled(kind: str, value: Any) -> Any:
    """Return a size as TOSCA writes it when it lacks its unit or shortens it; any other value as it is.

    Without a unit, a number below a million counts MB, which was TOSCA's unit before sizes had one; a larger one counts
    bytes. "2G" is 2 GB.
    """
    if kind != "scalar-unit.size" or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    match = _BARE_SIZE.match(scalar_text(value).strip())
    if match is None:
        return value
    number, letter, binary = match.groups()
    if binary and not letter:
        return value
    if letter:
        return f"{number} {'k' if letter in 'kK' and not binary else letter.upper()}{binary}B"
    return f"{number} {'MB' if float(number) < _LEAST_BYTES else 'B'}"


def is_zero_size(value: Any) -> bool:
    """Say whether a value is a size of nothing, such as "0 GB"."""
    try:
        return scalar_number("scalar-unit.size", spelled("scalar-unit.size", value)) == 0
    except ValueError:
        return False


def is_natural(kind: str, value: Any) -> bool:
    """Say whether TOSCA takes a value for the primitive type `kind` as it stands."""
    wanted = _NATURAL.get(kind)
    return wanted is None or (isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool)))


def comparable(kind: str, value: Any) -> Any:
    """Return a converted value as its constraints compare it: a scalar with a unit in base units."""
    return float(scalar_number(kind, value)) if kind in SCALAR_UNITS else value


def _to_string(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        return scalar_text(value)
    raise ValueError("a text")


def _to_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_WHOLE:
        return int(value)
    if isinstance(value, str) and value.isascii() and len(value) < 40 and value.removeprefix("-").isdigit():
        return int(value)
    raise ValueError("a whole number")


def _to_float(value: Any) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = float("nan")
        if number - number == 0:
            return number
    raise ValueError("a number")


def _to_number(value: Any) -> int | float:
    try:
        return _to_integer(value)
    except ValueError:
        return _to_float(value)


def _to_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("true or false")


def _to_timestamp(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("a time such as 2026-01-31T12:00:00Z") from error
    text: str = value
    return text


def _to_version(value: Any) -> str:
    text = scalar_text(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    if not is_version(text):
        raise ValueError("a version such as 1.2 or 16.04")
    return text


def _to_range(value: Any) -> list[Any]:
    bounds: list[Any] = list(value) if isinstance(value, list) and len(value) == 2 else [None]
    numbers = [bound for bound in bounds if bound != "UNBOUNDED"]
    if any(not isinstance(bound, int) or isinstance(bound, bool) for bound in numbers):
        raise ValueError("a range of two whole numbers such as [ 8000, 8010 ]")
    if numbers != sorted(numbers):
        raise ValueError("a range that begins with the smaller number")
    return bounds


def _to_scalar(kind: str) -> Any:
    def convert(value: Any) -> str:
        try:
            scalar_number(kind, value)
        except ValueError as error:
            raise ValueError(f"a {kind}: {error}") from error
        text: str = value.strip()
        return text

    return convert


_CONVERTERS = {
    "string": _to_string,
    "integer": _to_integer,
    "float": _to_float,
    "number": _to_number,
    "boolean": _to_boolean,
    "timestamp": _to_timestamp,
    "version": _to_version,
    "range": _to_range,
    **{kind: _to_scalar(kind) for kind in SCALAR_UNITS},
}
