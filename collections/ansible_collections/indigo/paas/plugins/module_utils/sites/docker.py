# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container engine as a site: each node is a container that runs systemd and is reached over SSH."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils import reach
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
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder
from ansible_collections.indigo.paas.plugins.module_utils.labels import DEPLOYMENT
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.prepared import keeper
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import (
    PREPARED,
    PreparedImage,
    from_labels,
    labels,
)
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    STOPPED,
    Changes,
    Foreseen,
    NewNode,
    Node,
    Option,
    Order,
    Progress,
    Work,
    check_deployment_name,
    size_warnings,
)

BOOT_TIMEOUT = 120  # seconds
PREPARED_REPOSITORY = "indigo-paas/prepared"
STOP_TIMEOUT = 30  # seconds until a node that does not stop by itself is killed

Data = dict[str, Any]


class DockerSite(keeper.ImageKeeper):
    """Nodes as containers of one engine."""

    type = "docker"
    MAKES_NETWORKS = True
    ANYHOW: ClassVar[Mapping[str, str]] = {"ports": "whoever reaches a node's address reaches all of its ports"}
    UNHEEDED: ClassVar[Mapping[str, str]] = {
        "size.disk": "nodes share the disk of the engine's host",
        "size.instance_type": "an engine has no sizes of its own",
        "size.preemptible": "an engine takes nothing back",
        "network": "nodes are in networks of the deployment's own",
        "volumes.size": "a volume of an engine has no size",
        "volumes.type": "an engine has one kind of volumes",
        "volumes.device": "a volume of an engine is no device",
        "volumes.fs_type": "a volume of an engine has no file system of its own",
        "users": "a container has root alone",
    }
    OPTIONS: ClassVar[dict[str, Option]] = {
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
        **keeper.OPTIONS,
    }

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
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
        self._client: Any = None

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

    def begin(self, order: Order) -> Work:
        self._require_room(order.groups, order.deployment)
        return _Making(self, order)

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        with self._doing("Deleting the nodes"):
            nodes = self._nodes(deployment)
            if not dry_run:
                self._each(self._remove, nodes)
                volumes.Store(self._api, deployment).remove()
                for network in self._networks(deployment).existing():
                    self._remove_network(network)
            return [node.name for node in nodes]

    def _power(self, deployment: str, nodes: list[Node], running: bool) -> None:
        with self._doing("Starting the nodes" if running else "Stopping the nodes"):
            self._each(self._start if running else self._stop, nodes)
            if running:
                started = {node.id for node in nodes}
                self._each(self._wait, [node for node in self._nodes(deployment) if node.id in started])

    # Prepared images

    def prepared_images(self) -> list[PreparedImage]:
        with self._doing("Listing the prepared images"):
            found = self._api.images(filters={"label": [PREPARED]})
        images = [from_labels(image.get("Labels") or {}, image["Id"], image.get("Size")) for image in found]
        return [image for image in images if image]

    def image_base(self, image: WantedImage) -> keeper.Base:
        with self._doing("Looking for the image"):
            found = self._match(self._description(self._api.info(), [], self._references()), image)
            if "recipe" in found:
                return keeper.Base(found["recipe"].reference, f"{found['distribution']}-{found['version']}")
            return keeper.Base(self._api.inspect_image(found["reference"])["Id"], "other")

    def keep_image(self, node: Node, image: PreparedImage) -> None:
        with self._doing("Keeping the image"):
            container = self._api.inspect_container(node.id)
            # What the engine would take over from the container is nobody's any more.
            own = {**dict.fromkeys(container["Config"]["Labels"] or {}, ""), **labels(image)}
            changes = [f"LABEL {json.dumps(name)}={json.dumps(value)}" for name, value in sorted(own.items())]
            self._api.commit(node.id, repository=PREPARED_REPOSITORY, tag=image.name, changes=changes)

    def images_in_use(self) -> dict[str, int]:
        with self._doing("Listing the containers"):
            return dict(Counter(container["ImageID"] for container in self._api.containers(all=True)))

    def _delete_image(self, image: PreparedImage) -> None:
        with self._doing(f"Deleting the image {image.name}"), contextlib.suppress(NotFound):
            self._api.remove_image(image.id)

    # The engine

    @property
    def _api(self) -> Any:
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
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (DockerException, RequestException) as error:
            reason = getattr(error, "explanation", None) or error
            raise SiteError(f"{what} at site '{self.name}' failed: {reason}") from error

    def _each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return each(function, items, self.options["parallel"])

    # What there is

    def _containers(self, deployment: str | None = None) -> list[Data]:
        label = DEPLOYMENT if deployment is None else f"{DEPLOYMENT}={deployment}"
        found: list[Data] = self._api.containers(all=True, filters={"label": [label]})
        # One that somebody made of a prepared image by hand has the label too, but is no deployment's.
        return [container for container in found if container["Labels"][DEPLOYMENT]]

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

    def _require_room(self, groups: list[NodeGroup], deployment: str) -> None:
        reasons = misfits(
            groups, self._description(self._api.info(), self._containers(), self._references()), deployment
        )
        reasons += volumes.misfits(groups, self._offered_volumes(groups))
        reasons += networks.misfits(groups, self._api.networks(), deployment)
        reasons += self._publishing.misfits(groups) if self._publishing else []
        self.refuse(deployment, reasons)

    def allot_gpus(self, groups: list[NodeGroup], changes: Changes, deployment: str) -> dict[str, list[str]]:
        """Return the GPUs of the nodes that are to be made, by name. Raises SiteError where some are missing."""
        going = {node.id for node in (*changes.remove, *_broken(changes))}
        busy = gpus.taken(container for container in self._containers() if container["Id"] not in going)
        free = [device for device in self._gpus(self._api.info()) if device not in busy]
        devices, missing = gpus.allot(_new(groups, changes), free)
        self.refuse(deployment, [f"{missing} GPUs are missing; it has {len(free)} free."] if missing else [])
        return devices

    def _offered_volumes(self, groups: list[NodeGroup]) -> list[str]:
        if not any(volume.volume_id for group in groups for volume in group.volumes):
            return []
        there = {volume["Name"] for volume in self._api.volumes()["Volumes"] or ()}
        return [name for name in map(str, self.options["volumes"]) if name in there]

    def warnings(self, groups: list[NodeGroup], changes: Changes, deployment: str) -> list[str]:
        staying = {node.id for node in (*changes.keep, *changes.repair)} - {node.id for node in _broken(changes)}
        kept = [container for container in self._containers(deployment) if container["Id"] in staying]
        shown = [*self._open_to_all(groups), *(self._publishing.warnings(groups) if self._publishing else [])]
        there = networks.warnings(groups, self._networks(deployment).existing(), kept)
        return [*size_warnings(groups, changes), *volumes.warnings(groups, kept), *there, *shown]

    def _open_to_all(self, groups: Iterable[NodeGroup]) -> list[str]:
        """Return which ports of nodes that are reached at their own addresses some should not reach, as sentences."""
        return [
            f"Site '{self.name}' does not heed the remote_cidr of '{port.name}' of '{group.name}': "
            "an engine cannot limit who comes in."
            for group in groups
            if group.count and not (self._publishing and self._publishing.is_shown(group))
            for port in group.ports
            if port.is_limited
        ]

    # Making it so

    def strangers(self, nodes: Sequence[Node], public_key: str) -> list[Node]:
        """Return those of NODES that do not let PUBLIC_KEY in."""
        known = self._each(lambda node: self._lets_in(node, public_key), nodes)
        return [node for node, lets_in in zip(nodes, known, strict=True) if not lets_in]

    def apply(self, order: Order, changes: Changes, strangers: list[Node], devices: dict[str, list[str]]) -> list[Node]:
        """Bring CHANGES about and return all nodes; DEVICES are the GPUs of the new ones."""
        new = _new(order.groups, changes)
        images = self._build_images([node.group for node in new], order.say) if new else {}
        self._clear(changes, order.deployment)
        if new:
            order.say(f"Making {len(new)} nodes" if len(new) > 1 else f"Making the node {new[0].name}")
            self._make(new, order, images, devices)
        self._revive(changes, strangers, order.public_key)
        self._wait_for_others(order.deployment, new)
        return self._nodes(order.deployment)

    def _clear(self, changes: Changes, deployment: str) -> None:
        """Remove what goes: it makes room, and sets names free, for what comes."""
        self._each(self._remove, [*changes.remove, *_broken(changes)])
        staying = {(node.group, node.index) for node in (*changes.keep, *changes.repair)}
        staying |= {node.identity for node in changes.create}
        volumes.Store(self._api, deployment).remove(keep=lambda identity: identity in staying)

    def _make(
        self,
        new: list[NewNode],
        order: Order,
        images: dict[str, str],
        devices: dict[str, list[str]],
    ) -> None:
        """Make the nodes that are new, and wait until each answers."""
        there = self._networks(order.deployment)
        first = networks.first_network(order.groups, order.deployment)
        ways = Ways(there.shared(), there.ensure(order.groups), first)
        maker = Maker(self._api, order.deployment, ways, order.public_key, self._publishing)
        store = volumes.Store(self._api, order.deployment)

        def make(node: NewNode) -> None:
            self._boot(maker.make(node, images[node.group.safe_name], store.mounts(node), devices[node.name]))

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

    def _build_images(self, groups: list[NodeGroup], say: Progress) -> dict[str, str]:
        """Return the image's reference for each of GROUPS by its safe name; missing images are built."""
        description = self._description(self._api.info(), [], self._references())
        prepared = self.starting_images({group.safe_name: group.image for group in groups}, say)
        builder = ImageBuilder(self._api, self._connection.client(FIRST_ANSWER_TIMEOUT), say)
        references = {name: str(image.id) for name, image in prepared.items()}
        for group in groups:
            if group.safe_name not in references:
                image = self._match(description, group.image)
                references[group.safe_name] = image.get("reference") or builder.ensure(image["recipe"])
        return references

    def _match(self, description: Data, asked: WantedImage) -> Data:
        """Return the image that is ASKED for, with its `recipe`, or its `reference` alone."""
        image = match_image(description, asked) or {}
        recipes = {known["name"]: known["recipe"] for known in self._images}
        return image if image.get("reference") else {**image, "recipe": recipes[image["name"]]}

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
        self._wait(self._node_of(container))

    def _node_of(self, container: str) -> Node:
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
        hint = f"Look into it with `docker exec {node.id[:12]} journalctl`. {self._reach_hint()}"
        reach.wait_for_ssh(node, BOOT_TIMEOUT, hint=hint, check=lambda: self._require_running(node))

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


class _Making(Work):
    """One call of ensure_nodes."""

    def __init__(self, site: DockerSite, order: Order) -> None:
        self._site = site
        self._order = order
        self._devices: dict[str, list[str]] = {}
        self._strangers: list[Node] = []
        self.found = site.list_nodes(order.deployment)

    def prepare(self, changes: Changes) -> Foreseen:
        groups, deployment = self._order.groups, self._order.deployment
        self._devices = self._site.allot_gpus(groups, changes, deployment)
        self._strangers = self._site.strangers(changes.keep, self._order.public_key)
        return Foreseen(self._site.warnings(groups, changes, deployment), self._strangers)

    def apply(self, changes: Changes) -> tuple[list[Node], bool]:
        return self._site.apply(self._order, changes, self._strangers, self._devices), False


def _broken(changes: Changes) -> list[Node]:
    """Return the nodes that are made anew."""
    return [node for node in changes.repair if node.state != STOPPED]


def _new(groups: list[NodeGroup], changes: Changes) -> list[NewNode]:
    """Return the nodes for which a container is made."""
    by_name = {group.safe_name: group for group in groups}
    return [*changes.create, *(NewNode(node.name, by_name[node.group], node.index) for node in _broken(changes))]
