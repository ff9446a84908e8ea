# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of security groups: who may reach a node's ports."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

ANYBODY = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}
# Protocols that have another name where they carry IPv6.
OF_IPV6 = {"icmp": "ipv6-icmp"}


class Rule(NamedTuple):
    """What may come in. None is any protocol, any port; `own` stands for the deployment's other nodes."""

    family: str
    protocol: str | None = None
    first: int | None = None
    last: int | None = None
    cidr: str | None = None
    own: bool = False

    def to_request(self, own_group: str) -> dict[str, Any]:
        """Return the attributes of a new rule; OWN_GROUP is the id of the group that all nodes are in."""
        return {
            "direction": "ingress",
            "ether_type": self.family,
            "protocol": self.protocol,
            "port_range_min": self.first,
            "port_range_max": self.last,
            "remote_ip_prefix": self.cidr,
            "remote_group_id": own_group if self.own else None,
        }


def deployment_rules(ssh_from: str | None) -> set[Rule]:
    """Return the rules for all nodes: open to each other, and SSH to the network SSH_FROM, which may be None.

    Raises SiteError (bad_input) where SSH_FROM is no network.
    """
    try:
        return {Rule("IPv4", own=True), Rule("IPv6", own=True), *_rules("tcp", 22, 22, ssh_from)}
    except ValueError as error:
        raise SiteError(f"The option site_ssh_from is wrong: {error}", bad_input=True) from error


def port_rules(group: NodeGroup) -> set[Rule]:
    """Return the rules for the ports of GROUP."""
    rules: set[Rule] = set()
    for port in group.ports:
        rules |= _rules(port.protocol, port.first, port.last, port.remote_cidr)
    return rules


def read_rule(rule: Any, own_group: str) -> Rule | None:
    """Return the SDK's RULE; None for one that lets out, which we do not touch."""
    if rule.direction != "ingress":
        return None
    own = rule.remote_group_id is not None and rule.remote_group_id == own_group
    cidr = rule.remote_ip_prefix if rule.remote_group_id is None else rule.remote_group_id
    return Rule(
        rule.ether_type,
        rule.protocol,
        rule.port_range_min,
        rule.port_range_max,
        None if own else cidr or ANYBODY[rule.ether_type],
        own,
    )


def _rules(protocol: str, first: int | None, last: int | None, cidr: str | None) -> set[Rule]:
    if cidr is None:
        networks = ANYBODY
    else:
        network = ipaddress.ip_network(cidr, strict=False)
        networks = {f"IPv{network.version}": str(network)}
    return {
        Rule(family, OF_IPV6.get(protocol, protocol) if family == "IPv6" else protocol, first, last, network)
        for family, network in networks.items()
    }
