# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as nodes: how they are made, and what is read from them."""

from __future__ import annotations

import io
import tarfile
import time
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine import gpus, networks
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import APIError
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.publishing import Publishing
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.labels import (
    CPUS,
    DEPLOYMENT,
    GPUS,
    GROUP,
    HOST_KEY,
    HOSTNAME,
    INDEX,
    KNOWN_BY,
    LABEL,
    MEMORY,
    PUBLIC,
)
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    ERROR,
    RUNNING,
    STOPPED,
    UNFINISHED,
    NewNode,
    Node,
)

LEAST_MEMORY = 256 * 1024**2  # below it systemd and an SSH session do not both fit
AUTHORIZED_KEYS = "/root/.ssh/authorized_keys"
STATES = {
    "running": RUNNING,
    "exited": STOPPED,
    "paused": STOPPED,
    "restarting": STOPPED,
    "created": UNFINISHED,
}

Data = dict[str, Any]


class Ways(NamedTuple):
    """The networks of a deployment, as the engine calls them.

    shared: of all nodes. made: those that the template gives, by its names. known_by: the one whose addresses come
    first, "" for the shared one.
    """

    shared: str
    made: dict[str, str]
    known_by: str = ""


class Maker:
    """Makes containers that are complete, identity and keys included, before they first start."""

    def __init__(self, api: Any, deployment: str, ways: Ways, public_key: str, publishing: Publishing | None) -> None:
        self._api = api
        self._deployment = deployment
        self._ways = ways
        self._public_key = public_key
        self._publishing = publishing
        self._info = api.info()

    def make(self, node: NewNode, image: str, mounts: list[Any], devices: list[str]) -> str:
        """Return the id of a new container for NODE that has never run.

        mounts    its volumes, as the library's Mount objects
        devices   the GPUs that it gets
        """
        host_key = ssh_keys.generate()
        bindings = self._publishing.bindings(node.group) if self._publishing else {}
        try:
            container = self._api.create_container(
                image,
                name=f"{self._deployment}.{node.name}",
                hostname=node.name,
                command=init_command(self._info),
                environment={"container": "docker"},
                stop_signal="SIGRTMIN+3",
                labels=node_labels(self._deployment, node, host_key.public, devices, self._ways.known_by),
                ports=[tuple(port.split("/")) for port in bindings] or None,
                host_config=self._host_config(node, bindings, mounts, devices),
                networking_config=self._api.create_networking_config(
                    {self._ways.shared: self._api.create_endpoint_config(aliases=[node.name])}
                ),
            )["Id"]
        except APIError as error:
            if error.status_code != 409:
                raise
            raise SiteError(
                f"Node {node.name} cannot be made: {error.explanation}",
                hint="Another command may be at work on this deployment; run it again when that has ended.",
            ) from error
        networks.connect(self._api, container, node, self._ways.made)
        self._api.put_archive(container, "/", identity(self._public_key, host_key.private))
        return str(container)

    def _host_config(self, node: NewNode, bindings: Data, mounts: list[Any], devices: list[str]) -> Any:
        size = node.group.size
        memory = max(int(size.memory), LEAST_MEMORY)
        return self._api.create_host_config(
            network_mode=self._ways.shared,
            cap_add=["SYS_ADMIN"],
            cgroupns="private",
            security_opt=["apparmor=unconfined"],
            tmpfs={"/run": "mode=755", "/run/lock": "mode=1777"},
            mem_limit=memory if self._info.get("MemoryLimit") else None,
            # Equal limits leave no swap: a node that swaps would slow down the host and all its neighbours.
            memswap_limit=memory if self._info.get("SwapLimit") else None,
            nano_cpus=int(min(size.cpus, self._info["NCPU"]) * 1e9) if self._info.get("CpuCfsQuota") else None,
            port_bindings=bindings or None,
            mounts=mounts or None,
            device_requests=gpus.requests(devices) or None,
        )


def read_node(container: Data, publishing: Publishing | None = None) -> Node:
    """Return the node that CONTAINER, an entry of the engine's list of containers, is.

    publishing   None where nodes are reached at their own addresses
    """
    labels = container["Labels"]
    ways = (container.get("NetworkSettings") or {}).get("Networks") or {}
    first = labels.get(KNOWN_BY) or f"indigo-paas-{labels[DEPLOYMENT]}"
    addresses = [ways[name]["IPAddress"] for name in sorted(ways, key=lambda name: (name != first, name))]
    addresses = list(filter(None, addresses))
    host, port = (addresses[0] if addresses else ""), 22
    public = addresses
    if publishing:
        host, port = publishing.ssh_address(container)
        public = publishing.public_addresses(addresses)
    state = STATES.get(container["State"], ERROR)
    return Node(
        name=labels[HOSTNAME],
        group=labels[GROUP],
        index=int(labels[INDEX]),
        id=container["Id"],
        state=state,
        private_address=addresses,
        public_address=public if labels.get(PUBLIC) else [],
        ansible_host=host,
        ansible_port=port,
        host_keys=[labels[HOST_KEY]],
        size={"cpus": float(labels[CPUS]), "memory": int(labels[MEMORY])},
        named=True,
        problem=_state_problem(state, container),
    )


def _state_problem(state: str, container: Data) -> str | None:
    if state == RUNNING:
        return None
    if state == UNFINISHED:
        return "Its creation broke off."
    return f"It does not run: {container.get('Status') or container['State']}."


def node_labels(
    deployment: str, node: NewNode, host_key: str, devices: Sequence[str] = (), known_by: str = ""
) -> dict[str, str]:
    """Return the labels by which a container is found again as NODE, and that say all that is known of it."""
    size = node.group.size
    return {
        **{name: value for name, value in node.group.tags.items() if not name.startswith(LABEL)},
        DEPLOYMENT: deployment,
        GROUP: node.group.safe_name,
        INDEX: str(node.index),
        HOSTNAME: node.name,
        HOST_KEY: host_key,
        CPUS: f"{size.cpus:g}",
        MEMORY: str(int(size.memory)),
        **({PUBLIC: "1"} if node.group.public else {}),
        **({GPUS: ",".join(devices)} if devices else {}),
        **({KNOWN_BY: known_by} if known_by else {}),
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
