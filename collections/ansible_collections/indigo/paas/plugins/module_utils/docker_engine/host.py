# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine's host holds, and how much of it the nodes were promised."""

from __future__ import annotations

from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.gpus import present
from ansible_collections.indigo.paas.plugins.module_utils.labels import CPUS, DEPLOYMENT, MEMORY

INOTIFY_LIMIT = "/proc/sys/fs/inotify/max_user_instances"
INOTIFY_INSTANCES = 6  # that systemd and its services hold in one node
INOTIFY_REMEDY = (
    "The kernel of the engine's host sets this limit; raise it as root with "
    "`sysctl -w fs.inotify.max_user_instances=1024`."
)

Data = dict[str, Any]


def use(containers: list[Data]) -> Data:
    """Return what the nodes among CONTAINERS were promised, in all and by deployment."""
    deployments: dict[str, Data] = {}
    for container in containers:
        labels = container["Labels"]
        use = deployments.setdefault(labels[DEPLOYMENT], {"cpus": 0.0, "memory": 0, "nodes": 0})
        use["cpus"] += float(labels[CPUS])
        use["memory"] += int(labels[MEMORY])
        use["nodes"] += 1
    total = {what: sum(use[what] for use in deployments.values()) for what in ("cpus", "memory", "nodes")}
    return {**total, "deployments": deployments}


def limit_warnings(info: Data) -> list[str]:
    """Return what the engine of INFO cannot limit, as sentences."""
    limits = {"MemoryLimit": "memory", "CpuCfsQuota": "CPU time"}
    return [
        f"The engine cannot limit {what}: a node may use all of the host's."
        for key, what in limits.items()
        if not info.get(key)
    ]


def gpu_warnings(info: Data, number: int | None) -> list[str]:
    """Return, as sentences, what keeps the GPUs of INFO's engine from being used; `number` as of gpus.present."""
    if number and len(present(info, number)) < number:
        return [f"Its engine can give {len(present(info, number))} of the {number} GPUs of site_gpus to containers."]
    if number is None and "nvidia" in (info.get("Runtimes") or {}) and not present(info, None):
        return ["Its engine has the runtime nvidia but does not say how many GPUs: tell it in site_gpus."]
    return []


def inotify_nodes() -> int | None:
    """Return for how many nodes this host's kernel has inotify instances; None where it does not say."""
    try:
        with open(INOTIFY_LIMIT, encoding="ascii") as stream:
            return int(stream.read()) // INOTIFY_INSTANCES
    except (OSError, ValueError):
        return None


def default_route_mtu() -> int | None:
    """Return the MTU of this host's default route; None where there is none or where it cannot be read."""
    try:
        with open("/proc/net/route", encoding="ascii") as routes:
            fields = [line.split() for line in routes]
        interface = next(field[0] for field in fields if len(field) > 1 and field[1] == "00000000")
        with open(f"/sys/class/net/{interface}/mtu", encoding="ascii") as stream:
            return int(stream.read())
    except (OSError, StopIteration, ValueError):
        return None
