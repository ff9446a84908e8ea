# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make or delete a deployment's nodes at all its sites, on the controller: see the module's documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.fleet import (
    Fleet,
    Made,
    Order,
    delete_fleet,
    find_fleet,
    make_fleet,
)
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.deployment_key import public_key, write_known_hosts
from ansible_collections.indigo.paas.plugins.plugin_utils.node_changes import diff, lists
from ansible_collections.indigo.paas.plugins.plugin_utils.prepared import services_of

Data = dict[str, Any]


class ActionModule(ControllerAction):
    """One call for all sites, and the deployment's key and known hosts beside it."""

    SPEC: ClassVar[Data] = {
        "sites": {"type": "dict", "required": True},
        "deployment": {"type": "str", "required": True},
        "plan": {"type": "dict"},
        "nodes": {"type": "list", "elements": "dict"},
        "placement": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "force": {"type": "bool", "default": False},
        "spread": {"type": "bool", "default": False},
        "max_providers_retry": {"type": "int"},
        "keep_last_attempt": {"type": "bool", "default": True},
        "provider_timeout": {"type": "float"},
        "may_move": {"type": "bool", "default": False},
        "ssh_key": {"type": "path", "no_log": False},
        "public_key": {"type": "str", "no_log": False},
    }
    RULES: ClassVar[Data] = {
        "required_if": [
            ("state", "present", ("plan",)),
            ("state", "present", ("ssh_key", "public_key"), True),
        ],
        "mutually_exclusive": [("ssh_key", "public_key")],
    }

    def act(self, args: Data) -> Data:
        return self._delete(args) if args["state"] == "absent" else self._ensure(args)

    def _delete(self, args: Data) -> Data:
        deleted = delete_fleet(args["sites"], args["deployment"], dry_run=self._task.check_mode, force=args["force"])
        names = [name for here in deleted.nodes.values() for name in here]
        return {
            **lists(removed=names),
            "nodes": [],
            "changed": bool(names) or any(problem.severity == "error" for problem in deleted.left),
            "diff": diff(names, []),
            **({"warnings": [str(problem) for problem in deleted.left]} if deleted.left else {}),
        }

    def _ensure(self, args: Data) -> Data:
        check = self._task.check_mode
        known = args["nodes"] is not None
        fleet = Fleet.of(args["nodes"]) if known else find_fleet(args["sites"], args["deployment"])
        order = Order(
            args["deployment"],
            args["plan"],
            args["public_key"] or public_key(args["ssh_key"], args["deployment"], make=not check),
            found=fleet,
            placement=args["placement"],
            spread=args["spread"],
            tries=args["max_providers_retry"],
            keep_last=args["keep_last_attempt"],
            may_move=args["may_move"],
            seconds=args["provider_timeout"] and args["provider_timeout"] * 60,
            reserved=self.inventory_names,
            services=services_of(args["plan"], self.variables),
        )
        made = make_fleet(args["sites"], order, self._say, dry_run=check)
        learned = bool(args["ssh_key"]) and not check and write_known_hosts(args["ssh_key"], made.nodes)
        return _module_result(made, [node["name"] for node in fleet.to_list()], learned)

    def _say(self, site: str, line: str) -> None:
        self._display.display(f"{site}: {line}")


def _module_result(made: Made, before: list[str], learned: bool) -> Data:
    result = made.result
    return {
        **lists(result.created, result.repaired, result.removed, result.kept),
        "site": made.site,
        "nodes": made.nodes,
        "attempts": [attempt.to_dict() for attempt in made.attempts],
        "changed": result.changed or learned,
        "diff": diff(before, (set(before) - set(result.removed)) | set(result.created)),
        **({"warnings": result.warnings} if result.warnings else {}),
    }
