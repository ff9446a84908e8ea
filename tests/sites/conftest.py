# SPDX-License-Identifier: Apache-2.0
"""The local engine as a site, deployments that are deleted after their test, and logins as a user would make them."""

from __future__ import annotations

import itertools
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.images import read_images
from ansible_collections.indigo.paas.plugins.module_utils.images import Recipe
from ansible_collections.indigo.paas.plugins.module_utils.nebula import client, ending, firewall
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node, Site
from tests.sites.nebula_cloud import Nebula
from tests.sites.openstack_cloud.cloud import OpenStackCloud, Project, running
from tests.sites.openstack_cloud.proxy import Proxy

NUMBERS = itertools.count()
# What the image of nodes that ask for none is made of.
NODE: Recipe = read_images("local", [])[0]["recipe"]


def group(name: str = "wn", count: int = 1, **more: Any) -> dict[str, Any]:
    """Return a node group of a plan."""
    return {
        "name": name,
        "group": name,
        "hostname": name.replace("_", "-"),
        "count": count,
        "removal_list": [],
        "size": {"cpus": 1, "memory": 512 * 1024**2},
        "image": {},
        "network": {"public": False},
        **more,
    }


@pytest.fixture(scope="session")
def site() -> Site:
    site = open_site("local", {"type": "docker"})
    description = site.describe()
    assert description["available"], description["problem"]
    return site


@pytest.fixture
def deployment(site: Site) -> Iterator[str]:
    name = f"test-sites-{os.getpid()}-{next(NUMBERS)}"
    yield name
    site.delete_nodes(name)


class Key:
    """A deployment's key, and logins with it that know the nodes' host keys from the site alone."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.path = directory / "ssh_key"
        self.public = ssh_keys.ensure_key(str(self.path))

    def ssh(self, node: Node, command: str) -> subprocess.CompletedProcess[str]:
        known_hosts = self.path.with_name("known_hosts")
        known_hosts.write_text(ssh_keys.known_hosts([node.to_dict()]))
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known_hosts),
        }
        return subprocess.run(
            [
                "ssh",
                *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
                *("-F", "none", "-i", str(self.path), "-p", str(node.ansible_port)),
                f"{node.ansible_user}@{node.ansible_host}",
                command,
            ],
            text=True,
            capture_output=True,
            check=False,
        )

    def output(self, node: Node, command: str) -> str:
        """Return what COMMAND prints on NODE; fail where it fails."""
        done = self.ssh(node, command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()


@pytest.fixture
def key(tmp_path: pathlib.Path) -> Key:
    return Key(tmp_path)


@pytest.fixture(scope="session")
def openstack_cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenStackCloud]:
    """Give a real OpenStack with virtual servers; see openstack_cloud/cloud.py."""
    choice = request.config.getoption("--openstack")
    if choice == "skip":
        pytest.skip("--openstack=skip")
    with running(tmp_path_factory.mktemp("openstack"), keep=choice == "keep") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def project(openstack_cloud: OpenStackCloud) -> Project:
    return openstack_cloud.project()


@pytest.fixture
def compute_proxy(openstack_cloud: OpenStackCloud) -> Iterator[Proxy]:
    proxy = Proxy(openstack_cloud.address, 8774)
    yield proxy
    proxy.close()


@pytest.fixture
def nebula(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nebula]:
    """Give an OpenNebula of our own, at which nobody waits long."""
    monkeypatch.setattr(ending, "INTERVAL", 0.05)
    monkeypatch.setattr(firewall, "SETTLING", 0.3)
    monkeypatch.setattr(client, "PAUSE", 0.01)
    running = Nebula()
    yield running
    running.stop()


@pytest.fixture
def cloud(nebula: Nebula, tmp_path: pathlib.Path) -> Callable[..., Site]:
    """Open the OpenNebula as a site, with further options."""
    auth = tmp_path / "one_auth"
    auth.write_text("ci:secret\n")

    def open_cloud(**more: Any) -> Site:
        options = {
            "type": "opennebula",
            "endpoint": nebula.endpoint,
            "auth_file": str(auth),
            "private_network": "private",
            "public_network": "public",
            "images": [
                {"image": "Debian 13", "name": "debian-13", "distribution": "debian", "version": "13"},
                {"template": "worker", "distribution": "rocky", "version": "9"},
            ],
            "boot_timeout": 10,
            "wait_for_ssh": False,
            **more,
        }
        return open_site("one", options)

    return open_cloud
