# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are reached at ports of the engine's host, because their own addresses lead nowhere from here."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

SSH = "22/tcp"

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Publishing:
    """How an engine publishes ports.

    host       where its published ports are reached
    bind       the address of its host at which they are published; empty for all
    ssh_ports  the ports, as "FIRST-LAST", of which each node gets one for SSH; None leaves it to the engine
    public     whether public nodes show their other ports there too, under their own numbers
    """

    host: str
    bind: str = ""
    ssh_ports: str | None = None
    public: bool = False

    def bindings(self, group: NodeGroup) -> dict[str, dict[str, str]]:
        """Return the bindings of a node of GROUP, by "PORT/PROTOCOL"."""
        shown = {f"{number}/{protocol}": str(number) for protocol, number in self._shown(group)}
        return {
            port: {"HostIp": self.bind, "HostPort": at} for port, at in {**shown, SSH: self.ssh_ports or ""}.items()
        }

    def ssh_address(self, container: Data) -> tuple[str, int]:
        """Return where the SSH server of CONTAINER, an entry of the engine's list, is reached; ("", 0) for nowhere."""
        ports = [port for port in container.get("Ports") or () if port["PrivatePort"] == 22 and port.get("PublicPort")]
        # An engine with IPv6 lists a port twice.
        ports.sort(key=lambda port: ":" in port.get("IP", ""))
        return (self.host, ports[0]["PublicPort"]) if ports else ("", 0)

    def public_addresses(self, addresses: list[str]) -> list[str]:
        """Return the public addresses of a node whose own are ADDRESSES."""
        if not self.public:
            return addresses
        return [self.host] if addresses else []

    def misfits(self, groups: Iterable[NodeGroup]) -> list[str]:
        """Return why the ports of GROUPS cannot be published, as sentences."""
        owners: dict[tuple[str, int], dict[str, int]] = {}
        for group in groups:
            for port in self._shown(group):
                owners.setdefault(port, {})[group.name] = group.count
        crowded = {port: counts for port, counts in owners.items() if sum(counts.values()) > 1}
        return [
            f"Port {number}/{protocol} of its host cannot be that of {sum(counts.values())} nodes "
            f"({', '.join(sorted(counts))})."
            for (protocol, number), counts in crowded.items()
        ]

    def warnings(self, groups: Iterable[NodeGroup]) -> list[str]:
        """Return which ports of GROUPS are not published, as sentences."""
        return [
            f"Port '{port.name}' of '{group.name}' is not published: an engine cannot limit who comes in "
            f"(remote_cidr {port.remote_cidr})."
            for group in groups
            if self.is_shown(group)
            for port in group.ports
            if port.is_limited
        ]

    def _shown(self, group: NodeGroup) -> list[tuple[str, int]]:
        """Return (protocol, number) of the ports that a node of GROUP shows."""
        if not self.is_shown(group):
            return []
        found = {(port.protocol, number) for port in group.ports if not port.is_limited for number in port.numbers}
        return sorted(found - {("tcp", 22)})

    def is_shown(self, group: NodeGroup) -> bool:
        """Return whether the nodes of GROUP show their ports at the engine's host."""
        return self.public and group.public


def check_ports(site: str, publish_on: str | None, ssh_ports: str | None) -> None:
    """Raise SiteError (bad_input) where the options of SITE are not an address and a range of ports."""
    problems = []
    try:
        ipaddress.ip_address(publish_on or "127.0.0.1")
    except ValueError:
        problems.append(Problem(f"Site '{site}': option 'publish_on' must be an address, not {publish_on!r:.60}"))
    first, _hyphen, last = (ssh_ports or "1-1").partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= 65535):
        problems.append(
            Problem(
                f"Site '{site}': option 'ssh_ports' must be FIRST-LAST, not {ssh_ports!r:.60}",
                hint="Write, for example, 40000-40999.",
            )
        )
    if problems:
        raise SiteError(problems, bad_input=True)
