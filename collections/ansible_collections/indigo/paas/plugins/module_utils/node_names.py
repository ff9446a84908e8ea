# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How new nodes are called: as the template says where one node can be, else by their group and a number. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterable, Sequence

from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

# A host's name as Linux and DNS take it. One of digits alone would be an address.
_HOST_NAME = re.compile(r"(?=.{1,63}\Z)(?=.*[a-z])[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

# What Ansible means by these names is no node.
_NEVER = frozenset(("localhost", "all", "ungrouped"))


def stated_name(group: NodeGroup) -> str | None:
    """Return the `dns_name` of GROUP where a node can be called just that; None otherwise."""
    name = group.dns_name
    return name if isinstance(name, str) and _HOST_NAME.fullmatch(name) and name not in _NEVER else None


def new_names(group: NodeGroup, indices: Sequence[int], kept: Iterable[str], taken: Container[str]) -> list[str]:
    """Return names for the new nodes of GROUP, one for each of INDICES.

    kept   names of the group's nodes that stay
    taken  names that no new node may have

    A single new node is called just as the template's `dns_name`, where that is free and no other node of the group is
    called by it and a number. All others are called HOSTNAME-INDEX, or by the next number of which that is free.
    """
    stated = stated_name(group)
    if len(indices) == 1 and stated and stated not in taken and not any(_is_numbered(group, name) for name in kept):
        return [stated]
    given: list[str] = []
    for index in indices:
        numbered = (f"{group.hostname}-{number}" for number in itertools.count(index))
        given.append(next(name for name in numbered if name not in taken and name not in given))
    return given


def _is_numbered(group: NodeGroup, name: str) -> bool:
    stem, dash, number = name.rpartition("-")
    return bool(dash) and stem == group.hostname and number.isdigit()
