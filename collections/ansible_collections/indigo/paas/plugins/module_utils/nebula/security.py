# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups as OpenNebula has them, for the groups of a plan. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula.documents import DEPLOYMENT, GROUP, as_list
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Port

Data = Mapping[str, Any]
Document = list[tuple[str, Any]]

LARGEST_SIZE = 2**32 - 1  # addresses in one rule
OPEN_GROUP = "0"  # id of the group that OpenNebula gives to every new network
LISTS = ("UPDATED_VMS", "OUTDATED_VMS", "UPDATING_VMS", "ERROR_VMS")


def document(deployment: str, group: NodeGroup, private_network: int) -> Document:
    """Return the security group of GROUP: SSH, its ports, and all between nodes of the private network.

    No rule is there twice. Raises SiteError where a port's remote_cidr is larger than a rule can be.
    """
    rules = [
        {"PROTOCOL": "ALL", "RULE_TYPE": "outbound"},
        {"PROTOCOL": "ALL", "RULE_TYPE": "inbound", "NETWORK_ID": str(private_network)},
        {"PROTOCOL": "TCP", "RULE_TYPE": "inbound", "RANGE": "22"},
        *map(_rule, group.ports),
    ]
    return [
        ("NAME", name(deployment, group.safe_name)),
        (DEPLOYMENT, deployment),
        (GROUP, group.safe_name),
        *(("RULE", rule) for place, rule in enumerate(rules) if rule not in rules[:place]),
    ]


def name(deployment: str, group: str) -> str:
    """Return the name of the security group of GROUP, which no other has: a deployment's name holds no dot."""
    return f"indigo-paas.{deployment}.{group}"


def has_rules(found: Any, wanted: Document) -> bool:
    """Return whether the security group FOUND has the rules of the document WANTED, in whatever order."""
    return _comparable(as_list(found.TEMPLATE.get("RULE"))) == _comparable(
        value for key, value in wanted if key == "RULE"
    )


def behind(found: Any) -> bool:
    """Return whether machines of the security group FOUND still have rules of before, and need to be told again."""
    return bool(machines_of(found, "ERROR_VMS"))


def open_networks(networks: Iterable[Any]) -> list[str]:
    """Return a warning for each of NETWORKS that lets everything in, whatever the groups of nodes say."""
    return [
        f"The virtual network '{network.NAME}' has the security group {OPEN_GROUP}, which lets everything in unless an "
        "administrator changed it: ports are not closed. Take it from the network's SECURITY_GROUPS."
        for network in networks
        if OPEN_GROUP in str(network.TEMPLATE.get("SECURITY_GROUPS") or "").split(",")
    ]


def machines_of(found: Any, *lists: str) -> list[str]:
    """Return the ids of the machines in LISTS of the security group FOUND."""
    return [str(number) for which in lists for number in as_list(getattr(getattr(found, which, None), "ID", None))]


def _comparable(rules: Iterable[Data]) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(sorted((key, str(value)) for key, value in rule.items())) for rule in rules}


def _rule(port: Port) -> dict[str, str]:
    rule = {"PROTOCOL": port.protocol.upper(), "RULE_TYPE": "inbound"}
    if port.first is not None:
        rule["RANGE"] = str(port.first) if port.first == port.last else f"{port.first}:{port.last}"
    return {**rule, **_from(port.remote_cidr)}


def _from(cidr: str | None) -> dict[str, str]:
    if cidr is None:
        return {}
    network = ipaddress.ip_network(cidr)
    if network.prefixlen == 0:
        return {}
    if network.num_addresses > LARGEST_SIZE:
        raise SiteError(
            f"OpenNebula has no rule for as many addresses as {cidr}",
            hint="Give a remote_cidr of /97 or more.",
            bad_input=True,
        )
    return {"IP": str(network.network_address), "SIZE": str(network.num_addresses)}
