# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of machines: OpenNebula is asked again until each is gone, for it ends none that is between two states."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import machines
from ansible_collections.indigo.paas.plugins.module_utils.nebula.cloud import Cloud
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node

INTERVAL = 2.0  # seconds between two looks at all machines


def end(cloud: Cloud, node: Node) -> None:
    """Ask that the machine of NODE ends, unless it is ending."""
    if node.problem != machines.LEAVING:
        cloud.act("terminate-hard", node)


def end_all(cloud: Cloud, deployment: str, nodes: Iterable[Node]) -> None:
    """End the machines of NODES, which are DEPLOYMENT's, and return when they are gone.

    Raises SiteError where some are there after the site's boot_timeout.
    """
    deadline = time.monotonic() + cloud.options["boot_timeout"]
    going = list(nodes)
    ids = {node.id for node in going}
    while going:
        cloud.each(lambda node: end(cloud, node), going)
        going = [node for node in cloud.nodes(deployment) if node.id in ids]
        if going and time.monotonic() > deadline:
            raise SiteError([_stays(cloud, node) for node in going])
        if going:
            time.sleep(INTERVAL)


def _stays(cloud: Cloud, node: Node) -> Problem:
    return Problem(
        f"Site '{cloud.name}': node {node.name} did not go in {cloud.options['boot_timeout']} s: "
        f"{node.problem or 'it runs'}",
        hint=f"Try again; one that stays so only an administrator can take out (onevm recover --delete {node.id}).",
    )
