# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a site's nodes match a plan, on the controller: see the module's documentation."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from ansible_collections.indigo.paas.plugins.plugin_utils.connection import known_hosts_file
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_of

Data = dict[str, t.Any]


class ActionModule(ControllerAction):
    """One call of the site, and the deployment's key and known hosts beside it."""

    SPEC: t.ClassVar[Data] = {
        "site": {"type": "dict", "required": True},
        "deployment": {"type": "str", "required": True},
        "groups": {"type": "list", "elements": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "ssh_key": {"type": "path", "no_log": False},
        "public_key": {"type": "str", "no_log": False},
    }
    RULES: t.ClassVar[Data] = {
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
            **_lists(removed=names),
            "nodes": [],
            "changed": bool(names),
            "diff": _diff(names, []),
        }

    def _ensure(self, site: Site, args: Data) -> Data:
        check = self._task.check_mode
        before = [node.name for node in site.list_nodes(args["deployment"])]
        result = site.ensure_nodes(
            args["deployment"],
            args["groups"],
            public_key=args["public_key"] or _public_key(args["ssh_key"], args["deployment"], make=not check),
            progress=lambda line: self._display.display(f"{site.name}: {line}"),
            dry_run=check,
        )
        nodes = [node.to_dict() for node in result.nodes]
        learned = bool(args["ssh_key"]) and not check and _write_known_hosts(args["ssh_key"], nodes)
        return {
            **_lists(result.created, result.repaired, result.removed, result.kept),
            "nodes": nodes,
            "changed": result.changed or learned,
            "diff": _diff(before, (set(before) - set(result.removed)) | set(result.created)),
            **({"warnings": result.warnings} if result.warnings else {}),
        }


def _lists(
    created: t.Iterable[str] = (),
    repaired: t.Iterable[str] = (),
    removed: t.Iterable[str] = (),
    kept: t.Iterable[str] = (),
) -> Data:
    lists = {"created": created, "repaired": repaired, "removed": removed, "kept": kept}
    return {what: sorted(names) for what, names in lists.items()}


def _diff(before: t.Iterable[str], after: t.Iterable[str]) -> Data:
    return {"before": {"nodes": sorted(before)}, "after": {"nodes": sorted(after)}}


def _public_key(path: str, deployment: str, make: bool) -> str:
    """Return the public half of the key at PATH; empty when there is none yet and none is to be made."""
    if make or os.path.exists(path):
        return ssh_keys.ensure_key(path, comment=deployment)
    return ""


def _write_known_hosts(ssh_key: str, nodes: list[Data]) -> bool:
    path = known_hosts_file(ssh_key)
    try:
        return ssh_keys.write_if_different(path, ssh_keys.known_hosts(nodes))
    except OSError as error:
        raise SiteError(f"The host keys of the nodes cannot be written to {path}: {error.strerror}") from error
