# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a node may be made anew. Pure."""

from __future__ import annotations

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node


class Attempts:
    """The machines that each node of SITE had in this run: one, and LIMIT more.

    A machine that failed is seen so until it is gone: it counts once.
    """

    def __init__(self, site: str, limit: int) -> None:
        self._site = site
        self._allowed = limit + 1
        self._made: dict[str, int] = {}
        self._failed: dict[str, set[str]] = {}

    def make(self, name: str) -> None:
        """Count that a machine is made for the node NAME. Raises SiteError when there were too many."""
        self._made[name] = self._made.get(name, 0) + 1
        if self._made[name] > self._allowed:
            raise self._given_up(name, "none of them is listed")

    def fail(self, node: Node) -> bool:
        """Count that the machine of NODE failed; return whether that is new. Raises SiteError when too many did."""
        failed = self._failed.setdefault(node.name, set())
        if node.id in failed:
            return False
        failed.add(node.id)
        if len(failed) >= self._allowed:
            raise self._given_up(node.name, node.problem or "it failed")
        return True

    def _given_up(self, name: str, reason: str) -> SiteError:
        return SiteError(
            f"Site '{self._site}': node {name} could not be made in {self._allowed} attempts: {reason}",
            hint="See the machine's log at the site (onevm show).",
        )
