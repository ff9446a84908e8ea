# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOSCA functions as data, and the one evaluator that replaces what is known.

A function that is still unknown is `{"$function": {"get_attribute": ["server", "private_address", 0]}}`. Only
that form is evaluated: a value that comes from an input or a machine stays what it is, whatever it looks
like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import effort
from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import Map, Seq, key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import (
    JINJA,
    holds_jinja,
    is_jinja,
    joined,
    read_text,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import scalar_text

FUNCTION = "$function"
# First argument of a get_attribute that is about the machine on which it is evaluated: {"$self": group's name}.
SELF = "$self"
RESERVED = (FUNCTION, JINJA)
UNKNOWN = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()

# Handler of one function: its evaluated arguments and its place -> a value, UNKNOWN, or another Call.
Handler = Callable[[list[Any], Location], Any]
State = Mapping[str, Handler]

_LISTS = ("concat", "join", "token")
_NAMED = ("get_input", "get_property", "get_attribute", "get_artifact", "get_operation_output")
FUNCTIONS = (*_LISTS, *_NAMED)
# How deep the lists and mappings of a value may be nested; one function is three of them.
_DEEPEST = 150
_FOREIGN = ("eval", "sensitive", "abspath")
_MALFORMED = "malformed"
_MINIMUM = {
    "join": 1,
    "get_input": 1,
    "get_property": 2,
    "get_attribute": 2,
    "get_artifact": 2,
    "get_operation_output": 4,
}
_EXAMPLES = {
    "get_input": "{ get_input: wn_num }",
    "get_property": "{ get_property: [ SELF, port ] }",
    "get_attribute": "{ get_attribute: [ fe_server, private_address, 0 ] }",
    "get_artifact": "{ get_artifact: [ SELF, image ] }",
    "get_operation_output": "{ get_operation_output: [ SELF, Standard, configure, token ] }",
    "concat": "{ concat: [ 'http://', { get_attribute: [ fe_server, public_address, 0 ] } ] }",
    "join": "{ join: [ [ a, { get_input: name } ], ',' ] }",
    "token": "{ token: [ { get_input: address }, ':', 0 ] }",
}


class FunctionError(ValueError):
    """A function cannot have a value; `at` is where it is written."""

    def __init__(self, message: str, at: Location = NOWHERE, hint: str | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.hint = hint


class Call(dict[Any, Any]):
    """A function that is not evaluated yet: plain data that also knows its place."""

    __slots__ = ("at",)

    def __init__(self, name: str, arguments: list[Any], at: Location = NOWHERE) -> None:
        super().__init__({FUNCTION: {name: arguments}})
        self.at = at


def is_call(value: Any) -> bool:
    """Say whether a value is a function that is still unknown."""
    return isinstance(value, dict) and len(value) == 1 and FUNCTION in value


def is_function(value: Any) -> bool:
    """Say whether a value as a template writes it is a function, known or not."""
    return isinstance(value, Mapping) and _function_name(value) is not None


def holds_function(value: Any) -> bool:
    """Say whether there is a function anywhere in a value as a template writes it."""
    if isinstance(value, Mapping):
        return is_function(value) or any(holds_function(item) for item in value.values())
    return isinstance(value, list) and any(holds_function(item) for item in value)


def is_self(argument: Any) -> bool:
    """Say whether the first argument of a get_attribute means the machine on which it is evaluated."""
    return isinstance(argument, dict) and len(argument) == 1 and SELF in argument


def calls(value: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield name and arguments of every function in a value, outermost first."""
    if is_call(value):
        ((name, arguments),) = value[FUNCTION].items()
        yield name, arguments
        yield from calls(arguments)
    elif isinstance(value, dict):
        for item in value.values():
            yield from calls(item)
    elif isinstance(value, list):
        for item in value:
            yield from calls(item)


def places_of(value: Any) -> Iterator[Location]:
    """Yield where the functions of a value are written that know it, outermost first."""
    if is_call(value) and isinstance(value, Call) and value.at.line:
        yield value.at
    if isinstance(value, dict):
        for item in value.values():
            yield from places_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from places_of(item)


def is_settled(value: Any) -> bool:
    """Say whether a value holds nothing that only a running machine, or Jinja, can tell."""
    return not holds_call(value) and not holds_jinja(value)


def parse(value: Any, report: Report, at: Location = NOWHERE, trust: bool = False) -> Any:
    """Return a value as a template writes it with its functions as Call, and its Jinja marked where `trust` is.

    What is malformed is reported and becomes a Call that nothing evaluates, so that no second problem comes of it.
    A value without functions is returned as it is, not copied.
    """
    if isinstance(value, str):
        return read_text(value, trust, report, at)
    if isinstance(value, Mapping):
        for key in RESERVED:
            if key in value:
                report.add(
                    "reserved", f"the key '{key}' is reserved", key_place(value, key), "Choose another name for it."
                )
                return Call(_MALFORMED, [])
        name = _function_name(value)
        if name is not None:
            return _parse_call(name, value, report, at, trust)
        _tell_foreign(value, report, at)
        return _rebuilt(value, {k: parse(v, report, value_place(value, k), trust) for k, v in value.items()})
    if isinstance(value, list):
        return _rebuilt(value, [parse(v, report, value_place(value, i), trust) for i, v in enumerate(value)])
    return value


def _function_name(value: Mapping[str, Any]) -> str | None:
    """Return the function that a mapping is, known or not; None when it is plain data."""
    if len(value) != 1:
        return None
    ((name, arguments),) = value.items()
    if name in _NAMED or (name in ("concat", "join") and isinstance(arguments, list)):
        return name
    if name == "token":
        return name if isinstance(arguments, list) and len(arguments) == 3 else None
    return name if name.startswith("get_") and isinstance(arguments, (str, list)) else None


def _tell_foreign(value: Mapping[str, Any], report: Report, at: Location) -> None:
    """Report what is a function to other tools (unfurl, TOSCA 2.0), and a map here."""
    name = next(iter(value)) if len(value) == 1 else None
    if name in _FOREIGN or (isinstance(name, str) and name.startswith("$") and name[1:] in FUNCTIONS):
        place = key_place(value, name, at)
        message = (f"the function '{name}' in ", " is none of TOSCA's: it stays a map")
        report.add_shared(
            "not-supported", message, f"line {place.line}", place, "Write it with a function of TOSCA 1.3."
        )


def _parse_call(name: str, value: Mapping[str, Any], report: Report, at: Location, trust: bool) -> Any:
    place = key_place(value, name, at)
    arguments = value[name]
    if name not in FUNCTIONS:
        hint = did_you_mean(name, FUNCTIONS, what="functions")
        report.add_shared("unknown-function", (f"unknown function '{name}' in ", ""), f"line {place.line}", place, hint)
        return Call(_MALFORMED, [], place)
    if name == "get_input" and isinstance(arguments, str):
        arguments = [arguments]
    if not isinstance(arguments, list) or len(arguments) < _MINIMUM.get(name, 0):
        report.add("function", f"'{name}' is not given what it needs", place, f"Write it as {_EXAMPLES[name]}.")
        return Call(_MALFORMED, [], place)
    parsed = [parse(item, report, value_place(arguments, i), trust) for i, item in enumerate(arguments)]
    return Call(name, parsed, place)


def _rebuilt(old: Any, new: Any) -> Any:
    """Return the old container when nothing in it changed, else the new one with the old one's places."""
    if isinstance(old, Mapping):
        if all(new[key] is item for key, item in old.items()):
            return old
        return Map(new, old) if isinstance(old, Map) else new
    if all(a is b for a, b in zip(old, new, strict=True)):
        return old
    return Seq(new, old) if isinstance(old, Seq) else new


def evaluate(value: Any, state: State) -> Any:
    """Return a value in which every function that `state` knows is replaced.

    `state` maps function names to handlers; concat, join and token need none. What a handler answers with UNKNOWN,
    and every function without a handler, stays as data. Nothing that a handler returns is evaluated again.
    FunctionError when a function cannot have a value at all.
    """
    if isinstance(value, dict):
        if is_call(value):
            return _evaluate_call(value, state)
        return _rebuilt(value, {key: evaluate(item, state) for key, item in value.items()})
    if isinstance(value, list):
        return _rebuilt(value, [evaluate(item, state) for item in value])
    return value


def _evaluate_call(call: dict[Any, Any], state: State) -> Any:
    ((name, arguments),) = call[FUNCTION].items()
    at = getattr(call, "at", NOWHERE)
    known = [evaluate(item, state) for item in arguments]
    if any(holds_call(item) for item in known):
        return Call(name, known, at)
    handler = _BUILT_IN.get(name) or state.get(name)
    result = UNKNOWN if handler is None else handler(known, at)
    return Call(name, known, at) if result is UNKNOWN else result


def require_small(value: Any, at: Location) -> None:
    """Raise FunctionError for a value that is too large or too deep, or one too many of those that functions make.

    What functions refer to is shared, so a short template may stand for a value that no memory holds: each place where
    a part stands counts.
    """
    left = effort.current()
    size, rest = 0, [(value, 1)]
    limit = min(effort.LARGEST_VALUE, left.values)
    while rest and size <= limit:
        item, depth = rest.pop()
        size += len(item) if isinstance(item, str) else 1
        if isinstance(item, (dict, list)):
            if depth > _DEEPEST:
                raise FunctionError("its functions are nested too deep", at, "Make fewer of them refer to others.")
            children = item.values() if isinstance(item, dict) else item
            size += len(item)
            if size <= limit:
                rest += [(child, depth + 1) for child in children]
    left.values -= size
    if size > limit:
        raise _too_large(at) if size > effort.LARGEST_VALUE else _too_many(at)


def _too_large(at: Location) -> FunctionError:
    message = f"its functions make a value of more than {effort.LARGEST_VALUE} characters and items"
    return FunctionError(message, at, "Make it smaller.")


def _too_many(at: Location) -> FunctionError:
    message = f"the functions of the template make more than {effort.LARGEST_VALUES} characters and items in all"
    return FunctionError(message, at, "Use fewer of them, or smaller values.")


def holds_call(value: Any) -> bool:
    """Say whether a value holds a function that is still unknown."""
    return next(calls(value), None) is not None


def _concat(arguments: list[Any], at: Location) -> Any:
    return _texts_joined("concat", arguments, at)


def _join(arguments: list[Any], at: Location) -> Any:
    """Return the texts of a list with a text between them, nothing when there is none (TOSCA 1.3, 4.3.2)."""
    items, *rest = arguments
    delimiter = rest[0] if rest else ""
    if not isinstance(items, list) or len(rest) > 1 or not (isinstance(delimiter, str) or is_jinja(delimiter)):
        raise FunctionError("'join' needs a list and the text between its items", at, f"Write {_EXAMPLES['join']}.")
    between = [part for item in items for part in (delimiter, item)]
    return _texts_joined("join", between[1:], at)


def _texts_joined(function: str, parts: list[Any], at: Location) -> Any:
    if any(is_jinja(item) for item in parts):
        return joined([item if is_jinja(item) else text_of(item, at, function) for item in parts])
    texts = [text_of(item, at, function) for item in parts]
    if sum(map(len, texts)) > effort.LARGEST_VALUE:
        raise _too_large(at)
    return "".join(texts)


def _token(arguments: list[Any], at: Location) -> str:
    """Return a part of a text that any of some characters separates (TOSCA 1.3, 4.3.3)."""
    text, separators, index = arguments
    if not isinstance(text, str) or not isinstance(separators, str) or not separators or not _is_index(index):
        raise FunctionError("'token' needs a text, its separators and a number", at, f"Write {_EXAMPLES['token']}.")
    parts = re.split(f"[{re.escape(separators)}]", text)
    if index >= len(parts):
        raise FunctionError(f"'token' finds only {len(parts)} parts in the text, counted from 0", at)
    part: str = parts[index]
    return part


_BUILT_IN: dict[str, Handler] = {"concat": _concat, "join": _join, "token": _token}


def text_of(value: Any, at: Location = NOWHERE, function: str = "concat") -> str:
    """Return a scalar as the text that a template would write for it; FunctionError for anything else.

    `function` is what asks for the text.
    """
    if isinstance(value, (str, int, float)):
        return scalar_text(value)
    shown = {"NoneType": "nothing", "dict": "a map", "list": "a list"}.get(type(value).__name__, "a collection")
    raise FunctionError(f"'{function}' joins texts and numbers, here is {shown}", at, "Pick one value of it.")


def follow(value: Any, path: list[Any], at: Location = NOWHERE, whose: str = "the value") -> Any:
    """Return what lies at a path of keys and indexes; over an unknown attribute, a Call for that part of it.

    `whose` is how a message calls the value. FunctionError when the path leads nowhere.
    """
    for index, step in enumerate(path):
        if is_call(value):
            return _follow_call(value, path[index:], at)
        if isinstance(value, Mapping) and isinstance(step, str) and step in value:
            value = value[step]
        elif isinstance(value, list) and (number := list_index(step)) is not None and number < len(value):
            value = value[number]
        else:
            raise _nowhere(value, step, ".".join([whose, *map(_shown, path[:index])]), at)
    return value


def _nowhere(value: Any, step: Any, whose: str, at: Location) -> FunctionError:
    """Return the error for a step that leads nowhere: where it is looked for, and what is there."""
    if isinstance(value, Mapping):
        hint = did_you_mean(step, map(str, value), what="names")
    elif isinstance(value, list):
        hint = f"It is a list of {len(value)}, counted from 0." if value else "It is an empty list."
    else:
        hint = "It has no parts." if value is not None else "It has no value."
    return FunctionError(f"there is nothing at '{_shown(step)}' of {whose}", at, hint)


def _follow_call(call: dict[Any, Any], path: list[Any], at: Location) -> Call:
    ((name, arguments),) = call[FUNCTION].items()
    if name != "get_attribute":
        raise FunctionError(f"the value is made by '{name}', it has no parts", at)
    return Call(name, [*arguments, *path], at)


def list_index(step: Any) -> int | None:
    """Return the index that a step of a path is, a number or a text of digits; None when it is a key."""
    if isinstance(step, str) and step.isascii() and step.isdigit() and len(step) < 10:
        return int(step)
    return step if _is_index(step) else None


def _is_index(step: Any) -> bool:
    return isinstance(step, int) and not isinstance(step, bool) and step >= 0


def _shown(step: Any) -> str:
    return str(step)[:80]


def plain(value: Any) -> Any:
    """Return a copy made of dict, list, str, int, float, bool and None only."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value)
    return value
