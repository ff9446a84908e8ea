# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take what a deployment shall be, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils import handover
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """One text read, its files written."""

    SPEC: ClassVar[dict[str, Any]] = {
        "request": {"type": "str", "required": True, "no_log": True},
        "directory": {"type": "path", "required": True},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        given = handover.unpack(args["request"])
        template = handover.write(given, args["directory"])
        return {"variables": {**given.variables, **({"paas_template": template} if template else {})}}
