# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the site for a plan, on the controller: see the module's documentation."""

from __future__ import annotations

import typing as t

from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates, choose
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import describe_all


class ActionModule(ControllerAction):
    """One call of the broker."""

    SPEC: t.ClassVar[dict[str, t.Any]] = {
        "plan": {"type": "dict", "required": True},
        "sites": {"type": "dict", "required": True},
        "site": {"type": "str"},
        "deployment": {"type": "str"},
    }

    def act(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        request = (args["plan"], describe_all(args["sites"]), args["site"], args["deployment"])
        return {"site": choose(*request), "candidates": candidates(*request)}
