# SPDX-License-Identifier: Apache-2.0
"""The docker site on an engine of another host: reached with TLS and over SSH, its nodes at published ports."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.images import Recipe
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from tests.sites.conftest import NODE, NUMBERS, group
from tests.sites.far_engine import Authority, FarEngine, running

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarEngine]:
    with running(tmp_path_factory.mktemp("far")) as engine:
        yield engine


@pytest.fixture
def deployment(far: FarEngine) -> Iterator[str]:
    """The name of a deployment of which nothing is left at the engine after the test has deleted it."""
    name = f"test-far-{os.getpid()}-{next(NUMBERS)}"
    yield name
    open_site("far", far.options()).delete_nodes(name)
    assert left(far, name) == []


def left(far: FarEngine, deployment: str) -> list[str]:
    """Return the names of all that the engine has of DEPLOYMENT."""
    client, of_it = far.client(), {"label": f"indigo.paas.deployment={deployment}"}
    things = (client.containers.list(all=True, filters=of_it), client.networks.list(filters=of_it))
    return [thing.name for every in (*things, client.volumes.list(filters=of_it)) for thing in every]


@pytest.fixture(params=["tls", "ssh"])
def options(request: pytest.FixtureRequest, far: FarEngine) -> Callable[..., dict[str, Any]]:
    return far.options if request.param == "tls" else far.ssh_options


@pytest.fixture(autouse=True)
def other_authorities(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """Name other authorities for all of HTTP, as machines behind a proxy do: an engine's own must count still."""
    bundle = Authority(tmp_path, "somebody").path
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle.rename(tmp_path / "bundle.pem")))


def test_a_node_is_made_reached_kept_and_deleted(far, options, deployment, key):
    site = open_site("far", options())
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    assert node.ansible_host == far.address
    assert node.ansible_port != 22
    assert key.output(node, "hostname") == "wn-0"
    again = open_site("far", options()).ensure_nodes(deployment, [group()], public_key=key.public)
    assert (again.changed, again.nodes) == (False, [node])
    assert open_site("far", options()).delete_nodes(deployment) == ["wn-0"]
    assert left(far, deployment) == []


TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
imports:
  - indigo_custom_types: https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml
topology_template:
  node_templates:
    server:
      type: tosca.nodes.indigo.Compute
      capabilities:
        endpoint:
          properties:
            network_name: PUBLIC
            ports:
              web: {protocol: tcp, source: 8098}
        host:
          properties: {num_cpus: 1, mem_size: 512 MB}
      requirements:
        - local_storage:
            node: data
            relationship:
              type: tosca.relationships.AttachesTo
              properties: {location: /srv/data}
    data:
      type: tosca.nodes.BlockStorage
      properties: {size: 1 GB}
  outputs:
    address: {value: {get_attribute: [server, public_address, 0]}}
"""


def test_the_command_deploys_there(far, indigo, tmp_path):
    name = f"test-far-{os.getpid()}-{next(NUMBERS)}"
    (tmp_path / "server.yaml").write_text(TEMPLATE)
    variables = {f"site_{option}": value for option, value in far.ssh_options().items()}
    inventory = {"paas_sites": {"hosts": {"far": {"ansible_connection": "local", **variables}}}}
    (tmp_path / "sites.json").write_text(json.dumps(inventory))
    indigo.env["INDIGO_PAAS_SITES"] = str(tmp_path / "sites.json")
    try:
        deployed = indigo.json("deploy", str(tmp_path / "server.yaml"), "--name", name)
        assert deployed["status"] == "CREATE_COMPLETE"
        assert deployed["outputs"]["address"] == far.address
        assert indigo("ssh", name, "--", "findmnt -no TARGET /srv/data").stdout.strip() == "/srv/data"
        assert indigo.json("deploy", str(tmp_path / "server.yaml"), "--name", name)["changed"] == 0
    finally:
        indigo("destroy", name, "--yes", status=None)
    assert left(far, name) == []


def test_a_node_that_was_stopped_is_reached_at_its_new_port(far, deployment, key):
    site = open_site("far", far.options())
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    far.client().containers.get(node.id).kill()
    result = site.ensure_nodes(deployment, [group()], public_key=key.public)
    assert result.repaired == ["wn-0"]
    assert key.output(result.nodes[0], "hostname") == "wn-0"


def test_nodes_reach_each_other(far, deployment, key):
    site = open_site("far", far.options())
    nodes = site.ensure_nodes(deployment, [group("fe"), group("wn")], public_key=key.public).nodes
    addresses = {node.name: node.private_address[0] for node in nodes}
    assert key.output(nodes[1], "getent hosts fe-0").split()[0] == addresses["fe-0"]
    assert key.output(nodes[1], "timeout 5 bash -c 'head -c 4 </dev/tcp/fe-0/22'") == "SSH-"


def test_ssh_ports_are_those_that_the_operator_gives(far, deployment, key):
    site = open_site("far", far.options(ssh_ports="45000-45003", publish_on=far.address))
    nodes = site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public).nodes
    ports = {node.ansible_port for node in nodes}
    assert len(ports) == 2
    assert ports <= set(range(45000, 45004))
    assert key.output(nodes[1], "hostname") == "wn-1"
    published = far.client().api.containers(filters={"id": nodes[0].id})[0]["Ports"]
    assert {port["IP"] for port in published} == {far.address}


def test_a_public_node_shows_its_ports_at_the_engines_host(far, deployment, key):
    site = open_site("far", far.options())
    ports = [
        {"name": "web", "protocol": "tcp", "source": 8099},
        {"name": "inner", "protocol": "tcp", "source": 8100, "remote_cidr": "192.0.2.0/24"},
    ]
    public = group("fe", network={"public": True}, ports=ports)
    result = site.ensure_nodes(deployment, [public, group("wn")], public_key=key.public)
    node, worker = result.nodes
    assert (node.public_address, worker.public_address) == ([far.address], [])
    key.output(node, "systemd-run --quiet python3 -m http.server 8099; systemd-run --quiet python3 -m http.server 8100")
    assert answers(far.address, 8099)
    assert not answers(far.address, 8100, tries=1)
    assert len(result.warnings) == 1
    assert "Port 'inner' of 'fe' is not published" in result.warnings[0]


def answers(host: str, port: int, tries: int = 50) -> bool:
    """Return whether an HTTP server answers there."""
    for _try in range(tries):
        try:
            with socket.create_connection((host, port), timeout=2) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if connection.recv(5) == b"HTTP/":
                    return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def test_a_port_of_the_host_that_is_taken_is_told(far, deployment, key):
    site = open_site("far", far.options())
    public = group("fe", network={"public": True}, ports=[{"name": "engine", "protocol": "tcp", "source": 2376}])
    with pytest.raises(SiteError, match=r"A port of the host of site 'far' .* is in use: .*2376"):
        site.ensure_nodes(deployment, [public], public_key=key.public)
    assert site.delete_nodes(deployment) == ["fe-0"]


def test_two_nodes_cannot_have_one_port_of_the_host(far, deployment, key):
    public = group("fe", 2, network={"public": True}, ports=[{"name": "web", "protocol": "tcp", "source": 8099}])
    with pytest.raises(SiteError, match=r"Port 8099/tcp of its host cannot be that of 2 nodes \(fe\)") as caught:
        open_site("far", far.options()).ensure_nodes(deployment, [public], public_key=key.public)
    assert caught.value.bad_input
    assert left(far, deployment) == []


def test_an_image_is_built_at_the_engine(far, deployment, key):
    base = NODE.reference
    image = {"distribution": "debian", "version": "13", "name": "own", "base": base, "mirror": "http://a.test"}
    site = open_site("far", far.options(images=[image]))
    said: list[str] = []
    built = Recipe("debian", "13", base=base, mirror="http://a.test").reference
    node = site.ensure_nodes(deployment, [group()], public_key=key.public, progress=said.append).nodes[0]
    assert said[0] == f"Building the node image debian 13 from {base}, once for this engine"
    assert far.client().containers.get(node.id).attrs["Config"]["Image"] == built
    assert key.output(node, "hostname") == "wn-0"


def test_an_engine_with_another_certificate_is_refused(far, tmp_path):
    other = Authority(tmp_path, "another authority")
    problem = open_site("far", far.options(tls_ca=str(other.path))).describe()["problem"]
    assert problem.startswith(f"The certificate of the engine at tcp://{far.address}:2376 is not trusted: ")
    assert "Name its authority in site_tls_ca" in problem


def test_a_certificate_that_the_engine_does_not_know_is_told(far, tmp_path):
    certificate, private = Authority(tmp_path, "another authority").issue("stranger")
    site = open_site("far", far.options(tls_cert=str(certificate), tls_key=str(private)))
    problem = site.describe()["problem"]
    assert problem.startswith(f"The engine at tcp://{far.address}:2376 does not let us in: ")
    assert "site_tls_cert" in problem


def test_a_certificate_that_is_left_out_is_told(far):
    problem = open_site("far", far.options(tls_cert=None, tls_key=None)).describe()["problem"]
    assert "site_tls_cert" in problem


def test_an_engine_that_speaks_tls_only_is_told(far):
    endpoint = f"tcp://{far.address}:2376"
    problem = open_site("far", {"type": "docker", "endpoint": endpoint}).describe()["problem"]
    assert problem.startswith(f"The engine at {endpoint} speaks TLS only. ")


def test_the_variables_of_docker_itself_name_an_engine(far, monkeypatch, tmp_path):
    for name, path in (("ca", far.authority.path), ("cert", far.certificate), ("key", far.key)):
        (tmp_path / f"{name}.pem").write_bytes(path.read_bytes())
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{far.address}:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    assert open_site("far", {"type": "docker"}).describe()["available"]


def test_a_host_with_another_key_is_refused(far, tmp_path):
    (tmp_path / "known").write_text(f"{far.address} {ssh_keys.generate().public}\n")
    problem = open_site("far", far.ssh_options(known_hosts=str(tmp_path / "known"))).describe()["problem"]
    assert problem.startswith(f"The host of site 'far' does not let us in at ssh://root@{far.address}: ")
    assert "site_known_hosts" in problem


def test_a_key_that_the_host_does_not_know_is_told(far, tmp_path):
    ssh_keys.ensure_key(str(tmp_path / "stranger"))
    problem = open_site("far", far.ssh_options(key=str(tmp_path / "stranger"))).describe()["problem"]
    assert "Permission denied" in problem
    assert "site_key" in problem


def test_a_socket_that_is_not_there_is_told(far):
    endpoint = f"ssh://root@{far.address}/run/none.sock"
    problem = open_site("far", far.ssh_options(endpoint=endpoint)).describe()["problem"]
    assert problem.startswith(f"No container engine answers at /run/none.sock of {endpoint}. ")


def test_the_connection_ends_with_who_opened_it(far):
    code = textwrap.dedent(
        """
        import json, os, signal, sys
        from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site

        site = open_site("far", json.loads(sys.argv[1]))
        assert site.describe()["available"]
        print(site._connection._tunnel._process.pid, site._connection._tunnel.socket, flush=True)
        if sys.argv[2] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    for end in ("ended", "killed"):
        command = [sys.executable, "-c", code, json.dumps(far.ssh_options()), end]
        root = pathlib.Path(__file__).resolve().parents[2]
        env = {**os.environ, "PYTHONPATH": str(root / "collections")}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        pid, path = done.stdout.split()
        until = time.monotonic() + 10
        while pathlib.Path("/proc", pid).exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert not pathlib.Path("/proc", pid).exists()
        assert end == "killed" or not pathlib.Path(path).parent.exists()
