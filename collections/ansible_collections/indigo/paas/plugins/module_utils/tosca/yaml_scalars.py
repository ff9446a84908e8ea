# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which value a plain YAML scalar stands for.

YAML 1.1 as TOSCA templates use it (yes/no are booleans), without its traps: 22:22 is no number, 0755 and
dates stay text, and a real number remembers how it was written, so that version 16.10 does not become 16.1.
"""

from __future__ import annotations

import math
import re
from typing import Any

_WORDS: dict[str, Any] = {"": None, "~": None}
_WORDS.update(dict.fromkeys(("null", "Null", "NULL")))
for _true, _false in (("true", "false"), ("yes", "no"), ("on", "off")):
    for _style in (str.lower, str.capitalize, str.upper):
        _WORDS[_style(_true)] = True
        _WORDS[_style(_false)] = False

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)\Z")
_REAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_MAX_NUMBER = 4000
_FIRST = frozenset("0123456789+-.")

TAGS = {
    "tag:yaml.org,2002:" + name: name for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp")
}


class Real(float):
    """A real number that remembers how the template writes it."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Real:
        number = super().__new__(cls, text)
        number.text = text
        return number


def plain_scalar(text: str) -> Any:
    """Return None, bool, int, Real or str for a scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST or len(text) > _MAX_NUMBER:
        return text
    return _number(text)


def tagged_scalar(kind: str, text: str) -> Any:
    """Return the value of a scalar with an explicit tag such as !!str; ValueError when it does not fit."""
    if kind in ("str", "timestamp"):
        return text
    value = plain_scalar(text)
    known: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, Real), "bool": (bool,), "null": (type(None),)}
    wanted = known.get(kind, ())
    if not isinstance(value, wanted) or (kind in ("int", "float") and isinstance(value, bool)):
        raise ValueError(f"'{text}' is not of the YAML type '{kind}'")
    return Real(text) if kind == "float" else value


def scalar_text(value: str | int | float) -> str:
    """Return a scalar as the text that a template would write for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Real):
        return value.text
    return repr(value) if isinstance(value, float) else str(value)


def _number(text: str) -> Any:
    if _INTEGER.match(text):
        try:
            return int(text, 0)
        except ValueError:
            return text
    if _REAL.match(text):
        value = Real(text)
        return value if math.isfinite(value) else text
    return text
