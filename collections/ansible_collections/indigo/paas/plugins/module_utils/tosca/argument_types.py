# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role's argument may hold, as its meta/argument_specs.yml says: type, elements, choices and options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import convert, spelled
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import scalar_number

_SCALARS = {"str": "string", "path": "string", "int": "integer", "float": "float", "bool": "boolean"}
_SIZE = "scalar-unit.size"
# Ansible takes a text for a list or a mapping too: "a,b", "a=b", JSON.
_TEXTS = frozenset(("list", "dict", "json", "jsonarg", "raw"))
_ZERO_AND_ONE = (0, 1, "0", "1")

Option = Mapping[str, Any]


class Misfit(ValueError):
    """A value that an argument cannot hold; `hint` is the remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def shape(option: Option) -> dict[str, Any]:
    """Return what `fitted` needs of an option, as plain data."""
    found = {name: plain(option[name]) for name in ("type", "elements", "choices") if option.get(name) is not None}
    inner = option.get("options")
    if isinstance(inner, Mapping):
        found["options"] = {name: shape(each) for name, each in inner.items() if isinstance(each, Mapping)}
    return found


def fitted(option: Option, value: Any) -> Any:
    """Return a settled value as a role takes it: a size, for an argument of the type bytes, as their number.

    Raises Misfit where the role would refuse the value.
    """
    for problem in _problems(option, value, ""):
        raise problem
    return _in_bytes(option, value)


def _in_bytes(option: Option, value: Any) -> Any:
    if isinstance(value, list) and option.get("elements") == "bytes":
        return [_in_bytes({"type": "bytes"}, item) for item in value]
    return _bytes(value) if option.get("type") == "bytes" else value


def _problems(option: Option, value: Any, where: str) -> Iterator[Misfit]:
    kind = option.get("type", "str")
    fault = _fault(kind, value)
    if fault is not None:
        yield Misfit(f"{where}must be {fault}, not {_shown(value)}", f"The role declares it as {kind}.")
        return
    elements = {**option, "type": option.get("elements", "raw"), "elements": None}
    if kind == "list":
        for item in value if isinstance(value, list) else ():
            yield from _problems(elements, item, f"{where}each of it ")
        return
    choices = option.get("choices")
    if isinstance(choices, list) and str(value) not in map(str, choices):
        yield Misfit(f"{where}cannot be {_shown(value)}", f"It is one of {', '.join(map(str, choices))}.")
    inner = option.get("options")
    if isinstance(inner, Mapping) and isinstance(value, Mapping):
        yield from _of_mapping(inner, value, where)


def _of_mapping(options: Mapping[str, Any], value: Mapping[str, Any], where: str) -> Iterator[Misfit]:
    for name, item in value.items():
        option = options.get(name)
        if not isinstance(option, Mapping):
            yield Misfit(f"{where}has no key {_shown(name)}", did_you_mean(name, options, what="keys"))
        elif item is not None:
            yield from _problems(option, item, f"{where}its '{name}' ")


def _fault(kind: Any, value: Any) -> str | None:
    """Return what a value of a type would have to be, None when it is one; of types that are not known all are."""
    if isinstance(value, str) and kind in _TEXTS:
        return None
    if kind == "dict":
        return None if isinstance(value, Mapping) else "a mapping"
    if kind == "list":
        return "a list" if isinstance(value, Mapping) else None
    try:
        if kind == "bytes":
            _bytes(value)
        elif kind in _SCALARS and not (kind == "bool" and value in _ZERO_AND_ONE):
            convert(_SCALARS[kind], value)
    except ValueError as error:
        return str(error)
    return None


def _bytes(value: Any) -> int:
    text = spelled(_SIZE, value) if not isinstance(value, int) or isinstance(value, bool) else f"{value} B"
    try:
        return int(scalar_number(_SIZE, text))
    except ValueError:
        raise ValueError("a size such as 2 GB") from None


def _shown(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        return "a list" if isinstance(value, list) else "a mapping"
    return f"'{str(value)[:80]}'"
