# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of a deployment at all its sites: found, made, and made elsewhere where a site fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, TypeVar

from ansible_collections.indigo.paas.plugins.module_utils.apart import Call, run_apart
from ansible_collections.indigo.paas.plugins.module_utils.brokering import distribute
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, read_groups
from ansible_collections.indigo.paas.plugins.module_utils.node_names import stated_name
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import Services
from ansible_collections.indigo.paas.plugins.module_utils.prepared.keeper import ImageKeeper
from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites, open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Changes, Node, Result, Site, reconcile

Data = dict[str, Any]
Sites = Mapping[str, Mapping[str, Any]]
Say = Callable[[str, str], None]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Order:
    """What is wanted.

    plan        the plan of the deployment
    public_key  what the nodes shall let in
    found       the nodes that the deployment has, where they are known already; None to look for them
    placement   {"site", "parts"} to begin with, as `distribute` gives it; None to choose now
    spread      whether the nodes may go to several sites where no single one has room
    tries       how many attempts may fail in all; None for as many as there are sites
    keep_last   whether the remains of the last attempt stay, to be looked at or resumed
    may_move    whether a site may be left where the deployment has nodes already: it was never complete
    seconds     how long one attempt at one site may take; None for no limit
    reserved    names that mean something else where the nodes are used: no new node is called by one
    services    what the nodes of each group are to have and images may have already, by safe group name
    """

    deployment: str
    plan: Data
    public_key: str
    found: Fleet | None = None
    placement: Data | None = None
    spread: bool = False
    tries: int | None = None
    keep_last: bool = True
    may_move: bool = False
    seconds: float | None = None
    reserved: Collection[str] = ()
    services: Mapping[str, Services] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """What failed at a site, and what became of what it had made there.

    removed: names of the nodes that were removed. clean: whether nothing is left there.
    """

    site: str
    problems: list[Problem]
    removed: list[str] = field(default_factory=list)
    clean: bool = False

    def to_dict(self) -> Data:
        """Return it as plain data."""
        return {**asdict(self), "problems": [str(problem) for problem in self.problems]}


@dataclass(frozen=True)
class Fleet:
    """The nodes of a deployment, by site, and the sites that could not be asked, each with the reason."""

    nodes: dict[str, list[Node]]
    silent: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Data]) -> Fleet:
        """Return the fleet of NODES as `to_list` gives them."""
        found: dict[str, list[Node]] = {}
        for node in nodes:
            plain = {key: value for key, value in node.items() if key != "site"}
            found.setdefault(node["site"], []).append(Node(**plain))
        return cls(found)

    def changes(self, groups: Iterable[Mapping[str, Any]]) -> Changes:
        """Return what would make the nodes those of GROUPS, wherever they are."""
        return reconcile(read_groups(groups), [node for nodes in self.nodes.values() for node in nodes])

    def leaving(self, groups: Iterable[Mapping[str, Any]]) -> Fleet:
        """Return those of the nodes that GROUPS do not want."""
        going = {id(node) for node in self.changes(groups).remove}
        return Fleet({site: [node for node in nodes if id(node) in going] for site, nodes in self.nodes.items()})

    def standing(self, groups: Iterable[Data]) -> dict[str, dict[int, str | None]]:
        """Return which nodes GROUPS shall have: by safe group name, index and site, None for those to be made."""
        groups = list(groups)
        changes = self.changes(groups)
        sites = {id(node): site for site, nodes in self.nodes.items() for node in nodes}
        found: dict[str, dict[int, str | None]] = {group["group"]: {} for group in groups}
        for node in (*changes.keep, *changes.repair):
            found[node.group][node.index] = sites[id(node)]
        for new in changes.create:
            found[new.group.safe_name][new.index] = None
        return found

    def to_list(self) -> list[Data]:
        """Return the nodes as plain data, each with its `site`, sorted by group and index."""
        found = [{**node.to_dict(), "site": site} for site, here in self.nodes.items() for node in here]
        return sorted(found, key=lambda node: (node["group"], node["index"], node["site"], node["id"]))


class FleetError(SiteError):
    """No site could make the nodes. `attempts` tell what happened where."""

    def __init__(self, problems: list[Problem], attempts: list[Attempt], *, bad_input: bool = False) -> None:
        super().__init__(problems, bad_input=bad_input)
        self.attempts = attempts

    @property
    def details(self) -> Data:
        """What the result of a task tells besides the problems."""
        return {"attempts": [attempt.to_dict() for attempt in self.attempts]}


@dataclass(frozen=True)
class Made:
    """What was done: the nodes there are now, with their sites, and the names of those that changed.

    attempts    those that failed before
    """

    site: str
    nodes: list[Data]
    result: Result
    attempts: list[Attempt]


@dataclass(frozen=True)
class Deleted:
    """What was deleted: the names of the nodes by site.

    left   what stays, and why; of the severity "warning" where only a site's administrator can delete it, and it does
           no harm
    """

    nodes: dict[str, list[str]]
    left: list[Problem]


class Runner(Protocol):
    """Runs calls by name: see `run_apart`."""

    def __call__(self, calls: Mapping[str, Call], say: Say, seconds: float | None) -> dict[str, Any]: ...


def find_fleet(sites: Sites, deployment: str) -> Fleet:
    """Return the nodes that DEPLOYMENT has at SITES (options by name).

    Raises SiteError (bad_input) where options are wrong, and where two of SITES are one and the same.
    """
    nodes, failed = _ask_all(sites, lambda site: site.list_nodes(deployment))
    _require_each_once(nodes)
    return Fleet(nodes, {name: str(error) for name, error in failed.items()})


def find_deployments(sites: Sites) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the names of the sites where each deployment has nodes, and why sites could not be asked, by site.

    sites   options by name

    Raises SiteError (bad_input) where options are wrong.
    """
    names, failed = _ask_all(sites, lambda site: site.list_deployments())
    found: dict[str, list[str]] = {}
    for site, here in names.items():
        for name in here:
            found.setdefault(name, []).append(site)
    return found, {name: str(error) for name, error in failed.items()}


def _ask_all(sites: Sites, ask: Callable[[Site], Answer]) -> tuple[dict[str, Answer], dict[str, SiteError]]:
    """Return what ASK returned for each of SITES, and the SiteError of each where it failed."""
    opened = [open_site(name, options) for name, options in sites.items()]

    def answer(site: Site) -> Answer | SiteError:
        try:
            return ask(site)
        except SiteError as error:
            return error

    answers = dict(zip(sites, each(answer, opened, workers=16), strict=True))
    failed = {name: found for name, found in answers.items() if isinstance(found, SiteError)}
    return {name: found for name, found in answers.items() if not isinstance(found, SiteError)}, failed


def _require_each_once(nodes: Mapping[str, list[Node]]) -> None:
    """Raise SiteError where one machine is a node at two sites: they are one engine, or one project of a cloud."""
    seen: dict[tuple[str, ...], str] = {}
    for site, here in nodes.items():
        for node in here:
            other = seen.setdefault((node.id, *node.host_keys), site) if node.host_keys else site
            if other != site:
                raise SiteError(
                    f"The sites '{other}' and '{site}' are one and the same: both have the node {node.name}",
                    hint="Name one of them with --site, or in candidates.",
                    bad_input=True,
                )


def delete_fleet(sites: Sites, deployment: str, *, dry_run: bool = False, force: bool = False) -> Deleted:
    """Delete all that DEPLOYMENT has at SITES (options by name). Half gone is success.

    force   what cannot be deleted stays, and is told

    A site that fails does not stop the others; unless forced, one SiteError tells all that failed.
    """

    def delete(site: Site) -> tuple[list[str], list[Problem]]:
        return site.delete_nodes(deployment, dry_run=dry_run), site.leftovers

    answers, failed = _ask_all(sites, delete)
    left = [problem for error in failed.values() for problem in error.problems]
    if left and not force:
        raise SiteError(left, bad_input=all(error.bad_input for error in failed.values()))
    stays = [problem for _names, leftovers in answers.values() for problem in leftovers]
    return Deleted({site: names for site, (names, _leftovers) in answers.items()}, [*left, *stays])


def power_fleet(
    sites: Sites, deployment: str, names: Collection[str], *, running: bool, dry_run: bool = False
) -> list[str]:
    """Start or stop the nodes NAMES that DEPLOYMENT has at SITES (options by name); return the names of those changed.

    Raises SiteError (bad_input) for a name that is nowhere, and as `Site.power_nodes`.
    """
    fleet = find_fleet(sites, deployment)
    there = {node.name: site for site, nodes in fleet.nodes.items() for node in nodes}
    lost = sorted(set(names) - there.keys())
    if lost and fleet.silent:
        raise SiteError([Problem(reason) for reason in fleet.silent.values()])
    if lost:
        hint = f"There is {', '.join(there)}." if there else "It has none."
        raise SiteError([Problem(f"'{deployment}' has no node '{name}'", hint=hint) for name in lost], bad_input=True)
    chosen: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        chosen.setdefault(there[name], []).append(name)

    def power(site: str) -> list[str]:
        opened = open_site(site, sites[site])
        return opened.power_nodes(deployment, chosen[site], running=running, dry_run=dry_run)

    return [name for changed in each(power, chosen, workers=16) for name in changed]


def make_fleet(
    sites: Sites,
    order: Order,
    say: Say,
    *,
    dry_run: bool = False,
    run: Runner = run_apart,
) -> Made:
    """Make the nodes of the deployment those of its plan, at SITES (options by name), and return what was done.

    Where a site fails, what was made there is removed, and its nodes are placed anew on the other sites. A site where
    the deployment had nodes before is not left, unless the order says so.
    A dry run changes nothing and tries one placement.

    say   called with the name of a site and a line for people
    run   how the calls of the sites are run

    Raises FleetError with what happened at each site, SiteError (bad_input) where no site has room to begin with.
    """
    return _Making(sites, order, say, run).make(dry_run)


class _Making:
    def __init__(
        self,
        sites: Sites,
        order: Order,
        say: Say,
        run: Runner,
    ) -> None:
        self._sites = sites
        self._order = order
        self._say = say
        self._run = run
        self._attempts: list[Attempt] = []
        self._before = order.found or find_fleet(sites, order.deployment)

    def make(self, dry_run: bool) -> Made:
        placement = self._order.placement or self._place(self._sites, self._before)
        earlier: list[Result] = []
        while True:
            answers = self._make_parts(placement, dry_run)
            failed = {site: answer for site, answer in answers.items() if isinstance(answer, SiteError)}
            results = {site: answer for site, answer in answers.items() if site not in failed}
            if not failed:
                return self._summary(placement, results, earlier)
            earlier += results.values()
            placement = self._after(failed, dry_run)

    def _place(self, sites: Sites, fleet: Fleet) -> Data:
        """Choose among SITES, where the nodes of FLEET are."""
        order = self._order
        standing = fleet.standing(order.plan["groups"])
        return distribute(order.plan, describe_sites(sites), standing, (), order.deployment, order.spread)

    def _make_parts(self, placement: Data, dry_run: bool) -> dict[str, Any]:
        order = self._order
        groups = self._named({part["site"]: part["groups"] for part in placement["parts"]})
        nothing = [{**group, "count": 0, "indices": []} for group in order.plan["groups"]]
        failed = {attempt.site for attempt in self._attempts}
        left = [
            site for site, nodes in self._before.nodes.items() if nodes and site not in groups and site not in failed
        ]

        def call(site: str, wanted: list[Data]) -> Call:
            return lambda say: self._opened(site).ensure_nodes(
                order.deployment, wanted, public_key=order.public_key, progress=say, dry_run=dry_run
            )

        wanted = {**groups, **dict.fromkeys(left, nothing)}
        return self._run({site: call(site, part) for site, part in wanted.items()}, self._say, order.seconds)

    def _opened(self, name: str) -> Site:
        site = open_site(name, self._sites[name])
        if isinstance(site, ImageKeeper):
            site.services = self._order.services
        return site

    def _named(self, parts: dict[str, list[Data]]) -> dict[str, list[Data]]:
        """Return PARTS, groups by site, with the names that no site may give to its new nodes: see `new_names`.

        Each site sees its own nodes only. So it is seen to here that one node is called just as a template says.
        """
        new = {
            site: reconcile(read_groups(groups), self._before.nodes.get(site, [])).create
            for site, groups in parts.items()
        }
        made = Counter(node.group.safe_name for nodes in new.values() for node in nodes)
        groups = read_groups(self._order.plan["groups"])
        alone = {stated_name(group): group.safe_name for group in groups if made[group.safe_name] == 1}
        left = {attempt.site for attempt in self._attempts}
        names = {site: {node.name for node in nodes} for site, nodes in self._before.nodes.items() if site not in left}
        never = set(self._order.reserved).union(*names.values())

        def named(group: Data, here: set[str]) -> Data:
            stated = stated_name(NodeGroup.from_plan(group))
            others = {stated} if stated and alone.get(stated) != group["group"] else set()
            return {**group, "taken": sorted((never - here) | others)}

        return {site: [named(group, names.get(site, set())) for group in groups] for site, groups in parts.items()}

    def _after(self, failed: dict[str, SiteError], dry_run: bool) -> Data:
        """Return where to try next, what FAILED left behind being removed; raise FleetError where nowhere is left."""
        begun = len(self._attempts)
        self._attempts += [Attempt(site, list(error.problems)) for site, error in failed.items()]
        bound = dry_run or any(self._bound(site) for site in failed)
        looks = not bound and (self._order.tries is None or len(self._attempts) < self._order.tries)
        tried = {attempt.site for attempt in self._attempts}
        others = {name: options for name, options in self._sites.items() if name not in tried}
        untried: list[Problem] = []
        placement = None
        if looks and others:
            try:
                placement = self._place(others, find_fleet(others, self._order.deployment))
            except SiteError as error:
                untried = list(error.problems)
        if placement is not None or not (bound or self._order.keep_last):
            self._attempts[begun:] = [self._clean(attempt) for attempt in self._attempts[begun:]]
        if placement is None:
            raise self._exhausted(failed, untried, looks)
        for part in placement["parts"]:
            self._say(part["site"], f"Trying here after {', '.join(failed)} failed")
        return placement

    def _bound(self, site: str) -> bool:
        """Return whether the deployment has to stay at SITE; leased machines are cleaned by roles, not from here."""
        before = self._before.nodes.get(site, [])
        return bool(before) and (not self._order.may_move or any(node.leased for node in before))

    def _clean(self, attempt: Attempt) -> Attempt:
        site = attempt.site
        told = " ".join(f"{str(problem).rstrip('.')}." for problem in attempt.problems)
        try:
            removed = open_site(site, self._sites[site]).delete_nodes(self._order.deployment)
        except SiteError as error:
            self._say(site, f"Failed: {told} What was made there could not be removed: {error}")
            problem = Problem(f"What was made at site '{site}' could not be removed: {error}")
            return replace(attempt, problems=[*attempt.problems, problem])
        self._say(site, f"Failed: {told} Removed there: {', '.join(removed) or 'nothing, for nothing was made'}.")
        return replace(attempt, removed=removed, clean=True)

    def _exhausted(self, failed: dict[str, SiteError], untried: list[Problem], looked: bool) -> FleetError:
        """Return all causes: those of the attempts, and why the sites that were LOOKED at after them are no help."""
        if len(self._attempts) == 1 and not looked:
            only = next(iter(failed.values()))
            return FleetError(list(only.problems), self._attempts, bad_input=only.bad_input)
        told = [
            replace(problem, message=f"Site '{attempt.site}' failed: {problem.message}")
            for attempt in self._attempts
            for problem in attempt.problems
        ]
        return FleetError([*told, *untried], self._attempts)

    def _summary(self, placement: Data, results: dict[str, Result], earlier: list[Result]) -> Made:
        done = [*earlier, *results.values()]

        def all_of(what: str) -> set[str]:
            return {name for result in done for name in getattr(result, what)}

        nodes = Fleet({site: result.nodes for site, result in results.items()}).to_list()
        touched = all_of("created") | all_of("repaired") | all_of("removed")
        merged = Result(
            nodes=[node for result in results.values() for node in result.nodes],
            created=sorted(all_of("created")),
            repaired=sorted(all_of("repaired")),
            removed=sorted(all_of("removed")),
            kept=sorted(all_of("kept") - touched),
            changed=any(result.changed for result in done),
            warnings=[*placement["warnings"], *(line for result in done for line in result.warnings)],
        )
        return Made(placement["site"], nodes, merged, self._attempts)
