# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a TOSCA template, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible import constants

from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """One call of the planner."""

    SPEC: ClassVar[dict[str, Any]] = {
        "template": {"type": "path", "required": True},
        "inputs": {"type": "dict", "default": {}},
        "counts": {"type": "dict", "default": {}},
        "removals": {"type": "dict", "default": {}},
        "strict": {"type": "bool", "default": False},
        "trust": {"type": "bool", "default": False},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        plan = plan_template(**{"path" if name == "template" else name: args[name] for name in self.SPEC})
        planned = {"plan": plan.to_dict(), "trusted": args["trust"]}
        return {**planned, "warnings": [_INJECTED]} if constants.INJECT_FACTS_AS_VARS else planned


_INJECTED = (
    "Ansible makes variables of the facts that machines tell: who owns a node can overwrite an operator's variables "
    "for it, paths on this machine among them. Set inject_facts_as_vars to false in ansible.cfg."
)
