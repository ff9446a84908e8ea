# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenNebula as a site: each node is a virtual machine, told who it is by contextualization and found by labels."""

from __future__ import annotations

import os
import subprocess
import time
import typing as t
from urllib.parse import urlsplit

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image, misfits
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.nebula import documents, machines
from ansible_collections.indigo.paas.plugins.module_utils.nebula.client import (
    ALL,
    NOT_DONE,
    OWN,
    USABLE,
    Client,
    Unreachable,
    is_refusal,
    is_wrong_state,
)
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    ERROR,
    RUNNING,
    STOPPED,
    Changes,
    NewNode,
    Node,
    Option,
    Progress,
    Result,
    Site,
    check_deployment_name,
    read_entries,
    reconcile,
    result_of,
)

Data = dict[str, t.Any]

INTERVAL = 2.0  # seconds between two looks at all machines
IMAGE_KEYS = ("name", "template", "image", "type", "distribution", "version", "architecture")
RECOVER_DELETE = 3
UPDATE_REPLACE = 0
READY_IMAGES = (1, 2)
OS_IMAGE = 0


class OpennebulaSite(Site):
    """Nodes as virtual machines of one user of OpenNebula."""

    type = "opennebula"
    OPTIONS: t.ClassVar[dict[str, Option]] = {
        "endpoint": Option(str, None, "URL of the XML-RPC API; by default ONE_XMLRPC, or that of this machine."),
        "auth_file": Option(str, None, "File with USER:PASSWORD; by default ONE_AUTH, or ~/.one/one_auth."),
        "verify_tls": Option(bool, True, "Whether the certificate of the endpoint must be good."),
        "images": Option(
            list,
            [],
            "Images of nodes, each a dictionary: template (of a machine) or image (of a disk), by name or id, name "
            "(default that), type, distribution, version, architecture. Without it all images of operating systems.",
        ),
        "default_image": Option(str, None, "Name of the image for nodes that ask for none; by default the first."),
        "private_network": Option(str, None, "Virtual network of all nodes, by name or id."),
        "public_network": Option(str, None, "Virtual network for nodes that ask for a public address, by name or id."),
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
    }

    def __init__(self, name: str, options: t.Mapping[str, t.Any]) -> None:
        super().__init__(name, options)
        self._images = read_images(name, self.options["images"])
        self._known: Client | None = None
        self._network_ids: dict[str, int] = {}

    # The verbs of a site

    def describe(self) -> Data:
        try:
            return self._description(self._all())
        except SiteError as error:
            return self.description(available=False, problem=str(error))

    def missing(self) -> list[str]:
        return super().missing() or [
            reason for check in (self._check_networks, self._check_images) for reason in check()
        ]

    def list_nodes(self, deployment: str) -> list[Node]:
        check_deployment_name(deployment)
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
        self._require_room(groups, deployment)
        changes = reconcile(groups, self._nodes(deployment))
        if dry_run:
            return result_of(changes, [*changes.keep, *changes.repair])
        say = progress or (lambda _line: None)
        self._each(self._terminate, changes.remove)
        work = _Making(self, deployment, groups, public_key, say)
        nodes = work.run(changes) if changes else list(changes.keep)
        self._wait_for_ssh([node for node in nodes if node.name not in changes.names()["keep"]], say)
        return result_of(changes, nodes)

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        nodes = self._nodes(deployment)
        if not dry_run:
            self._each(self._terminate, nodes)
            self._wait_until_gone(deployment)
            # OpenNebula keeps a group for as long as a machine uses it.
            for group in self._security_groups(deployment).values():
                self._api.delete("secgroup.delete", int(group.ID))
        return [node.name for node in nodes]

    def _power(self, deployment: str, nodes: list[Node], running: bool) -> None:
        action, wanted = ("resume", RUNNING) if running else ("poweroff", STOPPED)
        self._each(lambda node: self._api.ask("vm.action", action, int(node.id)), nodes)
        deadline = time.monotonic() + self.options["boot_timeout"]
        ids = {node.id for node in nodes}
        while late := [node for node in self._nodes(deployment) if node.id in ids and node.state != wanted]:
            if time.monotonic() > deadline:
                raise SiteError([Problem(f"Site '{self.name}': node {node.name} stays {node.state}") for node in late])
            time.sleep(INTERVAL)
        if running:
            self._wait_for_ssh([node for node in self._nodes(deployment) if node.id in ids], lambda _line: None)

    # OpenNebula

    @property
    def _api(self) -> Client:
        """The API's client. Raises SiteError (bad_input) where the library or the credentials are missing."""
        if self._known is None:
            endpoint = self.options["endpoint"] or os.environ.get("ONE_XMLRPC") or "http://localhost:2633/RPC2"
            auth = self.options["auth_file"] or os.environ.get("ONE_AUTH") or "~/.one/one_auth"
            self._known = Client(self.name, endpoint, auth, self.options["verify_tls"])
        return self._known

    def _each(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any]) -> list[t.Any]:
        return each(function, items, self.options["parallel"])

    # What there is

    def _all(self) -> list[t.Any]:
        """Return all machines of the user that are not gone."""
        found: list[t.Any] = list(self._api.ask("vmpool.infoextended", OWN, *ALL, NOT_DONE).VM)
        return found

    def _nodes(self, deployment: str) -> list[Node]:
        public = self._public_network()
        own = [vm for vm in self._all() if vm.USER_TEMPLATE.get(documents.DEPLOYMENT) == deployment]
        return sorted((machines.node(vm, public) for vm in own), key=lambda node: (node.group, node.index, node.id))

    def _public_network(self) -> int | None:
        """Return the id of the public network; None where there is none, so that machines can be listed without."""
        try:
            return self._network_id("public_network", required=False)
        except SiteError as error:
            if not error.bad_input:
                raise
            return None

    def _network_id(self, option: str, required: bool = True) -> int | None:
        """Return the id of the network that OPTION names. Raises SiteError where it is not there."""
        wanted = self.options[option]
        if not wanted:
            if not required:
                return None
            hint = f"Name a virtual network in site_{option}."
            raise SiteError(f"Site '{self.name}' has no {option}", hint=hint, bad_input=True)
        if option not in self._network_ids:
            pool = list(self._api.ask("vnpool.info", USABLE, *ALL).VNET)
            self._network_ids[option] = int(self._find(pool, wanted, "virtual network").ID)
        return self._network_ids[option]

    def _find(self, pool: list[t.Any], wanted: str, what: str) -> t.Any:
        for entry in pool:
            if wanted in (entry.NAME, str(entry.ID)):
                return entry
        hint = did_you_mean(wanted, [entry.NAME for entry in pool], what=f"{what}s")
        raise SiteError(f"Site '{self.name}' has no {what} '{wanted}'", hint=hint, bad_input=True)

    def _check_networks(self) -> list[str]:
        return _told(
            lambda: self._network_id("private_network"), lambda: self._network_id("public_network", required=False)
        )

    def _check_images(self) -> list[str]:
        """Return which of the configured images are not there."""
        known = {"image": self._disk_images(), "template": []}
        if any("template" in image for image in self._images):
            known["template"] = list(self._api.ask("templatepool.info", USABLE, *ALL).VMTEMPLATE)
        wanted = [(kind, image[kind]) for image in self._images for kind in known if kind in image]
        return _told(*(lambda kind=kind, name=name: self._find(known[kind], name, kind) for kind, name in wanted))

    def _security_groups(self, deployment: str) -> dict[str, t.Any]:
        """Return the security groups of DEPLOYMENT by node group."""
        pool = self._api.ask("secgrouppool.info", OWN, *ALL).SECURITY_GROUP
        own = [group for group in pool if group.TEMPLATE.get(documents.DEPLOYMENT) == deployment]
        return {group.TEMPLATE[documents.GROUP]: group for group in own}

    def _disk_images(self) -> list[t.Any]:
        pool = self._api.ask("imagepool.info", USABLE, *ALL).IMAGE
        return [image for image in pool if int(image.TYPE) == OS_IMAGE and int(image.STATE) in READY_IMAGES]

    def _described_images(self, found: list[t.Any]) -> list[Data]:
        entries = self._images or [{"name": image.NAME, "image": str(image.ID)} for image in found]
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

    def _references(self, found: list[t.Any]) -> list[str]:
        host = urlsplit(self._api.endpoint).hostname
        return [name for image in found for name in (image.NAME, f"one://{host}/{image.ID}")]

    def _description(self, vms: list[t.Any]) -> Data:
        share, found = self.options["cpu_share"], self._disk_images()
        largest = {"cpus": self.options["max_node_cpus"], "memory": self.options["max_node_memory"]}
        limits = machines.quota(self._api.ask("user.info", -1), share)
        nodes = self.options["max_nodes"]
        most = {"cpus": nodes * largest["cpus"], "memory": nodes * largest["memory"], "nodes": nodes}
        return self.description(
            images=self._described_images(found),
            references=self._references(found),
            capacity={kind: min(most[kind], limits.get(kind, most[kind])) for kind in machines.KINDS},
            remedies={kind: "It is the user's quota." for kind in limits if limits[kind] <= most[kind]},
            largest_node=largest,
            used=machines.use(vms),
        )

    def _require_room(self, groups: list[Data], deployment: str) -> None:
        self._network_id("private_network")
        if any((group.get("network") or {}).get("public") for group in groups):
            self._network_id("public_network")
        reasons = misfits(groups, self._description(self._all()), deployment)
        if reasons:
            raise SiteError(
                [Problem(f"Site '{self.name}' cannot hold '{deployment}': {reason}") for reason in reasons],
                bad_input=True,
            )

    # Ending

    def _terminate(self, node: Node) -> None:
        """End the machine of NODE; one that cannot be ended where it is stuck is taken out by force."""
        if not self._end(node):
            self._recover(int(node.id))

    def _end(self, node: Node) -> bool:
        """Ask that the machine of NODE ends; return whether it will."""
        if node.problem == machines.LEAVING:
            return True
        try:
            self._api.delete("vm.action", "terminate-hard", int(node.id))
        except SiteError as error:
            if not is_wrong_state(error):
                raise
            return False
        return True

    def _recover(self, machine: int) -> None:
        try:
            self._api.delete("vm.recover", machine, RECOVER_DELETE)
        except SiteError as error:
            # It may be on its way out already, by an earlier call; whether it goes is seen below.
            if not (is_wrong_state(error) or is_refusal(error)):
                raise

    def _wait_until_gone(self, deployment: str) -> None:
        deadline = time.monotonic() + self.options["boot_timeout"]
        while nodes := self._nodes(deployment):
            # One that was between two states then may be ended now.
            self._each(self._end, nodes)
            if time.monotonic() > deadline:
                names = ", ".join(node.name for node in nodes)
                raise SiteError(f"Site '{self.name}': {names} did not go in {self.options['boot_timeout']} s")
            time.sleep(INTERVAL)

    # Answering

    def _wait_for_ssh(self, nodes: list[Node], say: Progress) -> None:
        if nodes and self.options["wait_for_ssh"]:
            say(f"Waiting for {len(nodes)} nodes to answer" if len(nodes) > 1 else f"Waiting for {nodes[0].name}")
            self._each(self._wait_for_key, nodes)

    def _wait_for_key(self, node: Node) -> None:
        """Wait until NODE's SSH server shows the host key that the node was made with."""
        deadline = time.monotonic() + self.options["boot_timeout"]
        while not _shows_key(node):
            if time.monotonic() > deadline:
                raise SiteError(
                    f"Node {node.name}: no SSH server answers with its host key at {node.ansible_host} "
                    f"after {self.options['boot_timeout']} s",
                    hint=f"Look at its console (onevm show {node.id}). Its image must run one-context.",
                )
            time.sleep(INTERVAL)


class _Making:
    """One call of ensure_nodes: makes what is missing, repairs what is not well, and looks at all of it at once."""

    def __init__(
        self, site: OpennebulaSite, deployment: str, groups: list[Data], public_key: str, say: Progress
    ) -> None:
        self._site = site
        self._api = site._api
        self._deployment = deployment
        self._groups = groups
        self._public_key = public_key
        self._say = say
        self._deadline = time.monotonic() + site.options["boot_timeout"]
        self._attempts: dict[str, int] = {}
        self._security: dict[str, int] = {}
        self._description: Data = {}
        self._templates: list[t.Any] = []
        self._disk_images: list[t.Any] = []

    def run(self, changes: Changes) -> list[Node]:
        """Bring CHANGES about and return all nodes when they run. Raises SiteError."""
        self._description = self._site._description([])
        self._disk_images = self._site._disk_images()
        if any(image.get("template") for image in self._description["images"]):
            self._templates = list(self._api.ask("templatepool.info", USABLE, *ALL).VMTEMPLATE)
        self._security = self._ensure_security_groups()
        while True:
            self._make(changes.create)
            self._site._each(self._repair, changes.repair)
            nodes = self._site._nodes(self._deployment)
            changes = reconcile(self._groups, nodes)
            if not changes:
                return list(changes.keep)
            self._require_time(changes)
            time.sleep(INTERVAL)

    def _require_time(self, changes: Changes) -> None:
        if time.monotonic() < self._deadline:
            return
        raise SiteError(
            [
                Problem(f"Site '{self._site.name}': node {node.name} does not run: {node.problem}")
                for node in changes.repair
            ]
            + [Problem(f"Site '{self._site.name}': node {node.name} does not go") for node in changes.remove]
            or f"Site '{self._site.name}': machines that were made are not listed"
        )

    def _make(self, nodes: t.Sequence[NewNode]) -> None:
        if nodes:
            self._say(f"Making {len(nodes)} nodes" if len(nodes) > 1 else f"Making the node {nodes[0].name}")
            self._site._each(self._create, nodes)

    def _create(self, node: NewNode) -> None:
        """Make the machine of NODE, its labels with it; an answer that is lost is looked for by them."""
        self._count(node.name)
        host_key = ssh_keys.generate()
        image = match_image(self._description, node.group.get("image")) or {}
        template = self._template(image)
        attributes = documents.machine(
            node.group,
            documents.labels(self._deployment, node.group, node.index, node.name, host_key.public),
            nics=self._nics(node.group),
            disks=self._disks(node.group, image, template),
            context=documents.context(node.name, self._public_key, host_key.private, node.group),
            cpu_share=self._site.options["cpu_share"],
        )
        body = documents.to_xml(attributes)
        try:
            if template is not None:
                name = dict(attributes[:1])["NAME"]
                self._api.change("template.instantiate", int(template.ID), name, False, body, False)
            else:
                self._api.change("vm.allocate", body, False)
        except Unreachable:
            self._say(f"The answer about {node.name} was lost: looking for it")

    def _count(self, name: str) -> None:
        """Count an attempt to make NAME. Raises SiteError when there were too many."""
        self._attempts[name] = self._attempts.get(name, 0) + 1
        allowed = self._site.options["attempts"] + 1
        if self._attempts[name] > allowed:
            raise SiteError(
                f"Site '{self._site.name}': node {name} could not be made in {allowed} attempts",
                hint="See the machine's log at the site (onevm show).",
            )

    def _template(self, image: Data) -> t.Any:
        if not image.get("template"):
            return None
        return self._site._find(self._templates, str(image["template"]), "template")

    def _disks(self, group: Data, image: Data, template: t.Any) -> list[Data]:
        # What is not said is not restricted: a template of the administrator's may hold what a user must not say.
        if template is not None and documents.keeps_disks(group):
            return []
        return documents.disks(group, self._base_disks(image, template))

    def _base_disks(self, image: Data, template: t.Any) -> list[Data]:
        if template is not None:
            return [dict(disk) for disk in machines.as_list(template.TEMPLATE.get("DISK"))]
        wanted = image.get("reference") or image["image"]
        name = wanted.rpartition("/")[2] if wanted.startswith("one://") else wanted
        return [{"IMAGE_ID": self._site._find(self._disk_images, name, "image").ID}]

    def _nics(self, group: Data) -> list[Data]:
        names = ["private_network", *(["public_network"] if (group.get("network") or {}).get("public") else [])]
        security = {"SECURITY_GROUPS": str(self._security[group["group"]])}
        return [{"NETWORK_ID": str(self._site._network_id(name)), **security} for name in names]

    def _ensure_security_groups(self) -> dict[str, int]:
        """Return the id of the security group of each node group; its rules are those of the plan."""
        network = t.cast(int, self._site._network_id("private_network"))
        known = self._site._security_groups(self._deployment)
        ids = {}
        for group in self._groups:
            document = documents.security_group(self._deployment, group, network)
            found = known.get(group["group"])
            if found is None:
                ids[group["group"]] = self._allocate_security_group(group["group"], documents.to_xml(document))
                continue
            ids[group["group"]] = int(found.ID)
            if documents.rules_of(document) != documents.rules_of(_rules(found)):
                self._api.ask("secgroup.update", int(found.ID), documents.to_xml(document[1:]), UPDATE_REPLACE)
        return ids

    def _allocate_security_group(self, group: str, body: str) -> int:
        for _attempt in range(1 + self._site.options["attempts"]):
            try:
                return int(self._api.change("secgroup.allocate", body))
            except Unreachable:
                # Its answer may have been lost: what is there is not made twice.
                known = self._site._security_groups(self._deployment)
                if group in known:
                    return int(known[group].ID)
        raise SiteError(f"Site '{self._site.name}': OpenNebula does not answer when a security group is made")

    def _repair(self, node: Node) -> None:
        if node.state == STOPPED:
            self._api.ask("vm.action", "resume", int(node.id))
        elif node.state == ERROR:
            self._say(f"Node {node.name} failed: {node.problem}")
            self._count(node.name)
            self._site._terminate(node)
        # One that has not started yet is only waited for.


def read_images(site: str, entries: list[t.Any]) -> list[Data]:
    """Return the images of SITE, each with a name. Raises SiteError with all that is wrong."""
    return read_entries(site, "image", entries, _read_image)


def _read_image(entry: t.Any) -> Data:
    if not isinstance(entry, dict) or bool(entry.get("template")) == bool(entry.get("image")):
        raise ValueError("it must be a dictionary with either template or image")
    for key in entry:
        if key not in IMAGE_KEYS:
            raise ValueError(f"it has an unknown key '{key}'. {did_you_mean(key, IMAGE_KEYS, what='keys')}")
    texts = {key: str(value) for key, value in entry.items() if value is not None}
    return {**texts, "name": texts.get("name") or texts.get("template") or texts["image"]}


def _rules(group: t.Any) -> list[tuple[str, t.Any]]:
    return [("RULE", dict(rule)) for rule in machines.as_list(group.TEMPLATE.get("RULE"))]


def _told(*checks: t.Callable[[], t.Any]) -> list[str]:
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
