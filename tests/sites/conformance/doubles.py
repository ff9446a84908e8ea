# SPDX-License-Identifier: Apache-2.0
"""A double for each type of site: it takes what the site asks of its service, and tells what that was.

Each offers a default image and one called "other" (with all else another), GPUs where the type knows any, a network
"lab", a public network and an existing volume "shared"; OpenStack has a snapshot "yesterday" besides. Everything is
ready at once.
"""

from __future__ import annotations

import base64
import json
import pathlib
import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Protocol
from unittest import mock

from ansible_collections.indigo.paas.plugins.module_utils import leases, reach, ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.connection import Connection
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder
from ansible_collections.indigo.paas.plugins.module_utils.nebula import client, ending, firewall
from ansible_collections.indigo.paas.plugins.module_utils.openstack import batch, volumes
from ansible_collections.indigo.paas.plugins.module_utils.quotas import Quota
from ansible_collections.indigo.paas.plugins.module_utils.remote import Done, Machine
from ansible_collections.indigo.paas.plugins.module_utils.retry import Retry
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from ansible_collections.indigo.paas.plugins.module_utils.sites.openstack import OpenStackSite
from tests.sites.nebula_cloud import Image, Nebula

GIB = 1024**3
HOST_KEY = ssh_keys.KeyPair("-----BEGIN\nprivate\n", "ssh-ed25519 AAAA")


class Double(Protocol):
    """A service that a site is opened at."""

    def site(self) -> Site:
        """Return the site."""

    def asked(self) -> str:
        """Return, as text, all that the service was asked to make."""

    def patches(self) -> list[Any]:
        """Return what stands in for parts of the site's own code meanwhile."""

    def stop(self) -> None:
        """End it."""


class DockerDouble:
    """An engine's client."""

    def __init__(self, folder: pathlib.Path, **options: Any) -> None:
        self._options = options
        self._made: list[tuple[str, Any]] = []
        self._containers: list[dict[str, Any]] = []
        self._networks: list[dict[str, Any]] = []

    def site(self) -> Site:
        images = [
            {"distribution": "debian", "version": "13"},
            {"name": "other", "distribution": "strange", "version": "12"},
        ]
        return open_site("here", {"type": "docker", "images": images, "volumes": ["shared"], **self._options})

    def asked(self) -> str:
        return json.dumps(self._made, default=str, sort_keys=True)

    def patches(self) -> list[Any]:
        return [
            mock.patch.object(Connection, "client", return_value=self),
            mock.patch.object(ImageBuilder, "ensure", lambda _self, recipe: f"node:{recipe.version}"),
            mock.patch.object(reach, "ssh_answers", return_value=True),
        ]

    def stop(self) -> None:
        pass

    # The client's calls

    def info(self) -> dict[str, Any]:
        gpus = [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]
        limits = {"MemoryLimit": True, "SwapLimit": True, "CpuCfsQuota": True, "CgroupVersion": "2"}
        return {"NCPU": 16, "MemTotal": 64 * GIB, "Architecture": "x86_64", "DiscoveredDevices": gpus, **limits}

    def containers(self, all: bool = True, filters: Any = None) -> list[dict[str, Any]]:
        wanted = (filters or {}).get("id")
        return [each for each in self._containers if wanted in (None, each["Id"])]

    def images(self) -> list[dict[str, Any]]:
        return []

    def networks(self, filters: Any = None) -> list[dict[str, Any]]:
        return self._networks

    def volumes(self, filters: Any = None) -> dict[str, Any]:
        return {"Volumes": [] if filters else [{"Name": "shared"}]}

    def create_network(self, name: str, **more: Any) -> None:
        self._made.append(("network", {"name": name, **more}))
        self._networks.append({"Name": name, "Labels": more["labels"], "Created": len(self._networks)})

    def create_volume(self, name: str, **more: Any) -> None:
        self._made.append(("volume", {"name": name, **more}))

    def create_endpoint_config(self, **config: Any) -> Any:
        return config

    def create_networking_config(self, config: Any) -> Any:
        return config

    def create_host_config(self, **config: Any) -> Any:
        return config

    def connect_container_to_network(self, *where: str, **how: Any) -> None:
        self._made.append(("connection", [*where, how]))

    def create_container(self, image: str, **more: Any) -> dict[str, str]:
        self._made.append(("container", {"image": image, **more}))
        number = f"c{len(self._containers)}"
        published = {"PrivatePort": 22, "PublicPort": 40000, "Type": "tcp"}
        seen = {"Networks": {name: {"IPAddress": "172.18.0.2"} for name in more["networking_config"]}}
        self._containers.append(
            {"Id": number, "Labels": more["labels"], "State": "running", "NetworkSettings": seen, "Ports": [published]}
        )
        return {"Id": number}

    def put_archive(self, *_where: Any) -> None:
        pass

    def start(self, _container: str) -> None:
        pass


class FarDockerDouble(DockerDouble):
    """The client of another host's engine."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(folder, endpoint="tcp://127.0.0.1:2375", access="published")


class OpenStackDouble:
    """What a project of a cloud answers."""

    auth_url = "https://cloud.test/v3"
    has_volumes = True

    def __init__(self, folder: pathlib.Path) -> None:
        self.retry = Retry(lambda _error: False)
        self._made: list[tuple[str, Any]] = []
        self._servers: list[Any] = []
        self._volumes: list[Any] = []

    def site(self) -> Site:
        options = {"private_network": "private", "public_network": "public", "wait_for_ssh": False}
        offered = {"volumes": ["shared", "yesterday"], "preemptible": {"metadata": {"spot": "yes"}}}
        return open_site("cloud", {"type": "openstack", "default_image": "main", **offered, **options})

    def asked(self) -> str:
        return json.dumps(self._made, default=str, sort_keys=True)

    def patches(self) -> list[Any]:
        return [
            mock.patch.object(OpenStackSite, "_open", return_value=self),
            mock.patch.object(batch, "FIRST_INTERVAL", 0.01),
            mock.patch.object(volumes, "INTERVAL", 0.01),
        ]

    def stop(self) -> None:
        pass

    # What there is

    def flavors(self) -> list[Any]:
        sizes = [("small", 1, 1, 10, {}), ("large", 8, 16, 100, {}), ("gpu", 8, 16, 100, {"resources:VGPU": "2"})]
        return [
            SimpleNamespace(id=name, name=name, vcpus=cpus, ram=memory * 1024, disk=disk, extra_specs=specs)
            for name, cpus, memory, disk, specs in sizes
        ]

    def images(self) -> list[Any]:
        known = [("main", "debian", "13", "linux", "x86_64"), ("other", "strange", "12", "bsd", "arm64")]
        common = {"container_format": "bare", "min_disk": 0, "min_ram": 0}
        common |= {"virtual_size": 0, "size": 0, "created_at": "2026", "properties": {}}
        return [
            SimpleNamespace(
                id=f"id-{name}",
                name=name,
                os_distro=distribution,
                os_version=version,
                os_type=kind,
                architecture=architecture,
                **common,
            )
            for name, distribution, version, kind, architecture in known
        ]

    def networks(self) -> list[Any]:
        return [
            SimpleNamespace(id=f"id-{name}", name=name, is_router_external=name == "public", description="")
            for name in ("private", "lab", "public")
        ]

    def zones(self) -> list[str]:
        return []

    def servers(self, _deployment: str | None = None) -> list[Any]:
        return self._servers

    def volumes(self, _deployment: str) -> list[Any]:
        return self._volumes

    def nothing(self, *_args: Any) -> list[Any]:
        return []

    floating_ips = security_groups = own_networks = routers = server_groups = nothing
    start_server = stop_server = delete_server = nothing

    def ports_of(self, servers: Iterable[str]) -> dict[str, list[Any]]:
        return {server: [SimpleNamespace(id=f"port-{server}")] for server in servers}

    def quotas(self) -> dict[str, Quota]:
        return dict.fromkeys(("nodes", "cpus", "memory"), Quota(-1, 0))

    def network_quotas(self) -> dict[str, Quota]:
        return {}

    volume_quotas = network_quotas

    # What is made

    def create_server(self, request: dict[str, Any]) -> None:
        told = base64.b64decode(request["user_data"]).decode()
        self._made.append(("server", {**request, "user_data": told}))
        number = f"s{len(self._servers)}"
        common = {"status": "ACTIVE", "task_state": None, "fault": None, "created_at": "2026"}
        addresses = {"private": [{"addr": "10.0.0.7", "version": 4}]}
        made = SimpleNamespace(
            id=number, name=request["name"], metadata=request["metadata"], addresses=addresses, flavor=None, **common
        )
        self._servers.append(made)

    def create_volume(self, _deployment: str, request: dict[str, Any]) -> None:
        self._made.append(("volume", request))
        self._volumes.append(SimpleNamespace(id=f"v{len(self._volumes)}", status="available", **request))

    def ensure_keypair(self, _deployment: str, _public_key: str) -> str:
        return "key"

    def ensure_security_group(
        self, _deployment: str, part: str | None, rules: Iterable[Any], _own: str | None
    ) -> tuple[str, bool]:
        self._made.append(("security group", [part, sorted(map(str, rules))]))
        return f"group-{part}", False

    def ensure_network(self, *how: Any) -> str:
        self._made.append(("network", how))
        return f"network-{how[1]}"

    def create_floating_ip(self, *how: Any) -> None:
        self._made.append(("floating address", how))


class OpenNebulaDouble:
    """The server of our own that stands for OpenNebula."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._nebula = Nebula()
        self._nebula.images[8] = Image("other")
        self._nebula.images[9] = Image("shared", type=2)
        self._auth = folder / "one_auth"
        self._auth.write_text("ci:secret\n")

    def site(self) -> Site:
        main = {
            "image": "Debian 13",
            "distribution": "debian",
            "version": "13",
            "architecture": "x86_64",
            "type": "linux",
        }
        other = {"image": "other", "distribution": "strange", "version": "12", "architecture": "arm64", "type": "bsd"}
        networks = {"private_network": "private", "public_network": "public"}
        access = {"endpoint": self._nebula.endpoint, "auth_file": str(self._auth), "wait_for_ssh": False}
        return open_site(
            "one", {"type": "opennebula", "images": [main, other], "volumes": ["shared"], **networks, **access}
        )

    def asked(self) -> str:
        machines = [json.dumps(machine.attributes, default=str) for machine in self._nebula.machines.values()]
        groups = [json.dumps(group.attributes, default=str) for group in self._nebula.groups.values()]
        return "\n".join(re.sub(r"[A-Za-z0-9+/]{40,}={0,2}", _decoded, text) for text in (*machines, *groups))

    def patches(self) -> list[Any]:
        return [
            mock.patch.object(ending, "INTERVAL", 0.05),
            mock.patch.object(firewall, "SETTLING", 0.3),
            mock.patch.object(client, "PAUSE", 0.01),
        ]

    def stop(self) -> None:
        self._nebula.stop()


def _decoded(match: re.Match[str]) -> str:
    return base64.b64decode(match.group()).decode()


class StaticDouble:
    """Hosts that exist, with what is run on them."""

    HOSTS = (
        {"name": "small", "cpus": 1, "memory": "1 GiB"},
        {"name": "large", "cpus": 8, "memory": "16 GiB", "gpus": 2},
        {"name": "other", "cpus": 16, "memory": "32 GiB", "image": "other", "distribution": "strange", "version": "12"}
        | {"type": "bsd", "architecture": "arm64"},
    )

    def __init__(self, folder: pathlib.Path) -> None:
        self._leases: dict[str, str] = {}
        self._keys: set[str] = set()
        self._made: list[tuple[str, str]] = []

    def site(self) -> Site:
        places = [{"address": f"192.0.2.{n}", "public_address": f"198.51.100.{n}"} for n in range(len(self.HOSTS))]
        hosts = [{**place, **host} for place, host in zip(places, self.HOSTS, strict=True)]
        return open_site("farm", {"type": "static", "hosts": hosts})

    def asked(self) -> str:
        return json.dumps(self._made)

    def patches(self) -> list[Any]:
        return [mock.patch.object(Machine, "run", lambda machine, script, _timeout=0: self._run(machine.name, script))]

    def stop(self) -> None:
        pass

    def _run(self, host: str, script: str) -> Done:
        if script == leases.survey_script():
            return Done(0, self._survey(host), "")
        self._made.append((host, script))
        found = re.search(r"'(\{.*\})'", script)
        if found:
            self._leases[host] = found.group(1)
        else:
            self._keys.add(host)
        return Done(0, "", "")

    def _survey(self, host: str) -> str:
        said = {
            "cpus": "1",
            "memory": str(GIB),
            "architecture": "x86_64",
            "addresses": "192.0.2.1",
            "system": "ID=debian\nVERSION_ID=13",
            "host_keys": HOST_KEY.public,
            "root_login": "yes",
            "python": "/usr/bin/python3",
            "authorized": leases.authorized_line("probe", "ssh-ed25519 K") if host in self._keys else "",
            "lease": self._leases.get(host, ""),
        }
        return "".join(f"@{name}\n{text}\n" for name, text in said.items())


# By the heading of its column; the types of all sites are among them.
DOUBLES: dict[str, tuple[str, type[Any]]] = {
    "docker": ("docker", DockerDouble),
    "docker, another host": ("docker", FarDockerDouble),
    "openstack": ("openstack", OpenStackDouble),
    "opennebula": ("opennebula", OpenNebulaDouble),
    "static": ("static", StaticDouble),
}
