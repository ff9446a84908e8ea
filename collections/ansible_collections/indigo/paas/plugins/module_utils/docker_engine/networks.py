# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a deployment: the one that all nodes share, and those whose ranges its template gives."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import APIError, docker
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.labels import DEPLOYMENT, GROUP, HOSTNAME, NETWORK
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, wanted_networks
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

Data = dict[str, Any]


class Networks:
    """The networks of one deployment at one engine, found by their labels."""

    def __init__(self, api: Any, site: str, deployment: str, mtu: int | None = None) -> None:
        self._api = api
        self._site = site
        self._deployment = deployment
        self._options = {"com.docker.network.driver.mtu": str(mtu)} if mtu else None

    def existing(self) -> list[Data]:
        """Return the networks that there are, the oldest first."""
        networks: list[Data] = self._api.networks(filters={"label": [f"{DEPLOYMENT}={self._deployment}"]})
        return sorted(networks, key=lambda network: network["Created"])

    def shared(self) -> str:
        """Return the name of the network that all nodes are in, which is made where it is missing."""
        there = next((network for network in self.existing() if NETWORK not in network["Labels"]), None)
        return str(there["Name"]) if there else self._make(f"indigo-paas-{self._deployment}", {}, None)

    def ensure(self, groups: Iterable[NodeGroup]) -> dict[str, str]:
        """Return the engine's names of the networks that GROUPS ask for, by the template's; the missing are made."""
        names = {network["Labels"].get(NETWORK): str(network["Name"]) for network in self.existing()}
        for name, wanted in wanted_networks(groups).items():
            if name not in names:
                pool = docker.types.IPAMPool(subnet=wanted["cidr"], gateway=gateway_of(wanted))
                ipam = docker.types.IPAMConfig(pool_configs=[pool])
                names[name] = self._make(network_name(self._deployment, name), {NETWORK: name}, ipam)
        return {name: names[name] for name in wanted_networks(groups)}

    def _make(self, name: str, labels: Data, ipam: Any) -> str:
        try:
            self._api.create_network(
                name,
                driver="bridge",
                check_duplicate=True,
                labels={DEPLOYMENT: self._deployment, **labels},
                options=self._options,
                ipam=ipam,
            )
        except APIError as error:
            raise self._refused(labels.get(NETWORK, name), str(error.explanation)) from error
        return name

    def _refused(self, name: str, reason: str) -> SiteError:
        if "verlaps" in reason:
            return SiteError(
                f"The engine of site '{self._site}' has no room for the range of the network '{name}': {reason}",
                hint="Give the network another range in the template.",
                bad_input=True,
            )
        if "address pool" in reason:
            return SiteError(
                f"The engine of site '{self._site}' has no address range left for another network",
                hint="Destroy a deployment, or give the engine more default-address-pools.",
            )
        return SiteError(f"The engine of site '{self._site}' makes no network '{name}': {reason}")


def connect(api: Any, container: str, node: NewNode, names: Mapping[str, str]) -> None:
    """Put the CONTAINER of NODE, which does not run yet, into the networks of its group; NAMES are the engine's."""
    for network in node.group.networks:
        api.connect_container_to_network(
            container, names[network.name], ipv4_address=network.address, aliases=[node.name]
        )


def gateway_of(wanted: Data) -> str | None:
    """Return the gateway of a network: the one that is asked for, else the first address that is no machine's.

    None where machines have them all, which the engine refuses.
    """
    if wanted["gateway"]:
        return str(wanted["gateway"])
    hosts = map(str, ipaddress.ip_network(wanted["cidr"]).hosts())
    return next((address for address in hosts if address not in wanted["addresses"]), None)


def first_network(groups: Iterable[NodeGroup], deployment: str) -> str:
    """Return the engine's name of the network whose addresses nodes are known by.

    It is the first that the template gives them where all have the same one, else the one that all share.
    """
    firsts = {group.networks[0].name if group.networks else None for group in groups if group.count}
    (only,) = firsts if len(firsts) == 1 else (None,)
    return network_name(deployment, only) if only is not None else ""


def network_name(deployment: str, name: str) -> str:
    """Return the name in the engine of the network that a template calls NAME, which may hold any letters."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:40]
    return f"indigo-paas-{deployment}.{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def misfits(groups: Iterable[NodeGroup], networks: Iterable[Data], deployment: str) -> list[str]:
    """Return which networks of GROUPS cannot be made beside the engine's NETWORKS, as sentences."""
    others = [network for network in networks if (network.get("Labels") or {}).get(DEPLOYMENT) != deployment]
    return [
        f"The range {wanted['cidr']} of the network '{name}' overlaps with {subnet} of its network "
        f"'{other['Name']}': give it another range in the template."
        for name, wanted in wanted_networks(groups).items()
        for other in others
        for subnet in _subnets(other)
        if _overlap(wanted["cidr"], subnet)
    ]


def warnings(groups: Iterable[NodeGroup], networks: Iterable[Data], containers: Iterable[Data]) -> list[str]:
    """Return what of the networks of GROUPS is not as asked for, as sentences; NETWORKS are the deployment's.

    CONTAINERS are those that stay as they are.
    """
    groups, there = list(groups), {network["Labels"].get(NETWORK): network for network in networks}
    told = [
        f"The network '{name}' keeps the range {', '.join(_subnets(there[name]))}. Destroy the deployment to change it."
        for name, wanted in wanted_networks(groups).items()
        if name in there and wanted["cidr"] not in _subnets(there[name])
    ]
    asked = {group.safe_name: [network.name for network in group.networks] for group in groups}
    told += [
        f"Node {labels[HOSTNAME]} keeps the networks that it was made with. Name it in removal_list to replace it."
        for container in containers
        for labels in (container["Labels"],)
        if not _is_in(container, [there.get(name) for name in asked.get(labels[GROUP], ())])
    ]
    return told


def _is_in(container: Data, networks: Iterable[Data | None]) -> bool:
    has = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return all(network is not None and network["Name"] in has for network in networks)


def _subnets(network: Data) -> list[str]:
    pools = (network.get("IPAM") or {}).get("Config") or ()
    return [pool["Subnet"] for pool in pools if pool.get("Subnet")]


def _overlap(one: str, other: str) -> bool:
    first, second = ipaddress.ip_network(one), ipaddress.ip_network(other, strict=False)
    return isinstance(second, type(first)) and first.overlaps(second)
