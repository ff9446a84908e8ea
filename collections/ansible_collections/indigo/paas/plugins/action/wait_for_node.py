# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a node answers, no longer than that can help: see the module's documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.wait_for_connection import ActionModule as WaitForConnection
from ansible.plugins.action.wait_for_connection import TimedOutException

from ansible_collections.indigo.paas.plugins.module_utils.entry import refusal, remedy

_SSH_PORT = 22
_PING = "ansible.legacy.ping"
_SETUP = "ansible.legacy.setup"
# What the module setup is asked for, by the choices of the option facts.
_SUBSETS = {"common": ["!all", "!min", "architecture", "distribution", "network", "platform"], "all": ["all"]}


class _NeverLetIn(BaseException):
    """Ends the wait; the loop of Ansible's own action goes on after each Exception."""


# Ansible tells no types, so that its class counts as Any.
class ActionModule(WaitForConnection):  # type: ignore[misc]
    """Ansible's own action, which looks at what ssh says, and takes facts for the sign of life that it waits for."""

    _VALID_ARGS = WaitForConnection._VALID_ARGS | {"facts", "settled"}

    _facts: Mapping[str, Any] | None = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Wait, and return the facts that were asked for beside what Ansible's own action returns."""
        asked = self._task.args.get("facts", "none")
        if asked not in ("none", *_SUBSETS):
            raise AnsibleActionFail(f"facts is {asked!r}, and must be one of: none, {', '.join(_SUBSETS)}")
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._facts and not result.get("failed"):
            result["ansible_facts"] = self._facts
        return result

    def _execute_module(self, module_name: str, **options: Any) -> dict[str, Any]:
        """Run the module setup in place of ping where facts are wanted: each module run costs a node half a second."""
        subset = _SUBSETS.get(self._task.args.get("facts", "none"))
        if subset is None or module_name != _PING:
            return cast("dict[str, Any]", super()._execute_module(module_name, **options))
        found = super()._execute_module(_SETUP, **{**options, "module_args": {"gather_subset": subset}})
        if found.get("failed"):
            raise AnsibleError(found.get("msg", "the facts of the node cannot be gathered"))
        self._facts = found["ansible_facts"]
        return {"ping": "pong"}

    def do_until_success_or_timeout(
        self, what: Callable[[int], None], timeout: int, connect_timeout: int, what_desc: str, sleep: int = 1
    ) -> None:
        """Do WHAT again and again. Raises TimedOutException when it is late, or when it will never succeed."""
        # Other connections have other words, and options.
        settled = boolean(self._task.args.get("settled", False)) and self._connection.transport == "ssh"

        def once(seconds: int) -> None:
            try:
                what(seconds)
            except AnsibleConnectionFailure as error:
                if settled and refusal(str(error)):
                    raise _NeverLetIn(self._explained(str(error))) from error
                raise

        try:
            super().do_until_success_or_timeout(once, timeout, connect_timeout, what_desc, sleep)
        except _NeverLetIn as error:
            raise TimedOutException(str(error)) from error

    def _explained(self, said: str) -> str:
        found = refusal(said)
        host = str(self._connection.get_option("host"))
        port = int(self._connection.get_option("port") or _SSH_PORT)
        return f"{said.strip()}\n{remedy(found, host, port)}" if found else said
