# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flavors, the sizes that a cloud makes machines in, as plain data: the smallest that holds what is asked for. Pure.

A flavor is {id, name, cpus, memory in bytes, disk in bytes, gpus, preemptible}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Size

MIB = 1024**2
GIB = 1024**3

Flavor = dict[str, Any]


def choose(flavors: Iterable[Flavor], group: NodeGroup, image: Mapping[str, Any], *, disk_is_volume: bool) -> Flavor:
    """Return the flavor for the nodes of GROUP: the one it names, or the smallest that holds it.

    image            what they start from, with the least disk in GiB and memory in bytes that it needs
    disk_is_volume   the root disk is a volume, of any size, so that the flavor's own does not matter

    Flavors for preemptible servers are for these alone; where there are such, no others are.
    Smallest is: fewest GPUs, then CPUs, then memory, then disk. Raises SiteError (bad_input) where none fits.
    """
    flavors = list(flavors)
    if group.size.instance_type:
        return _named(flavors, str(group.size.instance_type), group.name)
    preemptible = group.size.preemptible and any(flavor["preemptible"] for flavor in flavors)
    candidates = [flavor for flavor in flavors if flavor["preemptible"] == preemptible]
    fitting = [flavor for flavor in candidates if _holds(flavor, group.size, image, disk_is_volume)]
    if not fitting:
        raise SiteError(
            f"No flavor holds a node of '{group.name}', which asks for {_in_words(group.size, image, disk_is_volume)}",
            hint=f"The largest are {_largest(candidates)}. Ask for less, or name one as instance_type.",
            bad_input=True,
        )
    return min(fitting, key=order)


def order(flavor: Flavor) -> tuple[Any, ...]:
    """Return what sorts flavors from the smallest to the largest."""
    return (flavor["gpus"], flavor["cpus"], flavor["memory"], flavor["disk"], flavor["name"], flavor["id"])


def _named(flavors: list[Flavor], wanted: str, group: str) -> Flavor:
    for flavor in flavors:
        if wanted in (flavor["name"], flavor["id"]):
            return flavor
    raise SiteError(
        f"The nodes of '{group}' ask for the instance_type '{wanted}', which there is not",
        hint=did_you_mean(wanted, [flavor["name"] for flavor in flavors], what="flavors"),
        bad_input=True,
    )


def _holds(flavor: Flavor, size: Size, image: Mapping[str, Any], disk_is_volume: bool) -> bool:
    disk = 0 if disk_is_volume else size.disk or 0
    # A flavor without a disk takes a volume, which is made large enough for the image.
    least = image["disk"] * GIB if flavor["disk"] and not disk_is_volume else 0
    return bool(
        flavor["cpus"] >= size.cpus
        and flavor["memory"] >= max(size.memory, image["memory"])
        and flavor["disk"] >= max(disk, least)
        and flavor["gpus"] >= size.gpus
    )


def _in_words(size: Size, image: Mapping[str, Any], disk_is_volume: bool) -> str:
    words = [f"{size.cpus:.10g} CPUs", f"{amount(size.memory)} of memory"]
    if size.disk and not disk_is_volume:
        words.append(f"{amount(size.disk)} of disk")
    if size.gpus:
        words.append(f"{size.gpus} GPUs")
    words += ["to be preemptible"] if size.preemptible else []
    needs = [f"{image['disk']} GiB of disk"] if image["disk"] and not disk_is_volume else []
    needs += [f"{amount(image['memory'])} of memory"] if image["memory"] else []
    return ", ".join(words) + (f"; its image needs {' and '.join(needs)}" if needs else "")


def _largest(flavors: list[Flavor]) -> str:
    shown = [
        f"{flavor['name']} ({flavor['cpus']} CPUs, {amount(flavor['memory'])}, "
        f"disk {amount(flavor['disk'])}, {flavor['gpus']} GPUs)"
        for flavor in sorted(flavors, key=order)[-3:]
    ]
    return ", ".join(shown) or "none: the project sees no flavor"
