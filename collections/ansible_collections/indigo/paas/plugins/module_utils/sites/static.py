# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that exist as a site: each node is one of them, leased for as long as the deployment needs it."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils import leases
from ansible_collections.indigo.paas.plugins.module_utils.brokering import misfits
from ansible_collections.indigo.paas.plugins.module_utils.brokering.assignment import assign
from ansible_collections.indigo.paas.plugins.module_utils.brokering.fit import machine_suits, size_order
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.remote import SCRIPT_TIMEOUT, Machine
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    RUNNING,
    UNFINISHED,
    Changes,
    Foreseen,
    NewNode,
    Node,
    Option,
    Order,
    Progress,
    Site,
    Work,
    check_deployment_name,
    reconcile,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import scalar_number

Data = dict[str, Any]

HOST_KEYS = (
    "name",
    "address",
    "port",
    "user",
    "key",
    "connection",
    "python",
    "private_address",
    "public_address",
    "cpus",
    "memory",
    "gpus",
    "image",
    "type",
    "distribution",
    "version",
    "architecture",
)
RELEASE_TIMEOUT = 1800  # seconds; the operator's own command may remove packages
NO_ROOT = ("no", "forced-commands-only")


class StaticSite(Site):
    """Nodes on hosts of the inventory. Which deployment has a host is recorded on the host itself."""

    type = "static"
    UNHEEDED: ClassVar[Mapping[str, str]] = {
        "size.disk": "a host has the disk that it has",
        "size.instance_type": "hosts have no sizes with names",
        "size.preemptible": "a host is leased until it is given back",
        "network": "a host is in the networks that it is in",
        "ports": "a host's own firewall says who may come in",
        "volumes": "a host has the disks that it has",
        "users": "a host keeps the accounts that it has",
        "tags": "nothing shows them at a host",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {
        "volumes.volume_id": "hosts that exist have no volumes, so that its data would be missing",
        "volumes.snapshot_id": "hosts that exist have no snapshots, so that its data would be missing",
    }
    OPTIONS: ClassVar[dict[str, Option]] = {
        "hosts": Option(
            list,
            [],
            "The hosts, each a dictionary: address, name (default the address), port, user, key (path), "
            "connection (ssh, or local for this machine), python, private_address, public_address; and where what "
            "the host says of itself is not what shall count: cpus, memory, gpus, image (name), type, distribution, "
            "version, architecture.",
        ),
        "hosts_group": Option(str, None, "A group of the inventory whose hosts are such hosts, besides."),
        "user": Option(str, "root", "Who logs in at hosts that name no user; not root: one who may sudo."),
        "key": Option(str, None, "Path of the private key for hosts that name none; by default what ssh finds."),
        "known_hosts": Option(str, None, "Path of a file with their host keys; by default what ssh knows."),
        "accept_new_host_keys": Option(bool, False, "Take a host key that is not known yet on trust, and keep it."),
        "clean": Option(
            str,
            "services",
            "What is undone when a host is given back, besides what the roles clean: the services that were enabled "
            "during the lease, or nothing.",
            ("services", "nothing"),
        ),
        "release_command": Option(str, None, "A shell command, run as root on a host before it is given back."),
        "parallel": Option(int, 16, "How many hosts are worked on at a time."),
    }

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        self._hosts = read_hosts(name, self.options)

    # The verbs of a site

    def describe(self) -> Data:
        if not self._hosts:
            return self.description(
                available=False,
                problem="It has no hosts. List them in site_hosts, or name a group in site_hosts_group.",
            )
        found = self._survey()
        if not found.usable():
            return self.description(
                available=False, problem=" ".join(["None of its hosts can be used.", *found.warnings])
            )
        return self._description(found)

    def list_nodes(self, deployment: str) -> list[Node]:
        check_deployment_name(deployment)
        return _nodes(self._survey(), deployment)

    def begin(self, order: Order) -> Work:
        found = self._survey()
        self._require_room(found, order.groups, order.deployment)
        return _Leasing(self, order, found)

    def apply(self, order: Order, changes: Changes, found: Survey) -> list[Node]:
        """Bring CHANGES about and return all nodes; FOUND is what the hosts said before."""
        self._each(lambda node: self._release(found.hosts[node.id], order.deployment), changes.remove)
        if changes.remove or changes.create:
            found = self._lease(order.groups, order.deployment, order.say)
        self._let_in(found, order.deployment, order.public_key)
        return [dataclasses.replace(node, state=RUNNING, problem=None) for node in _nodes(found, order.deployment)]

    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        check_deployment_name(deployment)
        found = self._survey()
        nodes = _nodes(found, deployment)
        if not dry_run:
            self._each(lambda node: self._release(found.hosts[node.id], deployment), nodes)
            if found.silent:
                raise SiteError(
                    [
                        Problem(
                            f"Site '{self.name}': {reason} Whether it is leased to '{deployment}' is not known",
                            hint="Run this again when it answers, or take the host out of the site. "
                            "`indigo-paas destroy --force` ends the deployment and leaves the host as it is.",
                        )
                        for reason in found.silent
                    ]
                )
        return [node.name for node in nodes]

    # The hosts

    def _each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return each(function, items, self.options["parallel"])

    def _survey(self) -> Survey:
        """Return what all hosts say of themselves, asked at once."""
        survey = Survey({}, [], [])
        for host, answer in zip(self._hosts, self._each(_ask, self._hosts), strict=True):
            if isinstance(answer, str):
                survey.silent.append(answer)
                survey.warnings.append(answer)
                continue
            survey.hosts[host["name"]] = answer
            if answer.problem:
                survey.warnings.append(answer.problem)
        return survey

    def _description(self, found: Survey) -> Data:
        hosts = found.usable()
        images = {host.image["name"]: host.image for host in hosts}
        leased = [host for host in hosts if host.deployment]
        deployments: dict[str, Data] = {}
        for host in leased:
            use = deployments.setdefault(str(host.deployment), _total([]))
            use.update({what: use[what] + more for what, more in _total([host]).items()})
        return self.description(
            images=[{**image, "default": number == 0} for number, image in enumerate(images.values())],
            capacity=_total(hosts),
            largest_node={what: max(host.size[what] for host in hosts) for what in ("cpus", "memory", "gpus")},
            machines=[host.to_machine() for host in hosts],
            remedies={"nodes": "Add hosts to site_hosts."},
            used={**_total(leased), "deployments": deployments},
            warnings=found.warnings,
        )

    def _require_room(self, found: Survey, groups: list[NodeGroup], deployment: str) -> None:
        description = self._description(found) if found.usable() else self.describe()
        self.refuse(deployment, misfits(groups, description, deployment))

    # Leasing

    def _lease(self, groups: list[NodeGroup], deployment: str, say: Progress) -> Survey:
        """Lease hosts until every node of GROUPS has one, and return what the hosts say then.

        A host that another takes first is given up. It may also be ours already: a run that was killed may still
        be leasing there.
        """
        while True:
            found = self._survey()
            missing = reconcile(groups, _nodes(found, deployment)).create
            if not missing:
                return found
            pairs = self._places(found.free(), missing)
            say(f"Leasing {len(pairs)} hosts" if len(pairs) > 1 else f"Leasing {pairs[0][1].name}")
            self._each(lambda pair: self._take(pair[1], pair[0], deployment), pairs)

    def _places(self, free: list[Host], nodes: Sequence[NewNode]) -> list[tuple[NewNode, Host]]:
        """Return NODES with a host for each. Raises SiteError where there is none for some."""
        machines = [host.to_machine() for host in free]
        places = assign([node.group for node in nodes], machines, machine_suits, size=size_order)
        pairs = [(node, free[place]) for node, place in zip(nodes, places, strict=True) if place is not None]
        if len(pairs) < len(nodes):
            missing = nodes[places.index(None)].name
            raise SiteError(
                f"Site '{self.name}' has no host left for the node {missing}",
                hint="Another deployment took it. Add hosts to the site, or run this again when some are free.",
            )
        return pairs

    def _take(self, host: Host, node: NewNode, deployment: str) -> None:
        """Lease HOST as NODE unless somebody has it."""
        lease = leases.new_lease(deployment, *node.identity, node.name, node.group.public)
        self._run(host, leases.lease_script(lease), "leasing it", (leases.LEASED_ALREADY,))

    def _let_in(self, found: Survey, deployment: str, public_key: str) -> None:
        """Let PUBLIC_KEY in at all hosts of DEPLOYMENT that it does not open yet."""
        closed = [
            host
            for host in found.hosts.values()
            if host.deployment == deployment and not host.lets_in(deployment, public_key)
        ]
        script = leases.authorize_script(deployment, public_key)
        for host, code in zip(closed, self._each(lambda host: self._open(host, script), closed), strict=True):
            if code == leases.NOT_OURS:
                raise SiteError(f"Host {host.name} is not leased to '{deployment}' any more", hint="Run this again.")

    def _open(self, host: Host, script: str) -> int:
        return self._run(host, script, "letting the deployment's key in", (leases.NOT_OURS,))

    def _release(self, host: Host, deployment: str) -> None:
        clean = self.options["clean"] == "services"
        script = leases.release_script(deployment, clean, self.options["release_command"])
        expected = (leases.NOT_OURS, leases.COMMAND_FAILED)
        done = self._run(host, script, "giving it back", expected, timeout=RELEASE_TIMEOUT)
        if done == leases.COMMAND_FAILED:
            raise SiteError(
                f"Host {host.name}: site_release_command failed, and the host stays leased to '{deployment}'",
                hint="Run the command on the host to see why, and then this again.",
            )

    def _run(
        self,
        host: Host,
        script: str,
        what: str,
        expected: Collection[int] = (),
        timeout: int = SCRIPT_TIMEOUT,
    ) -> int:
        done = host.machine.run(script, timeout)
        if done.code != 0 and done.code not in expected:
            said = " ".join(done.err.split()) or f"the script ended with {done.code}"
            if done.code == leases.BUSY:
                said = "another command has been at work on it for a minute"
            raise SiteError(f"Host {host.name} of site '{self.name}': {what} failed: {said:.300}")
        return done.code


class _Leasing(Work):
    """One call of ensure_nodes."""

    def __init__(self, site: StaticSite, order: Order, survey: Survey) -> None:
        self._site = site
        self._order = order
        self._survey = survey
        self.found = _nodes(survey, order.deployment)

    def prepare(self, changes: Changes) -> Foreseen:
        deployment, public_key = self._order.deployment, self._order.public_key
        strangers = [node for node in changes.keep if not self._survey.lets_in(node.id, deployment, public_key)]
        return Foreseen([*self._survey.warnings, *_size_warnings(self._order.groups, changes)], strangers)

    def apply(self, changes: Changes) -> tuple[list[Node], bool]:
        return self._site.apply(self._order, changes, self._survey), False


@dataclass(frozen=True)
class Host:
    """A host that answers: what it is, and whose it is.

    size     {"cpus", "memory" in bytes, "gpus"}
    image    {"name", "type", "distribution", "version", "codename", "architecture", "default"}
    found    what it said of itself, as `leases.read_survey` gives it
    problem  why it cannot be used, as a sentence
    """

    name: str
    machine: Machine
    options: Data
    size: dict[str, float]
    image: Data
    found: Data
    problem: str | None = None

    @property
    def lease(self) -> Data:
        """The record of its lease; empty where there is none."""
        return self.found["lease"] or {}

    @property
    def deployment(self) -> str | None:
        """The deployment that has it."""
        return self.lease.get("deployment")

    def lets_in(self, deployment: str, public_key: str) -> bool:
        """Return whether PUBLIC_KEY may enter for DEPLOYMENT; nobody has to enter this machine."""
        return self.machine.local or leases.authorized_line(deployment, public_key) in self.found["authorized"]

    def to_machine(self) -> Data:
        """Return the host as a site's description lists it."""
        return {"name": self.name, **self.size, "image": self.image, "deployment": self.deployment}


class Survey(NamedTuple):
    """What the hosts said: those that answer by name, what is wrong with some, and why others are silent."""

    hosts: dict[str, Host]
    warnings: list[str]
    silent: list[str]

    def lets_in(self, name: str, deployment: str, public_key: str) -> bool:
        """Return whether PUBLIC_KEY may enter the host NAME for DEPLOYMENT."""
        return self.hosts[name].lets_in(deployment, public_key)

    def usable(self) -> list[Host]:
        """Return the hosts with which nothing is wrong."""
        return [host for host in self.hosts.values() if not host.problem]

    def free(self) -> list[Host]:
        """Return the hosts that nobody has."""
        return [host for host in self.usable() if host.deployment is None]


def read_hosts(site: str, options: Mapping[str, Any]) -> list[Data]:
    """Return the hosts of SITE with all that its OPTIONS say of them. Raises SiteError with all that is wrong."""
    hosts, problems = [], []
    for number, entry in enumerate(options["hosts"], start=1):
        try:
            hosts.append(_read_host(entry, options))
        except ValueError as error:
            problems.append(Problem(f"Site '{site}', host {number}: {error}"))
    names = [host["name"] for host in hosts]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem(f"Site '{site}' has the host '{name}' twice", hint="Give each a name.") for name in twice]
    if problems:
        raise SiteError(problems, bad_input=True)
    return hosts


def _read_host(entry: Any, options: Mapping[str, Any]) -> Data:
    local = isinstance(entry, dict) and entry.get("connection") == "local"
    if not isinstance(entry, dict) or not (entry.get("address") or local):
        raise ValueError("it must be a dictionary with an address")
    for key in entry:
        if key not in HOST_KEYS:
            raise ValueError(f"it has an unknown key '{key}'. {did_you_mean(key, HOST_KEYS, what='keys')}")
    if entry.get("connection") not in (None, "ssh", "local"):
        raise ValueError(f"its connection must be ssh or local, not '{entry['connection']}'")
    address = str(entry.get("address") or "localhost")
    if address.startswith("-"):
        raise ValueError(f"'{address}' is no address")
    return {
        **entry,
        "name": str(entry.get("name") or address),
        "address": address,
        "port": _number(entry, "port", 1, 65535, int) or 22,
        "user": str(entry.get("user") or options["user"]),
        "key": entry.get("key") or options["key"],
        "cpus": _number(entry, "cpus", 0, 10**6, float),
        "gpus": _number(entry, "gpus", 0, 1000, int),
        "memory": _memory(entry.get("memory")),
        "local": local,
        "known_hosts": options["known_hosts"],
        "accept_new_keys": options["accept_new_host_keys"],
    }


def _number(entry: Data, key: str, least: float, most: float, kind: type) -> Any:
    if entry.get(key) is None:
        return None
    try:
        value = kind(entry[key])
    except (TypeError, ValueError):
        value = None
    if value is None or isinstance(entry[key], bool) or not least <= value <= most:
        raise ValueError(f"its {key} must be a number from {least:g} to {most:g}, not {entry[key]!r:.40}")
    return value


def _memory(value: Any) -> int | None:
    """Return bytes for a number of bytes, or a size such as 16 GB."""
    if value is None:
        return None
    try:
        size = int(value) if str(value).isdigit() else int(scalar_number("scalar-unit.size", value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"its memory must be a size such as 16 GB, not {value!r:.40}") from error
    return size


def _ask(options: Data) -> Host | str:
    """Return the host that OPTIONS lead to; where it does not answer, the reason as a sentence."""
    machine = Machine(
        **{key: options[key] for key in ("name", "address", "port", "user", "key", "known_hosts", "accept_new_keys")},
        local=options["local"],
    )
    try:
        done = machine.run(leases.survey_script())
        found = leases.read_survey(done.out)
    except SiteError as error:
        text = str(error)
        return text if text.endswith((".", "!")) else f"{text}."
    except (KeyError, IndexError, ValueError):
        return f"Host {options['name']} does not say what it is: {' '.join(done.err.split()) or 'no Linux?':.200}."
    return _host(options, machine, found)


def _host(options: Data, machine: Machine, found: Data) -> Host:
    size = {
        "cpus": options["cpus"] or float(found["cpus"]),
        "memory": options["memory"] or found["memory"],
        "gpus": options["gpus"] or 0,
    }
    problem = found["lease_problem"] and f"Host {options['name']}: {found['lease_problem']}"
    if found["root_login"] in NO_ROOT and not machine.local:
        problem = (
            f"Host {options['name']} lets nobody in as root, but nodes are set up as root: "
            "set PermitRootLogin prohibit-password in its sshd_config."
        )
    return Host(options["name"], machine, options, size, _image(options, found), found, problem)


def _image(options: Data, found: Data) -> Data:
    system = found["system"]
    distribution = str(options.get("distribution") or system.get("ID") or "linux")
    version = str(options.get("version") or system.get("VERSION_ID") or "")
    return {
        "name": str(options.get("image") or f"{distribution}-{version}".rstrip("-")),
        "type": options.get("type") or "linux",
        "distribution": distribution,
        "version": version,
        "codename": system.get("VERSION_CODENAME"),
        "architecture": options.get("architecture") or found["architecture"],
        "default": True,
    }


def _nodes(found: Survey, deployment: str) -> list[Node]:
    nodes = [_node(host) for host in found.hosts.values() if host.deployment == deployment]
    return sorted(nodes, key=lambda node: (node.group, node.index, node.id))


def _node(host: Host) -> Node:
    lease, local = host.lease, host.machine.local
    marked = any(line.endswith(f"indigo-paas:{host.deployment}") for line in host.found["authorized"])
    ready = local or marked
    private = _private_addresses(host)
    return Node(
        name=lease["hostname"],
        group=lease["group"],
        index=lease["index"],
        id=host.name,
        state=RUNNING if ready else UNFINISHED,
        private_address=private,
        public_address=(_texts(host.options.get("public_address")) or private) if lease.get("public") else [],
        ansible_host=host.machine.address,
        ansible_port=host.machine.port,
        ansible_connection="local" if local else None,
        ansible_become=True if local and os.geteuid() != 0 else None,
        python=host.options.get("python") or host.found["python"] or "/usr/bin/python3",
        host_keys=[] if local else host.found["host_keys"],
        size={what: host.size[what] for what in ("cpus", "memory")},
        leased=True,
        problem=None if ready else "Its lease was not finished.",
    )


def _private_addresses(host: Host) -> list[str]:
    given = _texts(host.options.get("private_address"))
    if given:
        return given
    try:
        own = ipaddress.ip_address(host.machine.address)
    except ValueError:
        own = None
    if own is not None and not own.is_loopback:
        return [str(own)]
    return [address for address in host.found["addresses"] if ":" not in address][:1] or ["127.0.0.1"]


def _texts(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item]


def _total(hosts: list[Host]) -> Data:
    return {
        "cpus": sum(host.size["cpus"] for host in hosts),
        "memory": sum(host.size["memory"] for host in hosts),
        "nodes": len(hosts),
    }


def _size_warnings(groups: list[NodeGroup], changes: Changes) -> list[str]:
    wanted = {group.safe_name: group.size for group in groups}
    return [
        f"Node {node.name} stays on the host {node.id}, which is smaller than what the plan asks for. "
        "Name it in removal_list to move it."
        for node in (*changes.keep, *changes.repair)
        if any(node.size[what] < getattr(wanted[node.group], what) for what in ("cpus", "memory"))
    ]
