# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data as TOML text. Pure; Python reads TOML, but does not write it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(document: Mapping[str, Any]) -> str:
    """Return DOCUMENT as TOML: dictionaries are sections, lists of dictionaries are lists of sections.

    What is null is left out, for TOML has no null. Raises ValueError, with the key, for what TOML cannot say.
    """
    return "\n".join(_section(document, ())).lstrip("\n") + "\n"


def _section(section: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of SECTION: its values first, since each header ends the section above it."""
    known = _without_none(section)
    for key, value in known.items():
        if not _is_section(value) and not _is_sections(value):
            yield f"{_key(key, path)} = {_value(value, (*path, str(key)))}"
    for key, value in known.items():
        header = ".".join(_key(part, path) for part in (*path, key))
        if _is_section(value):
            yield from ("", f"[{header}]", *_section(value, (*path, key)))
        elif _is_sections(value):
            for item in value:
                yield from ("", f"[[{header}]]", *_section(item, (*path, key)))


def _without_none(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value is not None}


def _is_section(value: Any) -> bool:
    return isinstance(value, dict)


def _is_sections(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _key(key: Any, path: tuple[str, ...]) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{'.'.join(path) or 'the document'} has the key {key!r}, which is no text")
    return key if _BARE_KEY.fullmatch(key) else _text(key, path)


def _value(value: Any, path: tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item, path) for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{_key(key, path)} = {_value(item, (*path, str(key)))}" for key, item in _without_none(value).items())
        return f"{{{', '.join(pairs)}}}"
    raise ValueError(f"{'.'.join(path)} is {value!r}, which TOML cannot say")


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _text(value: str, path: tuple[str, ...]) -> str:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{'.'.join(path)} holds half of a surrogate pair, which is no character")
    # JSON's escapes are TOML's; DEL alone needs one that JSON does not make.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
