# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan and keep prepared images of a site, on the controller: see the module's documentation."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared.keeper import ImageKeeper
from ansible_collections.indigo.paas.plugins.module_utils.prepared.preparation import preparations, ready
from ansible_collections.indigo.paas.plugins.module_utils.prepared.seal import NOTE_ENABLED, SEAL
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction
from ansible_collections.indigo.paas.plugins.plugin_utils.prepared import machines_of
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_of

Data = dict[str, Any]


class ActionModule(ControllerAction):
    """What has to be made before machines run, and the images of these afterwards."""

    SPEC: ClassVar[Data] = {
        "site": {"type": "dict", "required": True},
        "state": {"type": "str", "choices": ["planned", "present"], "default": "planned"},
        "plan": {"type": "dict"},
        "roles": {"type": "list", "elements": "str", "default": []},
        "again": {"type": "bool", "default": False},
        "preparations": {"type": "list", "elements": "dict"},
        "nodes": {"type": "list", "elements": "dict"},
    }
    RULES: ClassVar[Data] = {
        "required_if": [("state", "planned", ("plan",)), ("state", "present", ("preparations", "nodes"))]
    }

    def act(self, args: Data) -> Data:
        site = site_of(args["site"])
        if not isinstance(site, ImageKeeper):
            raise SiteError(
                f"Site '{site.name}' keeps no prepared images: it is of the type {site.type}",
                hint="Name another one with --site, or deploy there without.",
                bad_input=True,
            )
        return self._keep(site, args) if args["state"] == "present" else self._plan(site, args)

    def _plan(self, site: ImageKeeper, args: Data) -> Data:
        obstacle = site.obstacle()
        if obstacle:
            raise SiteError(f"Site '{site.name}' prepares no images: {obstacle}", bad_input=True)
        now = datetime.datetime.now(datetime.UTC)
        asked = preparations(machines_of(site, args["plan"], args["roles"], self.variables), now)
        images = [] if args["again"] else site.prepared_images()
        there = {each.image.name: ready(each, images, now, site.options["prepared_days"]) for each in asked}
        missing = [each for each in asked if there[each.image.name] is None]
        return {
            "preparations": [each.to_dict() for each in missing],
            "groups": [each.group for each in missing],
            "ready": [image.to_dict() for image in there.values() if image],
            "begin": NOTE_ENABLED,
            "seal": SEAL,
        }

    def _keep(self, site: ImageKeeper, args: Data) -> Data:
        nodes = {node["group"]: Node(**{key: node[key] for key in node if key != "site"}) for node in args["nodes"]}
        made = [PreparedImage(**each["image"]) for each in args["preparations"]]
        if self._task.check_mode:
            return {"images": [image.to_dict() for image in made], "removed": [], "changed": bool(made)}
        for each, image in zip(args["preparations"], made, strict=True):
            self._display.display(f"{site.name}: Keeping {image.name}")
            site.keep_image(nodes[each["group"]["group"]], image)
        removed = site.remove_unused_images()
        # With the ids that the site has given them.
        kept = {image.name: image for image in site.prepared_images()}
        return {
            "images": [kept.get(image.name, image).to_dict() for image in made],
            "removed": [image.to_dict() for image in removed],
            "changed": bool(made or removed),
        }
