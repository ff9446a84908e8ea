# SPDX-License-Identifier: Apache-2.0
"""The rows of the store as plain data. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Of the tables: what a program of version 1 refuses as newer; each migration counts it up.
VERSION = 5

RUNNING, OK, FAILED, INTERRUPTED = "running", "ok", "failed", "interrupted"

# Of jobs, besides RUNNING, OK and FAILED.
QUEUED, CANCELLED = "queued", "cancelled"
OPEN = (QUEUED, RUNNING)


@dataclass(frozen=True)
class Deployment:
    """A deployment as it was when its last run ended.

    sites: path of the sites' inventory, None for the default one. nodes: Node dicts as the site gives them.
    owner_subject, owner_issuer, user_group: who made it by the service; "" for one that the command line made.
    title: how its owner calls it, None where `name` says it. task: the step that a job is at, NONE without one.
    callback: URL that is told how a job ended. timeout_mins: after it a job is stopped and failed. endpoints: of the
    sites where it may be, {site: {"type", "endpoint"}}; endpoint is the URL of its API, None where that is not said.
    """

    name: str
    uuid: str
    created: float
    updated: float
    status: str
    reason: str
    site: str | None
    sites: str | None
    template: str
    description: str
    nodes: list[dict[str, Any]]
    outputs: dict[str, Any]
    owner_subject: str = ""
    owner_issuer: str = ""
    user_group: str | None = None
    title: str | None = None
    task: str = "NONE"
    callback: str | None = None
    timeout_mins: int | None = None
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run of a playbook. state: running, ok, failed or interrupted. steps: [{"name", "seconds"}]."""

    id: str
    deployment: str
    command: str
    started: float
    ended: float | None = None
    state: str = RUNNING
    changed: int = 0
    steps: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class Resource:
    """One node of a deployment, or one that shall be.

    deployment: its name. type: the TOSCA type. name, index: the node template and the number in it, from 0. node: the
    name of the site's node, "" before there is one. state: of TOSCA's lifecycle, INITIAL to DELETING, or ERROR.
    metadata: what the site says of the node.
    """

    uuid: str
    deployment: str
    created: float
    updated: float
    type: str
    name: str
    index: int
    node: str = ""
    state: str = "INITIAL"
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What the service has to do with a deployment.

    kind: create, update, delete, start or stop. arguments: of that verb. subject, issuer: who asked. state: queued,
    running, ok, failed or cancelled. deadline: when it is stopped and failed, None for never. started: when it began
    last, or its nodes had drained. starts: how often. host, pid, pid_started, heartbeat: the process that does it, and
    its last sign of life. cancel: why it shall stop, None while it shall not. reason: why it failed. owed: the
    deployment, as fields of `Deployment`, that its callback is to be told when the job is over; None for nothing.
    telling: until when somebody tells it. draining: whether it does nothing but wait until nodes that leave have no
    work.
    """

    deployment: str
    kind: str
    subject: str = ""
    issuer: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    state: str = QUEUED
    created: float = 0.0
    deadline: float | None = None
    started: float | None = None
    ended: float | None = None
    starts: int = 0
    host: str | None = None
    pid: int | None = None
    pid_started: float | None = None
    heartbeat: float | None = None
    cancel: str | None = None
    reason: str = ""
    owed: dict[str, Any] | None = None
    telling: float = 0.0
    draining: bool = False
    id: int = 0

    @property
    def user(self) -> tuple[str, str]:
        return self.issuer, self.subject

    def __str__(self) -> str:
        return f"job {self.id} of the service ({self.kind}, {self.state})"
