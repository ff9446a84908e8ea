# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a deployment's nodes, on the controller: see the module's documentation."""

from __future__ import annotations

import typing as t

from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Changes, reconcile
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_of


class ActionModule(ControllerAction):
    """One listing of the site."""

    SPEC: t.ClassVar[dict[str, t.Any]] = {
        "site": {"type": "dict", "required": True},
        "deployment": {"type": "str", "required": True},
        "groups": {"type": "list", "elements": "dict"},
    }

    def act(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        nodes = site_of(args["site"]).list_nodes(args["deployment"])
        found = {"nodes": [node.to_dict() for node in nodes]}
        if args["groups"] is None:
            return found
        changes = reconcile(args["groups"], nodes)
        return {**found, "changes": changes.names(), "problems": differences(changes)}


def differences(changes: Changes) -> list[str]:
    """Return what CHANGES would set right, one sentence a node."""
    return [
        *(f"Node {node.name} is missing: it was deleted, or never made." for node in changes.create),
        *(f"Node {node.name} is not well: {node.problem or node.state}" for node in changes.repair),
        *(f"Node {node.name} is there, but the plan does not want it." for node in changes.remove),
    ]
