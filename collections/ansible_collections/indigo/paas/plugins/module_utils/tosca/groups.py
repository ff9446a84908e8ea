# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of machines: what each Compute asks of a site, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import calls, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import holds_jinja, source
from ansible_collections.indigo.paas.plugins.module_utils.tosca.naming import group_names, host_names
from ansible_collections.indigo.paas.plugins.module_utils.tosca.networks import is_made, links_of, made_networks
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import scalar_number
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import STORAGE

# What a machine has when the template does not say: enough for one small service.
DEFAULT_CPUS = 1
DEFAULT_MEMORY = 1_000_000_000

_PORT_FIELDS = ("protocol", "source", "target", "source_range", "target_range", "remote_cidr")
_IMAGE_FIELDS = ("image", "type", "distribution", "version", "architecture")
_VOLUME_FIELDS = ("type", "volume_id", "snapshot_id")


class GroupMaker:
    """Makes the groups of a plan; what is wrong goes to the report."""

    def __init__(self, topology: Topology, report: Report) -> None:
        self._topology = topology
        self._report = report
        self._computes = topology.computes()
        self._safe = group_names(node.name for node in self._computes)
        self._links = links_of(topology)

    def make(self, counts: Mapping[str, int], removals: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        """Return one group for each Compute, in the order of the template.

        `counts` and `removals` override the template; their keys are node templates or safe group names.
        """
        counts = self._by_name(counts, "count")
        removals = self._by_name(removals, "removal list")
        hostnames = host_names({node.name: self._wished_hostname(node) for node in self._computes})
        wanted = {node.name: self._count(node, counts) for node in self._computes}
        networks = made_networks(self._links, wanted, self._report)
        return [
            {
                "name": node.name,
                "group": self._safe[node.name],
                "hostname": hostnames[node.name],
                "type": node.type.name,
                "count": wanted[node.name],
                "removal_list": self._removal_list(node, removals),
                "size": self._size(node),
                "image": {name: self._settled_property(node, "os", name) for name in _IMAGE_FIELDS},
                "network": self._network(node),
                **({"networks": networks[node.name]} if networks.get(node.name) else {}),
                "ports": self._ports(node),
                "volumes": self._volumes(node),
                "users": self._shaped(self._property(node, "os_users"), list, f"'os_users' of '{node.name}'", node.at),
                "tags": self._shaped(self._property(node, "tags"), dict, f"'tags' of '{node.name}'", node.at),
            }
            for node in self._computes
        ]

    def safe_names(self) -> dict[str, str]:
        """Return the safe group name of each Compute."""
        return dict(self._safe)

    def _by_name(self, given: Mapping[str, Any], what: str) -> dict[str, Any]:
        by_safe = {safe: name for name, safe in self._safe.items()}
        found = {}
        for key, value in given.items():
            name = key if key in self._safe else by_safe.get(key)
            if name is None:
                hint = did_you_mean(key, self._safe, what="groups of machines")
                message = f"a {what} is given for '{str(key)[:80]}', which is no group of machines of the template"
                self._report.add("unknown-group", message, Location(self._topology.file), hint)
            else:
                found[name] = value
        return found

    def _settled_property(self, node: NodeTemplate, capability: str, name: str) -> Any:
        """Return a property of a capability; one that waits for a machine is reported."""
        value = node.capabilities.get(capability, {}).get(name)
        return self._settled(value, f"'{capability}.{name}' of '{node.name}'", node.place_of(capability, name))

    def _property(self, node: NodeTemplate, name: str) -> Any:
        return self._settled(node.properties.get(name), f"'{name}' of '{node.name}'", node.at)

    def _settled(self, value: Any, subject: str, at: Location) -> Any:
        if holds_jinja(value):
            hint = "Use a value or an input: a site is told plain text."
            self._report.add("not-supported", f"the Jinja in {subject} is not evaluated", at, hint)
            value = source(value)
        if next(calls(value), None) is not None:
            hint = "Use a value or an input: this must be known before any machine exists."
            self._report.add("not-known", f"{subject} depends on a running machine", at, hint)
            return None
        return plain(value)

    def _count(self, node: NodeTemplate, counts: Mapping[str, int]) -> int:
        count, at = self._stated_count(node, counts)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            message = f"the count of '{node.name}' is '{count}', it must be 0 or more"
            self._report.add("count", message, at, "Give a whole number.")
            return 0
        return count

    def _stated_count(self, node: NodeTemplate, counts: Mapping[str, int]) -> tuple[Any, Location]:
        if node.name in counts:
            return counts[node.name], Location(self._topology.file)
        for name in ("count", "default_instances", "min_instances"):
            value = self._settled_property(node, "scalable", name)
            if value is not None:
                return value, node.place_of("scalable", name)
        return 1, node.at

    def _removal_list(self, node: NodeTemplate, removals: Mapping[str, Any]) -> list[str]:
        given = removals.get(node.name)
        given = [] if given is None else given
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            message = f"the removal list of '{node.name}' must be a list of node names"
            self._report.add("wrong-type", message, Location(self._topology.file))
            given = []
        subject, at = f"'scalable.removal_list' of '{node.name}'", node.place_of("scalable", "removal_list")
        written = self._shaped(self._settled_property(node, "scalable", "removal_list"), list, subject, at)
        return list(dict.fromkeys([*map(str, written), *given]))

    def _size(self, node: NodeTemplate) -> dict[str, Any]:
        memory = self._bytes(node, "mem_size")
        return {
            "cpus": self._whole(node, "num_cpus") or DEFAULT_CPUS,
            "memory": DEFAULT_MEMORY if memory is None else memory,
            "disk": self._bytes(node, "disk_size"),
            "gpus": self._whole(node, "num_gpus") or 0,
            "instance_type": self._settled_property(node, "host", "instance_type"),
            **({"preemptible": True} if self._settled_property(node, "host", "preemtible_instance") is True else {}),
        }

    def _whole(self, node: NodeTemplate, name: str) -> int | None:
        """Return a number of the host capability; a template's own type may have made it anything."""
        value = self._settled_property(node, "host", name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        message = f"'host.{name}' of '{node.name}' must be a whole number"
        self._report.add("wrong-type", message, node.place_of("host", name), "Give a value such as 4.")
        return None

    def _bytes(self, node: NodeTemplate, name: str) -> int | None:
        return self._as_bytes(
            self._settled_property(node, "host", name), f"'host.{name}' of '{node.name}'", node.place_of("host", name)
        )

    def _as_bytes(self, value: Any, subject: str, at: Location) -> int | None:
        try:
            return None if value is None else math.ceil(scalar_number("scalar-unit.size", value))
        except ValueError as error:
            self._report.add("wrong-type", f"{subject}: {error}", at, "Give a value such as 2 GB.")
            return None

    def _shaped(self, value: Any, shape: type, subject: str, at: Location) -> Any:
        """Return a list or a mapping, an empty one for nothing."""
        if value is None or isinstance(value, shape):
            return shape() if value is None else value
        self._report.add("wrong-type", f"{subject} must be a {'list' if shape is list else 'map'}", at, "Correct it.")
        return shape()

    def _wished_hostname(self, node: NodeTemplate) -> str:
        dns_name = self._settled_property(node, "endpoint", "dns_name")
        return dns_name.partition(".")[0] if isinstance(dns_name, str) and dns_name else node.name

    def _network(self, node: NodeTemplate) -> dict[str, Any]:
        written = self._settled_property(node, "endpoint", "network_name")
        linked = [link.network for link in self._links.get(node.name, []) if not is_made(link.network)]
        names = [written, *(network.properties.get("network_name") for network in linked)]
        kinds = [*names, *(network.properties.get("network_type") for network in linked)]
        named = [bare for name in names if isinstance(name, str) and (bare := _without_kind(name))]
        return {
            "public": any(isinstance(kind, str) and kind.upper().rpartition(".")[2] == "PUBLIC" for kind in kinds),
            "name": named[0] if named else None,
            "dns_name": self._settled_property(node, "endpoint", "dns_name"),
        }

    def _ports(self, node: NodeTemplate) -> list[dict[str, Any]]:
        subject, at = f"'endpoint.ports' of '{node.name}'", node.place_of("endpoint", "ports")
        ports = self._shaped(self._settled_property(node, "endpoint", "ports"), dict, subject, at)
        bodies = {name: self._shaped(port, dict, f"port '{name}' in {subject}", at) for name, port in ports.items()}
        return [{"name": name, **{field: port.get(field) for field in _PORT_FIELDS}} for name, port in bodies.items()]

    def _volumes(self, node: NodeTemplate) -> list[dict[str, Any]]:
        volumes = []
        for requirement in node.requirements:
            target = self._topology.nodes[requirement.node]
            if target.type.is_a(STORAGE) and not target.is_no_volume:
                relation = {name: requirement.properties.get(name) for name in ("location", "device", "fs_type")}
                fields = {name: self._property(target, name) for name in _VOLUME_FIELDS}
                size = self._as_bytes(self._property(target, "size"), f"'size' of '{target.name}'", target.at)
                subject = f"the requirement '{requirement.name}' of '{node.name}'"
                volumes.append(
                    {
                        "name": target.name,
                        "size": size or None,
                        **fields,
                        **{name: self._settled(value, subject, requirement.at) for name, value in relation.items()},
                    }
                )
        return volumes


def _without_kind(name: str) -> str:
    """Return the site's own name of a network: templates write PUBLIC, PRIVATE, or them after a name and a dot."""
    head, _dot, tail = name.rpartition(".")
    return head if tail.upper() in ("PUBLIC", "PRIVATE") else name
