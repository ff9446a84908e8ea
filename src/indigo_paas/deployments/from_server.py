# SPDX-License-Identifier: Apache-2.0
"""What a server tells of deployments, in the form in which this machine's own are known. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from indigo_paas.client import Deployment, Event, Resource
from indigo_paas.deployments import Entry
from indigo_paas.ground.progress import Event as Told
from indigo_paas.ground.progress import Kind, Progress, Step

_CHANGED = re.compile(r"(\d+) changed")
_RUN_ENDS_OK = re.compile(r"(CREATE|UPDATE|DELETE)_COMPLETE")
_KINDS = {kind.value for kind in Kind}

# Of a resource's metadata, what a node is known by; the rest is the server's own affair.
_LISTS = ("private_address", "public_address")


def name_of(deployment: Deployment) -> str:
    """Return by what commands call it: its name, or its UUID at a server that keeps no names."""
    return deployment.name or deployment.uuid


def entry(deployment: Deployment) -> Entry:
    return Entry(
        name=name_of(deployment),
        uuid=deployment.uuid,
        status=deployment.status,
        interrupted=False,
        reason=deployment.reason,
        site=deployment.site,
        nodes=None,
        created=deployment.created or 0.0,
        updated=deployment.updated or 0.0,
        template=None,
        title=deployment.name,
    )


def document(deployment: Deployment, nodes: Sequence[Mapping[str, Any]], events: Iterable[Event]) -> dict[str, Any]:
    """Return what `overview.document` tells, as far as the server tells it; None and {} for the rest."""
    owner = deployment.owner
    return {
        "name": name_of(deployment),
        "uuid": deployment.uuid,
        "created": deployment.created or 0.0,
        "updated": deployment.updated or 0.0,
        "status": deployment.status,
        "reason": deployment.reason,
        "site": deployment.site,
        "sites": None,
        "template": deployment.links.get("template"),
        "description": "",
        "nodes": list(nodes),
        "outputs": dict(deployment.outputs),
        "owner_subject": owner.subject if owner else "",
        "owner_issuer": owner.issuer if owner else "",
        "user_group": deployment.user_group,
        "title": deployment.name,
        "task": deployment.task,
        "callback": deployment.callback,
        "timeout_mins": None,
        "endpoints": {},
        "inputs": {},
        "counts": {},
        "interrupted": False,
        "working": None,
        "job": None,
        "directory": None,
        "runs": runs(name_of(deployment), events),
    }


def nodes(extra: Sequence[Any], resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return the nodes of a deployment, by EXTRA of our service, else by the RESOURCES that have a machine."""
    if extra and all(isinstance(item, dict) and item.get("name") for item in extra):
        return [_node(item["name"], item) for item in extra]
    return [
        _node(each.physical_id, {**each.metadata, "state": each.state, "uuid": each.uuid})
        for each in resources
        if each.physical_id
    ]


def _node(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    addresses = {key: _texts(known.get(key)) for key in _LISTS}
    return {**known, "name": name, **addresses}


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []


def event(told: Event, shift: float = 0.0) -> Told | None:
    """Return what the server TOLD as our own event, SHIFT seconds later; None for a kind that is not known here."""
    if told.kind not in _KINDS:
        return None
    return Told(told.time + shift, Kind(told.kind), told.step, told.task, told.node, told.text, told.seconds)


def feed(progress: Progress, told: Told) -> None:
    """Let PROGRESS know what was TOLD, as it knows what ansible-runner tells."""
    match told.kind:
        case Kind.STEP:
            progress.steps.append(Step(told.step or "", told.time))
            progress.task = None
        case Kind.TASK:
            progress.task, progress.task_started, progress.tries = told.task, told.time, ""
        case Kind.RETRY:
            if progress.task != told.task:
                progress.task, progress.task_started = told.task, told.time
            progress.tries = told.text
        case Kind.TASK_DONE:
            progress.task, progress.tries = None, ""
        case Kind.CHANGED:
            progress.changed += 1
        case Kind.STEP_DONE if progress.step is not None:
            step = progress.step
            step.over, step.seconds = True, told.seconds or 0.0
            changed = _CHANGED.match(told.text)
            step.changed = int(changed[1]) if changed else 0
            progress.task = None


@dataclass
class _Run:
    """A run as its events tell it."""

    id: str
    command: str
    started: float
    progress: Progress = field(default_factory=Progress)
    ended: float | None = None
    state: str = "running"
    reason: str = ""


def runs(name: str, events: Iterable[Event]) -> list[dict[str, Any]]:
    """Return the runs of the deployment NAME as its EVENTS tell them, in the form of `store.Run`."""
    known: list[_Run] = []
    for each in events:
        told = event(each)
        if told is None:
            continue
        if told.kind is Kind.COMMAND:
            known.append(_Run(str(each.id), told.text, told.time))
        elif known and told.kind is Kind.END:
            run = known[-1]
            ok = bool(_RUN_ENDS_OK.fullmatch(told.text))
            run.ended, run.state, run.reason = told.time, "ok" if ok else "failed", "" if ok else told.text
        elif known:
            feed(known[-1].progress, told)
    return [_run(name, run) for run in known]


def _run(name: str, run: _Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "deployment": name,
        "command": run.command,
        "started": run.started,
        "ended": run.ended,
        "state": run.state,
        "changed": run.progress.changed,
        "steps": steps(run.progress),
        "reason": run.reason,
    }


def steps(progress: Progress) -> list[dict[str, Any]]:
    """Return the steps of PROGRESS as an outcome tells them."""
    return [{"name": step.name, "seconds": step.seconds, "changed": step.changed} for step in progress.steps]
