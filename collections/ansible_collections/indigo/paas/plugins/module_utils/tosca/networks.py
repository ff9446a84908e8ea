# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are made for a deployment: those whose range of addresses a template gives."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import NETWORK, PORT

_Range = ipaddress.IPv4Network


@dataclass(frozen=True)
class Link:
    """A port of a machine: the network that it leads to."""

    port: NodeTemplate
    network: NodeTemplate


def links_of(topology: Topology) -> dict[str, list[Link]]:
    """Return the links of each Compute, in the order that its ports ask for."""
    found: dict[str, list[Link]] = {}
    for port in topology.nodes.values():
        if port.type.is_a(PORT):
            targets = [topology.nodes[requirement.node] for requirement in port.requirements]
            links = [Link(port, target) for target in targets if target.type.is_a(NETWORK)]
            for target in targets:
                if target.is_compute:
                    found.setdefault(target.name, []).extend(links)
    return {name: sorted(links, key=lambda link: _order(link.port)) for name, links in found.items()}


def is_made(network: NodeTemplate) -> bool:
    """Say whether a network is made for the deployment: it has a range of IPv4 addresses."""
    return isinstance(network.properties.get("cidr"), str) and network.properties.get("ip_version") != 6


def made_networks(links: Mapping[str, list[Link]], counts: Mapping[str, int], report: Report) -> dict[str, list[Any]]:
    """Return the networks that are made for each Compute, [{"name", "cidr", "gateway", "address"}], all plain data.

    `counts` says how many machines a Compute is. `gateway` and `address` are None where the site chooses. What cannot
    be is reported.
    """
    reader = _Reader(report)
    return {
        name: [made for link in found if is_made(link.network) and (made := reader.read(link, name, counts[name]))]
        for name, found in links.items()
        if name in counts
    }


class _Reader:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._ranges: dict[str, _Range | None] = {}
        self._taken: dict[str, set[str]] = {}

    def read(self, link: Link, machine: str, count: int) -> dict[str, Any] | None:
        network, port = link.network, link.port
        if network.name not in self._ranges:
            self._ranges[network.name] = self._range(network)
        cidr = self._ranges[network.name]
        if cidr is None:
            return None
        address = self._address(port, "ip_address", cidr)
        if address is not None:
            self._check_own(link, address, machine, count)
        gateway = None if self._is_route(network) else self._address(network, "gateway_ip", cidr)
        return {"name": network.name, "cidr": str(cidr), "gateway": gateway, "address": address}

    def _range(self, network: NodeTemplate) -> _Range | None:
        written = network.properties["cidr"]
        at = network.place_of(None, "cidr")
        try:
            found = ipaddress.IPv4Network(written, strict=False)
        except ValueError:
            message = f"'cidr' of '{network.name}': '{written[:40]}' is no range of addresses"
            self._report.add("wrong-type", message, at, "Write it as 192.168.10.0/24.")
            return None
        if str(found) != written or found.prefixlen > 29:
            message = f"'cidr' of '{network.name}': '{written[:40]}' is no range that machines could share"
            hint = f"Write the first address and the length, as {found}, with at most 29 for the length."
            self._report.add("wrong-type", message, at, hint)
            return None
        for name, other in self._ranges.items():
            if other is not None and other.overlaps(found):
                message = f"the ranges of the networks '{name}' and '{network.name}' overlap: {other} and {found}"
                self._report.add("conflict", message, at, "Give each its own.")
        return found

    def _is_route(self, network: NodeTemplate) -> bool:
        """Say, and report, whether 'gateway_ip' is a range and the machine that leads to it, as some tools have it."""
        written = network.properties.get("gateway_ip")
        cidr, comma, machine = written.partition(",") if isinstance(written, str) else ("", "", "")
        if not comma or "/" not in cidr or not machine:
            return False
        message = f"'gateway_ip' of '{network.name}' is a range and a machine, which has no effect"
        hint = "Write the gateway's address; routes by machines of the template are not made."
        self._report.add("not-supported", message, network.place_of(None, "gateway_ip"), hint)
        return True

    def _address(self, node: NodeTemplate, name: str, cidr: _Range) -> str | None:
        written = node.properties.get(name)
        if written is None:
            return None
        try:
            address = ipaddress.IPv4Address(written)
        except ValueError:
            address = None
        ends = (cidr.network_address, cidr.broadcast_address)
        if address is None or address not in cidr or address in ends:
            message = f"'{name}' of '{node.name}': '{str(written)[:40]}' is no address of a machine in {cidr}"
            self._report.add("wrong-type", message, node.place_of(None, name), f"Write one such as {cidr[2]}.")
            return None
        return str(address)

    def _check_own(self, link: Link, address: str, machine: str, count: int) -> None:
        at = link.port.place_of(None, "ip_address")
        if count > 1:
            message = f"the address of '{link.port.name}' is for one machine, '{machine}' is {count}"
            self._report.add("conflict", message, at, "Leave the address out, or give each machine its node template.")
        taken = self._taken.setdefault(link.network.name, {str(link.network.properties.get("gateway_ip"))})
        if address in taken:
            message = f"the address {address} of '{link.port.name}' is given twice in '{link.network.name}'"
            self._report.add("conflict", message, at, "Give each machine, and the gateway, its own.")
        taken.add(address)


def _order(port: NodeTemplate) -> int:
    order = port.properties.get("order")
    return order if isinstance(order, int) else 0
