# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a site can hold node groups, and why it cannot. Pure: it reads node groups and descriptions of sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount
from ansible_collections.indigo.paas.plugins.module_utils.brokering.assignment import assign
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, WantedImage

Data = Mapping[str, Any]

IMAGE_ATTRIBUTES = ("type", "distribution", "version", "architecture")
NOTHING = {"cpus": 0, "memory": 0, "nodes": 0}


def misfits(groups: Iterable[NodeGroup], description: Data, deployment: str | None = None) -> list[str]:
    """Return the reasons, as sentences, why the site of DESCRIPTION cannot hold GROUPS; none where it can."""
    if not description["available"]:
        return [description["problem"] or "It does not answer."]
    asked = [group for group in groups if group.count]
    reasons = [reason for group in asked for reason in _node_misfits(group, description)]
    reasons += _total_misfits(asked, description, deployment)
    return reasons or _machine_misfits(asked, description, deployment)


def match_image(description: Data, wanted: WantedImage) -> dict[str, Any] | None:
    """Return the image of DESCRIPTION that WANTED asks for; None where there is none.

    Letters' case does not matter, 13 is "13", a version may be a code name. Nothing asked for is the
    default image. An `image` is the name of one of the site's images, or one of its references,
    which is returned as {"reference"}.
    """
    reference = wanted.image
    if reference:
        for image in description["images"]:
            if _same(image["name"], reference):
                return dict(image)
        return {"reference": reference} if reference in description["references"] else None
    asked = _asked_attributes(wanted)
    fitting = [image for image in description["images"] if _matches(image, asked)]
    if not fitting:
        return None
    best: Data = max(fitting, key=lambda image: bool(image.get("default")))
    return dict(best)


def _asked_attributes(image: WantedImage) -> dict[str, str]:
    return {name: getattr(image, name) for name in IMAGE_ATTRIBUTES if getattr(image, name)}


def _node_misfits(group: NodeGroup, description: Data) -> list[str]:
    name, size = group.name, group.size
    largest = description["largest_node"]
    reasons = []
    if match_image(description, group.image) is None:
        reasons.append(
            f"It has no image for '{name}', which asks for {_asked_image(group.image)}; "
            f"it has {_list(image['name'] for image in description['images']) or 'none'}."
        )
    if size.cpus > largest["cpus"]:
        reasons.append(
            f"A node of '{name}' asks for {size.cpus:.10g} CPUs; its largest node has {largest['cpus']:.10g}."
        )
    if size.memory > largest["memory"]:
        reasons.append(
            f"A node of '{name}' asks for {amount(size.memory)} of memory; "
            f"its largest node has {amount(largest['memory'])}."
        )
    if size.gpus > largest.get("gpus", 0):
        reasons.append(f"A node of '{name}' asks for {size.gpus} GPUs; its largest node has {largest.get('gpus', 0)}.")
    return reasons


def _total_misfits(groups: list[NodeGroup], description: Data, deployment: str | None) -> list[str]:
    capacity, used = description["capacity"], description["used"]
    own = used.get("deployments", {}).get(deployment, NOTHING)
    asked = {
        "cpus": sum(group.count * group.size.cpus for group in groups),
        "memory": sum(group.count * group.size.memory for group in groups),
        "nodes": sum(group.count for group in groups),
    }
    shown: dict[str, Callable[[Any], str]] = {
        "cpus": "{:.10g} CPUs".format,
        "memory": lambda v: f"{amount(v)} of memory",
        "nodes": "{:.10g} nodes".format,
    }
    reasons = []
    for what, show in shown.items():
        free = capacity[what] - (used[what] - own[what])
        if asked[what] > free:
            reason = f"The deployment asks for {show(asked[what])} in all; it has {show(max(free, 0))} free."
            reasons.append(f"{reason} {description.get('remedies', {}).get(what, '')}".strip())
    return reasons


def _machine_misfits(groups: list[NodeGroup], description: Data, deployment: str | None) -> list[str]:
    """Return why the nodes of GROUPS do not find a machine each, at a site whose machines exist already."""
    if description.get("machines") is None:
        return []
    nodes = [group for group in groups for _number in range(group.count)]
    free = [machine for machine in description["machines"] if machine["deployment"] in (None, deployment)]
    places = assign(nodes, free, machine_suits, size=size_order)
    left: dict[str, int] = {}
    for node, place in zip(nodes, places, strict=True):
        left[node.name] = left.get(node.name, 0) + (place is None)
    return [
        f"Its free machines are too small, or have other images, for {count} of the nodes of '{name}'."
        for name, count in left.items()
        if count
    ]


def machine_suits(group: NodeGroup, machine: Data) -> bool:
    """Return whether MACHINE {cpus, memory, gpus, image} can be a node of GROUP."""
    size = group.size
    large_enough = machine["cpus"] >= size.cpus and machine["memory"] >= size.memory
    large_enough = large_enough and machine.get("gpus", 0) >= size.gpus
    images = {"images": [machine["image"]], "references": []}
    return large_enough and match_image(images, group.image) is not None


def size_order(what: NodeGroup | Data) -> tuple[float, ...]:
    """Return by what node groups, and machines, are ordered from small to large."""
    if isinstance(what, NodeGroup):
        return (what.size.gpus, what.size.cpus, what.size.memory)
    return tuple(what.get(part) or 0 for part in ("gpus", "cpus", "memory"))


def _matches(image: Data, asked: Data) -> bool:
    return all(
        _same(image.get(name), value) or (name == "version" and _same(image.get("codename"), value))
        for name, value in asked.items()
    )


def _same(mine: Any, asked: Any) -> bool:
    return mine is not None and _normal(mine) == _normal(asked)


def _normal(value: Any) -> str:
    text = str(value).strip().lower()
    whole, _dot, rest = text.partition(".")
    return whole if whole.isdigit() and rest and not rest.strip("0") else text


def _asked_image(image: WantedImage) -> str:
    if image.image:
        return f"the image '{image.image}'"
    return _list(f"{name} '{value}'" for name, value in _asked_attributes(image).items()) or "the default image"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
