# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account has and may use at OpenNebula, each pool asked for once, but for machines and security groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, cast

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import choice, documents, machines, prepared
from ansible_collections.indigo.paas.plugins.module_utils.nebula.client import (
    ALL,
    NOT_DONE,
    OWN,
    USABLE,
    Client,
    is_wrong_state,
)
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node


class Cloud:
    """OpenNebula as the user sees that API asks as, with the OPTIONS of the site NAME."""

    def __init__(self, name: str, options: Mapping[str, Any], api: Client) -> None:
        self.name = name
        self.options = options
        self.api = api
        self._account: str | None = None

    def each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Return FUNCTION's answers for ITEMS, some asked at a time."""
        return each(function, items, self.options["parallel"])

    def user(self) -> Any:
        """Return the user, with his quotas of this moment."""
        found = self.api.ask("user.info", -1)
        self._account = str(found.ID)
        return found

    def account(self) -> str:
        """Return the id of the user."""
        if self._account is None:
            self.user()
        return cast(str, self._account)

    def machines(self) -> list[Any]:
        """Return all machines of the user that are not gone."""
        return list(self.api.ask("vmpool.infoextended", OWN, *ALL, NOT_DONE).VM)

    def nodes(self, deployment: str) -> list[Node]:
        """Return the machines of DEPLOYMENT, sorted by group and index."""
        public = self._public_network()
        own = [vm for vm in self.machines() if vm.USER_TEMPLATE.get(documents.DEPLOYMENT) == deployment]
        return sorted((machines.node(vm, public) for vm in own), key=lambda node: (node.group, node.index, node.id))

    def act(self, action: str, node: Node) -> None:
        """Ask ACTION of the machine of NODE.

        One that is gone, or whose state has no such action, is passed over: that is seen when it is looked at again.
        """
        try:
            self.api.delete("vm.action", action, int(node.id))
        except SiteError as error:
            if not is_wrong_state(error):
                raise

    def _public_network(self) -> int | None:
        """Return the id of the public network; None where there is none, so that machines can be listed without."""
        return next((int(network.ID) for network in self.networks("public_network")), None)

    def networks(self, *options: str) -> list[Any]:
        """Return the networks that OPTIONS name, without those that are not there or not ready."""
        found = []
        for option in options:
            try:
                found += [network] if (network := self._network(option, required=False)) is not None else []
            except SiteError as error:
                if not error.bad_input:
                    raise
        return found

    def network_id(self, option: str, required: bool = True) -> int | None:
        """Return the id of the network that OPTION names. Raises SiteError where it is not there, or not ready."""
        network = self._network(option, required)
        return None if network is None else int(network.ID)

    def _network(self, option: str, required: bool) -> Any:
        wanted = self.options[option]
        if not wanted:
            if not required:
                return None
            hint = f"Name a virtual network in site_{option}."
            raise SiteError(f"Site '{self.name}' has no {option}", hint=hint, bad_input=True)
        return choice.find(self.name, choice.NETWORK, self._networks, wanted, self.account)

    @cached_property
    def _networks(self) -> list[Any]:
        return list(self.api.ask("vnpool.info", USABLE, *ALL).VNET)

    @cached_property
    def images(self) -> list[Any]:
        """All images that the user may use, whatever they hold, but prepared ones: no name is to lead to those."""
        found = self.api.ask("imagepool.info", USABLE, *ALL).IMAGE
        return [image for image in found if not prepared.is_prepared(image)]

    def systems(self) -> list[Any]:
        """Return the images of operating systems that are ready."""
        return [image for image in self.images if choice.is_system(image)]

    @cached_property
    def _templates(self) -> list[Any]:
        return list(self.api.ask("templatepool.info", USABLE, *ALL).VMTEMPLATE)

    def image(self, wanted: str) -> Any:
        """Return the image that WANTED names, for a system or for data. Raises SiteError."""
        pool = [image for image in self.images if int(image.TYPE) in (choice.OS_IMAGE, choice.DATABLOCK)]
        return choice.find(self.name, choice.IMAGE, pool, wanted, self.account)

    def system(self, wanted: str) -> Any:
        """Return the image of an operating system that WANTED names. Raises SiteError."""
        pool = [image for image in self.images if int(image.TYPE) == choice.OS_IMAGE]
        return choice.find(self.name, choice.IMAGE, pool, wanted, self.account)

    def template(self, wanted: str) -> Any:
        """Return the template that WANTED names. Raises SiteError."""
        return choice.find(self.name, choice.TEMPLATE, self._templates, wanted, self.account)

    def security_groups(self, deployment: str) -> dict[str, Any]:
        """Return the security groups of DEPLOYMENT by node group."""
        pool = self.api.ask("secgrouppool.info", OWN, *ALL).SECURITY_GROUP
        own = [group for group in pool if group.TEMPLATE.get(documents.DEPLOYMENT) == deployment]
        return {group.TEMPLATE[documents.GROUP]: group for group in own}
