# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenStack as a site: each node is a server of one project, reached over SSH."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import methodcaller
from typing import Any, ClassVar, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils import cloud_init, flavors, quotas, reach, ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.existing_volumes import require_offered
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, WantedImage, wanted_networks
from ansible_collections.indigo.paas.plugins.module_utils.openstack import (
    api,
    errors,
    images,
    labels,
    networks,
    preemption,
    prepared,
    security,
    servers,
)
from ansible_collections.indigo.paas.plugins.module_utils.openstack import flavors as nova_flavors
from ansible_collections.indigo.paas.plugins.module_utils.openstack.batch import Batch
from ansible_collections.indigo.paas.plugins.module_utils.openstack.servers import Blueprint, Surroundings
from ansible_collections.indigo.paas.plugins.module_utils.openstack.volumes import (
    Store,
    gibibytes,
    require_single,
    wanted_volumes,
)
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.prepared import keeper
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage
from ansible_collections.indigo.paas.plugins.module_utils.retry import Retry
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    ERROR,
    Changes,
    Foreseen,
    Identity,
    NewNode,
    Node,
    Option,
    Order,
    Progress,
    Work,
    check_deployment_name,
    size_warnings,
)

LEAST_ROOT_VOLUME = 10  # GiB
DEFAULT_RANGE = "192.168.77.0/24"
HASTY_TRIES = 3  # for a description, which others wait for
POLICIES = {"soft": "soft-anti-affinity", "hard": "anti-affinity"}

# What the names of networks that a template gives begin with: those that the site makes for all nodes have others.
OWN_NETWORK = "own."

Data = dict[str, Any]


class _Work(NamedTuple):
    """What is to be done.

    wanted    nodes that must run in the end, and do not yet
    new       those of them for which a server is asked for
    leaving   servers that go
    staying   the identities of all nodes of the plan
    """

    wanted: list[NewNode]
    new: list[NewNode]
    leaving: list[Any]
    staying: set[Identity]


class OpenStackSite(keeper.ImageKeeper):
    """Nodes as servers of one project of a cloud."""

    type = "openstack"
    MAKES_NETWORKS = True
    UNHEEDED: ClassVar[Mapping[str, str]] = {
        "volumes.type": "site_volume_type says which kind it is",
        "volumes.device": "a server names its disks itself",
    }
    OPTIONS: ClassVar[dict[str, Option]] = {
        "cloud": Option(str, None, "Name of the cloud in clouds.yaml; by default OS_CLOUD, or the OS_ variables."),
        "clouds_file": Option(str, None, "Path of clouds.yaml where it is in none of the usual places."),
        "region": Option(str, None, "Region; by default that of clouds.yaml."),
        "access_token_file": Option(
            str,
            None,
            "File with the access token of a user, for a cloud whose auth_type is v3oidcaccesstoken; by default "
            "INDIGO_PAAS_ACCESS_TOKEN_FILE, as the service says it.",
        ),
        "private_network": Option(
            str, None, "Name or id of the network of all nodes; by default the only one that is not external."
        ),
        "public_network": Option(
            str,
            None,
            "Name or id of the network that gives public nodes their public addresses: an external one gives "
            "floating addresses, any other is a second network of the node. Without one, those of the private "
            "network count as public.",
        ),
        "create_networks": Option(
            bool, False, "Make a network, with a router to an external public_network, where the one asked for is not."
        ),
        "network_range": Option(str, DEFAULT_RANGE, "Addresses of the networks that are made."),
        "availability_zone": Option(str, None, "Where servers are made; by default the cloud's own choice."),
        "images": Option(
            list,
            [],
            "What the cloud's images do not say of themselves, each a dictionary: image (name or id), name, "
            "distribution, version, codename, type, architecture.",
        ),
        "default_image": Option(str, None, "Name or id of the image for nodes that ask for none."),
        "flavors": Option(list, [], "What the flavors do not say of themselves, each a dictionary: name, gpus."),
        "preemptible": Option(
            dict,
            {},
            "How the cloud is told that it may take a server back, for nodes whose template allows that, each a "
            "dictionary: extra_specs of flavors for such servers alone, metadata and scheduler_hints of the server.",
        ),
        "boot_from_volume": Option(bool, False, "Put root disks on volumes, as large as the template asks."),
        "volume_type": Option(str, None, "Type of the volumes that are made."),
        "volumes": Option(
            list, [], "Names or ids of volumes and snapshots of the project that templates may have by volume_id."
        ),
        "anti_affinity": Option(
            str,
            "none",
            "Whether nodes of a group are put on different hosts: if possible (soft), or not made otherwise (hard).",
            ("none", "soft", "hard"),
        ),
        "ssh_from": Option(str, None, "Network, as a CIDR, that may reach the nodes' SSH servers; by default any."),
        "access": Option(
            str,
            "auto",
            "At which address the controller reaches a node; auto is the public one where it has one.",
            ("auto", "private", "public"),
        ),
        "wait_for_ssh": Option(bool, True, "Whether a node is done only when its SSH server answers."),
        "boot_timeout": Option(int, 600, "For how many seconds a running server's SSH server is waited for."),
        "build_timeout": Option(int, 900, "For how many seconds nothing may happen to servers in the making."),
        "replacements": Option(int, 3, "How many servers, and how many volumes, in error are replaced in one run."),
        "parallel": Option(int, 8, "How many servers are asked for at a time."),
        **keeper.OPTIONS,
    }

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        self._images = images.read_configured(name, self.options["images"])
        self._flavors = nova_flavors.read_configured(name, self.options["flavors"])
        self._preemption = preemption.read(name, self.options["preemptible"])
        self._opened: api.Project | None = None

    # The verbs of a site

    def describe(self) -> Data:
        try:
            with self._doing("Describing"):
                return self._description()
        except SiteError as error:
            return self.description(available=False, problem=str(error))

    def list_nodes(self, deployment: str) -> list[Node]:
        check_deployment_name(deployment)
        with self._doing("Listing the nodes"):
            return self._nodes(deployment)

    def begin(self, order: Order) -> Work:
        return _Run(self, self._project, order)

    def foresee(self, order: Order, work: _Work) -> tuple[dict[str, Blueprint], list[str]]:
        """Return how the nodes of each group with nodes in WORK are made, and warnings. Raises SiteError."""
        blueprints = self._blueprints(order.groups, work.wanted, order.say)
        self._require_quota(blueprints, work, order.deployment)
        return blueprints, self._preemption_warnings(work.new)

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        with self._doing("Deleting the nodes"):
            found = self._project.servers(deployment)
            if not dry_run:
                self.batch(deployment).remove(found)
                self._delete_rest(deployment)
            return sorted(node.name for node in self.read_nodes(found))

    def _power(self, deployment: str, nodes: list[Node], running: bool) -> None:
        with self._doing("Starting the nodes" if running else "Stopping the nodes"):
            self.batch(deployment).power({node.id for node in nodes}, running)
            if running:
                started = {node.id for node in nodes}
                self.wait_until_reachable([node for node in self._nodes(deployment) if node.id in started])

    def wait_until_reachable(self, nodes: list[Node]) -> None:
        """Return when the SSH server of each of NODES answers. Raises SiteError with all that do not.

        A cloud whose nodes run no SSH server, as in a test, overrides it or sets the option wait_for_ssh.
        """
        if self.options["wait_for_ssh"]:
            each(self._wait_for_ssh, nodes, max(self.options["parallel"], len(nodes) // 4))

    # Prepared images

    def prepared_images(self) -> list[PreparedImage]:
        with self._doing("Listing the prepared images"):
            found = self._project.own_images()
        return [image for image in map(prepared.read, found) if image]

    def image_base(self, image: WantedImage) -> keeper.Base:
        with self._doing("Looking for the image"):
            found = self._image(image, self._all_images(self._project))
        known = found["distribution"] and found["version"]
        return keeper.Base(found["id"], f"{found['distribution']}-{found['version']}" if known else "other")

    def obstacle(self) -> str | None:
        if self.options["boot_from_volume"]:
            return "the disks of its servers are volumes (site_boot_from_volume), of which it makes none"
        return None

    def keep_image(self, node: Node, image: PreparedImage) -> None:
        with self._doing("Keeping the image"):
            server = next((each for each in self._project.servers() if each.id == node.id), None)
            if server is None or not server.image or not server.image.id:
                reason = "is gone" if server is None else "has its disk on a volume"
                raise SiteError(f"No image can be made of {node.name}: its server {reason}")
            self.batch(server.metadata[labels.DEPLOYMENT]).power({server.id}, running=False)
            prepared.make(self._project, server.id, image, self.options["build_timeout"])

    def images_in_use(self) -> dict[str, int]:
        with self._doing("Listing the servers"):
            return dict(Counter(self._project.images_of_servers()))

    def _delete_image(self, image: PreparedImage) -> None:
        with self._doing(f"Deleting the image {image.name}"):
            self._project.delete_image(str(image.id))

    # The cloud

    @property
    def _project(self) -> api.Project:
        """The project, logged in. Raises SiteError where the credentials or the library are missing."""
        if self._opened is None:
            self._opened = self._open(Retry(errors.passing))
        return self._opened

    def _open(self, retry: Retry) -> api.Project:
        options = self.options
        token = options["access_token_file"] or os.environ.get("INDIGO_PAAS_ACCESS_TOKEN_FILE")
        connection = api.connect(self.name, options["cloud"], options["clouds_file"], options["region"], token)
        project = api.Project(connection, retry)
        project.prepare()
        return project

    @contextlib.contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except errors.ERRORS as error:
            raise errors.explained(what, self.name, error) from error

    def batch(self, deployment: str, say: Progress = lambda _line: None) -> Batch:
        """Return the servers of DEPLOYMENT as one, with this site's limits."""
        return Batch(
            self._project,
            deployment,
            self.name,
            workers=self.options["parallel"],
            patience=self.options["build_timeout"],
            replacements=self.options["replacements"],
            say=say,
        )

    # What there is

    def _nodes(self, deployment: str) -> list[Node]:
        found = self._project.servers(deployment)
        # Nova learns of floating addresses some time after Neutron has given them.
        return self.read_nodes(found, self._floating_addresses(deployment) if found else {})

    def read_nodes(self, found: list[Any], floating: Mapping[Identity, str] | None = None) -> list[Node]:
        """Return the nodes that the servers FOUND are; FLOATING are their floating addresses, where these are known."""
        here = [server for server in found if not servers.is_going(server)]
        network, access = self.options["public_network"], self.options["access"]
        nodes = [
            servers.read_node(server, network, access, (floating or {}).get(servers.identity(server)))
            for server in here
        ]
        return sorted(nodes, key=lambda node: (node.group, node.index, node.id))

    def _floating_addresses(self, deployment: str) -> dict[Identity, str]:
        if not self.options["public_network"]:
            return {}
        return {
            identity: ip.floating_ip_address
            for ip in self._project.floating_ips(deployment)
            if ip.port_id and (identity := labels.read_identity(ip.description))
        }

    def _all_images(self, project: api.Project) -> list[Data]:
        # Prepared ones are chosen by what is in them, never by their name or distribution.
        found = [
            images.read_image(image, self._images)
            for image in project.images()
            if images.boots(image) and not prepared.is_prepared(image)
        ]
        return images.catalogue(found, self.options["default_image"])

    def _all_flavors(self, project: api.Project) -> list[Data]:
        return [nova_flavors.read_flavor(flavor, self._flavors, self._preemption) for flavor in project.flavors()]

    def _description(self) -> Data:
        project = self._open(Retry(errors.passing, tries=HASTY_TRIES))
        questions: dict[str, Callable[[api.Project], Any]] = {
            "image": self._all_images,
            "flavor": self._all_flavors,
            "quota": methodcaller("quotas"),
            "compute": methodcaller("servers"),
            "network": methodcaller("networks"),
            "zone": methodcaller("zones"),
        }
        timed = each(lambda question: _timed(question, project), questions.values(), len(questions))
        answers = dict(zip(questions, timed, strict=True))
        found, sizes, limits, made, _networks, zones = (answer for answer, _seconds in answers.values())
        return self.description(
            endpoint=project.auth_url,
            images=[{key: image[key] for key in (*images.KEYS[1:], "default")} for image in found],
            references=images.references(found, project.auth_url),
            capacity=quotas.capacity(limits),
            remedies=dict.fromkeys(("cpus", "memory", "nodes"), "Ask the site for a larger quota."),
            largest_node={
                what: max((flavor[what] for flavor in sizes), default=0) for what in ("cpus", "memory", "disk", "gpus")
            },
            flavors=sorted(({key: size[key] for key in size if key != "id"} for size in sizes), key=_by_size),
            used={
                "cpus": limits["cpus"].used,
                "memory": limits["memory"].used * flavors.MIB,
                "nodes": limits["nodes"].used,
                "deployments": servers.use(made),
            },
            zones=zones,
            response_times={name: round(seconds, 3) for name, (_answer, seconds) in answers.items()},
            warnings=[] if found else ["The project sees no image."],
        )

    # What to ask for

    def _blueprints(self, groups: list[NodeGroup], wanted: Iterable[NewNode], say: Progress) -> dict[str, Blueprint]:
        """Return how the nodes of each group with WANTED ones are made. Raises SiteError with all that cannot be."""
        require_single(groups)
        require_offered(self.name, groups, self.options["volumes"])
        concerned = {node.group.safe_name for node in wanted}
        groups = [group for group in groups if group.safe_name in concerned]
        if not groups:
            return {}
        questions: list[Callable[[Any], list[Any]]] = [
            self._all_images,
            self._all_flavors,
            methodcaller("networks"),
        ]
        found, sizes, nets = each(lambda question: question(self._project), questions, 3)
        made = each(lambda group: self._blueprint(group, found, sizes, nets), groups, 1)
        blueprints = {group.safe_name: blueprint for group, blueprint in zip(groups, made, strict=True)}
        return self._on_prepared(blueprints, {group.safe_name: group.image for group in groups}, say)

    def _on_prepared(
        self, blueprints: dict[str, Blueprint], asked: dict[str, WantedImage], say: Progress
    ) -> dict[str, Blueprint]:
        """Return BLUEPRINTS, those whose groups can start from a prepared image with that."""
        chosen = self.starting_images(asked, say)
        # The disk of the machine that an image was made of is the least that the cloud lets a server of it have.
        disks = {image.id: int(image.min_disk or 0) for image in self._project.own_images()} if chosen else {}
        for group, image in chosen.items():
            blueprint, least = blueprints[group], disks.get(image.id, 0)
            room = blueprint.root_volume or blueprint.flavor["disk"] // flavors.GIB
            if least <= room:
                blueprints[group] = dataclasses.replace(blueprint, image=str(image.id))
            else:
                say(f"{group}: from the plain image after all: {image.name} needs a disk of {least} GiB, it has {room}")
        return blueprints

    def _blueprint(self, group: NodeGroup, found: list[Data], sizes: list[Data], nets: list[Any]) -> Blueprint:
        on_volume = self.options["boot_from_volume"]
        image = self._image(group.image, found, group.name)
        flavor = flavors.choose(sizes, group, image, disk_is_volume=on_volume)
        fixed, new_network, pool = self._networks(group, nets)
        root = 0
        if on_volume or not flavor["disk"]:
            asked = gibibytes(group.size.disk)
            root = max(asked, image["disk"], flavor["disk"] // flavors.GIB, LEAST_ROOT_VOLUME)
        taken_back = self._preemption if group.size.preemptible else preemption.NO_PREEMPTION
        own = tuple((network.name, network.address) for network in group.networks)
        return Blueprint(flavor, image["id"], fixed, new_network, pool, root, taken_back, own)

    def _image(self, wanted: WantedImage, found: list[Data], group: str | None = None) -> Data:
        """Return which of the images FOUND is WANTED, by GROUP where it is known. Raises SiteError where none is."""
        catalogue = {"images": found, "references": images.references(found, self._project.auth_url)}
        matched = match_image(catalogue, wanted)
        if matched is None:
            asked = {name: value for name, value in dataclasses.asdict(wanted).items() if value}
            raise SiteError(
                f"Site '{self.name}' has no image for {repr(group) if group else 'a node'}, which asks for "
                f"{', '.join(f'{name} {value}' for name, value in asked.items()) or 'any'}",
                hint=did_you_mean(asked.get("image", ""), [image["name"] for image in found], what="images"),
                bad_input=True,
            )
        id = images.image_id(found, matched)
        return next(image for image in found if image["id"] == id)

    def _preemption_warnings(self, new: list[NewNode]) -> list[str]:
        if self._preemption:
            return []
        return [
            f"Node {node.name} is made as one that stays: site '{self.name}' has no preemptible servers "
            "that it knows of (site_preemptible)."
            for node in new
            if node.group.size.preemptible
        ]

    def _networks(self, group: NodeGroup, found: list[Any]) -> tuple[tuple[str, ...], str | None, str | None]:
        """Return the ids of the networks for GROUP's nodes, the name of one that is to be made, and the pool's id."""
        name = group.network or self.options["private_network"]
        inside, new = networks.private(self.name, name, found, self.options["create_networks"])
        fixed = (inside,) if inside else ()
        outside = self.public_network(found) if group.public else None
        if outside is None:
            return fixed, new, None
        if outside.is_router_external:
            return fixed, new, outside.id
        return (*fixed, *(() if outside.id in fixed else (outside.id,))), new, None

    def public_network(self, found: list[Any]) -> Any:
        """Return which of the networks FOUND gives public addresses; None where the site has none such."""
        return networks.public(self.name, self.options["public_network"], found)

    def _require_quota(self, blueprints: dict[str, Blueprint], work: _Work, deployment: str) -> None:
        """Raise SiteError (bad_input) where the quotas do not hold what is made, once what leaves is gone."""
        if not work.new:
            return
        sizes = [blueprints[node.group.safe_name] for node in work.new]
        asked: dict[str, float] = {
            "nodes": len(work.new) - len(work.leaving),
            "cpus": sum(size.flavor["cpus"] for size in sizes)
            - sum(server.flavor.vcpus or 0 for server in work.leaving),
            "memory": sum(size.flavor["memory"] // flavors.MIB for size in sizes)
            - sum(server.flavor.ram or 0 for server in work.leaving),
        }
        limits = self._project.quotas()
        pooled = sum(1 for size in sizes if size.pool)
        if pooled:
            made = {labels.read_identity(ip.description) for ip in self._project.floating_ips(deployment)}
            again = sum(1 for node in work.new if node.identity in made)
            asked["floating addresses"] = pooled - again
            limits |= self._project.network_quotas()
        roots = [size.root_volume for size in sizes if size.root_volume]
        wanted = wanted_volumes(deployment, work.new, None)
        if roots or wanted:
            self._require_volumes()
            limits |= self._project.volume_quotas()
            there = {volume.name for volume in self._project.volumes(deployment)}
            data = [volume["size"] for volume in wanted.values() if volume["name"] not in there]
            asked["volumes"] = len(roots) + len(data)
            asked["volume space"] = sum(roots) + sum(data)
        self.refuse(deployment, quotas.shortfalls(asked, limits))

    def new_network(self, deployment: str, name: str) -> str:
        """Return the id of DEPLOYMENT's own network NAME, made where it is missing."""
        outside = self.public_network(self._project.networks())
        gateway = outside.id if outside is not None and outside.is_router_external else None
        return self._project.ensure_network(deployment, name, self.options["network_range"], gateway)

    def own_networks(self, deployment: str, groups: Iterable[NodeGroup]) -> dict[str, str]:
        """Return the ids of the networks that GROUPS ask for, made where they are missing, by their names.

        They lead nowhere else; only an address that is asked for is a gateway.
        """
        return {
            name: self._project.ensure_network(
                deployment, f"{OWN_NETWORK}{name}", wanted["cidr"], None, {"gateway_ip": wanted["gateway"]}
            )
            for name, wanted in wanted_networks(groups).items()
        }

    def _require_volumes(self) -> None:
        if not self._project.has_volumes:
            raise SiteError(
                f"Site '{self.name}' has no block storage service, and volumes are asked for",
                hint="Ask for none, or choose another site.",
                bad_input=True,
            )

    # Waiting and deleting

    def _wait_for_ssh(self, node: Node) -> None:
        hint = (
            f"Look into its console (openstack console log show {node.id}), whether the controller can reach that "
            "network (site_access), and whether site_ssh_from lets it in."
        )
        reach.wait_for_ssh(node, self.options["boot_timeout"], hint=hint)

    def _delete_rest(self, deployment: str) -> None:
        """Delete what DEPLOYMENT has besides servers, in the order in which nothing holds the next.

        What cannot be deleted stops nothing else; one SiteError tells it all.
        """
        project, workers = self._project, self.options["parallel"]
        steps: list[Callable[[], Any]] = [
            self.store(deployment).remove,
            lambda: each(project.delete_floating_ip, project.floating_ips(deployment), workers),
            lambda: each(project.delete_server_group, project.server_groups(deployment), workers),
            lambda: each(project.delete_router, project.routers(deployment), workers),
            lambda: each(project.delete_network, project.own_networks(deployment), workers),
            lambda: each(project.delete_security_group, project.security_groups(deployment), workers),
            lambda: project.delete_keypair(deployment),
        ]
        each(self._deleting, steps, 1)

    def _deleting(self, step: Callable[[], Any]) -> None:
        with self._doing("Deleting"):
            step()

    def store(self, deployment: str, say: Progress = lambda _line: None) -> Store:
        """Return the volumes of DEPLOYMENT as one, with this site's limits."""
        return Store(
            self._project,
            deployment,
            workers=self.options["parallel"],
            patience=self.options["build_timeout"],
            replacements=self.options["replacements"],
            say=say,
        )


class _Run(Work):
    """One call of ensure_nodes."""

    def __init__(self, site: OpenStackSite, project: api.Project, order: Order) -> None:
        self._site = site
        self._project = project
        self._order = order
        self._deployment = order.deployment
        self._groups = [group for group in order.groups if group.count]
        self._public_key = order.public_key
        self._say = order.say
        self._batch = site.batch(order.deployment, order.say)
        self._store = site.store(order.deployment, order.say)
        self._servers = project.servers(order.deployment)
        self.found = site.read_nodes(self._servers)
        self._work = _Work([], [], [], set())
        self._blueprints: dict[str, Blueprint] = {}

    def prepare(self, changes: Changes) -> Foreseen:
        self._work = _work(self._order.groups, changes, self._servers)
        self._blueprints, more = self._site.foresee(self._order, self._work)
        return Foreseen([*_warnings(self._order.groups, changes, self._servers, self._public_key), *more])

    def apply(self, _changes: Changes) -> tuple[list[Node], bool]:
        touched = self._change(self._work, self._blueprints)
        nodes = self._site.list_nodes(self._deployment)
        self._site.wait_until_reachable(nodes)
        return nodes, touched

    def _change(self, work: _Work, blueprints: dict[str, Blueprint]) -> bool:
        """Do WORK; return whether anything besides servers was changed."""
        # What goes makes room in the quota for what comes.
        self._batch.remove(work.leaving)
        self._drop_belongings(work.staying)
        secured, touched = self._security_groups()
        if work.wanted:
            self._make(work, blueprints, secured)
        return self._give_addresses() or touched

    def _drop_belongings(self, staying: set[Identity]) -> None:
        """Delete the volumes, addresses and security groups of what has gone for good, in this run or in one before."""
        self._store.remove(keep=lambda identity: identity in staying)
        names = {labels.thing_name(self._deployment, group) for group in (None, *(group for group, _index in staying))}
        for found in self._project.security_groups(self._deployment):
            if found.name not in names:
                self._project.delete_security_group(found)
        for ip in self._project.floating_ips(self._deployment):
            if labels.read_identity(ip.description) not in staying:
                self._project.delete_floating_ip(ip)

    def _security_groups(self) -> tuple[dict[str | None, str], bool]:
        """Return the ids of the security groups, by node group, None being the common one; and whether any changed."""
        ensure = self._project.ensure_security_group
        common, touched = ensure(
            self._deployment, None, security.deployment_rules(self._site.options["ssh_from"]), None
        )
        found: dict[str | None, str] = {None: common}
        for group in self._groups:
            id, changed = ensure(self._deployment, group.safe_name, security.port_rules(group), common)
            found[group.safe_name] = id
            touched = touched or changed
        return found, touched

    def _make(self, work: _Work, blueprints: dict[str, Blueprint], secured: dict[str | None, str]) -> None:
        nodes = {node.identity: node for node in work.wanted}
        self._say(f"Making {len(nodes)} servers" if len(nodes) > 1 else f"Making the server {work.wanted[0].name}")
        around = self._surroundings(blueprints, secured)
        volume_type = self._site.options["volume_type"]

        def request(identity: Identity) -> Data:
            node = nodes[identity]
            host_key = ssh_keys.generate()
            volumes = self._store.of(node)
            return servers.server_request(
                node,
                blueprints[node.group.safe_name],
                around,
                deployment=self._deployment,
                metadata={
                    **blueprints[node.group.safe_name].preemption.metadata,
                    **servers.node_labels(self._deployment, node, host_key.public, key_mark(self._public_key)),
                },
                user_data=cloud_init.user_data(node.name, self._public_key, host_key, node.group.users, volumes),
                volumes=volumes,
                zone=self._site.options["availability_zone"],
                volume_type=volume_type,
            )

        def prepare(missing: list[Identity]) -> None:
            coming = [nodes[identity] for identity in missing]
            self._store.ensure(wanted_volumes(self._deployment, coming, volume_type))

        self._batch.make(nodes, request, prepare)

    def _surroundings(self, blueprints: dict[str, Blueprint], secured: dict[str | None, str]) -> Surroundings:
        policy = POLICIES.get(self._site.options["anti_affinity"])
        project, deployment = self._project, self._deployment
        new_networks = {blueprint.new_network for blueprint in blueprints.values() if blueprint.new_network}
        return Surroundings(
            keypair=project.ensure_keypair(deployment, self._public_key),
            security_groups=secured,
            server_groups={
                group: project.ensure_server_group(deployment, group, policy) for group in blueprints if policy
            },
            networks={name: self._site.new_network(deployment, name) for name in sorted(new_networks)},
            own_networks=self._site.own_networks(deployment, self._groups),
        )

    def _give_addresses(self) -> bool:
        """Give each node of a public group that has none a floating address; return whether any was given."""
        public = [group.safe_name for group in self._groups if group.public]
        if not public or not self._site.options["public_network"]:
            return False
        pool = self._site.public_network(self._project.networks())
        if not pool.is_router_external:
            return False
        ips = {labels.read_identity(ip.description): ip for ip in self._project.floating_ips(self._deployment)}
        bare = {
            servers.identity(server): server
            for server in self._project.servers(self._deployment)
            if server.metadata[labels.GROUP] in public
            and not servers.is_going(server)
            and not ((ip := ips.get(servers.identity(server))) and ip.port_id)
        }
        ports = self._project.ports_of(server.id for server in bare.values())

        def give(identity: Identity) -> None:
            server = bare[identity]
            if not ports[server.id]:
                raise SiteError(f"Server {server.name} has no port that could get a floating address")
            port = ports[server.id][0].id
            if identity in ips:
                self._project.move_floating_ip(ips[identity].id, port)
            else:
                mark = labels.description(self._deployment, *identity)
                self._project.create_floating_ip(pool.id, mark, port)

        each(give, bare, self._site.options["parallel"])
        return bool(bare)


def key_mark(public_key: str) -> str:
    """Return what tells PUBLIC_KEY from others in a label: the first 16 digits of its SHA-256."""
    return hashlib.sha256(" ".join(public_key.split()[:2]).encode()).hexdigest()[:16]


def _work(groups: list[NodeGroup], changes: Changes, found: list[Any]) -> _Work:
    by_name = {group.safe_name: group for group in groups}
    by_id = {server.id: server for server in found}
    broken = [node for node in changes.repair if node.state == ERROR]
    again = {node.id: NewNode(node.name, by_name[node.group], node.index) for node in changes.repair}
    staying = {(node.group, node.index) for node in (*changes.keep, *changes.repair)}
    return _Work(
        wanted=[*changes.create, *again.values()],
        new=[*changes.create, *(again[node.id] for node in broken)],
        leaving=[by_id[node.id] for node in (*changes.remove, *broken)],
        staying=staying | {node.identity for node in changes.create},
    )


def _warnings(groups: list[NodeGroup], changes: Changes, found: list[Any], public_key: str) -> list[str]:
    marks = {server.id: server.metadata.get(labels.KEY) for server in found}
    warnings = size_warnings(groups, changes)
    for node in (*changes.keep, *changes.repair):
        if node.state != ERROR and public_key and marks.get(node.id) != key_mark(public_key):
            warnings.append(
                f"Node {node.name} was made with another SSH key and may not let this one in. "
                "Name it in removal_list to replace it."
            )
    return warnings


def _timed(question: Callable[[api.Project], Any], project: api.Project) -> tuple[Any, float]:
    began = time.monotonic()
    answer = question(project)
    return answer, time.monotonic() - began


def _by_size(flavor: Data) -> tuple[Any, ...]:
    return flavors.order({**flavor, "id": ""})
