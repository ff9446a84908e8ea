# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: what a project may have, what it has, and whether what is asked for still fits."""

from __future__ import annotations

import typing as t

# The services say -1 for no limit; these are larger than any cloud, and plain numbers as others expect.
UNLIMITED = {"cpus": 10**6, "memory": 10**18, "nodes": 10**6}

UNITS = {
    "nodes": "{:.10g} nodes",
    "cpus": "{:.10g} CPUs",
    "memory": "{:.10g} MiB of memory",
    "floating addresses": "{:.10g} floating addresses",
    "security groups": "{:.10g} security groups",
    "volumes": "{:.10g} volumes",
    "volume space": "{:.10g} GiB of volumes",
}


class Quota(t.NamedTuple):
    """A limit and what is used of it. A limit below 0 is none."""

    limit: int
    used: int

    @property
    def free(self) -> float:
        return float("inf") if self.limit < 0 else max(self.limit - self.used, 0)


def shortfalls(asked: t.Mapping[str, float], quotas: t.Mapping[str, Quota]) -> list[str]:
    """Return a sentence for each quota that does not hold what is ASKED of it, both by the names in UNITS."""
    return [
        f"It asks for {UNITS[name].format(amount)} more; the project's quota of {quotas[name].limit} "
        f"has {UNITS[name].format(quotas[name].free)} left."
        for name, amount in asked.items()
        if amount > 0 and name in quotas and amount > quotas[name].free
    ]


def capacity(quotas: t.Mapping[str, Quota]) -> dict[str, int]:
    """Return the capacity {cpus, memory in bytes, nodes} that the compute service's QUOTAS allow."""
    limits = {
        "cpus": quotas["cpus"].limit,
        "memory": quotas["memory"].limit * 1024**2,
        "nodes": quotas["nodes"].limit,
    }
    return {name: limit if limit >= 0 else UNLIMITED[name] for name, limit in limits.items()}
