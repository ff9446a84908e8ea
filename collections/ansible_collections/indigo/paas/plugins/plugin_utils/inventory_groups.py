# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of nodes beside the operator's own groups: a host has the variables of its groups, passwords among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem

NODES_GROUP = "paas_nodes"
LEAVING_GROUP = "paas_leaving"
LEASED_GROUP = "paas_leased"
ASKED_GROUP = "paas_asked"
OF_NODES = (NODES_GROUP, LEAVING_GROUP, LEASED_GROUP, ASKED_GROUP)


def require_own_groups(
    groups: Iterable[Mapping[str, Any]], known: Mapping[str, Iterable[str]], nodes: Iterable[str]
) -> None:
    """Raise PaasError where a group of a plan is a group of the inventory that has other hosts than nodes.

    known   names of the hosts of each group of the inventory
    nodes   names of the deployment's nodes; all that are in a group of nodes count too
    """
    own = {*nodes, *(host for group in OF_NODES for host in known.get(group, ()))}
    strange = [group for group in groups if not own.issuperset(known.get(group["group"], ()))]
    if strange:
        raise PaasError([Problem(_name_clash(group), hint="Give the node template another name.") for group in strange])


def _name_clash(group: Mapping[str, Any]) -> str:
    return (
        f"The inventory has hosts of its own in the group '{group['group']}', so '{group['name']}' cannot be called so."
    )
