# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every site is: few verbs over plain data, and the rules by which nodes are compared with the plan."""

from __future__ import annotations

import abc
import contextlib
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.evidence.options import option_problems
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import (
    NodeGroup,
    group_problems,
    read_groups,
    wishes,
)
from ansible_collections.indigo.paas.plugins.module_utils.node_names import new_names

RUNNING = "running"
STOPPED = "stopped"
UNFINISHED = "unfinished"
ERROR = "error"

DEPLOYMENT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")

Progress = Callable[[str], None]
Identity = tuple[str, int]


@dataclass(frozen=True)
class Node:
    """A machine of a deployment, as found at its site by its labels.

    group            safe name of its node group; (group, index) is its identity
    state            "running", "stopped" (can be started again), "unfinished" (creation broke off), "error"
    private_address  addresses inside the deployment's network
    public_address   addresses for the world outside
    ansible_host     where the controller reaches its SSH server; empty while it does not run
    ansible_connection  None for SSH, "local" where the node is the controller's own machine
    ansible_become   True where who runs Ansible has to become root there
    host_keys        its public SSH host keys, each "TYPE BASE64"
    size             {"cpus": number, "memory": bytes} that it was made with
    leased           the machine was there before the deployment and stays when it is gone: what roles set up on it
                     is to be undone before it is given back
    named            its site has a name service that knows the deployment's nodes; otherwise they are told each other's
                     names
    problem          what is wrong with it, as a sentence
    """

    name: str
    group: str
    index: int
    id: str
    state: str = RUNNING
    private_address: list[str] = field(default_factory=list)
    public_address: list[str] = field(default_factory=list)
    ansible_host: str = ""
    ansible_port: int = 22
    ansible_user: str = "root"
    ansible_connection: str | None = None
    ansible_become: bool | None = None
    python: str = "/usr/bin/python3"
    host_keys: list[str] = field(default_factory=list)
    size: dict[str, float] = field(default_factory=dict)
    leased: bool = False
    named: bool = False
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the node as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class NewNode:
    """A node that the plan wants and the site has not."""

    name: str
    group: NodeGroup
    index: int

    @property
    def identity(self) -> Identity:
        """What it is found again by."""
        return self.group.safe_name, self.index


@dataclass(frozen=True)
class Changes:
    """What makes reality match the plan.

    repair holds nodes that are wanted and exist but do not run: stopped ones are started, others made anew.
    """

    create: tuple[NewNode, ...] = ()
    keep: tuple[Node, ...] = ()
    repair: tuple[Node, ...] = ()
    remove: tuple[Node, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.create or self.repair or self.remove)

    def names(self) -> dict[str, list[str]]:
        """Return the names of the nodes, sorted, under create, keep, repair and remove."""
        return {
            what: sorted(node.name for node in getattr(self, what)) for what in ("create", "keep", "repair", "remove")
        }


@dataclass(frozen=True)
class Result:
    """What ensure_nodes did, or would do: the nodes there are now, and the names of those it changed."""

    nodes: list[Node]
    created: list[str]
    repaired: list[str]
    removed: list[str]
    kept: list[str]
    changed: bool
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Order:
    """What ensure_nodes is asked for; `say` takes lines for people."""

    deployment: str
    groups: list[NodeGroup]
    public_key: str
    say: Progress


@dataclass(frozen=True)
class Foreseen:
    """What a site says of changes before it makes them.

    strangers   kept nodes that do not know the key yet
    touched     whether anything besides the nodes is to be changed
    """

    warnings: list[str] = field(default_factory=list)
    strangers: list[Node] = field(default_factory=list)
    touched: bool = False


class Work(abc.ABC):
    """A site's own steps of one call of ensure_nodes.

    found   the nodes that the deployment has there
    """

    found: list[Node]

    @abc.abstractmethod
    def prepare(self, changes: Changes) -> Foreseen:
        """Find all that CHANGES need, and change nothing. Raises SiteError where something is not there."""

    @abc.abstractmethod
    def apply(self, changes: Changes) -> tuple[list[Node], bool]:
        """Bring CHANGES about; return all nodes, which answer, and whether anything besides nodes was changed."""


@dataclass(frozen=True)
class Option:
    """An option of a site; in the inventory its name carries the prefix ``site_``."""

    kind: type
    default: Any
    description: str
    choices: tuple[str, ...] = ()


COMMON_OPTIONS = {
    "location": Option(str, None, "Where the site is, for people to read."),
    "priority": Option(int, 0, "Sites of higher priority are chosen first, among those of equal agreements."),
    "price": Option(float, 0.0, "Price of one CPU for one hour, in the same currency at all sites."),
    "provider": Option(str, None, "Name of its provider in SLAM, CMDB and monitoring; by default the site's name."),
    "service": Option(str, None, "Id of its service in SLAM, CMDB and monitoring; by default all that compute."),
    "own_account": Option(
        bool,
        False,
        "Whether its account is the user's own: then it is chosen only where a policy names an agreement with it.",
    ),
    "agreements": Option(list, [], "Agreements with it (SLAs): dictionaries of id, weight, targets and dates."),
    "metrics": Option(dict, {}, "What its monitoring says, in place of what the monitoring service says."),
    "fabric": Option(
        str, None, "Name of the network that its nodes are in, where they reach those of other sites in the same one."
    ),
    "data": Option(list, [], "Names of the spaces and datasets that it serves."),
    "ranking": Option(dict, {}, "How sites are ranked; set it once, for the group paas_sites."),
}


class Site(abc.ABC):
    """A place where nodes are made. One subclass, in one file of this folder, for each type of site."""

    type: ClassVar[str]
    # Whether it makes the networks whose ranges of addresses templates give.
    MAKES_NETWORKS: ClassVar[bool] = False
    OPTIONS: ClassVar[dict[str, Option]] = {}
    # By the names of `wishes`: what of a node group is refused here, has no effect, or is so anyhow; and why.
    REFUSED: ClassVar[Mapping[str, str]] = {}
    UNHEEDED: ClassVar[Mapping[str, str]] = {}
    ANYHOW: ClassVar[Mapping[str, str]] = {}

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.leftovers: list[Problem] = []
        self.options = read_options(name, {**COMMON_OPTIONS, **self.OPTIONS}, options)
        problems = option_problems(name, self.options)
        if problems:
            raise SiteError(problems, bad_input=True)

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what the site is and holds; one that does not answer says so in `problem`.

        name, type, endpoint (URL of its API, None where that is not said), location, priority, price and the
        other common options, available (bool),
        problem (None or a sentence with a remedy),
        warnings (list of sentences), images (dicts with name, distribution, version, codename, type,
        architecture, default), references (further image names that may be asked for),
        capacity {cpus, memory, nodes}: what may be asked of the site in all,
        remedies {cpus, memory, nodes}: sentences that say how to raise that, where it can be raised,
        largest_node {cpus, memory}, machines (None where nodes are made to any size; else those that exist,
        each {name, cpus, memory, gpus, image, deployment}, and a node is one of them), zones (names),
        used {cpus, memory, nodes, deployments: {name: {cpus, memory, nodes}}}.
        Memory is in bytes. A cloud adds flavors (dicts with name, cpus, memory, disk, gpus) and
        response_times {service: seconds}.
        """

    @abc.abstractmethod
    def list_nodes(self, deployment: str) -> list[Node]:
        """Return the nodes labelled as DEPLOYMENT's, sorted by group and index. Raises SiteError."""

    @abc.abstractmethod
    def begin(self, order: Order) -> Work:
        """Return the work on ORDER, having looked at the site. Raises SiteError (bad_input) where there is no room."""

    def ensure_nodes(
        self,
        deployment: str,
        groups: list[dict[str, Any]],
        *,
        public_key: str,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> Result:
        """Make the nodes of DEPLOYMENT match GROUPS (the plan's) and wait until each answers to PUBLIC_KEY.

        Calling it again continues what a call before it left undone, however that ended.
        A dry run changes nothing and reports what would be done. Raises SiteError.
        """
        check_deployment_name(deployment)
        order = Order(deployment, read_groups(groups), public_key, progress or (lambda _line: None))
        self._require(order)
        with self._doing("Making the nodes"):
            work = self.begin(order)
            changes = reconcile(order.groups, work.found)
            foreseen = work.prepare(changes)
            warnings = [*self.unheeded(order.groups), *foreseen.warnings]
            if dry_run:
                nodes, touched = [*changes.keep, *changes.repair], False
            else:
                nodes, touched = work.apply(changes)
        return result_of(changes, nodes, warnings, strangers=foreseen.strangers, touched=foreseen.touched or touched)

    def _require(self, order: Order) -> None:
        """Raise SiteError where ORDER asks for what no site can make, or for what this type of site must not drop."""
        refused = _wishes_with_reasons(order.groups, self.REFUSED)
        self.refuse(order.deployment, [f"'{group.name}' asks for {what}: {why}." for group, what, why in refused])
        problems = list(group_problems(group for group in order.groups if group.count))
        if problems:
            raise SiteError(problems, bad_input=True)

    def unheeded(self, groups: Iterable[NodeGroup]) -> list[str]:
        """Return a warning for each thing that GROUPS ask for and that has no effect here."""
        return [
            f"Site '{self.name}' does not heed {asked} of '{group.name}': {reason}."
            for group, asked, reason in _wishes_with_reasons(groups, self.UNHEEDED)
        ]

    def refuse(self, deployment: str, reasons: Iterable[str]) -> None:
        """Raise SiteError (bad_input) where there are REASONS for which the site cannot hold DEPLOYMENT."""
        problems = [Problem(f"Site '{self.name}' cannot hold '{deployment}': {reason}") for reason in reasons]
        if problems:
            raise SiteError(problems, bad_input=True)

    def _doing(self, _what: str) -> contextlib.AbstractContextManager[None]:
        """Return a context in which errors of the site's own library are told as SiteError."""
        return contextlib.nullcontext()

    @abc.abstractmethod
    def delete_nodes(self, deployment: str, *, dry_run: bool = False) -> list[str]:
        """Delete all that DEPLOYMENT has, its network included, and return the names of its nodes.

        Half gone is success. A dry run deletes nothing. `leftovers` then says what nobody but the site's administrator
        can delete, where that does no harm. Raises SiteError.
        """

    def list_deployments(self) -> list[str]:
        """Return the names of the deployments that have nodes here, sorted. Raises SiteError."""
        found = self.describe()
        if not found["available"]:
            raise SiteError(str(found["problem"]))
        return sorted(found["used"]["deployments"])

    def power_nodes(self, deployment: str, names: Iterable[str], *, running: bool, dry_run: bool = False) -> list[str]:
        """Start or stop the nodes NAMES of DEPLOYMENT, and return, when it is done, the names of those that changed.

        running   whether they shall run; a node that runs answers by SSH

        A dry run changes nothing. Raises SiteError (bad_input) for a name that is not there and for a node that neither
        runs nor is stopped, SiteError where the site fails or has no such thing.
        """
        wanted = sorted(set(names))
        changing = _to_power(self.name, self.list_nodes(deployment), wanted, running)
        if changing and not dry_run:
            self._power(deployment, changing, running)
        return [node.name for node in changing]

    def _power(self, deployment: str, nodes: list[Node], running: bool) -> None:
        """Start or stop NODES of DEPLOYMENT, all of which are in the other state, and return when it is done."""
        raise SiteError(
            f"The nodes of site '{self.name}' cannot be started or stopped: it is of the type {self.type}",
            hint="Use what that machine is switched on and off with.",
            bad_input=True,
        )

    def missing(self) -> list[str]:
        """Return what keeps deployments from running here, as sentences; none where nothing does. Asks the site."""
        description = self.describe()
        if not description["available"]:
            return [str(description["problem"])]
        reasons = [f"It can make no nodes: {kind} is 0." for kind, size in description["capacity"].items() if not size]
        if not description["images"] and not description["references"]:
            reasons.append("It has no image that nodes could be made of.")
        return reasons

    def description(self, **found: Any) -> dict[str, Any]:
        """Return a description with the fields that all sites share, overlaid with FOUND."""
        return {
            "name": self.name,
            "type": self.type,
            "endpoint": self.options.get("endpoint"),
            **{option: self.options[option] for option in COMMON_OPTIONS},
            "available": True,
            "problem": None,
            "warnings": [],
            "images": [],
            "references": [],
            "capacity": {"cpus": 0, "memory": 0, "nodes": 0},
            "remedies": {},
            "machines": None,
            "networks": self.MAKES_NETWORKS,
            "zones": [],
            "largest_node": {"cpus": 0, "memory": 0},
            "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
            **found,
        }


def _wishes_with_reasons(groups: Iterable[NodeGroup], reasons: Mapping[str, str]) -> list[tuple[NodeGroup, str, str]]:
    """Return what GROUPS ask for of what REASONS name, in words, each with its group and the reason."""
    return [
        (group, asked, reasons[name])
        for group in groups
        if group.count
        for name, asked in wishes(group).items()
        if name in reasons
    ]


def _to_power(site: str, nodes: Iterable[Node], names: Iterable[str], running: bool) -> list[Node]:
    """Return which of NODES, that NAMES says, have to be started or stopped."""
    known = {node.name: node for node in nodes}
    problems = [
        Problem(f"Site '{site}' has no node '{name}'", hint=did_you_mean(name, known, what="nodes"))
        for name in names
        if name not in known
    ]
    found = [known[name] for name in names if name in known]
    problems += [
        Problem(
            f"Node {node.name} is {node.state}: {node.problem or 'it neither runs nor is stopped'}",
            hint="Run the deployment again to repair it.",
        )
        for node in found
        if node.state not in (RUNNING, STOPPED)
    ]
    if problems:
        raise SiteError(problems, bad_input=True)
    return [node for node in found if node.state == (STOPPED if running else RUNNING)]


def check_deployment_name(name: str) -> None:
    """Raise SiteError unless NAME can label a deployment: 1 to 40 lower-case letters, digits and hyphens."""
    if not DEPLOYMENT_NAME.fullmatch(name):
        raise SiteError(
            f"'{name[:60]}' cannot name a deployment",
            hint="Use 1 to 40 lower-case letters, digits and hyphens, with a letter or digit at both ends.",
            bad_input=True,
        )


def reconcile(groups: Iterable[NodeGroup], nodes: Iterable[Node]) -> Changes:
    """Compare the plan's GROUPS with the NODES that exist.

    A node goes when its name or id is in its group's removal_list, when its group left the plan, when its
    group has more nodes than its count (highest index first), or when another node has its group and index.
    A group with too few nodes gets new ones at the lowest free indices that removal_list does not name.
    A group that has `indices`, as where the rest of it is at other sites, has the nodes with those, and no others.
    New nodes are called as `new_names` says, and never by one of the names in a group's `taken`.
    """
    members: dict[str, list[Node]] = {}
    for node in sorted(nodes, key=_by_index):
        members.setdefault(node.group, []).append(node)
    groups = list(groups)
    kept = [_staying(group, members.get(group.safe_name, [])) for group in groups]
    stay = [node for found in kept for node in found]
    taken = {node.name for node in stay}
    create: list[NewNode] = []
    for group, found in zip(groups, kept, strict=True):
        create += _missing(group, found, taken | {new.name for new in create})
    staying = {id(node) for node in stay}
    return Changes(
        create=tuple(create),
        keep=tuple(node for node in stay if node.state == RUNNING),
        repair=tuple(node for node in stay if node.state != RUNNING),
        remove=tuple(node for found in members.values() for node in found if id(node) not in staying),
    )


def _by_index(node: Node) -> tuple[Any, ...]:
    return (node.group, node.index, node.state != RUNNING, node.state != STOPPED, node.id)


def _staying(group: NodeGroup, members: list[Node]) -> list[Node]:
    """Return the nodes of GROUP to keep; of several with one index the first, which is the healthiest."""
    removed, here = set(group.removal_list), group.indices
    by_index: dict[int, Node] = {}
    for node in members:
        if node.name not in removed and node.id not in removed and (here is None or node.index in here):
            by_index.setdefault(node.index, node)
    return [by_index[index] for index in sorted(by_index)[: group.count]]


def _missing(group: NodeGroup, kept: list[Node], taken: set[str]) -> list[NewNode]:
    removed = set(group.removal_list)
    there = {node.index for node in kept}
    indices = itertools.count() if group.indices is None else iter(group.indices)
    free = (index for index in indices if index not in there and f"{group.hostname}-{index}" not in removed)
    chosen = list(itertools.islice(free, max(0, group.count - len(kept))))
    never = {*taken, *removed, *group.taken}
    names = new_names(group, chosen, [node.name for node in kept], never)
    return [NewNode(name, group, index) for name, index in zip(names, chosen, strict=True)]


def size_warnings(groups: Iterable[NodeGroup], changes: Changes) -> list[str]:
    """Return a warning for each node that stays and was made with another size than GROUPS ask for."""
    wanted = {group.safe_name: group.size for group in groups}
    return [
        f"Node {node.name} keeps the size that it was made with. Name it in removal_list to replace it."
        for node in (*changes.keep, *changes.repair)
        if node.state in (RUNNING, STOPPED)
        and node.size != {"cpus": wanted[node.group].cpus, "memory": int(wanted[node.group].memory)}
    ]


def read_entries(
    site: str, what: str, entries: Iterable[Any], read: Callable[[Any], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what READ makes of each of ENTRIES of an option of SITE; a ValueError of it tells what is wrong.

    what   what an entry is, such as "image"

    Raises SiteError (bad_input) with all that is wrong.
    """
    found, problems = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(read(entry))
        except ValueError as error:
            problems.append(Problem(f"Site '{site}', {what} {number}: {error}"))
    if problems:
        raise SiteError(problems, bad_input=True)
    return found


def read_options(site: str, known: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options GIVEN to SITE, typed, with defaults. Raises SiteError with all that is wrong."""
    values = {name: option.default for name, option in known.items()}
    problems = []
    for name, value in given.items():
        if name in ("name", "type"):
            continue
        if name not in known:
            hint = did_you_mean(name, known, what="options")
            problems.append(Problem(f"Site '{site}' has no option '{name}'", hint=hint))
        elif value is not None:
            try:
                values[name] = _convert(value, known[name])
            except (TypeError, ValueError):
                what = _expected(known[name])
                problems.append(Problem(f"Site '{site}': option '{name}' must be {what}, not {value!r:.80}"))
    if problems:
        raise SiteError(problems, bad_input=True)
    return values


def _convert(value: Any, option: Option) -> Any:
    if option.kind in (int, float):
        if isinstance(value, bool):
            raise TypeError
        return option.kind(value)
    if not isinstance(value, option.kind) or (option.choices and value not in option.choices):
        raise TypeError
    return value


def _expected(option: Option) -> str:
    if option.choices:
        return f"one of {', '.join(option.choices)}"
    return {
        int: "a whole number",
        float: "a number",
        list: "a list",
        dict: "a dictionary",
        str: "text",
        bool: "true or false",
    }[option.kind]


def result_of(
    changes: Changes,
    nodes: list[Node],
    warnings: Iterable[str] = (),
    *,
    strangers: Iterable[Node] = (),
    touched: bool = False,
) -> Result:
    """Return the result of CHANGES.

    strangers   kept nodes that had to be taught the key
    touched     whether anything besides the nodes was changed
    """
    names = changes.names()
    rekeyed = [node.name for node in strangers]
    return Result(
        nodes=nodes,
        created=names["create"],
        repaired=sorted({*names["repair"], *rekeyed}),
        removed=names["remove"],
        kept=[name for name in names["keep"] if name not in rekeyed],
        changed=bool(changes) or bool(rekeyed) or touched,
        warnings=list(warnings),
    )
