# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a TOSCA template, on the controller: see the module's documentation."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain

ARGUMENT_SPEC = {
    "template": {"type": "path", "required": True},
    "inputs": {"type": "dict", "default": {}},
    "counts": {"type": "dict", "default": {}},
    "removals": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """One call of the planner."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        _validated, args = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        args = plain(args)
        try:
            plan = plan_template(args["template"], args["inputs"], args["counts"], args["removals"])
        except PaasError as error:
            return {
                **result,
                "failed": True,
                "msg": str(error),
                "problems": [problem.to_dict() for problem in error.problems],
            }
        return {**result, "changed": False, "plan": plan.to_dict()}
