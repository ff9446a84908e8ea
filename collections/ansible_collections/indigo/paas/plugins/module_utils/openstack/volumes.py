# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of nodes: found again by their labels, made before the server that they are attached to."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels
from ansible_collections.indigo.paas.plugins.module_utils.openstack.flavors import GIB
from ansible_collections.indigo.paas.plugins.module_utils.openstack.servers import Identity
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

INTERVAL = 1.5
FREE = "available"

Data = dict[str, t.Any]
Key = tuple[str, int, str]


def wanted_volumes(deployment: str, nodes: t.Iterable[NewNode], volume_type: str | None) -> dict[Key, Data]:
    """Return what to ask for each volume that is to be made for NODES, by (group, index, name)."""
    found = {}
    for node in nodes:
        for volume in node.group.get("volumes") or ():
            if volume.get("volume_id"):
                continue
            kind = volume_type or None
            found[(node.group["group"], node.index, volume["name"])] = {
                "name": labels.thing_name(deployment, f"{node.name}.{volume['name']}"),
                "size": gibibytes(volume.get("size")),
                "metadata": {
                    labels.DEPLOYMENT: deployment,
                    labels.GROUP: node.group["group"],
                    labels.INDEX: str(node.index),
                    labels.VOLUME: volume["name"],
                },
                **({"volume_type": kind} if kind else {}),
                **({"snapshot_id": volume["snapshot_id"]} if volume.get("snapshot_id") else {}),
            }
    return found


def gibibytes(size: int | None) -> int:
    """Return SIZE, in bytes, in whole GiB, at least 1."""
    return max(-(-(size or 0) // GIB), 1)


def require_single(groups: t.Iterable[Data]) -> None:
    """Raise SiteError (bad_input) where several nodes of a group would share one existing volume."""
    problems = [
        Problem(
            f"The {group['count']} nodes of '{group['name']}' cannot all have the volume '{volume['volume_id']}'",
            hint="Ask for one node, or for new volumes by size.",
        )
        for group in groups
        for volume in group.get("volumes") or ()
        if volume.get("volume_id") and group["count"] > 1
    ]
    if problems:
        raise SiteError(problems, bad_input=True)


def key_of(volume: t.Any) -> Key:
    """Return the (group, index, name) that VOLUME is labelled with."""
    marks = volume.metadata
    return marks[labels.GROUP], int(marks[labels.INDEX]), marks.get(labels.VOLUME, "")


class Store:
    """The volumes of one deployment; `patience` as of a fleet."""

    def __init__(self, project: t.Any, deployment: str, *, workers: int, patience: float) -> None:
        self._project = project
        self._deployment = deployment
        self._workers = workers
        self._patience = patience
        self._ids: dict[Key, str] = {}

    def ensure(self, wanted: dict[Key, Data]) -> None:
        """Return when all volumes WANTED are there and can be attached. Raises SiteError where one is in error."""
        if not wanted:
            return
        known = {key_of(volume) for volume in self._project.volumes(self._deployment)}
        missing = [request for key, request in wanted.items() if key not in known]
        each(lambda request: self._project.create_volume(self._deployment, request), missing, self._workers)
        self._wait(wanted)

    def of(self, node: NewNode) -> list[Data]:
        """Return the plan's volumes of NODE, each with its `id`."""
        group, index = node.group["group"], node.index
        return [
            {**volume, "id": volume.get("volume_id") or self._ids[(group, index, volume["name"])]}
            for volume in node.group.get("volumes") or ()
        ]

    def remove(self, keep: t.Callable[[Identity], bool] = lambda _identity: False) -> None:
        """Delete the volumes of all nodes but those that KEEP says. Raises SiteError where one stays."""
        began = time.monotonic()
        while True:
            left = [volume for volume in self._project.volumes(self._deployment) if not keep(key_of(volume)[:2])]
            if not left:
                return
            if time.monotonic() - began > self._patience:
                raise SiteError([_stays(volume) for volume in left])
            # A server that has gone may hold its volumes a little longer.
            deletable = [volume for volume in left if volume.status == FREE or volume.status.startswith("error")]
            each(lambda volume: self._project.delete_volume(volume.id), deletable, self._workers)
            time.sleep(INTERVAL)

    def _wait(self, wanted: dict[Key, Data]) -> None:
        began = time.monotonic()
        while True:
            found = {key_of(volume): volume for volume in self._project.volumes(self._deployment)}
            self._ids = {key: volume.id for key, volume in found.items()}
            late = [found[key] for key in wanted if key in found and found[key].status != FREE]
            broken = [volume for volume in late if volume.status.startswith("error")]
            if broken:
                raise SiteError(
                    [Problem(f"Volume {volume.name} is in {volume.status}") for volume in broken]
                    + [Problem("Volumes in error must be deleted by hand, or with the deployment")]
                )
            if not late and all(key in found for key in wanted):
                return
            if time.monotonic() - began > self._patience:
                raise SiteError([_stays(volume) for volume in late])
            time.sleep(INTERVAL)


def _stays(volume: t.Any) -> Problem:
    return Problem(f"Volume {volume.name} stays {volume.status}")
