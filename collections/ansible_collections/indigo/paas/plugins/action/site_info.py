# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what sites are and hold, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """One call of each site."""

    SPEC: ClassVar[dict[str, Any]] = {"sites": {"type": "dict", "required": True}}

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"sites": describe_sites(args["sites"])}
