# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a plan as Ansible reads them: what is known as data, what only machines know as a Jinja expression.

The expressions are made here. A user's text is marked `!unsafe`; an expression that needs one names it, unless it is
made of letters, digits and a few signs only: Ansible knows no escapes in the texts inside of an expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    FUNCTION,
    SELF,
    FunctionError,
    is_call,
    text_of,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import operations_named
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import JINJA, holds_jinja, is_jinja
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import ADDRESSES
from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import Template, Unsafe

Data = Mapping[str, Any]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_HARMLESS = re.compile(r"[A-Za-z0-9 ._:/@,+=<>~?&-]*\Z")
# How often the value of an attribute may refer to another one's.
_DEEPEST = 10
# More characters than that, of which any separates, nobody writes.
_MOST_SEPARATORS = 20
# The variable with the texts that expressions name.
TEXTS = "paas_texts"


class NeverKnown(Exception):
    """A function that no expression can give a value; the argument that needs it is left out, as a deployment does."""


@dataclass(frozen=True)
class Expression:
    """A Jinja expression without its braces, and the tests that say whether it has a value; none when it always has."""

    text: str
    tests: tuple[str, ...] = ()


def key_of(key: Any) -> str:
    """Return a key of a mapping for YAML: a plain name as it is, all else as unsafe."""
    return str(key) if IDENTIFIER.match(str(key)) else Unsafe(key)


class Expressions:
    """Makes expressions for the functions of one plan."""

    def __init__(self, plan: Data) -> None:
        self._groups = {group["name"]: group for group in plan["groups"]}
        self._components = {component["name"]: component for component in plan["components"]}
        self._assigned = {(each["node"], *each["path"]): each["value"] for each in plan.get("attributes") or ()}
        self._depth = 0
        self.texts: list[str] = []

    def literal(self, text: str) -> str:
        """Return a text as an expression: in quotes, or as the name under which `texts` holds it."""
        if _HARMLESS.match(text):
            return f"'{text}'"
        if text not in self.texts:
            self.texts.append(text)
        return f"{TEXTS}[{self.texts.index(text)}]"

    def value(self, value: Any) -> Any:
        """Return a value for YAML: functions as templates, trusted Jinja as it is, all other texts as unsafe.

        NeverKnown when a function in it has no expression.
        """
        if is_call(value):
            return Template("{{ " + self.of(value).text + " }}")
        if is_jinja(value):
            return Template(self._jinja(value[JINJA]))
        if isinstance(value, str):
            return Unsafe(value)
        if isinstance(value, Mapping):
            return {key_of(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def tests(self, value: Any) -> list[str]:
        """Return the tests that must hold before a value can be used, each once; NeverKnown as for `value`."""
        if is_call(value):
            return list(dict.fromkeys(self.of(value).tests))
        items: Iterable[Any] = ()
        if isinstance(value, Mapping) and not is_jinja(value):
            items = value.values()
        elif isinstance(value, list):
            items = value
        return list(dict.fromkeys(test for item in items for test in self.tests(item)))

    def of(self, value: Any) -> Expression:
        """Return any value as one expression; NeverKnown when there is none."""
        if is_call(value):
            ((name, arguments),) = value[FUNCTION].items()
            return self._call(name, arguments)
        if holds_jinja(value):
            raise NeverKnown("Jinja inside of a function")
        if isinstance(value, str):
            return Expression(self.literal(value))
        if isinstance(value, list):
            items = [self.of(item) for item in value]
            return Expression(f"[{', '.join(item.text for item in items)}]", _all_tests(items))
        if isinstance(value, Mapping):
            pairs = [(self.literal(str(key)), self.of(item)) for key, item in value.items()]
            text = ", ".join(f"{key}: {item.text}" for key, item in pairs)
            return Expression("{" + text + "}", _all_tests([item for _key, item in pairs]))
        return Expression(json.dumps(value).replace("null", "none"))

    def _call(self, name: str, arguments: list[Any]) -> Expression:
        if name == "concat":
            return self._concat(arguments)
        if name == "join":
            return self._join(*arguments)
        if name == "token":
            return self._token(arguments)
        if name == "get_attribute":
            return self._attribute(arguments)
        if name == "get_operation_output" and isinstance(arguments[3], str):
            return self._output(self._component(arguments[0]), arguments[2], arguments[3])
        raise NeverKnown(name)

    def _concat(self, arguments: list[Any]) -> Expression:
        parts = [self.of(item) if is_call(item) else Expression(self.literal(_text(item))) for item in arguments]
        return Expression(" ~ ".join(part.text for part in parts) or "''", _all_tests(parts))

    def _join(self, items: Any, delimiter: Any = "") -> Expression:
        if isinstance(items, list):
            parts = [self.of(item) if is_call(item) else Expression(self.literal(_text(item))) for item in items]
            found = Expression(f"[{', '.join(part.text for part in parts)}]", _all_tests(parts))
        elif is_call(items):
            inner = self.of(items)
            found = Expression(f"({inner.text})", inner.tests)
        else:
            raise NeverKnown("join")
        between = self.of(delimiter)
        return Expression(f"{found.text} | join({between.text})", _all_tests([found, between]))

    def _token(self, arguments: list[Any]) -> Expression:
        text, separators, index = arguments
        if not isinstance(separators, str) or not separators or not isinstance(index, int):
            raise NeverKnown("token")
        first, *others = dict.fromkeys(separators)
        if len(others) > _MOST_SEPARATORS:
            raise NeverKnown("token")
        inner, between = self.of(text), self.literal(first)
        same = "".join(f".replace({self.literal(other)}, {between})" for other in others)
        return Expression(f"({inner.text}){same}.split({between})[{index}]", inner.tests)

    def _attribute(self, arguments: list[Any]) -> Expression:
        entity, attribute, *path = arguments
        of_self = isinstance(entity, dict) and SELF in entity
        name = entity[SELF] if of_self else entity
        if attribute == "tosca_name":
            return Expression(self.literal(str(name)))
        if not isinstance(attribute, str) or not isinstance(name, str):
            raise NeverKnown("get_attribute")
        first = self._at_first(name, attribute, path)
        try:
            given = self._given_by_run(name, attribute, path, of_self)
        except NeverKnown:
            if first is None:
                raise
            return first
        if first is None or not given.tests:
            return given
        return Expression(f"({given.text} if {' and '.join(given.tests)} else {first.text})", first.tests)

    def _given_by_run(self, name: str, attribute: str, path: list[Any], of_self: bool) -> Expression:
        """Return what a machine or an operation gives an attribute."""
        component = self._components.get(name)
        source = component["attributes"].get(attribute) if component is not None else None
        if component is not None and source is not None:
            return self._fact(component, source["operation"], source["fact"], path)
        if name not in self._groups:
            raise NeverKnown(attribute)
        return self._of_group(self._groups[name], attribute, path, of_self)

    def _at_first(self, name: str, attribute: str, path: list[Any]) -> Expression | None:
        """Return the value that an attribute has by default or by assignment, None when it has none of its own."""
        rest = path
        key: tuple[str, ...]
        if (name, attribute) not in self._assigned:
            if not path or (name, attribute, path[0]) not in self._assigned:
                return None
            key, rest = (name, attribute, path[0]), path[1:]
        else:
            key = (name, attribute)
        if self._depth >= _DEEPEST:
            raise NeverKnown(attribute)
        self._depth += 1
        try:
            found = self.of(self._assigned[key])
        finally:
            self._depth -= 1
        return self._followed(Expression(f"({found.text})", found.tests), rest)

    def _component(self, name: Any) -> Data:
        if not isinstance(name, str) or name not in self._components:
            raise NeverKnown("component")
        component: Data = self._components[name]
        return component

    def _of_group(self, group: Data, attribute: str, path: list[Any], of_self: bool) -> Expression:
        if attribute in ADDRESSES:
            return self._own_address(attribute, path) if of_self else self._address(group, attribute, path)
        if attribute == "endpoint" and path and path[0] == "credential":
            index, rest = (0, path[1:]) if of_self else (_index(path[1:]), path[2:])
            user = _variable(group, index, "ansible_user", of_self)
            return self._followed(Expression(f"{{'protocol': 'ssh', 'user': {user.text}}}", user.tests), rest)
        if attribute == "endpoint" and path == ["ip_address"]:
            return _variable(group, 0, "ansible_host", of_self)
        if attribute in ("tosca_id", "state") and not path:
            return _variable(group, 0, f"paas_node.{'id' if attribute == 'tosca_id' else attribute}", of_self)
        raise NeverKnown(attribute)

    def _own_address(self, attribute: str, path: list[Any]) -> Expression:
        if path and _index(path) != 0:
            raise NeverKnown(attribute)
        return Expression(attribute, () if attribute == "private_address" else (f"{attribute} is defined",))

    def _address(self, group: Data, attribute: str, path: list[Any]) -> Expression:
        members = f"groups['{group['group']}']"
        if path:
            if len(path) > 1:
                raise NeverKnown(attribute)
            return _variable(group, _index(path), attribute, False)
        if attribute == "private_address":
            return Expression(f"{members} | map('extract', hostvars, 'private_address') | list")
        # Only some machines have such an address; the list has no holes.
        having = f"{members} | map('extract', hostvars) | selectattr('{attribute}', 'defined')"
        text = f"{having} | map(attribute='{attribute}') | list"
        return Expression(text, (f"({text}) | length > 0",) if group["count"] else ())

    def _output(self, component: Data, operation: Any, fact: str) -> Expression:
        """Return what the last operation of a name told that did."""
        found = [self._fact(component, index, fact, []) for index in operations_named(component, operation)]
        if not found:
            raise NeverKnown("get_operation_output")
        text = " | default(".join(each.text for each in found) + ", true)" * (len(found) - 1)
        return found[0] if len(found) == 1 else Expression(f"({text})", (f"({text}) is not none",))

    def _fact(self, component: Data, operation: int, fact: str, path: list[Any]) -> Expression:
        """Return what one operation of a component told, on the first machine where it did."""
        group = self._groups[component["group"]]["group"]
        name, wanted = self.literal(component["name"]), self.literal(fact)
        told = f"(hostvars | indigo.paas.told(groups['{group}'], {name}, {operation}, {wanted}))"
        if not path:
            return Expression(told, (f"{told} is not none",))
        text = self._followed(Expression(told), path).text
        return Expression(text, (f"{told} is not none", f"{text} is defined"))

    def _followed(self, found: Expression, path: list[Any]) -> Expression:
        steps = "".join(f"[{self.literal(step)}]" if isinstance(step, str) else f"[{int(step)}]" for step in path)
        text = f"({found.text}){steps}" if steps and found.text[0] == "{" else found.text + steps
        return Expression(text, found.tests)

    def _jinja(self, source: Any) -> str:
        """Return trusted Jinja as a template; texts between its parts cannot become a part of an expression."""
        if isinstance(source, str):
            return source
        parts = (
            self._jinja(part[JINJA]) if is_jinja(part) else "{{ " + self.literal(str(part)) + " }}" for part in source
        )
        return "".join(parts)


def _variable(group: Data, index: int, variable: str, of_self: bool) -> Expression:
    """Return a variable of one machine of a group."""
    if of_self:
        return Expression(variable, (f"{variable} is defined",))
    members = f"groups['{group['group']}']"
    text = f"hostvars[{members}[{index}]].{variable}"
    there = () if group["count"] > index else (f"{members} | length > {index}",)
    known = () if variable == "private_address" else (f"{text} is defined",)
    return Expression(text, (*there, *known))


def _index(path: list[Any]) -> int:
    step = path[0] if path else 0
    if isinstance(step, str) and step.isascii() and step.isdigit() and len(step) < 10:
        return int(step)
    if isinstance(step, int) and not isinstance(step, bool) and step >= 0:
        return step
    raise NeverKnown("index")


def _text(value: Any) -> str:
    try:
        return text_of(value)
    except FunctionError:
        raise NeverKnown("concat") from None


def _all_tests(parts: Iterable[Expression]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(test for part in parts for test in part.tests))
