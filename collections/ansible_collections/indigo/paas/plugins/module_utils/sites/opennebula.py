# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenNebula as a site: each node is a virtual machine, told who it is by contextualization and found by labels."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ansible_collections.indigo.paas.plugins.module_utils import reach
from ansible_collections.indigo.paas.plugins.module_utils.brokering import misfits
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.existing_volumes import require_offered
from ansible_collections.indigo.paas.plugins.module_utils.nebula import (
    choice,
    documents,
    ending,
    firewall,
    machines,
    prepared,
    security,
)
from ansible_collections.indigo.paas.plugins.module_utils.nebula.blueprints import start_of
from ansible_collections.indigo.paas.plugins.module_utils.nebula.client import Client
from ansible_collections.indigo.paas.plugins.module_utils.nebula.cloud import Cloud
from ansible_collections.indigo.paas.plugins.module_utils.nebula.making import Making
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared import keeper
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    RUNNING,
    STOPPED,
    Node,
    Option,
    Order,
    Progress,
    check_deployment_name,
    read_entries,
)

Data = dict[str, Any]

IMAGE_KEYS = ("name", "template", "image", "type", "distribution", "version", "architecture")


class OpennebulaSite(keeper.ImageKeeper):
    """Nodes as virtual machines of one user of OpenNebula."""

    type = "opennebula"
    UNHEEDED: ClassVar[Mapping[str, str]] = {
        "size.instance_type": "machines are made to size",
        "size.preemptible": "OpenNebula takes nothing back",
        "network": "site_private_network says which one it is",
        "volumes.type": "disks are where the site keeps those of machines",
        "volumes.device": "a machine names its disks itself",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {
        "volumes.snapshot_id": "disks are not made from snapshots here, so that its data would be missing",
    }
    OPTIONS: ClassVar[dict[str, Option]] = {
        "endpoint": Option(str, None, "URL of the XML-RPC API; by default ONE_XMLRPC, or that of this machine."),
        "auth_file": Option(str, None, "File with USER:PASSWORD; by default ONE_AUTH, or ~/.one/one_auth."),
        "verify_tls": Option(bool, True, "Whether the certificate of the endpoint must be good."),
        "images": Option(
            list,
            [],
            "Images of nodes, each a dictionary: template (of a machine) or image (of a disk), by name or id, name "
            "(default that), type, distribution, version, architecture. A name may be OWNER/NAME. Without it all "
            "images of operating systems that are the account's own or the administrators'.",
        ),
        "default_image": Option(
            str,
            None,
            "Name of the image for nodes that ask for none; by default the first, without site_images the oldest.",
        ),
        "volumes": Option(list, [], "Names or ids of images that templates may attach by volume_id."),
        "private_network": Option(str, None, "Virtual network of all nodes, by name, OWNER/NAME or id."),
        "public_network": Option(
            str, None, "Virtual network for nodes that ask for a public address, by name, OWNER/NAME or id."
        ),
        "cpu_share": Option(float, 1.0, "Physical CPU that is promised to each virtual one."),
        "max_nodes": Option(int, 100, "How many nodes there may be in all, where no quota says less."),
        "max_node_cpus": Option(int, 16, "CPUs of the largest node."),
        "max_node_memory": Option(int, 64 * 1024**3, "Memory of the largest node, in bytes."),
        "parallel": Option(int, 8, "How many calls are made at a time."),
        "boot_timeout": Option(int, 600, "Seconds that machines may take to run, and to answer by SSH."),
        "attempts": Option(int, 2, "How many times a machine that failed is made anew."),
        "wait_for_ssh": Option(
            bool, True, "Wait until each node answers with its own host key; false for machines that run nothing."
        ),
        **keeper.OPTIONS,
    }

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        self._images = read_images(name, self.options["images"])

    # The verbs of a site

    def describe(self) -> Data:
        try:
            return self._description(self._cloud.machines())
        except SiteError as error:
            return self.description(available=False, problem=str(error))

    def missing(self) -> list[str]:
        return super().missing() or [
            reason for check in (self._check_networks, self._check_images) for reason in check()
        ]

    def list_nodes(self, deployment: str) -> list[Node]:
        check_deployment_name(deployment)
        return self._cloud.nodes(deployment)

    def begin(self, order: Order) -> Making:
        def prepared_for(groups: list[NodeGroup]) -> dict[str, PreparedImage]:
            return self.starting_images({group.safe_name: group.image for group in groups}, order.say)

        description = self._require_room(order.groups, order.deployment)
        return Making(self._cloud, order, description, prepared_for, self.wait_for_ssh)

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        nodes = self._cloud.nodes(deployment)
        if not dry_run:
            ending.end_all(self._cloud, deployment, nodes)
            # OpenNebula keeps a group for as long as a machine uses it.
            self.leftovers = firewall.delete_all(self._cloud, deployment)
        return [node.name for node in nodes]

    def _power(self, deployment: str, nodes: list[Node], running: bool) -> None:
        action, wanted = ("resume", RUNNING) if running else ("poweroff", STOPPED)
        deadline = time.monotonic() + self.options["boot_timeout"]
        ids = {node.id for node in nodes}
        late = nodes
        while late:
            # One that is just being backed up, or the like, can be stopped when that is over.
            self._cloud.each(lambda node: self._cloud.act(action, node), late)
            late = [node for node in self._cloud.nodes(deployment) if node.id in ids and node.state != wanted]
            if late and time.monotonic() > deadline:
                raise SiteError([Problem(f"Site '{self.name}': node {node.name} stays {node.state}") for node in late])
            time.sleep(ending.INTERVAL if late else 0)
        if running:
            self.wait_for_ssh([node for node in self._cloud.nodes(deployment) if node.id in ids])

    # Prepared images

    def prepared_images(self) -> list[PreparedImage]:
        return [image for image in map(prepared.read, prepared.own(self._cloud.api)) if image]

    def image_base(self, image: WantedImage) -> keeper.Base:
        start = start_of(self._cloud, self._description([]), image)
        known = start.entry.get("distribution") and start.entry.get("version")
        name = f"{start.entry['distribution']}-{start.entry['version']}" if known else "other"
        return keeper.Base(start.name, name)

    def keep_image(self, node: Node, image: PreparedImage) -> None:
        found = next((vm for vm in self._cloud.machines() if str(vm.ID) == node.id), None)
        if found is None:
            raise SiteError(f"Site '{self.name}': the machine of {node.name} is gone")
        self._power(str(found.USER_TEMPLATE[documents.DEPLOYMENT]), [node], running=False)
        prepared.make(self._cloud.api, int(node.id), image, self.options["boot_timeout"])

    def images_in_use(self) -> dict[str, int]:
        return {
            str(image.ID): int(image.RUNNING_VMS)
            for image in prepared.own(self._cloud.api)
            if int(image.RUNNING_VMS) > 0
        }

    def _delete_image(self, image: PreparedImage) -> None:
        self._cloud.api.delete("image.delete", int(str(image.id)))

    # OpenNebula

    @cached_property
    def _cloud(self) -> Cloud:
        """What the account sees. Raises SiteError (bad_input) where the library or the credentials are missing."""
        endpoint = self.options["endpoint"] or os.environ.get("ONE_XMLRPC") or "http://localhost:2633/RPC2"
        auth = self.options["auth_file"] or os.environ.get("ONE_AUTH") or "~/.one/one_auth"
        return Cloud(self.name, self.options, Client(self.name, endpoint, auth, self.options["verify_tls"]))

    # What there is

    def _check_networks(self) -> list[str]:
        return _failures_of(
            lambda: self._cloud.network_id("private_network"),
            lambda: self._cloud.network_id("public_network", required=False),
        )

    def _check_images(self) -> list[str]:
        """Return which of the configured images are not there."""
        known = {"image": self._cloud.system, "template": self._cloud.template}
        wanted = [(find, image[kind]) for image in self._images for kind, find in known.items() if kind in image]
        return _failures_of(*(lambda find=find, name=name: find(name) for find, name in wanted))

    def _described_images(self) -> list[Data]:
        entries = self._images or choice.offered(self._cloud.images, self._cloud.account())
        chosen = self.options["default_image"] or (entries[0]["name"] if entries else None)
        return [
            {
                "codename": None,
                "type": "linux",
                "architecture": None,
                "distribution": None,
                "version": None,
                **entry,
                "default": entry["name"] == chosen,
            }
            for entry in entries
        ]

    def _references(self) -> list[str]:
        host = urlsplit(self._cloud.api.endpoint).hostname
        return [
            name
            for image in self._cloud.systems()
            for name in (image.NAME, choice.full_name(image), f"one://{host}/{image.ID}")
        ]

    def _description(self, vms: list[Any]) -> Data:
        share = self.options["cpu_share"]
        largest = {"cpus": self.options["max_node_cpus"], "memory": self.options["max_node_memory"]}
        limits = machines.quota(self._cloud.user(), share)
        nodes = self.options["max_nodes"]
        most = {"cpus": nodes * largest["cpus"], "memory": nodes * largest["memory"], "nodes": nodes}
        return self.description(
            images=self._described_images(),
            references=self._references(),
            warnings=security.open_networks(self._cloud.networks("private_network", "public_network")),
            capacity={kind: min(most[kind], limits.get(kind, most[kind])) for kind in machines.KINDS},
            remedies={kind: "It is the user's quota." for kind in limits if limits[kind] <= most[kind]},
            largest_node=largest,
            used=machines.use(vms),
        )

    def _require_room(self, groups: list[NodeGroup], deployment: str) -> Data:
        """Return the site's description. Raises SiteError (bad_input) where it cannot hold GROUPS."""
        require_offered(self.name, groups, self.options["volumes"])
        description = self._description(self._cloud.machines())
        self._cloud.network_id("private_network")
        if any(group.public for group in groups):
            self._cloud.network_id("public_network")
        self.refuse(deployment, misfits(groups, description, deployment))
        return description

    # Answering

    def wait_for_ssh(self, nodes: list[Node], say: Progress = lambda _line: None) -> None:
        """Return when the SSH server of each of NODES shows the host key that the node was made with."""
        if nodes and self.options["wait_for_ssh"]:
            say(f"Waiting for {len(nodes)} nodes to answer" if len(nodes) > 1 else f"Waiting for {nodes[0].name}")
            self._cloud.each(self._wait_for_key, nodes)

    def _wait_for_key(self, node: Node) -> None:
        hint = f"It must show its host key. See its console (onevm show {node.id}). Its image must run one-context."
        reach.wait_for_ssh(node, self.options["boot_timeout"], hint=hint, answers=_shows_key)


def read_images(site: str, entries: list[Any]) -> list[Data]:
    """Return the images of SITE, each with a name. Raises SiteError with all that is wrong."""
    return read_entries(site, "image", entries, _read_image)


def _read_image(entry: Any) -> Data:
    if not isinstance(entry, dict) or bool(entry.get("template")) == bool(entry.get("image")):
        raise ValueError("it must be a dictionary with either template or image")
    for key in entry:
        if key not in IMAGE_KEYS:
            raise ValueError(f"it has an unknown key '{key}'. {did_you_mean(key, IMAGE_KEYS, what='keys')}")
    texts = {key: str(value) for key, value in entry.items() if value is not None}
    return {**texts, "name": texts.get("name") or texts.get("template") or texts["image"]}


def _failures_of(*checks: Callable[[], Any]) -> list[str]:
    """Return what the CHECKS that fail say."""
    reasons = []
    for check in checks:
        try:
            check()
        except SiteError as error:
            reasons.append(str(error))
    return reasons


def _shows_key(node: Node) -> bool:
    """Return whether the SSH server at NODE's address shows the node's host key."""
    try:
        done = subprocess.run(
            ["ssh-keyscan", "-T", "5", "-t", "ed25519", "-p", str(node.ansible_port), "--", node.ansible_host],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except FileNotFoundError as error:
        raise SiteError("The command ssh-keyscan is not installed here", bad_input=True) from error
    except subprocess.TimeoutExpired:
        return False
    shown = {" ".join(line.split()[1:3]) for line in done.stdout.splitlines()}
    return node.host_keys[0] in shown
