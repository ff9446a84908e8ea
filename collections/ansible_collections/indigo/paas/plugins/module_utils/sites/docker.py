# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container engine as a site: each node is a container that runs systemd and is reached over SSH."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import tarfile
import time
import typing as t
import uuid
from urllib.parse import urlsplit

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image, misfits
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.images import SUITES, ImageBuilder, Recipe
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    ERROR,
    RUNNING,
    STOPPED,
    UNFINISHED,
    Changes,
    NewNode,
    Node,
    Option,
    Progress,
    Result,
    Site,
    check_deployment_name,
    node_size,
    reconcile,
)

try:
    import docker
    from docker.errors import APIError, DockerException, NotFound
    from docker.utils import kwargs_from_env
    from requests.exceptions import RequestException

    HAS_DOCKER = True
except ImportError:
    HAS_DOCKER = False

    class DockerException(Exception):
        """Stands for the library's class where the library is missing."""

    class APIError(DockerException):
        """Stands for the library's class where the library is missing."""

    class NotFound(APIError):
        """Stands for the library's class where the library is missing."""

    class RequestException(OSError):
        """Stands for the library's class where the library is missing."""


LABEL = "indigo.paas."
DEPLOYMENT = LABEL + "deployment"
GROUP = LABEL + "group"
INDEX = LABEL + "index"
HOSTNAME = LABEL + "hostname"
HOST_KEY = LABEL + "host_key"
CPUS = LABEL + "cpus"
MEMORY = LABEL + "memory"
PUBLIC = LABEL + "public"

ENGINE_TIMEOUT = 120
FIRST_ANSWER_TIMEOUT = 8
BOOT_TIMEOUT = 120
REMOVAL_TIMEOUT = 60
INOTIFY_LIMIT = "/proc/sys/fs/inotify/max_user_instances"
INOTIFY_INSTANCES = 6  # that systemd and its services hold in one node
LEAST_MEMORY = 256 * 1024**2  # below it systemd and an SSH session do not both fit
AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"
DEFAULT_IMAGES = [{"distribution": "debian", "version": "13"}, {"distribution": "debian", "version": "12"}]
STATES = {
    "running": RUNNING,
    "exited": STOPPED,
    "paused": STOPPED,
    "restarting": STOPPED,
    "created": UNFINISHED,
}
IMAGE_KEYS = ("name", "distribution", "version", "packages", "base", "mirror")

Data = dict[str, t.Any]


_INOTIFY_REMEDY = (
    "The kernel of the engine's host sets this limit; raise it as root with "
    "`sysctl -w fs.inotify.max_user_instances=1024`."
)


class DockerSite(Site):
    """Nodes as containers of one engine."""

    type = "docker"
    OPTIONS: t.ClassVar[dict[str, Option]] = {
        "endpoint": Option(str, None, "URL of the engine; by default DOCKER_HOST, or the local socket."),
        "images": Option(
            list,
            DEFAULT_IMAGES,
            "Images of nodes, each a dictionary: distribution, version, name (default DISTRIBUTION-VERSION), "
            "packages (to install beyond what every node has), base (image to start from), "
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
            "direct",
            "How the controller reaches a node: at its address in the engine's network (direct), "
            "or at a port of the engine's host (published), for an engine that runs in a virtual machine.",
            ("direct", "published"),
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
            known = self._each(lambda node: self._lets_in(node, public_key), changes.keep)
            strangers = [node for node, lets_in in zip(changes.keep, known, strict=True) if not lets_in]
            warnings = _size_warnings(groups, changes)
            if dry_run:
                return _result(changes, [*changes.keep, *changes.repair], strangers, warnings)
            self._apply(changes, strangers, deployment, groups, public_key, progress or (lambda _line: None))
            return _result(changes, self._nodes(deployment), strangers, warnings)

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        with self._doing("Deleting the nodes"):
            nodes = self._nodes(deployment)
            if not dry_run:
                self._each(self._remove, nodes)
                for network in self._networks(deployment):
                    self._remove_network(network)
            return [node.name for node in nodes]

    # The engine

    @property
    def _api(self) -> t.Any:
        """The engine's client. Raises SiteError where no engine answers."""
        if self._client is None:
            self._client = self._connect(ENGINE_TIMEOUT)
        return self._client

    def _connect(self, timeout: int) -> t.Any:
        if not HAS_DOCKER:
            raise SiteError(
                f"Site '{self.name}' needs the Python library docker",
                hint="Install it beside Ansible: pip install docker.",
                bad_input=True,
            )
        environment = {} if self.options["endpoint"] else kwargs_from_env()
        endpoint = self.options["endpoint"] or environment.pop("base_url", None) or default_endpoint()
        workers = self.options["parallel"]
        try:
            client = docker.APIClient(
                base_url=endpoint,
                version="auto",
                timeout=FIRST_ANSWER_TIMEOUT,
                max_pool_size=workers + 4,
                **environment,
            )
        except (DockerException, RequestException) as error:
            raise _no_engine(endpoint, error) from error
        client.timeout = timeout
        return client

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
        nodes = [self._node(container) for container in self._containers(deployment)]
        return sorted(nodes, key=lambda node: (node.group, node.index, node.id))

    def _node(self, container: Data) -> Node:
        return read_node(container, self._published_host() if self.options["access"] == "published" else None)

    def _is_local(self) -> bool:
        return str(self._api.base_url).startswith("http+docker://")

    def _published_host(self) -> str:
        return "127.0.0.1" if self._is_local() else str(urlsplit(self._api.base_url).hostname)

    def _networks(self, deployment: str) -> list[Data]:
        networks: list[Data] = self._api.networks(filters={"label": [f"{DEPLOYMENT}={deployment}"]})
        return sorted(networks, key=lambda network: network["Created"])

    def _references(self) -> list[str]:
        return sorted(tag for image in self._api.images() for tag in image.get("RepoTags") or ())

    def _description(self, info: Data, containers: list[Data], references: list[str]) -> Data:
        cpus, memory = info["NCPU"], info["MemTotal"]
        nodes = self.options["max_nodes"]
        limit = _inotify_nodes() if self._is_local() else None
        return self.description(
            images=[
                {
                    "name": image["name"],
                    "distribution": image["distribution"],
                    "version": image["version"],
                    "codename": SUITES.get(image["distribution"], {}).get(image["version"]),
                    "type": "linux",
                    "architecture": info["Architecture"],
                    "default": image["name"] == self._default_image,
                }
                for image in self._images
            ],
            references=references,
            capacity={
                "cpus": cpus * self.options["cpu_overcommit"],
                "memory": int(memory * self.options["memory_overcommit"]),
                "nodes": nodes if limit is None else min(nodes, limit),
            },
            remedies={} if limit is None or limit >= nodes else {"nodes": _INOTIFY_REMEDY},
            largest_node={"cpus": cpus, "memory": memory},
            used=_use(containers),
            warnings=_limit_warnings(info),
        )

    def _require_room(self, groups: list[Data], deployment: str) -> None:
        reasons = misfits(
            groups, self._description(self._api.info(), self._containers(), self._references()), deployment
        )
        if reasons:
            raise SiteError(
                [Problem(f"Site '{self.name}' cannot hold '{deployment}': {reason}") for reason in reasons],
                bad_input=True,
            )

    # Making it so

    def _apply(
        self,
        changes: Changes,
        strangers: list[Node],
        deployment: str,
        groups: list[Data],
        public_key: str,
        say: Progress,
    ) -> None:
        """Carry out CHANGES, let PUBLIC_KEY in at strangers, and wait until all nodes answer."""
        by_name = {group["group"]: group for group in groups}
        stopped = [node for node in changes.repair if node.state == STOPPED]
        broken = [node for node in changes.repair if node.state != STOPPED]
        new = [*changes.create, *(NewNode(node.name, by_name[node.group], node.index) for node in broken)]
        images = self._build_images([node.group for node in new], say) if new else {}
        # What goes makes room, and sets names free, for what comes.
        self._each(self._remove, [*changes.remove, *broken])
        if new:
            say(f"Making {len(new)} nodes" if len(new) > 1 else f"Making the node {new[0].name}")
            maker = _Maker(self._api, deployment, self._network(deployment), public_key, self.options["access"])
            self._each(lambda node: self._boot(maker.make(node, images[node.group["group"]])), new)
        self._each(self._start, stopped)
        self._each(lambda node: self._authorize(node, public_key), [*strangers, *stopped])
        # Read again: a node that was started may have another address than before it stopped.
        booted = {node.name for node in new}
        self._each(self._wait, [node for node in self._nodes(deployment) if node.name not in booted])

    def _build_images(self, groups: list[Data], say: Progress) -> dict[str, str]:
        """Return the image's reference for each of GROUPS by its safe name; missing images are built."""
        description = self._description(self._api.info(), [], self._references())
        builder = ImageBuilder(self._api, self._connect(FIRST_ANSWER_TIMEOUT), say)
        recipes = {image["name"]: image["recipe"] for image in self._images}
        references = {}
        for group in groups:
            image = match_image(description, group.get("image")) or {}
            references[group["group"]] = image.get("reference") or builder.ensure(recipes[image["name"]])
        return references

    def _network(self, deployment: str) -> str:
        networks = self._networks(deployment)
        if networks:
            return str(networks[0]["Name"])
        mtu = self.options["mtu"] or (_default_route_mtu() if self._is_local() else None)
        name = f"indigo-paas-{deployment}"
        try:
            self._api.create_network(
                name,
                driver="bridge",
                check_duplicate=True,
                labels={DEPLOYMENT: deployment},
                options={"com.docker.network.driver.mtu": str(mtu)} if mtu else None,
            )
        except APIError as error:
            if "address pool" not in str(error.explanation):
                raise
            raise SiteError(
                f"The engine of site '{self.name}' has no address range left for another network",
                hint="Destroy a deployment, or give the engine more default-address-pools.",
            ) from error
        return name

    def _start(self, node: Node) -> None:
        if self._api.inspect_container(node.id)["State"]["Paused"]:
            self._api.unpause(node.id)
        else:
            self._api.start(node.id)

    def _boot(self, container: str) -> None:
        self._api.start(container)
        self._wait(self._found(container))

    def _found(self, container: str) -> Node:
        return self._node(self._api.containers(all=True, filters={"id": container})[0])

    def _lets_in(self, node: Node, public_key: str) -> bool:
        return public_key.strip() in self._read_file(node.id, AUTHORIZED_KEYS).splitlines()

    def _authorize(self, node: Node, public_key: str) -> None:
        """Let PUBLIC_KEY in at NODE, besides the keys that it lets in already."""
        known = self._read_file(node.id, AUTHORIZED_KEYS)
        if public_key.strip() in known.splitlines():
            return
        text = f"{known.rstrip()}\n{public_key.strip()}\n".lstrip()
        self._api.put_archive(node.id, "/", tar([("root/.ssh", 0o700, None), (AUTHORIZED_KEYS[1:], 0o600, text)]))
        return node.name

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
        while not _ssh_answers(node.ansible_host, node.ansible_port):
            waited = time.monotonic() - began
            if waited > 2:
                self._require_running(node)
            if waited > BOOT_TIMEOUT:
                raise SiteError(
                    f"Node {node.name}: no SSH server answers after {BOOT_TIMEOUT} s "
                    f"at {node.ansible_host} port {node.ansible_port}",
                    hint=f"Look into it with `docker exec {node.id[:12]} journalctl`. "
                    "Where the engine runs in a virtual machine, set site_access to published.",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _require_running(self, node: Node) -> None:
        state = self._api.inspect_container(node.id)["State"]
        if not state["Running"]:
            log = self._api.logs(node.id, tail=5).decode(errors="replace").strip()
            code = state["ExitCode"]
            raise SiteError(f"Node {node.name} stopped while it started, exit code {code}. {log}".strip())

    def _remove(self, node: Node) -> None:
        began = time.monotonic()
        while True:
            try:
                self._api.remove_container(node.id, force=True, v=True)
                return
            except NotFound:
                return
            except APIError as error:
                # 409: somebody else's removal is under way.
                if error.status_code != 409 or time.monotonic() - began > REMOVAL_TIMEOUT:
                    raise
                time.sleep(0.2)

    def _remove_network(self, network: Data) -> None:
        with contextlib.suppress(NotFound):
            for container in self._api.inspect_network(network["Id"])["Containers"] or {}:
                self._api.disconnect_container_from_network(container, network["Id"], force=True)
            self._api.remove_network(network["Id"])


class _Maker:
    """Makes containers that are complete, identity and keys included, before they first start."""

    def __init__(self, api: t.Any, deployment: str, network: str, public_key: str, access: str) -> None:
        self._api = api
        self._deployment = deployment
        self._network = network
        self._public_key = public_key
        self._access = access
        self._info = api.info()

    def make(self, node: NewNode, image: str) -> str:
        """Return the id of a new container for NODE that has never run."""
        host_key = ssh_keys.generate()
        try:
            container = self._api.create_container(
                image,
                name=f"{self._deployment}.{node.name}",
                hostname=node.name,
                command=init_command(self._info),
                environment={"container": "docker"},
                stop_signal="SIGRTMIN+3",
                labels=node_labels(self._deployment, node, host_key.public),
                ports=[22] if self._access == "published" else None,
                host_config=self._host_config(node),
                networking_config=self._api.create_networking_config(
                    {self._network: self._api.create_endpoint_config(aliases=[node.name])}
                ),
            )["Id"]
        except APIError as error:
            if error.status_code != 409:
                raise
            raise SiteError(
                f"Node {node.name} cannot be made: {error.explanation}",
                hint="Another command may be at work on this deployment; run it again when that has ended.",
            ) from error
        self._api.put_archive(container, "/", identity(self._public_key, host_key.private))
        return str(container)

    def _host_config(self, node: NewNode) -> t.Any:
        size = node_size(node.group)
        memory = max(int(size["memory"]), LEAST_MEMORY)
        return self._api.create_host_config(
            network_mode=self._network,
            cap_add=["SYS_ADMIN"],
            cgroupns="private",
            security_opt=["apparmor=unconfined"],
            tmpfs={"/run": "mode=755", "/run/lock": "mode=1777"},
            mem_limit=memory if self._info.get("MemoryLimit") else None,
            # Equal limits leave no swap: a node that swaps would slow down the host and all its neighbours.
            memswap_limit=memory if self._info.get("SwapLimit") else None,
            nano_cpus=int(min(size["cpus"], self._info["NCPU"]) * 1e9) if self._info.get("CpuCfsQuota") else None,
            port_bindings={22: None} if self._access == "published" else None,
        )


def read_images(site: str, entries: list[t.Any]) -> list[Data]:
    """Return the images of SITE, each {name, distribution, version, recipe}. Raises SiteError."""
    images, problems = [], []
    for number, entry in enumerate(entries or DEFAULT_IMAGES, start=1):
        try:
            images.append(_read_image(entry))
        except ValueError as error:
            problems.append(Problem(f"Site '{site}', image {number}: {error}"))
    if problems:
        raise SiteError(problems, bad_input=True)
    return images


def _read_image(entry: t.Any) -> Data:
    if not isinstance(entry, dict) or not entry.get("distribution") or not entry.get("version"):
        raise ValueError("it must be a dictionary with distribution and version")
    for key in entry:
        if key not in IMAGE_KEYS:
            raise ValueError(f"it has an unknown key '{key}'. {did_you_mean(key, IMAGE_KEYS, what='keys')}")
    packages = entry.get("packages") or []
    if not isinstance(packages, list):
        raise ValueError("its packages must be a list")
    distribution, version = str(entry["distribution"]).lower(), str(entry["version"]).lower()
    recipe = Recipe(distribution, version, tuple(map(str, packages)), entry.get("base"), entry.get("mirror"))
    name = str(entry.get("name") or f"{distribution}-{version}")
    return {"name": name, "distribution": distribution, "version": version, "recipe": recipe}


def read_node(container: Data, published_host: str | None = None) -> Node:
    """Return the node that CONTAINER, an entry of the engine's list of containers, is.

    published_host   where the engine publishes ports; None where nodes are reached at their own addresses
    """
    labels = container["Labels"]
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = [network["IPAddress"] for network in networks.values() if network.get("IPAddress")]
    host, port = (addresses[0] if addresses else ""), 22
    if published_host:
        port = next((p["PublicPort"] for p in container.get("Ports") or () if p.get("PublicPort")), 0)
        host = published_host if port else ""
    state = STATES.get(container["State"], ERROR)
    return Node(
        name=labels[HOSTNAME],
        group=labels[GROUP],
        index=int(labels[INDEX]),
        id=container["Id"],
        state=state,
        private_address=addresses,
        public_address=addresses if labels.get(PUBLIC) else [],
        ansible_host=host,
        ansible_port=port,
        host_keys=[labels[HOST_KEY]],
        size={"cpus": float(labels[CPUS]), "memory": int(labels[MEMORY])},
        problem=_state_problem(state, container),
    )


def _state_problem(state: str, container: Data) -> str | None:
    if state == RUNNING:
        return None
    if state == UNFINISHED:
        return "Its creation broke off."
    return f"It does not run: {container.get('Status') or container['State']}."


def node_labels(deployment: str, node: NewNode, host_key: str) -> dict[str, str]:
    """Return the labels by which a container is found again as NODE, and that say all that is known of it."""
    size = node_size(node.group)
    public = bool((node.group.get("network") or {}).get("public"))
    return {
        DEPLOYMENT: deployment,
        GROUP: node.group["group"],
        INDEX: str(node.index),
        HOSTNAME: node.name,
        HOST_KEY: host_key,
        CPUS: f"{size['cpus']:g}",
        MEMORY: str(int(size["memory"])),
        **({PUBLIC: "1"} if public else {}),
    }


def init_command(info: Data) -> list[str]:
    """Return what a node runs as its first process under the engine of INFO."""
    if str(info.get("CgroupVersion")) != "2":
        return ["/sbin/init"]
    # The engine mounts the unified cgroup tree read-only; systemd must make groups in the node's part of it.
    return ["/bin/sh", "-c", "mount -o remount,rw /sys/fs/cgroup; exec /sbin/init"]


def identity(public_key: str, host_key: str) -> bytes:
    """Return a tar of the files that make a node itself: who may enter, its host key, its machine id."""
    return tar(
        [
            ("root/.ssh", 0o700, None),
            (AUTHORIZED_KEYS[1:], 0o600, public_key.strip() + "\n"),
            ("etc/ssh/ssh_host_ed25519_key", 0o600, host_key),
            ("etc/machine-id", 0o444, uuid.uuid4().hex + "\n"),
        ]
    )


def tar(entries: list[tuple[str, int, str | None]]) -> bytes:
    """Return a tar archive of ENTRIES (path, mode, text), owned by root; a text of None is a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, mode, text in entries:
            entry = tarfile.TarInfo(path)
            entry.mode = mode
            entry.mtime = int(time.time())
            data = (text or "").encode()
            entry.size = len(data)
            entry.type = tarfile.DIRTYPE if text is None else tarfile.REGTYPE
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def default_endpoint() -> str:
    """Return the URL of this machine's engine: root's socket, or that of a rootless engine."""
    system = "/var/run/docker.sock"
    rootless = os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "docker.sock")
    return f"unix://{rootless if os.path.exists(rootless) and not os.path.exists(system) else system}"


def _no_engine(endpoint: str, error: Exception) -> SiteError:
    if "Permission denied" in str(error):
        return SiteError(
            f"The container engine at {endpoint} may not be used by this user",
            hint="Add the user to the group docker, or run as root.",
            bad_input=True,
        )
    return SiteError(
        f"No container engine answers at {endpoint}",
        hint="Start it (systemctl start docker), or install one with setup/engine.sh.",
        bad_input=True,
    )


def _result(changes: Changes, nodes: list[Node], strangers: list[Node], warnings: list[str]) -> Result:
    """Return the result of CHANGES; strangers are kept nodes that had to be taught the key."""
    names = changes.names()
    rekeyed = [node.name for node in strangers]
    return Result(
        nodes=nodes,
        created=names["create"],
        repaired=sorted({*names["repair"], *rekeyed}),
        removed=names["remove"],
        kept=[name for name in names["keep"] if name not in rekeyed],
        changed=bool(changes) or bool(rekeyed),
        warnings=warnings,
    )


def _size_warnings(groups: list[Data], changes: Changes) -> list[str]:
    wanted = {group["group"]: node_size(group) for group in groups}
    return [
        f"Node {node.name} keeps the size that it was made with. Name it in removal_list to replace it."
        for node in [*changes.keep, *changes.repair]
        if node.state in (RUNNING, STOPPED)
        and (node.size["cpus"], node.size["memory"]) != (wanted[node.group]["cpus"], int(wanted[node.group]["memory"]))
    ]


def _use(containers: list[Data]) -> Data:
    """Return what the nodes among CONTAINERS were promised, in all and by deployment."""
    deployments: dict[str, Data] = {}
    for container in containers:
        labels = container["Labels"]
        use = deployments.setdefault(labels[DEPLOYMENT], {"cpus": 0.0, "memory": 0, "nodes": 0})
        use["cpus"] += float(labels[CPUS])
        use["memory"] += int(labels[MEMORY])
        use["nodes"] += 1
    total = {what: sum(use[what] for use in deployments.values()) for what in ("cpus", "memory", "nodes")}
    return {**total, "deployments": deployments}


def _limit_warnings(info: Data) -> list[str]:
    limits = {"MemoryLimit": "memory", "CpuCfsQuota": "CPU time"}
    return [
        f"The engine cannot limit {what}: a node may use all of the host's."
        for key, what in limits.items()
        if not info.get(key)
    ]


def _inotify_nodes() -> int | None:
    """Return for how many nodes this host's kernel has inotify instances; None where it does not say."""
    try:
        with open(INOTIFY_LIMIT, encoding="ascii") as stream:
            return int(stream.read()) // INOTIFY_INSTANCES
    except (OSError, ValueError):
        return None


def _ssh_answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _default_route_mtu() -> int | None:
    """Return the MTU of this host's default route; None where there is none or where it cannot be read."""
    try:
        with open("/proc/net/route", encoding="ascii") as routes:
            fields = [line.split() for line in routes]
        interface = next(field[0] for field in fields if len(field) > 1 and field[1] == "00000000")
        with open(f"/sys/class/net/{interface}/mtu", encoding="ascii") as stream:
            return int(stream.read())
    except (OSError, StopIteration, ValueError):
        return None
