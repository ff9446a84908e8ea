# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a site's nodes match a plan, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.deployment_key import public_key, write_known_hosts
from ansible_collections.indigo.paas.plugins.plugin_utils.node_changes import diff, lists
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_of

Data = dict[str, Any]


class ActionModule(ControllerAction):
    """One call of the site, and the deployment's key and known hosts beside it."""

    SPEC: ClassVar[Data] = {
        "site": {"type": "dict", "required": True},
        "deployment": {"type": "str", "required": True},
        "groups": {"type": "list", "elements": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "ssh_key": {"type": "path", "no_log": False},
        "public_key": {"type": "str", "no_log": False},
    }
    RULES: ClassVar[Data] = {
        "required_if": [
            ("state", "present", ("groups",)),
            ("state", "present", ("ssh_key", "public_key"), True),
        ],
        "mutually_exclusive": [("ssh_key", "public_key")],
    }

    def act(self, args: Data) -> Data:
        site = site_of(args["site"])
        if args["state"] == "absent":
            return self._delete(site, args["deployment"])
        return self._ensure(site, args)

    def _delete(self, site: Site, deployment: str) -> Data:
        names = site.delete_nodes(deployment, dry_run=self._task.check_mode)
        return {
            **lists(removed=names),
            "nodes": [],
            "changed": bool(names),
            "diff": diff(names, []),
            **({"warnings": [str(problem) for problem in site.leftovers]} if site.leftovers else {}),
        }

    def _ensure(self, site: Site, args: Data) -> Data:
        check = self._task.check_mode
        before = [node.name for node in site.list_nodes(args["deployment"])]
        taken = sorted(self.inventory_names.difference(before))
        result = site.ensure_nodes(
            args["deployment"],
            [{**group, "taken": taken} for group in args["groups"]],
            public_key=args["public_key"] or public_key(args["ssh_key"], args["deployment"], make=not check),
            progress=lambda line: self._display.display(f"{site.name}: {line}"),
            dry_run=check,
        )
        nodes = [node.to_dict() for node in result.nodes]
        learned = bool(args["ssh_key"]) and not check and write_known_hosts(args["ssh_key"], nodes)
        return {
            **lists(result.created, result.repaired, result.removed, result.kept),
            "nodes": nodes,
            "changed": result.changed or learned,
            "diff": diff(before, (set(before) - set(result.removed)) | set(result.created)),
            **({"warnings": result.warnings} if result.warnings else {}),
        }
