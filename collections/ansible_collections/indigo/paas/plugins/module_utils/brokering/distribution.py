# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes of a plan go to which site. Pure: it reads plans and descriptions of sites.

Mostly one site takes all. Nodes are distributed over several where placement policies ask for it, and where the
plan may be spread and no site has room for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from ansible_collections.indigo.paas.plugins.module_utils.brokering.choice import candidates, choose, considered
from ansible_collections.indigo.paas.plugins.module_utils.brokering.fit import misfits
from ansible_collections.indigo.paas.plugins.module_utils.brokering.placement import objections, places, refused
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups

Data = Mapping[str, Any]
Standing: TypeAlias = "Mapping[str, Mapping[int, str | None]]"


def distribute(
    plan: Data,
    descriptions: Iterable[Data],
    standing: Standing,
    wanted: Sequence[str] = (),
    deployment: str | None = None,
    spread: bool = False,
) -> dict[str, Any]:
    """Return {"site", "parts", "warnings"}: the main site, and what each site is to hold, the main one first.

    standing    the nodes that the plan shall have: by safe group name, index and site, None where it has none yet
    wanted      names of the only sites to look at; none means all
    deployment  name of the deployment that PLAN is for: what it has at a site already counts as free there
    spread      whether the nodes may go to several sites where no single one has room

    A part is {"site", "groups"}, its groups being those of PLAN with the `count` and the `indices` of the nodes at that
    site; a group of which it has none has the count 0. Nodes that stand somewhere stay there.

    Raises SiteError (bad_input) with the reasons of every site where there is no room, and where the plan asks for no
    machines at all.
    """
    _require_machines(plan)
    everywhere = list(descriptions)
    allowed = considered(everywhere, wanted)
    sites = {site for nodes in standing.values() for site in nodes.values() if site}
    spread = spread or bool(plan.get("hybrid"))
    if len(sites) < 2 and not _apart(plan, allowed, spread):
        try:
            site = choose(plan, everywhere, wanted, deployment)
            return _with_dropped_networks(_whole(plan, site, standing), allowed)
        except SiteError:
            if not spread or not allowed:
                raise
    _require_all(sites, allowed, deployment)
    return _with_dropped_networks(_Distribution(plan, allowed, standing, deployment, spread).result(), allowed)


def _with_dropped_networks(placement: dict[str, Any], descriptions: Iterable[Data]) -> dict[str, Any]:
    """Return PLACEMENT with a warning for each network of the template that a site does not make."""
    makes = {description["name"]: description.get("networks", False) for description in descriptions}
    dropped = {
        (part["site"], network["name"]): network["cidr"]
        for part in placement["parts"]
        if not makes.get(part["site"])
        for group in part["groups"]
        if group["count"]
        for network in group.get("networks") or ()
    }
    told = [
        f"Site '{site}' makes no networks: the range {cidr} of '{name}', its gateway and addresses have no effect."
        for (site, name), cidr in dropped.items()
    ]
    return {**placement, "warnings": [*placement["warnings"], *told]}


def _require_machines(plan: Data) -> None:
    """Raise SiteError (bad_input) where nothing would be made of PLAN."""
    if plan["groups"]:
        return
    applications = [f"'{application['name']}'" for application in plan.get("applications") or ()]
    left = f", and nothing here runs {', '.join(applications[:4])}" if applications else ""
    raise SiteError(
        f"Nothing would be made: there are no machines in the template{left}",
        hint="Add node templates of the type tosca.nodes.indigo.Compute, and the service that runs applications.",
        bad_input=True,
    )


def _apart(plan: Data, descriptions: list[Data], spread: bool) -> bool:
    """Return whether policies put nodes apart: each speaks of its targets alone, and no site agrees with all."""
    targets = {frozenset(_targets(plan, policy)) for policy in plan.get("policies") or () if places(policy)}
    if spread:
        return any(targets)
    return len(targets) > 1 and all(refused(plan, description) for description in descriptions)


def _require_all(sites: set[str], allowed: list[Data], deployment: str | None) -> None:
    """Raise SiteError (bad_input) where nodes stand at a site that is not among those ALLOWED."""
    for site in sorted(sites - {description["name"] for description in allowed}):
        raise SiteError(
            f"The deployment '{deployment}' has nodes at site '{site}', which is not among those to look at",
            hint="Name that site, too, or remove those nodes first.",
            bad_input=True,
        )


def _whole(plan: Data, site: str, standing: Standing) -> dict[str, Any]:
    taken = {group["group"]: sorted(standing.get(group["group"], {})) for group in plan["groups"]}
    return {"site": site, "parts": [_part(plan, site, taken)], "warnings": []}


def _part(plan: Data, site: str, taken: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    indices = {group["group"]: sorted(taken.get(group["group"], ())) for group in plan["groups"]}
    return {
        "site": site,
        "groups": [
            {**group, "count": len(indices[group["group"]]), "indices": indices[group["group"]]}
            for group in plan["groups"]
        ],
    }


def _targets(plan: Data, policy: Data) -> set[str]:
    """Return the safe names of the groups that POLICY speaks of; none where it speaks of the whole plan."""
    hosts = {part["name"]: part["group"] for part in plan.get("components") or ()}
    safe = {group["name"]: group["group"] for group in plan["groups"]}
    named = {hosts.get(target, target) for target in policy.get("targets") or ()}
    return {safe[name] for name in named if name in safe}


class _Block(NamedTuple):
    """Groups that the same policies speak of, and so one site should hold."""

    groups: list[dict[str, Any]]
    policies: list[Data]


class _Distribution:
    """What is at which site so far."""

    def __init__(
        self, plan: Data, descriptions: list[Data], standing: Standing, deployment: str | None, spread: bool
    ) -> None:
        self._plan = plan
        self._descriptions = {description["name"]: description for description in descriptions}
        self._deployment = deployment
        self._spread = spread
        self._groups = read_groups(plan["groups"])
        self._taken: dict[str, dict[str, list[int]]] = {}
        self._pending: dict[str, list[int]] = {}
        for group in plan["groups"]:
            for index, site in sorted(standing.get(group["group"], {}).items()):
                if site is None:
                    self._pending.setdefault(group["group"], []).append(index)
                else:
                    self._take(site, group["group"], [index])

    def result(self) -> dict[str, Any]:
        for block in sorted(self._blocks(), key=lambda block: not block.policies):
            self._settle(block)
        parts = [_part(self._plan, site, taken) for site, taken in self._taken.items()]
        main = self._main()
        parts.sort(key=lambda part: part["site"] != main)
        return {"site": main, "parts": parts, "warnings": self._warnings(main)}

    def _main(self) -> str:
        """Return the site of the plan's first group: that of the services which the others look for."""
        for group in self._plan["groups"]:
            for site, taken in self._taken.items():
                if taken.get(group["group"]):
                    return site
        return next(iter(self._taken))

    def _blocks(self) -> list[_Block]:
        blocks: dict[tuple[str, ...], _Block] = {}
        for group in self._plan["groups"]:
            speaking = [policy for policy in self._plan.get("policies") or () if self._speaks(policy, group)]
            names = tuple(policy["name"] for policy in speaking if places(policy))
            blocks.setdefault(names, _Block([], speaking)).groups.append(group)
        return list(blocks.values())

    def _speaks(self, policy: Data, group: Data) -> bool:
        targets = _targets(self._plan, policy)
        return not targets or group["group"] in targets

    def _settle(self, block: _Block) -> None:
        """Find places for what is pending of BLOCK: at one site where one has room, else where there is any."""
        pending = {
            group["group"]: self._pending[group["group"]] for group in block.groups if self._pending.get(group["group"])
        }
        if not pending:
            return
        order = self._order(block)
        whole = next((site for site in order if not self._reasons(site, block, pending)), None)
        if whole is not None:
            self._take_all(whole, pending)
        elif self._spread:
            self._fill(order, block, pending)
        else:
            raise self._no_room(block, pending)

    def _order(self, block: _Block) -> list[str]:
        """Return the sites that may hold BLOCK: those with nodes of the deployment first, then the best."""
        plan = {**self._plan, "groups": block.groups, "policies": block.policies}
        ranked = candidates(plan, self._descriptions.values(), (), self._deployment)
        names = [
            candidate["site"] for candidate in ranked if not objections(plan, self._descriptions[candidate["site"]])
        ]
        return sorted(names, key=lambda site: site not in self._taken)

    def _fill(self, order: list[str], block: _Block, pending: dict[str, list[int]]) -> None:
        """Fill one site of ORDER after the other, first one that holds all single nodes: the others look for them."""
        left = dict(sorted(pending.items(), key=lambda item: self._count(item[0]) > 1))
        together = {name: indices for name, indices in left.items() if self._count(name) == 1}
        first = next((site for site in order if not self._reasons(site, block, together)), None)
        for site in sorted(order, key=lambda site: site != first):
            for name in list(left):
                fitting = self._fitting(site, block, name, left[name])
                self._take_all(site, {name: left[name][:fitting]} if fitting else {})
                left[name] = left[name][fitting:]
            left = {name: indices for name, indices in left.items() if indices}
            if not left:
                return
        raise self._no_room(block, left)

    def _count(self, name: str) -> int:
        return next(int(group["count"]) for group in self._plan["groups"] if group["group"] == name)

    def _fitting(self, site: str, block: _Block, name: str, indices: list[int]) -> int:
        """Return how many of the nodes INDICES of the group NAME the site takes besides what it has."""
        low, high = 0, len(indices)
        while low < high:
            middle = (low + high + 1) // 2
            if self._reasons(site, block, {name: indices[:middle]}):
                high = middle - 1
            else:
                low = middle
        return low

    def _reasons(self, site: str, block: _Block, more: Mapping[str, list[int]]) -> list[str]:
        """Return why the site cannot take MORE nodes of BLOCK besides what it has."""
        description = self._descriptions[site]
        plan = {**self._plan, "groups": block.groups, "policies": block.policies}
        held = self._taken.get(site, {})
        groups = [
            replace(group, count=len(held.get(group.safe_name, ())) + len(more.get(group.safe_name, ())))
            for group in self._groups
        ]
        if not description["available"]:
            return misfits(groups, description, self._deployment)
        return [*objections(plan, description), *self._cut_off(site), *misfits(groups, description, self._deployment)]

    def _cut_off(self, site: str) -> list[str]:
        """Return why the nodes of a deployment that was spread would not reach each other."""
        if not self._spread:
            return []
        others = [other for other in self._taken if other != site and not self._joined(site, other)]
        return [
            f"Its nodes and those at '{other}' are not known to reach each other: site_fabric names the network that "
            "both are in."
            for other in others
        ]

    def _joined(self, one: str, other: str) -> bool:
        fabric = self._descriptions[one].get("fabric")
        return bool(fabric) and fabric == self._descriptions.get(other, {}).get("fabric")

    def _take(self, site: str, group: str, indices: list[int]) -> None:
        self._taken.setdefault(site, {}).setdefault(group, []).extend(indices)

    def _take_all(self, site: str, nodes: Mapping[str, list[int]]) -> None:
        for group, indices in nodes.items():
            self._take(site, group, indices)

    def _no_room(self, block: _Block, pending: Mapping[str, list[int]]) -> SiteError:
        safe = {group["group"]: group["name"] for group in block.groups}
        asked = ", ".join(f"{len(indices)} of '{safe[name]}'" for name, indices in pending.items())
        return SiteError(
            [
                Problem(f"Site '{site}' cannot hold {asked}: {reason}")
                for site in self._descriptions
                for reason in self._reasons(site, block, pending)
            ],
            bad_input=True,
        )

    def _warnings(self, main: str) -> list[str]:
        return [
            f"The nodes at '{site}' and those at '{main}' may not reach each other: site_fabric does not say that "
            "their networks are joined."
            for site in self._taken
            if site != main and not self._joined(site, main)
        ]
