# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start or stop a deployment's nodes, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.fleet import power_fleet
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction

STATES = {True: "running", False: "stopped"}


class ActionModule(ControllerAction):
    """One call for all sites."""

    SPEC: ClassVar[dict[str, Any]] = {
        "sites": {"type": "dict", "required": True},
        "deployment": {"type": "str", "required": True},
        "nodes": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": list(STATES.values()), "required": True},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        running = args["state"] == STATES[True]
        switched = power_fleet(
            args["sites"], args["deployment"], args["nodes"], running=running, dry_run=self._task.check_mode
        )
        return {
            "switched": sorted(switched),
            "changed": bool(switched),
            "diff": {
                "before": dict.fromkeys(sorted(switched), STATES[not running]),
                "after": dict.fromkeys(sorted(switched), STATES[running]),
            },
        }
