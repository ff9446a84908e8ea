# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenNebula answers about machines and quotas, as data of sites. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.nebula import documents
from ansible_collections.indigo.paas.plugins.module_utils.nebula.documents import as_list
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import ERROR, RUNNING, STOPPED, UNFINISHED, Node

Data = Mapping[str, Any]

# STATE and LCM_STATE of OpenNebula.
ACTIVE, DONE = 3, 6
# RUNNING, and what is done to a machine that runs: hot plugging, snapshots, resizing, live migration, backup.
UP = (3, 4, 17, 24, 25, 26, 57, 59, 62, 66, 69)
LCM_UNKNOWN = 16
FAILED_STATES = {7: "FAILED", 11: "CLONING_FAILURE"}
STOPPED_STATES = {4: "STOPPED", 5: "SUSPENDED", 8: "POWEROFF", 9: "UNDEPLOYED"}
PENDING = 1
EARLY_STATES = {0: "INIT", 1: "PENDING", 2: "HOLD", 10: "CLONING"}
EARLY_LCM = {1: "PROLOG", 2: "BOOT", 19: "BOOT_UNKNOWN", 20: "BOOT_POWEROFF"}
FAILED_LCM = {
    14: "FAILURE",
    36: "BOOT_FAILURE",
    37: "BOOT_MIGRATE_FAILURE",
    38: "PROLOG_MIGRATE_FAILURE",
    39: "PROLOG_FAILURE",
    40: "EPILOG_FAILURE",
    41: "EPILOG_STOP_FAILURE",
    42: "EPILOG_UNDEPLOY_FAILURE",
    44: "PROLOG_MIGRATE_POWEROFF_FAILURE",
    46: "PROLOG_MIGRATE_SUSPEND_FAILURE",
    47: "BOOT_UNDEPLOY_FAILURE",
    48: "BOOT_STOPPED_FAILURE",
    49: "PROLOG_RESUME_FAILURE",
    50: "PROLOG_UNDEPLOY_FAILURE",
    61: "PROLOG_MIGRATE_UNKNOWN_FAILURE",
}
LEAVING_LCM = (11, 12, 23)  # EPILOG, SHUTDOWN, CLEANUP_DELETE: nothing but DONE follows
LEAVING = "It is on its way out."
WAITING = "It has not started yet"

# What OpenNebula writes before each message of a machine.
WRITTEN_AT = re.compile(r"^\w{3} \w{3} +\d+ [\d:]{8} \d{4} *: *")
KINDS = ("cpus", "memory", "nodes")

# What quotas say in place of a limit.
DEFAULT, UNLIMITED = -1, -2


def node(vm: Any, public_network: int | None) -> Node:
    """Return the node that VM is.

    public_network   id of the network whose addresses the world reaches; None where there is none
    """
    named = vm.USER_TEMPLATE
    addresses = _addresses(vm, public_network)
    private = addresses["private"] or addresses["public"]
    public = (addresses["public"] or private) if named.get(documents.PUBLIC) == "1" else []
    state, problem = condition(vm)
    return Node(
        name=named[documents.HOSTNAME],
        group=named[documents.GROUP],
        index=int(named[documents.INDEX]),
        id=str(vm.ID),
        state=state,
        private_address=private,
        public_address=public,
        ansible_host=(public or private or [""])[0] if state == RUNNING else "",
        host_keys=[named[documents.HOST_KEY]],
        size=size(vm),
        problem=problem,
    )


def condition(vm: Any) -> tuple[str, str | None]:
    """Return the state of VM as a node, and what is wrong with it as a sentence."""
    state, lcm = int(vm.STATE), int(vm.LCM_STATE)
    if state == ACTIVE and lcm in UP:
        return RUNNING, None
    if state in STOPPED_STATES:
        return STOPPED, f"It does not run: {STOPPED_STATES[state]}."
    failed = FAILED_STATES.get(state) or (FAILED_LCM.get(lcm) if state == ACTIVE else None)
    if failed or (state == ACTIVE and lcm == LCM_UNKNOWN):
        return ERROR, f"{failed or 'UNKNOWN'}: {_message(vm, 'ERROR') or 'OpenNebula gives no reason'}."
    if state == ACTIVE and lcm in LEAVING_LCM:
        return UNFINISHED, LEAVING
    name = EARLY_LCM.get(lcm) if state == ACTIVE else EARLY_STATES.get(state)
    reason = _message(vm, "SCHED_MESSAGE") if state == PENDING else ""
    return UNFINISHED, f"{WAITING}{f' ({name})' if name else ''}{f': {reason}' if reason else ''}."


def is_refused(node: Node) -> bool:
    """Return whether NODE waits because the scheduler finds no place for it."""
    return node.state == UNFINISHED and (node.problem or "").startswith(f"{WAITING} (PENDING): ")


def _message(vm: Any, name: str) -> str:
    """Return what OpenNebula wrote of VM, without when, and without a full stop."""
    return WRITTEN_AT.sub("", str(vm.USER_TEMPLATE.get(name) or "").strip()).rstrip(".")


def size(vm: Any) -> dict[str, float]:
    """Return {"cpus", "memory" in bytes} that VM has."""
    template = vm.TEMPLATE
    cpus = float(template.get("VCPU") or template.get("CPU") or 1)
    return {"cpus": cpus, "memory": int(template.get("MEMORY") or 0) * documents.MIB}


def use(vms: Iterable[Any]) -> dict[str, Any]:
    """Return what VMS have, in all and by deployment; those that are nobody's deployment count in all."""
    total: dict[str, float] = dict.fromkeys(KINDS, 0)
    deployments: dict[str, dict[str, float]] = {}
    for vm in vms:
        name = vm.USER_TEMPLATE.get(documents.DEPLOYMENT)
        shares = [total, *([deployments.setdefault(name, dict.fromkeys(KINDS, 0))] if name else [])]
        for share in shares:
            for kind, amount in {**size(vm), "nodes": 1}.items():
                share[kind] += amount
    return {**total, "deployments": deployments}


def quota(user: Any, cpu_share: float) -> dict[str, float]:
    """Return the user's limits by kind, without those that there are not."""
    limits = {**_limits(getattr(user, "DEFAULT_USER_QUOTAS", None)), **_limits(user)}
    units = {"cpus": ("CPU", 1 / cpu_share), "memory": ("MEMORY", documents.MIB), "nodes": ("VMS", 1)}
    return {kind: limits[name] * unit for kind, (name, unit) in units.items() if limits.get(name, UNLIMITED) >= 0}


def _limits(owner: Any) -> dict[str, float]:
    """Return what the quota of OWNER for all clusters says, without "as the default says"."""
    for entry in as_list(getattr(getattr(owner, "VM_QUOTA", None), "VM", None)):
        if not getattr(entry, "CLUSTER_IDS", None):
            said = {name: float(getattr(entry, name, None) or DEFAULT) for name in ("CPU", "MEMORY", "VMS")}
            return {name: limit for name, limit in said.items() if limit != DEFAULT}
    return {}


def _addresses(vm: Any, public_network: int | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"public": [], "private": []}
    for nic in as_list(vm.TEMPLATE.get("NIC")):
        is_public = public_network is not None and str(nic.get("NETWORK_ID")) == str(public_network)
        if nic.get("IP"):
            found["public" if is_public else "private"].append(nic["IP"])
    return found
