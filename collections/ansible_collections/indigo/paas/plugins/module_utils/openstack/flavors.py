# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flavors of Nova as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.flavors import GIB, MIB, Flavor
from ansible_collections.indigo.paas.plugins.module_utils.openstack.preemption import NO_PREEMPTION, Preemption

# Extra specs whose value is, or ends in, a number of GPUs.
GPU_SPECS = ("pci_passthrough:alias", "resources:VGPU", "resources:PGPU", "accel:gpus", "gpus")


def read_flavor(
    flavor: Any, configured: Mapping[str, Mapping[str, Any]], preemption: Preemption = NO_PREEMPTION
) -> Flavor:
    """Return {id, name, cpus, memory in bytes, disk in bytes, gpus, preemptible} of the SDK's FLAVOR.

    configured   what the site's description adds, by the flavor's name: {gpus}
    """
    added = configured.get(flavor.name, {})
    specs = flavor.extra_specs or {}
    return {
        "id": flavor.id,
        "name": flavor.name,
        "cpus": int(flavor.vcpus),
        "memory": int(flavor.ram) * MIB,
        "disk": int(flavor.disk or 0) * GIB,
        "gpus": int(added["gpus"]) if added.get("gpus") is not None else count_gpus(specs),
        "preemptible": preemption.has(specs),
    }


def count_gpus(extra_specs: Mapping[str, str]) -> int:
    """Return how many GPUs a flavor with EXTRA_SPECS has."""
    found = 0
    for name in GPU_SPECS:
        for part in str(extra_specs.get(name, "")).split(","):
            number = part.rpartition(":")[2].strip()
            found += int(number) if number.isdigit() else 0
    return found


def read_configured(site: str, entries: list[Any]) -> dict[str, dict[str, Any]]:
    """Return what SITE's option flavors says, by the flavor's name. Raises SiteError (bad_input)."""
    problems = [
        Problem(f"Site '{site}', flavor {number}: it must be a dictionary with name and gpus, a whole number")
        for number, entry in enumerate(entries, start=1)
        if not isinstance(entry, dict)
        or set(entry) != {"name", "gpus"}
        or isinstance(entry["gpus"], bool)
        or not isinstance(entry["gpus"], int)
    ]
    if problems:
        raise SiteError(problems, bad_input=True)
    return {str(entry["name"]): entry for entry in entries}
