# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what sites are and hold, on the controller: see the module's documentation."""

from __future__ import annotations

import typing as t

from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """One call of each site."""

    SPEC: t.ClassVar[dict[str, t.Any]] = {"sites": {"type": "dict", "required": True}}

    def act(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        return {"sites": describe_sites(args["sites"])}
