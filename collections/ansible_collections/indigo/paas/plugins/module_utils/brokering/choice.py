# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of sites for a plan, the reasons for it, and the choice. Pure: it reads plans and descriptions of sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.brokering.fit import misfits
from ansible_collections.indigo.paas.plugins.module_utils.brokering.placement import objections
from ansible_collections.indigo.paas.plugins.module_utils.brokering.terms import WEIGHTS, sla_weight, terms
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups

Data = Mapping[str, Any]


def candidates(
    plan: Data, descriptions: Iterable[Data], wanted: Sequence[str] = (), deployment: str | None = None
) -> list[dict[str, Any]]:
    """Return the sites as candidates, the best first, those that cannot hold PLAN last.

    wanted      names of the only sites to look at; none means all
    deployment  name of the deployment that PLAN is for: what it has at a site already counts as free there

    A candidate is {"site", "fits", "reasons", "rank", "home", "sla_weight", "priority", "score", "terms"}:
    rank counts from 1 and is None where the site cannot hold the plan, for the reasons given. Sites compare by
    home (the deployment has nodes there), then sla_weight, then priority, then score, each the higher the better,
    and by name where all are equal. The score is the sum of the points of the terms,
    {"name", "value" from 0 to 1, "weight", "points" (value times weight), "because"}.

    Raises SiteError (bad_input) where a site wanted is unknown, and where sites disagree on the weights.
    """
    descriptions = considered(list(descriptions), wanted)
    _require_one_scale(descriptions)
    found = sorted((_candidate(plan, description, deployment) for description in descriptions), key=_order)
    fitting = [candidate for candidate in found if candidate["fits"]]
    for rank, candidate in enumerate(fitting, start=1):
        candidate["rank"] = rank
    return found


def choose(plan: Data, descriptions: Iterable[Data], wanted: Sequence[str] = (), deployment: str | None = None) -> str:
    """Return the name of the best site for PLAN; arguments as of `candidates`.

    A site where the deployment already has nodes is the only choice: a deployment does not move.
    Raises SiteError (bad_input) with every site's reasons where none fits, and where another site is wanted.
    """
    descriptions = list(descriptions)
    if not descriptions:
        raise SiteError(
            "There is no site to deploy on",
            hint="Describe one as a host of the inventory group paas_sites.",
            bad_input=True,
        )
    home = [description["name"] for description in descriptions if _holds(description, deployment)]
    if wanted and home and home[0] not in wanted:
        raise SiteError(
            f"The deployment '{deployment}' is at site '{home[0]}' and cannot move to '{wanted[0]}'",
            hint="Destroy it first, or give the new one another name.",
            bad_input=True,
        )
    found = candidates(plan, descriptions, home[:1] or wanted, deployment)
    if found[0]["fits"]:
        return str(found[0]["site"])
    raise SiteError(
        [
            Problem(f"Site '{candidate['site']}' cannot hold the deployment: {reason}")
            for candidate in found
            for reason in candidate["reasons"]
        ],
        bad_input=True,
    )


def considered(descriptions: list[Data], wanted: Sequence[str]) -> list[Data]:
    """Return those of DESCRIPTIONS whose sites are WANTED, all where nothing is. Raises SiteError (bad_input)."""
    if not wanted:
        return descriptions
    names = [description["name"] for description in descriptions]
    for name in wanted:
        if name not in names:
            hint = did_you_mean(name, names, what="sites")
            raise SiteError(f"There is no site '{name}'", hint=hint, bad_input=True)
    return [description for description in descriptions if description["name"] in wanted]


def _require_one_scale(descriptions: list[Data]) -> None:
    """Raise SiteError where two sites would be measured differently: their scores could not be compared."""
    for description in descriptions[1:]:
        for part in ("weights", "scales", "factors"):
            first, other = (((site.get("ranking") or {}).get(part) or {}) for site in (descriptions[0], description))
            if first != other:
                raise SiteError(
                    f"The sites '{descriptions[0]['name']}' and '{description['name']}' have different "
                    f"{part} in site_ranking",
                    hint="Set site_ranking once, for the group paas_sites.",
                    bad_input=True,
                )


def _candidate(plan: Data, description: Data, deployment: str | None) -> dict[str, Any]:
    reasons = misfits(read_groups(plan["groups"]), description, deployment)
    if description["available"]:
        reasons = [*objections(plan, description), *reasons]
    table = _table(plan, description)
    return {
        "site": description["name"],
        "fits": not reasons,
        "reasons": reasons,
        "rank": None,
        "home": _holds(description, deployment),
        "sla_weight": sla_weight(description),
        "priority": description.get("priority") or 0,
        "score": round(sum(row["points"] for row in table), 9),
        "terms": table,
    }


def _table(plan: Data, description: Data) -> list[dict[str, Any]]:
    weights = {**WEIGHTS, **((description.get("ranking") or {}).get("weights") or {})}
    return [
        {
            "name": name,
            "value": round(term.value, 9),
            "weight": float(weights[name]),
            "points": round(term.value, 9) * float(weights[name]),
            "because": term.because,
        }
        for name, term in terms(plan, description).items()
    ]


def _order(candidate: Data) -> tuple[Any, ...]:
    return (
        not candidate["fits"],
        not candidate["home"],
        -candidate["sla_weight"],
        -candidate["priority"],
        -candidate["score"],
        candidate["site"],
    )


def _holds(description: Data, deployment: str | None) -> bool:
    return deployment is not None and deployment in (description["used"].get("deployments") or {})
