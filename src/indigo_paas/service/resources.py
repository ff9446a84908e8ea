# SPDX-License-Identifier: Apache-2.0
"""The resources of a deployment: a row for each node template, as often as it counts, paired with a node. Pure.

A row keeps its uuid as long as its node is there, whatever the deployment is changed to.
"""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from indigo_paas.store import Resource

INITIAL, CREATING, CREATED, CONFIGURING = "INITIAL", "CREATING", "CREATED", "CONFIGURING"
STARTING, STARTED, DELETING, ERROR = "STARTING", "STARTED", "DELETING", "ERROR"
STOPPING, STOPPED = "STOPPING", "STOPPED"

_COMING = (INITIAL, CREATING, CREATED, CONFIGURING, STARTING)

Plan = Mapping[str, Any]
Node = Mapping[str, Any]


def planned(deployment: str, plan: Plan, before: Sequence[Resource] = ()) -> list[Resource]:
    """Return the rows that PLAN wants in addition to those that were there BEFORE and stay."""
    now = time.time()
    made = []
    for name, kind, count in _planned_resources(plan):
        taken = {row.index for row in before if row.name == name and row.type == kind and row.state != DELETING}
        free = (index for index in range(count + len(taken)) if index not in taken)
        for index, _ in zip(free, range(count - len(taken)), strict=False):
            made.append(Resource(str(uuid.uuid4()), deployment, now, now, kind, name, index, state=CREATING))
    return made


def leaving(plan: Plan, before: Iterable[Resource]) -> list[Resource]:
    """Return the rows whose node template PLAN does not have any more."""
    wanted = {(name, kind) for name, kind, _count in _planned_resources(plan)}
    return [row for row in before if (row.name, row.type) not in wanted]


def paired(deployment: str, plan: Plan, nodes: Sequence[Node], before: Sequence[Resource], ok: bool) -> list[Resource]:
    """Return the rows when a job has ended: one for each of NODES, with its name, and one for each other node template.

    ok: whether the deployment is as PLAN wants it. If so, rows without a node are gone; else they are in error.
    """
    now = time.time()
    groups = {group["group"]: group for group in plan["groups"]}
    known = [node for node in nodes if node["group"] in groups]
    rows = [row for group in groups.values() for row in _machines(deployment, group, known, before, ok, now)]
    machines = {group["name"] for group in groups.values()}
    state = STARTED if ok else ERROR
    others = [row for row in before if row.name not in machines and not (ok and row.state == DELETING)]
    if ok:
        gone = {row.uuid for row in leaving(plan, others)}
        others = [row for row in others if row.uuid not in gone]
    return [*rows, *(_with(row, now, state=_settled(row, state)) for row in others)]


def meanwhile(deployment: str, plan: Plan, nodes: Sequence[Node], before: Sequence[Resource]) -> list[Resource]:
    """Return the rows when NODES are made and those that leave are gone, and the job goes on with them."""
    now = time.time()
    states = {row.uuid: row.state for row in before}
    rows = paired(deployment, plan, nodes, before, True)
    return [_with(row, now, state=states.get(row.uuid, CREATED)) for row in rows]


def advanced(before: Iterable[Resource], state: str) -> list[Resource]:
    """Return the rows with those that are coming to be in STATE, where that is further on."""
    now = time.time()
    return [
        _with(row, now, state=state)
        if row.state in _COMING and state in _COMING and _COMING.index(row.state) < _COMING.index(state)
        else row
        for row in before
    ]


def marked(before: Iterable[Resource], state: str) -> list[Resource]:
    """Return all rows in STATE."""
    now = time.time()
    return [_with(row, now, state=state) for row in before]


def _machines(
    deployment: str, group: Mapping[str, Any], nodes: Sequence[Node], before: Sequence[Resource], ok: bool, now: float
) -> list[Resource]:
    here = {node["name"]: node for node in nodes if node["group"] == group["group"]}
    mine = [row for row in before if row.name == group["name"]]
    kept = {row.node: row for row in mine if row.node in here}
    new = sorted(
        (node for name, node in here.items() if name not in kept), key=lambda node: (node["index"], node["name"])
    )
    free = sorted((row for row in mine if not row.node and row.state != DELETING), key=lambda row: row.index)
    rows = [_of_node(row, here[name], now, ok) for name, row in kept.items()]
    for node in new:
        row = _best(free, node["index"])
        if row is None:
            made = Resource(str(uuid.uuid4()), deployment, now, now, group["type"], group["name"], node["index"])
            rows.append(_of_node(made, node, now, ok))
        else:
            free.remove(row)
            rows.append(_of_node(row, node, now, ok))
    if not ok:
        rows += [_with(row, now, state=ERROR) for row in free]
    return sorted(rows, key=lambda row: row.index)


def _best(rows: Sequence[Resource], index: int) -> Resource | None:
    return next((row for row in rows if row.index == index), rows[0] if rows else None)


def _of_node(row: Resource, node: Node, now: float, ok: bool) -> Resource:
    runs = node.get("state", "running") == "running"
    state = STARTED if runs and (ok or row.state in (STARTED, *_COMING)) else ERROR if runs else _stopped(node)
    return _with(row, now, index=node["index"], node=node["name"], type=row.type, state=state, metadata=_metadata(node))


def _stopped(node: Node) -> str:
    return STOPPED if node.get("state") == "stopped" else ERROR


def _settled(row: Resource, state: str) -> str:
    return state if row.state != STARTED or state == STARTED else STARTED


def _metadata(node: Node) -> dict[str, Any]:
    """Return what a user may know of a node: not how the service reaches it."""
    told = ("id", "site", "state", "private_address", "public_address", "size", "problem")
    return {name: node[name] for name in told if node.get(name) not in (None, "", [], {})}


def _with(row: Resource, now: float, **changes: Any) -> Resource:
    changed = dataclasses.replace(row, **changes)
    return row if changed == row else dataclasses.replace(changed, updated=now)


def _planned_resources(plan: Plan) -> list[tuple[str, str, int]]:
    """Return (node template, type, count) of PLAN: machines, and what runs on them."""
    machines = [(group["name"], group["type"], group["count"]) for group in plan["groups"]]
    names = {name for name, _type, _count in machines}
    return machines + [(part["name"], part["type"], 1) for part in plan["components"] if part["name"] not in names]
