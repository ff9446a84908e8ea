# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of nodes: an engine's own, found again by their labels, kept for as long as their node is wanted."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import docker
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.removal import remove_when_free
from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.labels import (
    DEPLOYMENT,
    GROUP,
    HOSTNAME,
    INDEX,
    VOLUME,
)
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Volume, volume_problems
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Identity, NewNode

Data = dict[str, Any]


class Store:
    """The volumes of one deployment at one engine."""

    def __init__(self, api: Any, deployment: str) -> None:
        self._api = api
        self._deployment = deployment

    def mounts(self, node: NewNode) -> list[Any]:
        """Return the volumes of NODE as the library's Mount objects; those that are missing are made."""
        wanted = _mounted(node.group)
        if not wanted:
            return []
        return [
            docker.types.Mount(
                str(volume.location),
                volume.volume_id or self._first_names.get(_key(node, volume)) or self._make(node, volume),
                type="volume",
            )
            for volume in wanted
        ]

    @functools.cached_property
    def _first_names(self) -> dict[tuple[str, int, str], str]:
        """The names of the volumes that there were at first."""
        return {key_of(volume): volume["Name"] for volume in self._listed()}

    def remove(self, keep: Callable[[Identity], bool] = lambda _identity: False) -> None:
        """Delete the volumes of all nodes but those that KEEP says. Raises the library's error where one stays."""
        for volume in self._listed():
            if not keep(key_of(volume)[:2]):
                self._remove(volume["Name"])

    def _listed(self) -> list[Data]:
        found = self._api.volumes(filters={"label": [f"{DEPLOYMENT}={self._deployment}"]})["Volumes"]
        return found or []

    def _make(self, node: NewNode, volume: Volume) -> str:
        name = volume_name(self._deployment, node.name, volume.name)
        labels = {
            DEPLOYMENT: self._deployment,
            GROUP: node.group.safe_name,
            INDEX: str(node.index),
            VOLUME: volume.name,
        }
        self._api.create_volume(name, labels=labels)
        return name

    def _remove(self, name: str) -> None:
        remove_when_free(lambda: self._api.remove_volume(name))


def volume_name(deployment: str, node: str, name: str) -> str:
    """Return the name in the engine of the volume that a template calls NAME, which may hold any letters."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:40]
    return f"indigo-paas-{deployment}.{node}.{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def key_of(volume: Data) -> tuple[str, int, str]:
    """Return the (group, index, name) that VOLUME, an entry of the engine's list, is labelled with."""
    labels = volume["Labels"]
    return labels[GROUP], int(labels[INDEX]), labels[VOLUME]


def misfits(groups: Iterable[NodeGroup], offered: list[str]) -> list[str]:
    """Return why the volumes of GROUPS cannot be had, as sentences; OFFERED are names of existing ones for all."""
    reasons = []
    for group in groups:
        volumes = _mounted(group)
        reasons += [str(problem) for problem in volume_problems(volumes)]
        reasons += [
            f"Its engine knows no snapshots, which the volume '{volume.name}' of '{group.name}' asks for."
            for volume in volumes
            if volume.snapshot_id
        ]
        reasons += [
            f"It offers no volume '{volume.volume_id}', which '{group.name}' asks for. "
            f"{did_you_mean(volume.volume_id, offered, what='volumes')}"
            for volume in volumes
            if volume.volume_id and volume.volume_id not in offered
        ]
    return reasons


def warnings(groups: Iterable[NodeGroup], containers: Iterable[Data]) -> list[str]:
    """Return which volumes of GROUPS no node has, as sentences; CONTAINERS are those of the deployment."""
    groups = list(groups)
    wanted = {group.safe_name: {volume.location for volume in _mounted(group)} for group in groups}
    told = [
        f"The volume '{volume.name}' of '{group.name}' is not made: without a location no container can use it."
        for group in groups
        for volume in group.volumes
        if not volume.location
    ]
    for container in containers:
        labels = container["Labels"]
        has = {mount["Destination"] for mount in container.get("Mounts") or () if mount.get("Type") == "volume"}
        if wanted.get(labels[GROUP], has) - has:
            told.append(
                f"Node {labels[HOSTNAME]} keeps the volumes that it was made with. "
                "Name it in removal_list to replace it."
            )
    return told


def _mounted(group: NodeGroup) -> list[Volume]:
    return [volume for volume in group.volumes if volume.location]


def _key(node: NewNode, volume: Volume) -> tuple[str, int, str]:
    return (*node.identity, volume.name)
