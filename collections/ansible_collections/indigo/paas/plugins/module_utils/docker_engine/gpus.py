# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GPUs of an engine's host, of which each node gets its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import docker
from ansible_collections.indigo.paas.plugins.module_utils.labels import GPUS
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

# A device of the Container Device Interface by its number; those by serial number and "all" are the same again.
_CDI_GPU = re.compile(r"[a-z0-9.-]+/gpu=\d+(:\d+)?")

Data = Mapping[str, Any]


def present(info: Data, number: int | None) -> list[str]:
    """Return the GPUs that the engine of INFO can give to containers, sorted.

    number   how many of them nodes may have; None for all. An engine with the runtime nvidia alone does not
             say how many there are: then it must.

    A GPU is called as in the Container Device Interface ("nvidia.com/gpu=0"), or for the runtime nvidia "0".
    """
    listed = [device["ID"] for device in info.get("DiscoveredDevices") or () if device.get("Source") == "cdi"]
    found = sorted((device for device in listed if _CDI_GPU.fullmatch(device)), key=_by_number)
    if not found and "nvidia" in (info.get("Runtimes") or {}):
        found = [str(index) for index in range(number or 0)]
    return found if number is None else found[:number]


def taken(containers: Iterable[Data]) -> set[str]:
    """Return the GPUs that CONTAINERS, entries of the engine's list, were given."""
    return {device for container in containers for device in container["Labels"].get(GPUS, "").split(",") if device}


def allot(nodes: Iterable[NewNode], free: Iterable[str]) -> tuple[dict[str, list[str]], int]:
    """Return which GPUs of FREE each of NODES gets, by the node's name, and how many are missing."""
    left = list(free)
    given: dict[str, list[str]] = {}
    missing = 0
    for node in nodes:
        number = node.group.size.gpus
        given[node.name], left = left[:number], left[number:]
        missing += number - len(given[node.name])
    return given, missing


def requests(devices: list[str]) -> list[Any]:
    """Return the requests for DEVICES, as the library's DeviceRequest objects."""
    if not devices:
        return []
    if "=" in devices[0]:
        return [docker.types.DeviceRequest(driver="cdi", device_ids=devices)]
    return [docker.types.DeviceRequest(driver="nvidia", device_ids=devices, capabilities=[["gpu"]])]


def _by_number(device: str) -> tuple[str, list[int]]:
    kind, _sign, number = device.partition("=")
    return kind, [int(part) for part in number.split(":")]
