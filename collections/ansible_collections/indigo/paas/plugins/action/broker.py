# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the site for a plan, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates, distribute
from ansible_collections.indigo.paas.plugins.module_utils.fleet import Fleet, find_fleet
from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """One call of the broker."""

    SPEC: ClassVar[dict[str, Any]] = {
        "plan": {"type": "dict", "required": True},
        "sites": {"type": "dict", "required": True},
        "site": {"type": "str"},
        "deployment": {"type": "str"},
        "nodes": {"type": "list", "elements": "dict"},
        "spread": {"type": "bool", "default": False},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        plan, wanted, deployment = args["plan"], [args["site"]] if args["site"] else [], args["deployment"]
        descriptions = describe_sites(args["sites"])
        standing = _fleet(args).standing(plan["groups"])
        placement = distribute(plan, descriptions, standing, wanted, deployment, spread=args["spread"])
        return {
            "site": placement["site"],
            "placement": placement,
            "candidates": candidates(plan, descriptions, wanted, deployment),
            **({"warnings": placement["warnings"]} if placement["warnings"] else {}),
        }


def _fleet(args: dict[str, Any]) -> Fleet:
    if args["nodes"] is not None:
        return Fleet.of(args["nodes"])
    return find_fleet(args["sites"], args["deployment"]) if args["deployment"] else Fleet({})
