# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the networks that a project sees its nodes are put in."""

from __future__ import annotations

from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels

Network = Any
DEFAULT_NAME = "net"


def private(site: str, name: str | None, networks: list[Network], create: bool) -> tuple[str | None, str | None]:
    """Return the id of the network of all nodes, or else the name of the one that is to be made for them.

    name     a network's name or id; None where there should be one only
    create   whether one that is not there may be made

    Raises SiteError (bad_input) where there is none, or more than one.
    """
    usable = [
        network
        for network in networks
        if not network.is_router_external and not labels.read_description(network.description)
    ]
    fitting = [network for network in networks if name in (network.name, network.id)] if name else usable
    if len(fitting) == 1 and fitting[0].is_router_external:
        raise SiteError(
            f"Site '{site}': the network '{name}' is external, and nodes cannot be put into it",
            hint="Name it as site_public_network; public nodes then get floating addresses from it.",
            bad_input=True,
        )
    if len(fitting) == 1:
        return fitting[0].id, None
    if create and not (name and fitting):
        return None, name or DEFAULT_NAME
    names = [network.name for network in usable]
    if not name:
        raise SiteError(
            f"Site '{site}' has {len(usable)} networks for nodes, and none is chosen",
            hint=f"Set site_private_network to one of: {', '.join(names) or 'none there is'}; "
            "or let networks be made with site_create_networks.",
            bad_input=True,
        )
    raise SiteError(
        f"Site '{site}' has {'several networks' if fitting else 'no network'} called '{name}'",
        hint="Give the id." if fitting else did_you_mean(name, names, what="networks"),
        bad_input=True,
    )


def public(site: str, name: str | None, networks: list[Network]) -> Network | None:
    """Return the network that gives public addresses, by its NAME or id; None where no name is given.

    Raises SiteError (bad_input) where there is none.
    """
    if not name:
        return None
    for network in networks:
        if name in (network.name, network.id):
            return network
    raise SiteError(
        f"Site '{site}' has no network '{name}' for public addresses",
        hint=did_you_mean(name, [network.name for network in networks], what="networks"),
        bad_input=True,
    )
