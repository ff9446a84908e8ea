# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a deployment's nodes, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.fleet import Fleet, find_fleet
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Changes
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.inventory_groups import require_own_groups
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import named_site

Data = dict[str, Any]


class ActionModule(ControllerAction):
    """One listing of each site."""

    SPEC: ClassVar[Data] = {
        "site": {"type": "dict"},
        "sites": {"type": "dict"},
        "deployment": {"type": "str", "required": True},
        "groups": {"type": "list", "elements": "dict"},
        "lenient": {"type": "bool", "default": False},
    }
    RULES: ClassVar[Data] = {
        "required_one_of": [("site", "sites")],
        "mutually_exclusive": [("site", "sites")],
    }

    def act(self, args: Data) -> Data:
        fleet = find_fleet(args["sites"] if args["sites"] is not None else named_site(args["site"]), args["deployment"])
        if fleet.silent and not args["lenient"]:
            raise SiteError([Problem(reason) for reason in fleet.silent.values()])
        if args["groups"] is not None:
            require_own_groups(args["groups"], self._groups, [node["name"] for node in fleet.to_list()])
        found = {"nodes": fleet.to_list(), "silent": fleet.silent}
        return found if args["groups"] is None else {**found, **_compared(fleet, args["groups"])}


def _compared(fleet: Fleet, groups: list[Data]) -> Data:
    changes = fleet.changes(groups)
    return {
        "changes": changes.names(),
        "leaving": fleet.leaving(groups).to_list(),
        "problems": differences(changes),
    }


def differences(changes: Changes) -> list[str]:
    """Return what CHANGES would set right, one sentence a node."""
    return [
        *(f"Node {node.name} is missing: it was deleted, or never made." for node in changes.create),
        *(f"Node {node.name} is not well: {node.problem or node.state}" for node in changes.repair),
        *(f"Node {node.name} is there, but the plan does not want it." for node in changes.remove),
    ]
