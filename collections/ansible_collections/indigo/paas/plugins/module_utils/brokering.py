# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site can hold a plan, and why the others cannot. Pure: it reads plans and descriptions of sites."""

from __future__ import annotations

import typing as t

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import node_size

Data = t.Mapping[str, t.Any]

IMAGE_ATTRIBUTES = ("type", "distribution", "version", "architecture")
NOTHING = {"cpus": 0, "memory": 0, "nodes": 0}


def candidates(
    plan: Data, descriptions: t.Iterable[Data], wanted: str | None = None, deployment: str | None = None
) -> list[dict[str, t.Any]]:
    """Return each site as {"site", "fits", "reasons"}, the best first, those that cannot hold PLAN last.

    wanted      look at this site only
    deployment  name of the deployment that PLAN is for: what it has at a site already counts as free there

    A site that already has nodes of the deployment comes first, then higher priority, lower price, less use.
    Raises SiteError (bad_input) where the site wanted is unknown.
    """
    descriptions = list(descriptions)
    if wanted:
        names = [description["name"] for description in descriptions]
        if wanted not in names:
            hint = did_you_mean(wanted, names, what="sites")
            raise SiteError(f"There is no site '{wanted}'", hint=hint, bad_input=True)
        descriptions = [description for description in descriptions if description["name"] == wanted]
    judged = [(misfits(plan["groups"], description, deployment), description) for description in descriptions]
    judged.sort(key=lambda item: (bool(item[0]), _rank(item[1], deployment)))
    return [{"site": description["name"], "fits": not reasons, "reasons": reasons} for reasons, description in judged]


def choose(plan: Data, descriptions: t.Iterable[Data], wanted: str | None = None, deployment: str | None = None) -> str:
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
    if wanted and home and wanted not in home:
        raise SiteError(
            f"The deployment '{deployment}' is at site '{home[0]}' and cannot move to '{wanted}'",
            hint="Destroy it first, or give the new one another name.",
            bad_input=True,
        )
    found = candidates(plan, descriptions, wanted or (home[0] if home else None), deployment)
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


def misfits(groups: t.Iterable[Data], description: Data, deployment: str | None = None) -> list[str]:
    """Return the reasons, as sentences, why the site of DESCRIPTION cannot hold GROUPS; none where it can."""
    if not description["available"]:
        return [description["problem"] or "It does not answer."]
    asked = [group for group in groups if group["count"]]
    reasons = [reason for group in asked for reason in _node_misfits(group, description)]
    return reasons + _total_misfits(asked, description, deployment)


def match_image(description: Data, wanted: Data | None) -> dict[str, t.Any] | None:
    """Return the image of DESCRIPTION that WANTED asks for; None where there is none.

    wanted   {type, distribution, version, architecture, image}, each of which may be absent or None

    Letters' case does not matter, 13 is "13", a version may be a code name. Nothing asked for is the
    default image. An `image` is the name of one of the site's images, or one of its references,
    which is returned as {"reference"}.
    """
    wanted = wanted or {}
    reference = wanted.get("image")
    if reference:
        for image in description["images"]:
            if _same(image["name"], reference):
                return dict(image)
        return {"reference": reference} if reference in description["references"] else None
    asked = {name: wanted[name] for name in IMAGE_ATTRIBUTES if wanted.get(name)}
    fitting = [image for image in description["images"] if _matches(image, asked)]
    return dict(max(fitting, key=lambda image: bool(image.get("default")))) if fitting else None


def _node_misfits(group: Data, description: Data) -> list[str]:
    name = group["name"]
    size = node_size(group)
    largest = description["largest_node"]
    reasons = []
    if match_image(description, group.get("image")) is None:
        reasons.append(
            f"It has no image for '{name}', which asks for {_asked_image(group['image'])}; "
            f"it has {_list(image['name'] for image in description['images']) or 'none'}."
        )
    if size["cpus"] > largest["cpus"]:
        reasons.append(
            f"A node of '{name}' asks for {size['cpus']:.10g} CPUs; its largest node has {largest['cpus']:.10g}."
        )
    if size["memory"] > largest["memory"]:
        reasons.append(
            f"A node of '{name}' asks for {gigabytes(size['memory'])} of memory; "
            f"its largest node has {gigabytes(largest['memory'])}."
        )
    gpus = (group.get("size") or {}).get("gpus") or 0
    if gpus > largest.get("gpus", 0):
        reasons.append(f"A node of '{name}' asks for {gpus} GPUs; its largest node has {largest.get('gpus', 0)}.")
    return reasons


def _total_misfits(groups: list[Data], description: Data, deployment: str | None) -> list[str]:
    capacity, used = description["capacity"], description["used"]
    own = used.get("deployments", {}).get(deployment, NOTHING)
    asked = {
        "cpus": sum(group["count"] * node_size(group)["cpus"] for group in groups),
        "memory": sum(group["count"] * node_size(group)["memory"] for group in groups),
        "nodes": sum(group["count"] for group in groups),
    }
    shown = {
        "cpus": "{:.10g} CPUs".format,
        "memory": lambda v: f"{gigabytes(v)} of memory",
        "nodes": "{:.10g} nodes".format,
    }
    reasons = []
    for what, show in shown.items():
        free = capacity[what] - (used[what] - own[what])
        if asked[what] > free:
            reason = f"The deployment asks for {show(asked[what])} in all; it has {show(max(free, 0))} free."
            reasons.append(f"{reason} {description.get('remedies', {}).get(what, '')}".strip())
    return reasons


def _rank(description: Data, deployment: str | None) -> tuple[t.Any, ...]:
    capacity, used = description["capacity"], description["used"]
    use = max((used[what] / capacity[what] for what in NOTHING if capacity[what]), default=1.0)
    return (
        not _holds(description, deployment),
        -(description.get("priority") or 0),
        description.get("price") or 0,
        use,
        description["name"],
    )


def _holds(description: Data, deployment: str | None) -> bool:
    return deployment is not None and deployment in description["used"].get("deployments", {})


def _matches(image: Data, asked: Data) -> bool:
    return all(
        _same(image.get(name), value) or (name == "version" and _same(image.get("codename"), value))
        for name, value in asked.items()
    )


def _same(mine: t.Any, asked: t.Any) -> bool:
    return mine is not None and _normal(mine) == _normal(asked)


def _normal(value: t.Any) -> str:
    text = str(value).strip().lower()
    whole, _dot, rest = text.partition(".")
    return whole if whole.isdigit() and rest and not rest.strip("0") else text


def _asked_image(image: Data) -> str:
    if image.get("image"):
        return f"the image '{image['image']}'"
    return _list(f"{name} '{image[name]}'" for name in IMAGE_ATTRIBUTES if image.get(name)) or "the default image"


def gigabytes(size: float) -> str:
    """Return SIZE, in bytes, for people to read."""
    return f"{size / 1e9:.3g} GB"


def _list(names: t.Iterable[str]) -> str:
    return ", ".join(names)
