# SPDX-License-Identifier: Apache-2.0
"""A real OpenStack in one container: Keystone, Glance, Placement, Neutron, Nova and Cinder, with virtual servers.

Two of its zones hold no machines: in `fake` every server comes up at once, in `broken` every server ends in error.
In `real` servers are machines that an emulator runs. They stand in the network `guests`, which is one of the engine's,
so that this machine reaches them and they reach what it reaches.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import docker
import openstack

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.images import read_images
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder

HERE = pathlib.Path(__file__).parent
TAG = "indigo-paas/test-openstack:latest"
MACHINE_TAG = "indigo-paas/test-openstack-machine:latest"
OWNER = "indigo.paas.test-openstack.owner"
KEPT = "indigo-paas-test-openstack"
BOOT_TIMEOUT = 900
BUILD_TIMEOUT = 1500

_NUMBERS = itertools.count()


@dataclasses.dataclass
class Project:
    """A project of the cloud, with a user of its own who is no administrator; `connection` is that user's."""

    name: str
    id: str
    auth: dict[str, str]
    clouds_file: pathlib.Path
    connection: openstack.connection.Connection

    def options(self, **more: Any) -> dict[str, Any]:
        """Return the options of a site that is this project; its virtual servers run no SSH server."""
        return {
            "type": "openstack",
            "cloud": self.name,
            "clouds_file": str(self.clouds_file),
            "private_network": "private",
            "default_image": "debian-12",
            "wait_for_ssh": False,
            **more,
        }

    def behind(self, **settings: Any) -> pathlib.Path:
        """Return a clouds.yaml with SETTINGS, such as compute_endpoint_override or another auth."""
        path = self.clouds_file.with_name(f"{self.name}-{next(_NUMBERS)}.yaml")
        clouds = json.loads(self.clouds_file.read_text())
        clouds["clouds"][self.name] |= settings
        path.write_text(json.dumps(clouds))
        return path

    def left(self, deployment: str) -> dict[str, list[str]]:
        """Return the names of all that the project has of DEPLOYMENT, without what there is none of."""
        cloud = self.connection
        things = {
            "servers": cloud.compute.servers(),
            "volumes": cloud.block_storage.volumes(),
            "security groups": cloud.network.security_groups(project_id=self.id),
            "networks": cloud.network.networks(project_id=self.id),
            "routers": cloud.network.routers(project_id=self.id),
            "server groups": cloud.compute.server_groups(),
            "keypairs": cloud.compute.keypairs(),
        }
        found = {what: [each.name for each in every if deployment in each.name] for what, every in things.items()}
        addresses = [ip.description for ip in cloud.network.ips() if deployment in ip.description]
        found["floating addresses"] = addresses
        # A port without a server is a remainder whatever its name.
        found["ports"] = [
            port.id
            for port in cloud.network.ports(project_id=self.id)
            if port.device_owner.startswith("compute:") and not list(cloud.compute.servers())
        ]
        return {what: names for what, names in found.items() if names}


class OpenStackCloud:
    """The cloud, as its administrator has it."""

    def __init__(self, address: str, directory: pathlib.Path) -> None:
        self.address = address
        self._directory = directory
        self.admin = openstack.connect(**self._auth("admin", "admin", "admin"), region_name="RegionOne")

    def project(self, **quotas: int) -> Project:
        """Return a new project with these QUOTAS of the compute service (instances, cores, ram)."""
        name = f"test-{os.getpid()}-{time.time_ns() % 10**9}-{next(_NUMBERS)}"
        identity = self.admin.identity
        project = identity.create_project(name=name, domain_id="default")
        user = identity.create_user(name=name, password=name, domain_id="default", default_project_id=project.id)
        identity.assign_project_role_to_user(project, user, identity.find_role("member"))
        if quotas:
            self.set_quotas(project.id, **quotas)
        auth = self._auth(name, name, name)
        clouds_file = self._directory / f"{name}.yaml"
        clouds_file.write_text(json.dumps({"clouds": {name: {"auth": auth, "region_name": "RegionOne"}}}))
        return Project(name, project.id, auth, clouds_file, openstack.connect(**auth, region_name="RegionOne"))

    def set_quotas(self, project: str, **quotas: int) -> None:
        """Change QUOTAS of the compute service for the project with this id."""
        self.admin.compute.update_quota_set(project, **quotas)

    def _auth(self, user: str, password: str, project: str) -> dict[str, str]:
        return {
            "auth_url": f"http://{self.address}:5000/v3",
            "username": user,
            "password": password,
            "project_name": project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }


@contextlib.contextmanager
def running(directory: pathlib.Path, *, keep: bool = False) -> Iterator[OpenStackCloud]:
    """Give the cloud, started first, and take it away again unless it is to be kept for the next time."""
    engine = docker.from_env(timeout=BUILD_TIMEOUT)
    _remove_orphans(engine)
    container = _kept(engine) if keep else None
    if container is None:
        name, labels = (KEPT, {}) if keep else (f"{KEPT}-{os.getpid()}", {OWNER: str(os.getpid())})
        container = _start(engine, name, labels)
    try:
        yield OpenStackCloud(_address_when_ready(container), directory)
    finally:
        if not keep:
            _remove(engine, container.name)


def _start(engine: docker.DockerClient, name: str, labels: dict[str, str]) -> Any:
    """Start the cloud, with a network for its machines whose upper half the engine leaves alone."""
    image = _image(engine)
    guests = engine.networks.create(name, labels=labels)
    guests.reload()
    container = engine.containers.create(
        image,
        init=True,
        name=name,
        labels=labels,
        environment={"GUESTS": guests.attrs["IPAM"]["Config"][0]["Subnet"]},
        # Bridges and taps, settings of interfaces, and what the agents ask for without a need.
        cap_add=["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"],
        devices=["/dev/net/tun"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
    )
    guests.connect(container)
    container.start()
    return container


def _remove(engine: docker.DockerClient, name: str) -> None:
    """Remove the cloud of that name, container and network."""
    for container in engine.containers.list(all=True, filters={"name": f"^/{name}$"}):
        container.remove(force=True, v=True)
    for network in engine.networks.list(names=[name]):
        if network.name == name:
            network.remove()


def _image(engine: docker.DockerClient) -> str:
    fast = docker.APIClient(base_url=engine.api.base_url if "unix" in engine.api.base_url else None, timeout=8)
    builder = ImageBuilder(engine.api, fast, print)
    machine_base, base = (builder.ensure(node["recipe"]) for node in read_images("local", []))
    # The installation of packages keeps one processor busy: two go well together.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        parts = [
            pool.submit(_build, engine, MACHINE_TAG, dockerfile="Dockerfile.machine", buildargs={"BASE": machine_base}),
            pool.submit(_build, engine, None, target="cloud", buildargs={"BASE": base}),
        ]
        for part in parts:
            part.result()
    _build(engine, TAG, buildargs={"BASE": base, "MACHINE": MACHINE_TAG})
    return TAG


def _build(engine: docker.DockerClient, tag: str | None, **more: Any) -> None:
    lines: list[str] = []
    for event in engine.api.build(
        path=str(HERE), tag=tag, network_mode="host", rm=True, forcerm=True, decode=True, **more
    ):
        lines += event.get("stream", "").splitlines()
        if "error" in event:
            raise RuntimeError("\n".join([*lines[-20:], event["error"]]))


def _kept(engine: docker.DockerClient) -> Any:
    for container in engine.containers.list(filters={"name": f"^/{KEPT}$"}):
        return container
    _remove(engine, KEPT)
    return None


def _remove_orphans(engine: docker.DockerClient) -> None:
    """Remove the clouds of test runs that were killed."""
    containers = engine.containers.list(all=True, filters={"label": OWNER})
    found = {container.name: container.labels[OWNER] for container in containers}
    found |= {net.name: net.attrs["Labels"][OWNER] for net in engine.networks.list(filters={"label": OWNER})}
    for name, owner in found.items():
        if not pathlib.Path("/proc", owner).exists():
            _remove(engine, name)


def _address_when_ready(container: Any) -> str:
    began = time.monotonic()
    while b"ready" not in container.logs():
        container.reload()
        if container.status != "running" or time.monotonic() - began > BOOT_TIMEOUT:
            raise RuntimeError(f"The cloud did not start:\n{container.logs(tail=30).decode(errors='replace')}")
        time.sleep(1)
    container.reload()
    return str(container.attrs["NetworkSettings"]["IPAddress"])
