# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role arguments of each group: which are variables of the group, and which must wait for a stage."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import operations_of, private
from ansible_collections.indigo.paas.plugins.module_utils.translate.expressions import (
    IDENTIFIER,
    Expressions,
    NeverKnown,
)
from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import Template

Data = Mapping[str, Any]
# Says of a name and a value whether they must not be written in clear.
Hides = Callable[[str, Any], bool]


@dataclass(frozen=True)
class Late:
    """An argument that a play sets by itself before its role runs, when all tests hold."""

    group: str
    name: str
    value: Any
    tests: tuple[str, ...]


@dataclass
class Arguments:
    """The arguments of all groups. Keys of `late` are names of stages; `left_out` are (group, argument)."""

    of_group: dict[str, dict[str, Any]] = field(default_factory=dict)
    late: dict[str, list[Late]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)


class ArgumentReader:
    """Reads the arguments of a plan's components, stage by stage."""

    def __init__(self, plan: Data, expressions: Expressions, vault: Vault) -> None:
        self._plan = plan
        self._expressions = expressions
        self._vault = vault
        self._safe = {group["name"]: group["group"] for group in plan["groups"]}

    def read(self) -> Arguments:
        """Return the arguments of all groups; TemplateError for a name that is none for a variable.

        A group's variables are visible to all roles from the beginning. So an argument that may have no value, one
        that another role or component would see too, and one for a later stage of a role that has run before, are set
        by their stage.
        """
        found = Arguments({group["group"]: {} for group in self._plan["groups"]})
        begun: dict[tuple[str, str], int] = {}
        for number, stage in enumerate(self._plan["stages"]):
            for component in self._plan["components"]:
                if component["name"] not in stage["components"]:
                    continue
                group = self._safe[component["group"]]
                first = begun.setdefault((group, _implementation(stage)), number) == number
                for name, value in _arguments_of(component, stage):
                    self._put(found, stage, group, name, value, first)
        return found

    def _put(self, found: Arguments, stage: Data, group: str, name: str, value: Any, first: bool) -> None:
        external = bool(stage.get("external"))
        first = first and bool(private(stage, self._plan, [name]))
        if not IDENTIFIER.match(name):
            raise TemplateError(f"'{name[:80]}' is no name of a variable", hint="Ansible takes letters, digits and _.")
        if name in found.of_group[group] and private(stage, self._plan, [name]):
            return
        try:
            tests = tuple(self._expressions.tests(value))
            written = self._vault.hidden(f"{group}_{name}", name, value, self._expressions.value)
        except NeverKnown:
            found.left_out.append((group, name))
            return
        if first and not tests and not external:
            found.of_group[group][name] = written
        else:
            found.late.setdefault(stage["name"], []).append(Late(group, name, written, tests))


class Vault:
    """Replaces secrets by variables that the administrator gives."""

    def __init__(self, hides: Hides) -> None:
        self._hides = hides
        self._names: dict[tuple[str, str], str] = {}
        self.variables: dict[str, str] = {}

    def hidden(self, path: str, name: str, value: Any, written: Callable[[Any], Any]) -> Any:
        """Return a value as `written` makes it, its secrets replaced; `path` tells where it is."""
        if isinstance(value, Mapping) and not any(key.startswith("$") for key in value):
            return {
                written_key: self.hidden(f"{path}_{key}", str(key), value[key], written)
                for key, written_key in ((key, next(iter(written({key: None})))) for key in value)
            }
        if isinstance(value, list):
            return [self.hidden(f"{path}_{index}", name, item, written) for index, item in enumerate(value)]
        if self._hides(name, value):
            return Template("{{ " + self._variable(path, name, value) + " }}")
        return written(value)

    def _variable(self, path: str, name: str, value: Any) -> str:
        """Return the variable for a secret: of the same name and value the same, so that it is given once."""
        key = (name, str(value))
        if key not in self._names:
            short = "vault_" + re.sub(r"[^A-Za-z0-9_]", "_", name)
            long = "vault_" + re.sub(r"[^A-Za-z0-9_]", "_", path)
            wishes = itertools.chain([short, long], (f"{long}_{number}" for number in itertools.count(2)))
            variable = next(wish for wish in wishes if wish not in self.variables)
            self._names[key] = variable
            self.variables[variable] = path
        return self._names[key]


def _implementation(stage: Data) -> str:
    return stage.get("role") or f"external {stage['name']}"


def _arguments_of(component: Data, stage: Data) -> Iterator[tuple[str, Any]]:
    """Yield the arguments that a component gives to what runs in a stage."""
    for operation in operations_of(component, stage):
        yield from (operation.get("arguments") or {}).items()
