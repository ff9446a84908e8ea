# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: what a project may have, what it has, and whether what is asked for still fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount

# The services say -1 for no limit; these are larger than any cloud, and plain numbers as others expect.
UNLIMITED = {"cpus": 10**6, "memory": 10**18, "nodes": 10**6}

UNITS = {
    "nodes": "{} nodes",
    "cpus": "{} CPUs",
    "memory": "{} of memory",
    "floating addresses": "{} floating addresses",
    "security groups": "{} security groups",
    "volumes": "{} volumes",
    "volume space": "{} of volumes",
}
# Bytes in what the services count by.
_BYTES = {"memory": 1024**2, "volume space": 1024**3}


class Quota(NamedTuple):
    """A limit and what is used of it. A limit below 0 is none."""

    limit: int
    used: int

    @property
    def free(self) -> float:
        return float("inf") if self.limit < 0 else max(self.limit - self.used, 0)


def shortfalls(asked: Mapping[str, float], quotas: Mapping[str, Quota]) -> list[str]:
    """Return a sentence for each quota that does not hold what is ASKED of it, both by the names in UNITS."""
    return [
        f"It asks for {_shown(name, wanted)} more; the project's quota of {_number(name, quotas[name].limit)} "
        f"has {_shown(name, quotas[name].free)} left."
        for name, wanted in asked.items()
        if wanted > 0 and name in quotas and wanted > quotas[name].free
    ]


def _shown(name: str, number: float) -> str:
    return UNITS[name].format(_number(name, number))


def _number(name: str, number: float) -> str:
    return amount(number * _BYTES[name]) if name in _BYTES else f"{number:.10g}"


def capacity(quotas: Mapping[str, Quota]) -> dict[str, int]:
    """Return the capacity {cpus, memory in bytes, nodes} that the compute service's QUOTAS allow."""
    limits = {
        "cpus": quotas["cpus"].limit,
        "memory": quotas["memory"].limit * 1024**2,
        "nodes": quotas["nodes"].limit,
    }
    return {name: limit if limit >= 0 else UNLIMITED[name] for name, limit in limits.items()}
