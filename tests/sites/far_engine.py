# SPDX-License-Identifier: Apache-2.0
"""An engine on another host: a container with a network, an engine and an SSH server of its own.

Its engine listens with TLS and wants a client certificate of the test's own authority; its SSH server lets one key in.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.containers import identity, tar
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder, Recipe
from tests.sites.conftest import NODE

OWNER = "indigo.paas.test-far-engine.owner"
START_TIMEOUT = 60
TLS_PORT = 2376

# The engine mounts them read-only; an engine inside makes control groups and routes packets.
INIT = """for place in /proc/sys $(grep -E ' cgroup2? ' /proc/mounts | cut -d' ' -f2); do
  mount -o remount,bind,rw "$place"
done
exec /sbin/init"""
LISTEN = f"""[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:{TLS_PORT} --containerd=/run/containerd/containerd.sock \
--tlsverify --tlscacert=/etc/docker/ca.pem --tlscert=/etc/docker/cert.pem --tlskey=/etc/docker/key.pem
"""


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: pathlib.Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(name, self._key.public_key(), x509.BasicConstraints(True, None))
        self.path = self._write("ca.pem", _pem(self._certificate))

    def issue(self, name: str, *addresses: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Return the paths of a certificate for NAME, which is good for ADDRESSES, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address)) for address in addresses])
        certificate = self._sign(name, key.public_key(), *([names] if addresses else []))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return (
            self._write(f"{name}-cert.pem", _pem(certificate)),
            self._write(f"{name}-key.pem", key.private_bytes(*form)),
        )

    def _sign(self, name: str, key: Any, *extensions: x509.ExtensionType) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self._name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> pathlib.Path:
        path = self._directory / name
        path.write_bytes(content)
        return path


class FarEngine:
    """The engine as its operator has it: a client of its own, and the options of sites that use it."""

    def __init__(self, container: Any, directory: pathlib.Path, host_key: str) -> None:
        container.reload()
        self._container = container
        self.address = str(container.attrs["NetworkSettings"]["IPAddress"])
        self.directory = directory
        self.authority = Authority(directory, "test authority")
        self.certificate, self.key = self.authority.issue("client")
        self.known_hosts = directory / "known_hosts"
        self.known_hosts.write_text(f"{self.address} {host_key}\n")

    def options(self, **more: Any) -> dict[str, Any]:
        """Return the options of a site that reaches it with TLS."""
        return {
            "type": "docker",
            "endpoint": f"tcp://{self.address}:{TLS_PORT}",
            "tls_ca": str(self.authority.path),
            "tls_cert": str(self.certificate),
            "tls_key": str(self.key),
            **more,
        }

    def ssh_options(self, **more: Any) -> dict[str, Any]:
        """Return the options of a site that reaches it over SSH."""
        return {
            "type": "docker",
            "endpoint": f"ssh://root@{self.address}",
            "key": str(self.directory / "ssh_key"),
            "known_hosts": str(self.known_hosts),
            **more,
        }

    def client(self) -> docker.DockerClient:
        options = self.options()
        pair = (options["tls_cert"], options["tls_key"])
        tls = docker.tls.TLSConfig(client_cert=pair, ca_cert=options["tls_ca"], verify=True)
        client = docker.DockerClient(base_url=options["endpoint"], tls=tls, timeout=120, version="1.41")
        client.api.trust_env = False  # or REQUESTS_CA_BUNDLE would stand for our authority
        return client

    def listen(self) -> None:
        """Make the engine listen with TLS, and return when it answers."""
        certificate, key = self.authority.issue("engine", self.address)
        files = {"ca.pem": self.authority.path, "cert.pem": certificate, "key.pem": key}
        entries = [(f"etc/docker/{name}", 0o600, path.read_text()) for name, path in files.items()]
        unit = "etc/systemd/system/docker.service.d"
        self._container.put_archive("/", tar([(unit, 0o755, None), (f"{unit}/listen.conf", 0o644, LISTEN), *entries]))
        _until(lambda: self._container.exec_run("systemctl is-active docker").exit_code == 0, self._container)
        restarted = self._container.exec_run(["sh", "-c", "systemctl daemon-reload && systemctl restart docker"])
        assert restarted.exit_code == 0, restarted.output
        _until(self._answers, self._container)

    def _answers(self) -> bool:
        with contextlib.suppress(docker.errors.DockerException, OSError):
            return bool(self.client().ping())
        return False

    def load(self, engine: docker.DockerClient, image: str) -> None:
        """Give it an IMAGE of another ENGINE."""
        self.client().images.load(engine.images.get(image).save(named=True))


@contextlib.contextmanager
def running(directory: pathlib.Path) -> Iterator[FarEngine]:
    """Give an engine of its own, which has the image of Debian 13 nodes, and take it away again."""
    engine = docker.from_env(timeout=600)
    remove_orphans(engine)
    builder = ImageBuilder(engine.api, docker.APIClient(timeout=8), print)
    node_image = builder.ensure(NODE)
    image = builder.ensure(Recipe("debian", "13", ("docker.io",), base=node_image))
    public = ssh_keys.ensure_key(str(directory / "ssh_key"))
    host_key = ssh_keys.generate()
    container = engine.containers.create(
        image,
        ["/bin/sh", "-c", INIT],
        environment={"container": "docker"},
        labels={OWNER: str(os.getpid())},
        # All but one, which the engine that the tests run in may lack itself.
        cap_add=["ALL"],
        cap_drop=["SYS_RESOURCE"],
        security_opt=["apparmor=unconfined", "seccomp=unconfined"],
        cgroupns="private",
        stop_signal="SIGRTMIN+3",
        tmpfs={"/run": "mode=755", "/run/lock": "mode=1777"},
        # An engine cannot keep its layers in a layer of another.
        volumes=["/var/lib/docker", "/var/lib/containerd"],
    )
    try:
        container.put_archive("/", identity(public, host_key.private))
        container.start()
        far = FarEngine(container, directory, host_key.public)
        far.listen()
        far.load(engine, node_image)
        yield far
    finally:
        container.remove(force=True, v=True)


def remove_orphans(engine: docker.DockerClient) -> None:
    """Remove the engines of test runs that were killed."""
    for container in engine.containers.list(all=True, filters={"label": OWNER}):
        if not pathlib.Path("/proc", container.labels[OWNER]).exists():
            container.remove(force=True, v=True)


def _until(done: Callable[[], bool], container: Any) -> None:
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > START_TIMEOUT:
            log = container.exec_run("journalctl --no-pager -n 40").output.decode(errors="replace")
            raise RuntimeError(f"The engine did not start in {START_TIMEOUT} s:\n{log}")
        time.sleep(0.2)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
