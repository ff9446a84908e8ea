# SPDX-License-Identifier: Apache-2.0
"""The service on one node of the local site, its playbooks on another: they make a pool of HTCondor of a third."""

from __future__ import annotations

import io
import json
import os
import pathlib
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import docker
import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.leases import LEASE
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from tests.sites.conftest import group

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="no image of nodes has Python 3.12"),
]

# The wheels that this machine makes are for the Python that a node has.
DEBIAN = {(3, 11): "12", (3, 13): "13"}
URL = "http://127.0.0.1:8080"
CONFIG = """\
sites = "/root/sites.json"
[identity]
anonymous = true
[execution]
by = "nodes"
[[execution.nodes]]
name = "second"
command = ["ssh", "-o", "BatchMode=yes", "root@{address}", "/opt/paas/bin/indigo-paas", "execution-node"]
"""
INSTALL = """\
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -qq --no-install-recommends python3-venv openssh-client >/dev/null
python3 -m venv /opt/paas
/opt/paas/bin/pip install --quiet --no-index --find-links /root/wheels 'indigo-paas[service]'
"""


class Machine:
    """A node, as its engine reaches it."""

    def __init__(self, node: Any) -> None:
        self.address = node.ansible_host
        self.container = docker.from_env(timeout=600).containers.get(node.id)

    def run(self, command: str, status: int = 0) -> str:
        code, output = self.container.exec_run(["bash", "-c", command])
        assert code == status, f"{command} ended with {code}\n{output.decode()}"
        return cast(str, output.decode())

    def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
        self.container.put_archive("/", packed.getvalue())

    def paas(self, command: str, status: int = 0) -> str:
        return self.run(
            f"/opt/paas/bin/indigo-paas --url {URL} {command} 2>/tmp/said || {{ c=$?; cat /tmp/said; exit $c; }}",
            status,
        )


@pytest.fixture(scope="module")
def machines(root, run, tmp_path_factory) -> Iterator[tuple[Machine, Machine, Machine]]:
    """Give the server, the execution node, and the machine that is the service's only site."""
    directory = tmp_path_factory.mktemp("machines")
    name = f"test-execution-{os.getpid()}"
    image = {"type": "linux", "distribution": "debian", "version": DEBIAN[sys.version_info[:2]]}
    engine = open_site("local", {"type": "docker"})
    try:
        public = ssh_keys.ensure_key(str(directory / "key"))
        groups = [group("paas", 2, image=image), group("host")]
        made = sorted(engine.ensure_nodes(name, groups, public_key=public).nodes, key=lambda node: node.name)
        host, server, node = (Machine(each) for each in made)
        wheels = directory / "wheels"
        run("python", "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(wheels), f"{root}[service]")
        install(server, wheels)
        node.run("apt-get update -qq && apt-get install -qq --no-install-recommends openssh-client >/dev/null")
        # The second one gets what the first one has.
        node.container.put_archive("/opt", server.container.get_archive("/opt/paas")[0])
        for machine in (server, node):
            machine.write("/root/.ssh/id_ed25519", (directory / "key").read_bytes())
            machine.write("/root/.ssh/known_hosts", ssh_keys.known_hosts([each.to_dict() for each in made]).encode())
        server.write("/root/sites.json", json.dumps(site_of(host)).encode())
        server.write("/root/service.toml", CONFIG.format(address=node.address).encode())
        server.write("/root/pool.yaml", (root / "examples" / "htcondor_pool.yaml").read_bytes())
        serve(server)
        yield server, node, host
    finally:
        engine.delete_nodes(name)


def site_of(host: Machine) -> dict[str, Any]:
    site = {
        "ansible_connection": "local",
        "site_type": "static",
        "site_hosts": [{"name": "host", "address": host.address}],
        "site_key": "/root/.ssh/id_ed25519",
        "site_known_hosts": "/root/.ssh/known_hosts",
    }
    return {"paas_sites": {"hosts": {"here": site}}}


def install(machine: Machine, wheels: pathlib.Path) -> None:
    packed = wheels.with_suffix(".tar")
    with tarfile.open(packed, "w") as archive:
        archive.add(wheels, "root/wheels")
    with open(packed, "rb") as data:
        machine.container.put_archive("/", data)
    machine.run(INSTALL)


def serve(machine: Machine) -> None:
    machine.run("systemd-run --quiet --unit paas /opt/paas/bin/indigo-paas serve --config /root/service.toml")
    deadline = time.monotonic() + 60
    while machine.container.exec_run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080"]).exit_code:
        assert time.monotonic() < deadline, machine.run("journalctl --unit paas")
        time.sleep(0.5)


def playbooks(machine: Machine) -> list[str]:
    """Return the playbooks that run on MACHINE now."""
    return machine.run("pgrep --full --list-full [b]in/ansible-playbook || true").splitlines()


def test_the_pool_is_made_from_the_other_node(machines):
    server, node, host = machines
    seen: dict[str, list[str]] = {"server": [], "node": []}
    with ThreadPoolExecutor() as pool:
        deploying = pool.submit(server.paas, "deploy /root/pool.yaml --name pool -i wn_num=0 --json")
        while not deploying.done():
            seen["server"] += playbooks(server)
            seen["node"] += playbooks(node)
            time.sleep(1)
    shown = json.loads(deploying.result())
    assert shown["status"] == "CREATE_COMPLETE"
    assert any("indigo.paas.deploy" in line for line in seen["node"])
    assert seen["server"] == []
    assert host.run("condor_status -schedd -af Name").strip()
    events = server.paas("events pool")
    assert "Set up the services" in events
    assert "htcondor: " in events
    # What stays of a deployment is at the server, and nothing where it only ran.
    home = "/root/.local/share/indigo-paas"
    assert server.run(f"ls {home}/deployments/*/ssh_key")
    assert node.run(f"ls {home}/runs") == ""


def test_it_is_deleted_from_there(machines):
    server, node, host = machines
    server.paas("destroy pool --yes")
    host.run(f"test -e {LEASE}", status=1)
    assert server.run("ls /root/.local/share/indigo-paas/deployments") == ""
    assert node.run("ls /root/.local/share/indigo-paas/runs") == ""
