# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of a deployment: one for each node group, with its ports."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import documents, security
from ansible_collections.indigo.paas.plugins.module_utils.nebula.client import Unreachable, is_wrong_state
from ansible_collections.indigo.paas.plugins.module_utils.nebula.cloud import Cloud
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

UPDATE_REPLACE = 0
SETTLING = 4.0  # seconds that OpenNebula may take to let a group go whose machines are gone


class Firewall:
    """The security groups of DEPLOYMENT, which are to be those of GROUPS of its plan."""

    def __init__(self, cloud: Cloud, deployment: str, groups: Iterable[NodeGroup]) -> None:
        self._cloud = cloud
        self._deployment = deployment
        network = cast(int, cloud.network_id("private_network"))
        self._wanted = {group.safe_name: security.document(deployment, group, network) for group in groups}
        self._known = cloud.security_groups(deployment)

    @cached_property
    def outdated(self) -> list[str]:
        """The node groups whose security group is there, with other rules than the plan's."""
        known = self._known
        return [
            name
            for name, wanted in self._wanted.items()
            if name in known and not security.has_rules(known[name], wanted)
        ]

    @cached_property
    def unwanted(self) -> list[str]:
        """The node groups that have a security group, and are no longer in the plan, nor is any machine in it."""
        return [
            name
            for name, group in self._known.items()
            if name not in self._wanted and not security.machines_of(group, *security.LISTS)
        ]

    @property
    def differs(self) -> bool:
        """Whether the security groups are others than the plan's, but for those that are missing."""
        behind = any(security.behind(group) for group in self._known.values())
        return bool(self.outdated or self.unwanted or behind)

    def ensure(self) -> dict[str, int]:
        """Return the id of the security group of each node group: made where it is missing, with the plan's rules."""
        for name in self.outdated:
            body = documents.to_xml(self._wanted[name][1:])
            self._cloud.api.ask("secgroup.update", int(self._known[name].ID), body, UPDATE_REPLACE)
        return {
            name: int(self._known[name].ID) if name in self._known else self._allocate(name, wanted)
            for name, wanted in self._wanted.items()
        }

    def _allocate(self, group: str, wanted: security.Document) -> int:
        for _attempt in range(1 + self._cloud.options["attempts"]):
            try:
                return int(self._cloud.api.change("secgroup.allocate", documents.to_xml(wanted)))
            except Unreachable:
                # Its answer may have been lost: what is there is not made twice.
                known = self._cloud.security_groups(self._deployment)
                if group in known:
                    return int(known[group].ID)
        raise SiteError(f"Site '{self._cloud.name}': OpenNebula does not answer when a security group is made")

    def finish(self) -> None:
        """Tell the rules to machines that could not be told while they booted, and delete what has left the plan.

        All machines run. What cannot be deleted is left to the end of the deployment.
        """
        if not self.differs and self._known.keys() <= self._wanted.keys():
            return
        for name, group in self._cloud.security_groups(self._deployment).items():
            if name not in self._wanted:
                delete(self._cloud, group)
            elif security.behind(group):
                self._cloud.api.ask("secgroup.commit", int(group.ID), True)


def delete(cloud: Cloud, group: Any) -> bool:
    """Delete the security group GROUP; return whether that could be done: not while OpenNebula knows machines in it."""
    try:
        cloud.api.delete("secgroup.delete", int(group.ID))
    except SiteError as error:
        if not is_wrong_state(error):
            raise
        return False
    return True


def delete_all(cloud: Cloud, deployment: str) -> list[Problem]:
    """Delete the security groups of DEPLOYMENT, whose machines are gone; return what stays, and why.

    OpenNebula may keep a machine in the lists of a group for ever, when it ended while the group's rules were changed.
    """
    left = list(cloud.security_groups(deployment).values())
    deadline = time.monotonic() + SETTLING
    while left := [group for group in left if not delete(cloud, group)]:
        if time.monotonic() > deadline:
            return [_stays(cloud, group) for group in left]
        time.sleep(SETTLING / 10)
    return []


def _stays(cloud: Cloud, group: Any) -> Problem:
    return Problem(
        f"Site '{cloud.name}': the security group {group.NAME} (id {group.ID}) stays, for OpenNebula lists machines in "
        "it that are gone",
        hint="It costs nothing and is used again under the same name. An administrator can mend it: onedb fsck.",
        severity="warning",
    )
