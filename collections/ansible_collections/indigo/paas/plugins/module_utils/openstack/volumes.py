# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of nodes: found again by their labels, made before the server that they are attached to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.flavors import GIB
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Volume
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Identity, NewNode

INTERVAL = 1.5
FREE = "available"

Data = dict[str, Any]
Key = tuple[str, int, str]


def wanted_volumes(deployment: str, nodes: Iterable[NewNode], volume_type: str | None) -> dict[Key, Data]:
    """Return what to ask for each volume that is to be made for NODES, by (group, index, name)."""
    found = {}
    for node in nodes:
        for volume in node.group.volumes:
            if volume.volume_id:
                continue
            kind = volume_type or None
            found[(*node.identity, volume.name)] = {
                "name": labels.thing_name(deployment, f"{node.name}.{volume.name}"),
                "size": gibibytes(volume.size),
                "metadata": {
                    labels.DEPLOYMENT: deployment,
                    labels.GROUP: node.group.safe_name,
                    labels.INDEX: str(node.index),
                    labels.VOLUME: volume.name,
                },
                **({"volume_type": kind} if kind else {}),
                **({"snapshot_id": volume.snapshot_id} if volume.snapshot_id else {}),
            }
    return found


def gibibytes(size: int | None) -> int:
    """Return SIZE, in bytes, in whole GiB, at least 1."""
    return max(-(-(size or 0) // GIB), 1)


def require_single(groups: Iterable[NodeGroup]) -> None:
    """Raise SiteError (bad_input) where several nodes of a group would share one existing volume."""
    problems = [
        Problem(
            f"The {group.count} nodes of '{group.name}' cannot all have the volume '{volume.volume_id}'",
            hint="Ask for one node, or for new volumes by size.",
        )
        for group in groups
        for volume in group.volumes
        if volume.volume_id and group.count > 1
    ]
    if problems:
        raise SiteError(problems, bad_input=True)


def key_of(volume: Any) -> Key:
    """Return the (group, index, name) that VOLUME is labelled with."""
    marks = volume.metadata
    return marks[labels.GROUP], int(marks[labels.INDEX]), marks.get(labels.VOLUME, "")


class Store:
    """The volumes of one deployment; `patience` and `replacements` as of a `Batch`."""

    def __init__(
        self,
        project: Any,
        deployment: str,
        *,
        workers: int,
        patience: float,
        replacements: int,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._workers = workers
        self._patience = patience
        self._replacements = replacements
        self._say = say
        self._sleep = sleep
        self._clock = clock
        self._ids: dict[Key, str] = {}

    def ensure(self, wanted: dict[Key, Data]) -> None:
        """Return when all volumes WANTED are there and can be attached. Raises SiteError where one is in error."""
        if not wanted:
            return
        known = {key_of(volume) for volume in self._project.volumes(self._deployment)}
        new = {key: request for key, request in wanted.items() if key not in known}
        self._create(new.values())
        self._wait(wanted, new)

    def of(self, node: NewNode) -> dict[str, Volume]:
        """Return the plan's volumes of NODE by their ids."""
        return {volume.volume_id or self._ids[(*node.identity, volume.name)]: volume for volume in node.group.volumes}

    def remove(self, keep: Callable[[Identity], bool] = lambda _identity: False) -> None:
        """Delete the volumes of all nodes but those that KEEP says. Raises SiteError where one stays."""
        self._remove(lambda volume: not keep(key_of(volume)[:2]))

    def _create(self, requests: Iterable[Data]) -> None:
        each(lambda request: self._project.create_volume(self._deployment, request), requests, self._workers)

    def _remove(self, chosen: Callable[[Any], bool]) -> None:
        """Delete the CHOSEN volumes, and return when they are gone."""
        began = self._clock()
        while True:
            left = [volume for volume in self._project.volumes(self._deployment) if chosen(volume)]
            if not left:
                return
            if self._clock() - began > self._patience:
                raise SiteError([_stays(volume) for volume in left])
            # A server that has gone may hold its volumes a little longer.
            deletable = [volume for volume in left if volume.status == FREE or _is_broken(volume)]
            each(lambda volume: self._project.delete_volume(volume.id), deletable, self._workers)
            self._sleep(INTERVAL)

    def _wait(self, wanted: dict[Key, Data], new: dict[Key, Data]) -> None:
        """Return when the volumes WANTED are free; of those that are NEW, which hold nothing, some may be replaced."""
        began = self._clock()
        while True:
            volumes = self._project.volumes(self._deployment)
            found = {key: volume for volume in volumes if (key := key_of(volume)) in wanted}
            self._ids = {key: volume.id for key, volume in found.items()}
            late = {key: volume for key, volume in found.items() if volume.status != FREE}
            if not late and len(found) == len(wanted):
                return
            self._replace({key: volume for key, volume in late.items() if _is_broken(volume)}, new)
            if self._clock() - began > self._patience:
                absent = [Problem(f"Volume {wanted[key]['name']} is not there") for key in wanted if key not in found]
                raise SiteError([*map(_stays, late.values()), *absent])
            self._sleep(INTERVAL)

    def _replace(self, broken: dict[Key, Any], new: dict[Key, Data]) -> None:
        if not broken:
            return
        problems = [Problem(f"Volume {volume.name} is in {volume.status}") for volume in broken.values()]
        if not broken.keys() <= new.keys():
            hint = "Mend it at the site, or remove its node."
            raise SiteError([*problems, Problem("A volume that was there before is not made anew", hint=hint)])
        if len(broken) > self._replacements:
            hint = "Try again later, or raise site_replacements."
            raise SiteError([*problems, Problem("No more volumes in error are replaced", hint=hint)])
        self._replacements -= len(broken)
        for volume in broken.values():
            self._say(f"{volume.name} is in {volume.status} and made anew")
        ids = {volume.id for volume in broken.values()}
        self._remove(lambda volume: volume.id in ids)
        self._create(new[key] for key in broken)


def _is_broken(volume: Any) -> bool:
    return bool(volume.status.startswith("error"))


def _stays(volume: Any) -> Problem:
    return Problem(f"Volume {volume.name} stays {volume.status}")
