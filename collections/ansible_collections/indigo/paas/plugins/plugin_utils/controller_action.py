# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins have in common: the controller does their work."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain
from ansible_collections.indigo.paas.plugins.plugin_utils.templates import require_marked_templates


class ControllerAction(ActionBase):
    """Checks the arguments, calls `act` with plain data, and turns what goes wrong into a failed result."""

    SPEC: ClassVar[dict[str, Any]] = {}
    RULES: ClassVar[dict[str, Any]] = {}

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        require_marked_templates()
        result = super().run(tmp, task_vars)
        self.variables = task_vars or {}
        self._groups = self.variables.get("groups", {})
        _validated, args = self.validate_argument_spec(argument_spec=self.SPEC, **self.RULES)
        try:
            return {**result, "changed": False, **self.act(plain(args))}
        except PaasError as error:
            return {
                **result,
                "failed": True,
                "msg": str(error),
                "problems": [problem.to_dict() for problem in error.problems],
                "bad_input": getattr(error, "bad_input", True),
                **getattr(error, "details", {}),
            }

    @property
    def inventory_names(self) -> frozenset[str]:
        """The names of all hosts and groups that Ansible knows in this run."""
        return frozenset(self._groups).union(*self._groups.values())

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return the result's own part. Raises PaasError."""
        raise NotImplementedError
