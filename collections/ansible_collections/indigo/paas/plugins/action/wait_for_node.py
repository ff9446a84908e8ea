# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until a node answers, no longer than that can help: see the module's documentation."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.wait_for_connection import ActionModule as WaitForConnection
from ansible.plugins.action.wait_for_connection import TimedOutException

from ansible_collections.indigo.paas.plugins.module_utils.entry import refusal, remedy

_SSH_PORT = 22


class _NeverLetIn(BaseException):
    """Ends the wait; the loop of Ansible's own action goes on after each Exception."""


# Ansible tells no types, so that its class counts as Any.
class ActionModule(WaitForConnection):  # type: ignore[misc]
    """Ansible's own action, which looks at what ssh says."""

    _VALID_ARGS = WaitForConnection._VALID_ARGS | {"settled"}

    def do_until_success_or_timeout(
        self, what: t.Callable[[int], None], timeout: int, connect_timeout: int, what_desc: str, sleep: int = 1
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
