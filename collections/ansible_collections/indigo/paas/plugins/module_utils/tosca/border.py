# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may pass between a template and what runs: the names of arguments one way, those of outputs the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.argument_types import Misfit, fitted, shape
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import is_settled
from ansible_collections.indigo.paas.plugins.module_utils.tosca.lifecycle import steps_of
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.reserved import is_reserved, is_variable
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import Role, RoleError, find_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import OperationCall, Topology


def check_names(topology: Topology, report: Report) -> None:
    """Report the names that may not pass in a template that is wrong elsewhere, so that all is told at once.

    Values are left alone: what is wrong with them may come of what is told already.
    """
    border = Border(report)
    # What cannot run may only seem so.
    for name, steps in steps_of(topology, Report()).items():
        for step in steps:
            border.check(step.call, name, only_names=True)


class Border:
    """Checks the operations of a topology; what may not pass goes to the report."""

    def __init__(self, report: Report, find: Callable[[str], Role] = find_role) -> None:
        """Take what finds roles by their full names; it raises RoleError."""
        self._report = report
        self._find = find
        self._roles: dict[str, Role | RoleError] = {}

    def role(self, name: str) -> Role | None:
        """Return what an implementation names when that is a role that can be used, else None."""
        found = self._role(name) if is_role(name) else None
        return found if isinstance(found, Role) else None

    def check(self, call: OperationCall, owner: str, only_names: bool = False) -> None:
        """Report what of one operation may not pass; `owner` is how a message calls the node."""
        called = f"'{call.name}' of '{owner}'"
        if not is_role(call.implementation):
            self._check_playbook(call, called)
            return
        found = self._role(call.implementation)
        if isinstance(found, RoleError):
            self._report.add("unknown-role", f"{called}: {found}", call.at, found.hint)
        else:
            self._check_role(call, found, called)
            if not only_names:
                self._check_values(call, found, called)

    def arguments(self, call: OperationCall) -> dict[str, Any]:
        """Return the arguments of an operation as its role takes them; what `check` refuses stays as it is."""
        role = self.role(call.implementation)
        found = dict(call.arguments)
        if role is None:
            return found
        for name, value in found.items():
            with suppress(Misfit):
                found[name] = _fitted(role, name, value)
        return found

    def shape(self, call: OperationCall, name: str) -> dict[str, Any] | None:
        """Return what an argument's value must fit as the role declares it, as plain data; None where nothing says."""
        role = self.role(call.implementation)
        return shape(role.arguments[name]) if role is not None and name in role.arguments else None

    def is_open(self, call: OperationCall, output: Any) -> bool:
        """Say whether a template may read a fact of this name that an operation sets."""
        if not is_variable(output) or is_reserved(output):
            return False
        role = self.role(call.implementation)
        return not is_role(call.implementation) or (role is not None and output in role.outputs)

    def _role(self, name: str) -> Role | RoleError:
        if name not in self._roles:
            try:
                self._roles[name] = self._find(name)
            except RoleError as error:
                self._roles[name] = error
        return self._roles[name]

    def _check_role(self, call: OperationCall, role: Role, called: str) -> None:
        allowed = [name for name in role.arguments if name not in role.operator and not is_reserved(name)]
        for name in call.arguments:
            if self._check_name(call, name, called, "input"):
                self._check_argument(call, role, name, allowed, called)
        for name in call.outputs:
            if self._check_name(call, name, called, "output") and name not in role.outputs:
                message = f"{called}: the role '{role.name}' declares no output '{_shown(name)}'"
                hint = did_you_mean(name, role.outputs, what="outputs") if role.outputs else _NO_OUTPUTS
                self._report.add("unknown-output", message, call.place_of(name), hint)

    def _check_argument(self, call: OperationCall, role: Role, name: str, allowed: list[str], called: str) -> None:
        at = call.place_of(name)
        if name in role.operator:
            message = f"{called}: '{name}' of the role '{role.name}' is for operators, no template can set it"
            self._report.add("operator-argument", message, at, "Leave it out; an operator sets it in his inventory.")
        elif name not in role.arguments:
            message = f"{called}: the role '{role.name}' has no argument '{_shown(name)}'"
            self._report.add("unknown-argument", message, at, did_you_mean(name, allowed, what="arguments"))

    def _check_values(self, call: OperationCall, role: Role, called: str) -> None:
        for name, value in call.arguments.items():
            if name in role.operator or not is_variable(name) or is_reserved(name):
                continue
            try:
                _fitted(role, name, value)
            except Misfit as misfit:
                message = f"{called}: '{name}' {misfit}"
                self._report.add("wrong-argument", message, call.place_of(name), misfit.hint)

    def _check_playbook(self, call: OperationCall, called: str) -> None:
        for name in call.arguments:
            if self._check_name(call, name, called, "input") and name not in call.declared:
                message = f"{called} declares no input '{_shown(name)}'"
                hint = did_you_mean(name, map(str, call.declared), what="inputs")
                self._report.add("unknown-argument", message, call.place_of(name), hint)
        for name in call.outputs:
            self._check_name(call, name, called, "output")

    def _check_name(self, call: OperationCall, name: Any, called: str, what: str) -> bool:
        """Say whether a name may be that of a variable; report it otherwise."""
        at = call.place_of(name)
        if not is_variable(name):
            message = f"{called}: the {what} '{_shown(name)}' is no name of a variable"
            self._report.add("variable-name", message, at, "A name is made of letters from A to Z, digits and _.")
        elif is_reserved(name):
            message = f"{called}: the {what} '{_shown(name)}' is a name that Ansible or indigo.paas keeps to itself"
            self._report.add("reserved-name", message, at, f"Give the {what} another name.")
        else:
            return True
        return False


_NO_OUTPUTS = "It declares none: the role's author lists them under `outputs` in its meta/paas.yml."


def _fitted(role: Role, name: str, value: Any) -> Any:
    """Return an argument's value as a role takes it; as it is where only a running machine or Jinja tells it."""
    return fitted(role.arguments[name], value) if name in role.arguments and is_settled(value) else value


def _shown(name: Any) -> str:
    return str(name)[:80]
