# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container engine as a site: each node is a container that runs systemd and is reached over SSH."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import time
import typing as t

from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image, misfits
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine import gpus, host, networks, volumes
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.connection import (
    FIRST_ANSWER_TIMEOUT,
    Connection,
)
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.containers import (
    AUTHORIZED_KEYS,
    Maker,
    Ways,
    read_node,
    tar,
)
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.endpoint import read_endpoint
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.images import (
    DEFAULT_IMAGES,
    catalogue,
    read_images,
)
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import (
    APIError,
    DockerException,
    NotFound,
    RequestException,
)
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.publishing import Publishing, check_ports
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.removal import remove_when_free
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder
from ansible_collections.indigo.paas.plugins.module_utils.labels import DEPLOYMENT
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.reach import ssh_answers
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    STOPPED,
    Changes,
    NewNode,
    Node,
    Option,
    Progress,
    Result,
    Site,
    check_deployment_name,
    reconcile,
    result_of,
    size_warnings,
)

BOOT_TIMEOUT = 120  # seconds
STOP_TIMEOUT = 30  # seconds until a node that does not stop by itself is killed

Data = dict[str, t.Any]


class DockerSite(Site):
    """Nodes as containers of one engine."""

    type = "docker"
    MAKES_NETWORKS = True
    OPTIONS: t.ClassVar[dict[str, Option]] = {
        "endpoint": Option(
            str,
            None,
            "URL of the engine: unix://PATH, tcp://HOST:PORT, or ssh://USER@HOST; by default DOCKER_HOST, or the "
            "local socket.",
        ),
        "tls_ca": Option(str, None, "Path of the certificate of the authority that the engine's is checked against."),
        "tls_cert": Option(str, None, "Path of the certificate that is shown to the engine."),
        "tls_key": Option(str, None, "Path of the private key of that certificate."),
        "tls_verify": Option(bool, True, "Whether the engine's certificate is checked."),
        "key": Option(str, None, "Path of the private key for an ssh:// engine; by default what ssh finds."),
        "known_hosts": Option(str, None, "Path of a file with its SSH host key; by default what ssh knows."),
        "images": Option(
            list,
            DEFAULT_IMAGES,
            "Images of nodes, each a dictionary: distribution, version, name (default DISTRIBUTION-VERSION), "
            "packages (to install beyond what every node has), fetched (packages whose files are kept for nodes to "
            "install), base (image to start from), "
            "mirror (package mirror to bootstrap from where no registry answers).",
        ),
        "default_image": Option(str, None, "Name of the image for nodes that ask for none; by default the first."),
        "cpu_overcommit": Option(float, 32.0, "How many CPUs may be asked for, in all, for each one of the host."),
        "memory_overcommit": Option(
            float, 4.0, "How much memory may be asked for, in all, as a multiple of the host's."
        ),
        "max_nodes": Option(int, 100, "How many nodes there may be in all."),
        "parallel": Option(int, 8, "How many nodes are worked on at a time."),
        "access": Option(
            str,
            "auto",
            "How the controller reaches a node: at its address in the engine's network (direct), or at a port of "
            "the engine's host (published); auto is direct for this machine's engine and published for any other.",
            ("auto", "direct", "published"),
        ),
        "address": Option(
            str, None, "Where the ports of the engine's host are reached; by default its endpoint's host."
        ),
        "publish_on": Option(str, None, "Address of the engine's host at which ports are published; by default all."),
        "ssh_ports": Option(
            str, None, "Ports of the engine's host for the nodes' SSH servers, as FIRST-LAST; by default any free ones."
        ),
        "volumes": Option(list, [], "Names of volumes of the engine that templates may attach by volume_id."),
        "gpus": Option(
            int, None, "How many GPUs nodes may have; by default all that the engine names, which only CDI makes it do."
        ),
        "mtu": Option(int, None, "MTU of the nodes' network; by default that of the host's default route."),
    }

    def __init__(self, name: str, options: t.Mapping[str, t.Any]) -> None:
        super().__init__(name, options)
        self._images = read_images(name, self.options["images"])
        self._default_image = self.options["default_image"] or self._images[0]["name"]
        if self._default_image not in [image["name"] for image in self._images]:
            hint = did_you_mean(self._default_image, [image["name"] for image in self._images], what="images")
            raise SiteError(f"Site '{name}' has no image '{self._default_image}'", hint=hint, bad_input=True)
        self._endpoint = read_endpoint(name, self.options, os.environ)
        check_ports(name, self.options["publish_on"], self.options["ssh_ports"])
        self._publishing = self._read_publishing()
        self._connection = Connection(name, self._endpoint, self.options["parallel"] + 4)
        self._client: t.Any = None

    # The verbs of a site

    def describe(self) -> Data:
        try:
            info = self._api.info()
            nodes = self._containers()
            references = self._references()
        except SiteError as error:
            return self.description(available=False, problem=str(error))
        except (DockerException, RequestException) as error:
            return self.description(available=False, problem=f"The engine does not answer: {error}")
        return self._description(info, nodes, references)

    def list_nodes(self, deployment: str) -> list[Node]:
        check_deployment_name(deployment)
        with self._doing("Listing the nodes"):
            return self._nodes(deployment)

    def ensure_nodes(
        self,
        deployment: str,
        groups: list[Data],
        *,
        public_key: str,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> Result:
        check_deployment_name(deployment)
        with self._doing("Making the nodes"):
            self._require_room(groups, deployment)
            changes = reconcile(groups, self._nodes(deployment))
            devices = self._allot_gpus(groups, changes, deployment)
            known = self._each(lambda node: self._lets_in(node, public_key), changes.keep)
            strangers = [node for node, lets_in in zip(changes.keep, known, strict=True) if not lets_in]
            warnings = self._warnings(groups, changes, deployment)
            if dry_run:
                return result_of(changes, [*changes.keep, *changes.repair], warnings, strangers=strangers)
            new = _new(groups, changes)
            say = progress or (lambda _line: None)
            images = self._build_images([node.group for node in new], say) if new else {}
            self._clear(changes, deployment)
            if new:
                say(f"Making {len(new)} nodes" if len(new) > 1 else f"Making the node {new[0].name}")
                self._make(new, groups, deployment, public_key, images, devices)
            self._revive(changes, strangers, public_key)
            self._wait_for_others(deployment, new)
            return result_of(changes, self._nodes(deployment), warnings, strangers=strangers)

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        with self._doing("Deleting the nodes"):
            nodes = self._nodes(deployment)
            if not dry_run:
                self._each(self._remove, nodes)
                volumes.Store(self._api, deployment).remove()
                for network in self._networks(deployment).found():
                    self._remove_network(network)
            return [node.name for node in nodes]

    def _power(self, deployment: str, nodes: list[Node], running: bool) -> None:
        with self._doing("Starting the nodes" if running else "Stopping the nodes"):
            self._each(self._start if running else self._stop, nodes)
            if running:
                started = {node.id for node in nodes}
                self._each(self._wait, [node for node in self._nodes(deployment) if node.id in started])

    # The engine

    @property
    def _api(self) -> t.Any:
        """The engine's client. Raises SiteError where no engine answers."""
        if self._client is None:
            self._client = self._connection.client()
        return self._client

    def _read_publishing(self) -> Publishing | None:
        """Return how ports are published; None where nodes are reached at their own addresses."""
        here = self._endpoint.is_local
        access = self.options["access"]
        if access == "direct" or (access == "auto" and here):
            return None
        address = self.options["address"] or self._endpoint.host or "127.0.0.1"
        return Publishing(address, self.options["publish_on"] or "", self.options["ssh_ports"], public=not here)

    @contextlib.contextmanager
    def _doing(self, what: str) -> t.Iterator[None]:
        try:
            yield
        except (DockerException, RequestException) as error:
            reason = getattr(error, "explanation", None) or error
            raise SiteError(f"{what} at site '{self.name}' failed: {reason}") from error

    def _each(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any]) -> list[t.Any]:
        return each(function, items, self.options["parallel"])

    # What there is

    def _containers(self, deployment: str | None = None) -> list[Data]:
        label = DEPLOYMENT if deployment is None else f"{DEPLOYMENT}={deployment}"
        found: list[Data] = self._api.containers(all=True, filters={"label": [label]})
        return found

    def _nodes(self, deployment: str) -> list[Node]:
        nodes = [read_node(container, self._publishing) for container in self._containers(deployment)]
        return sorted(nodes, key=lambda node: (node.group, node.index, node.id))

    def _references(self) -> list[str]:
        return sorted(tag for image in self._api.images() for tag in image.get("RepoTags") or ())

    def _description(self, info: Data, containers: list[Data], references: list[str]) -> Data:
        cpus, memory = info["NCPU"], info["MemTotal"]
        nodes = self.options["max_nodes"]
        limit = host.inotify_nodes() if self._endpoint.is_local else None
        return self.description(
            images=catalogue(self._images, info["Architecture"], self._default_image),
            references=references,
            capacity={
                "cpus": cpus * self.options["cpu_overcommit"],
                "memory": int(memory * self.options["memory_overcommit"]),
                "nodes": nodes if limit is None else min(nodes, limit),
            },
            remedies={} if limit is None or limit >= nodes else {"nodes": host.INOTIFY_REMEDY},
            largest_node={"cpus": cpus, "memory": memory, "gpus": len(self._gpus(info))},
            used=host.use(containers),
            warnings=[*host.limit_warnings(info), *host.gpu_warnings(info, self.options["gpus"]), *self._risks()],
        )

    def _gpus(self, info: Data) -> list[str]:
        return gpus.present(info, self.options["gpus"])

    def _risks(self) -> list[str]:
        if self._endpoint.is_encrypted or self._endpoint.host in ("localhost", "127.0.0.1", "::1"):
            return []
        return ["Its engine is reached without TLS: who reaches that port is root on its host."]

    def _require_room(self, groups: list[Data], deployment: str) -> None:
        reasons = misfits(
            groups, self._description(self._api.info(), self._containers(), self._references()), deployment
        )
        reasons += volumes.misfits(groups, self._offered_volumes(groups))
        reasons += networks.misfits(groups, self._api.networks(), deployment)
        reasons += self._publishing.misfits(groups) if self._publishing else []
        self._refuse(deployment, reasons)

    def _allot_gpus(self, groups: list[Data], changes: Changes, deployment: str) -> dict[str, list[str]]:
        """Return the GPUs of the nodes that are to be made, by name. Raises SiteError where some are missing."""
        going = {node.id for node in (*changes.remove, *_broken(changes))}
        busy = gpus.taken(container for container in self._containers() if container["Id"] not in going)
        free = [device for device in self._gpus(self._api.info()) if device not in busy]
        devices, missing = gpus.allot(_new(groups, changes), free)
        self._refuse(deployment, [f"{missing} GPUs are missing; it has {len(free)} free."] if missing else [])
        return devices

    def _refuse(self, deployment: str, reasons: list[str]) -> None:
        """Raise SiteError where there are REASONS."""
        if reasons:
            raise SiteError(
                [Problem(f"Site '{self.name}' cannot hold '{deployment}': {reason}") for reason in reasons],
                bad_input=True,
            )

    def _offered_volumes(self, groups: list[Data]) -> list[str]:
        if not any(volume.get("volume_id") for group in groups for volume in group.get("volumes") or ()):
            return []
        there = {volume["Name"] for volume in self._api.volumes()["Volumes"] or ()}
        return [name for name in map(str, self.options["volumes"]) if name in there]

    def _warnings(self, groups: list[Data], changes: Changes, deployment: str) -> list[str]:
        staying = {node.id for node in (*changes.keep, *changes.repair)} - {node.id for node in _broken(changes)}
        kept = [container for container in self._containers(deployment) if container["Id"] in staying]
        shown = self._publishing.warnings(groups) if self._publishing else []
        there = networks.warnings(groups, self._networks(deployment).found(), kept)
        return [*size_warnings(groups, changes), *volumes.warnings(groups, kept), *there, *shown]

    # Making it so

    def _clear(self, changes: Changes, deployment: str) -> None:
        """Remove what goes: it makes room, and sets names free, for what comes."""
        self._each(self._remove, [*changes.remove, *_broken(changes)])
        staying = {(node.group, node.index) for node in (*changes.keep, *changes.repair)}
        staying |= {(node.group["group"], node.index) for node in changes.create}
        volumes.Store(self._api, deployment).remove(keep=lambda identity: identity in staying)

    def _make(
        self,
        new: list[NewNode],
        groups: list[Data],
        deployment: str,
        public_key: str,
        images: dict[str, str],
        devices: dict[str, list[str]],
    ) -> None:
        """Make the nodes that are new, and wait until each answers."""
        there = self._networks(deployment)
        ways = Ways(there.shared(), there.made(groups), networks.first_network(groups, deployment))
        maker = Maker(self._api, deployment, ways, public_key, self._publishing)
        store = volumes.Store(self._api, deployment)

        def make(node: NewNode) -> None:
            self._boot(maker.make(node, images[node.group["group"]], store.mounts(node), devices[node.name]))

        self._each(make, new)

    def _revive(self, changes: Changes, strangers: list[Node], public_key: str) -> None:
        """Start the nodes that stopped, and let PUBLIC_KEY in at them and at STRANGERS."""
        stopped = [node for node in changes.repair if node.state == STOPPED]
        self._each(self._start, stopped)
        self._each(lambda node: self._authorize(node, public_key), [*strangers, *stopped])

    def _wait_for_others(self, deployment: str, new: list[NewNode]) -> None:
        """Wait until all nodes but those that are NEW answer, at the addresses that they have now."""
        booted = {node.name for node in new}
        self._each(self._wait, [node for node in self._nodes(deployment) if node.name not in booted])

    def _build_images(self, groups: list[Data], say: Progress) -> dict[str, str]:
        """Return the image's reference for each of GROUPS by its safe name; missing images are built."""
        description = self._description(self._api.info(), [], self._references())
        builder = ImageBuilder(self._api, self._connection.client(FIRST_ANSWER_TIMEOUT), say)
        recipes = {image["name"]: image["recipe"] for image in self._images}
        references = {}
        for group in groups:
            image = match_image(description, group.get("image")) or {}
            references[group["group"]] = image.get("reference") or builder.ensure(recipes[image["name"]])
        return references

    def _networks(self, deployment: str) -> networks.Networks:
        mtu = self.options["mtu"] or (host.default_route_mtu() if self._endpoint.is_local else None)
        return networks.Networks(self._api, self.name, deployment, mtu)

    def _start(self, node: Node) -> None:
        if self._api.inspect_container(node.id)["State"]["Paused"]:
            self._api.unpause(node.id)
        else:
            self._api.start(node.id)

    def _stop(self, node: Node) -> None:
        self._api.stop(node.id, timeout=STOP_TIMEOUT)

    def _boot(self, container: str) -> None:
        try:
            self._api.start(container)
        except APIError as error:
            reason = str(error.explanation)
            if not any(sign in reason for sign in ("already allocated", "already in use")):
                raise
            raise SiteError(
                f"A port of the host of site '{self.name}' that a node is to have is in use: {reason}",
                hint="Ask for another port in the template, or free that one.",
            ) from error
        self._wait(self._found(container))

    def _found(self, container: str) -> Node:
        return read_node(self._api.containers(all=True, filters={"id": container})[0], self._publishing)

    def _lets_in(self, node: Node, public_key: str) -> bool:
        return public_key.strip() in self._read_file(node.id, AUTHORIZED_KEYS).splitlines()

    def _authorize(self, node: Node, public_key: str) -> None:
        """Let PUBLIC_KEY in at NODE, besides the keys that it lets in already."""
        known = self._read_file(node.id, AUTHORIZED_KEYS)
        if public_key.strip() in known.splitlines():
            return
        text = f"{known.rstrip()}\n{public_key.strip()}\n".lstrip()
        self._api.put_archive(node.id, "/", tar([("root/.ssh", 0o700, None), (AUTHORIZED_KEYS[1:], 0o600, text)]))

    def _read_file(self, container: str, path: str) -> str:
        try:
            chunks, _stat = self._api.get_archive(container, path)
        except NotFound:
            return ""
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            stream = archive.extractfile(archive.getmembers()[0])
            return stream.read().decode(errors="replace") if stream else ""

    def _wait(self, node: Node) -> None:
        """Wait until NODE's SSH server answers. Raises SiteError when it has not in BOOT_TIMEOUT seconds."""
        began = time.monotonic()
        pause = 0.05
        while not ssh_answers(node.ansible_host, node.ansible_port):
            waited = time.monotonic() - began
            if waited > 2:
                self._require_running(node)
            if waited > BOOT_TIMEOUT:
                raise SiteError(
                    f"Node {node.name}: no SSH server answers after {BOOT_TIMEOUT} s "
                    f"at {node.ansible_host} port {node.ansible_port}",
                    hint=f"Look into it with `docker exec {node.id[:12]} journalctl`. {self._reach_hint()}",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _reach_hint(self) -> str:
        if self._publishing:
            return f"The firewall of {self._publishing.host} must let this port in; site_ssh_ports narrows them down."
        return "Where the engine runs in a virtual machine, set site_access to published."

    def _require_running(self, node: Node) -> None:
        state = self._api.inspect_container(node.id)["State"]
        if not state["Running"]:
            log = self._api.logs(node.id, tail=5).decode(errors="replace").strip()
            code = state["ExitCode"]
            raise SiteError(f"Node {node.name} stopped while it started, exit code {code}. {log}".strip())

    def _remove(self, node: Node) -> None:
        remove_when_free(lambda: self._api.remove_container(node.id, force=True, v=True))

    def _remove_network(self, network: Data) -> None:
        with contextlib.suppress(NotFound):
            for container in self._api.inspect_network(network["Id"])["Containers"] or {}:
                self._api.disconnect_container_from_network(container, network["Id"], force=True)
            self._api.remove_network(network["Id"])


def _broken(changes: Changes) -> list[Node]:
    """Return the nodes that are made anew."""
    return [node for node in changes.repair if node.state != STOPPED]


def _new(groups: list[Data], changes: Changes) -> list[NewNode]:
    """Return the nodes for which a container is made."""
    by_name = {group["group"]: group for group in groups}
    return [*changes.create, *(NewNode(node.name, by_name[node.group], node.index) for node in _broken(changes))]
