# SPDX-License-Identifier: Apache-2.0
"""The events of ansible-runner turned into steps, tasks and failures that a person can follow. Pure.

A step is a play. All times are epoch seconds, all durations seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# Enough of a program's error output to see why it failed.
_TAIL = 10
# As many nodes are named in one sentence.
_LISTED = 5
_UNREAD_SOURCE = re.compile(r"^Failed to parse inventory with '[\w.]+' plugin: (.+)")
# The tasks of the playbooks in which the roles and plays of components run.
_OF_COMPONENTS = re.compile(r"^Run the (?:role|plays) of (.+)$", re.DOTALL)
_COMPONENT = re.compile(r"(.+) \(([^()]*)\)", re.DOTALL)
# Said instead of an error where the run can do without; where it cannot, it says so itself.
_DISPENSABLE_SOURCE = re.compile(r"^Unable to parse .+ as an inventory source$")
_LABEL = re.compile(r"^\s*\[?(?:WARNING|DEPRECATION WARNING|ERROR)\]?[:!]\s*")

# Events that hold only a text.
_TEXTS = frozenset(("verbose", "warning", "deprecated", "system_warning", "error"))
_PUBLISHING = frozenset(("set_stats", "ansible.builtin.set_stats"))


class Kind(StrEnum):
    """What an event tells."""

    COMMAND = "command"  # a command of the user's began
    STEP = "step"  # a step began
    STEP_DONE = "step_done"  # a step is over; seconds
    TASK = "task"  # a task began
    RETRY = "retry"  # a task tries once more; text
    TASK_DONE = "task_done"  # a task is over on all nodes; seconds
    CHANGED = "changed"  # a task changed a node
    FAILED = "failed"  # a task failed on a node
    IGNORED = "ignored"  # the same, and the run goes on
    UNREACHABLE = "unreachable"  # a node does not answer
    PROGRESS = "progress"  # a line that a plugin prints while it works
    WARNING = "warning"
    ERROR = "error"
    END = "end"  # the command is over; seconds


@dataclass(frozen=True)
class Event:
    """One thing that happened. step: the play's name; task; node: the inventory's host name."""

    time: float
    kind: Kind
    step: str | None = None
    task: str | None = None
    node: str | None = None
    text: str = ""
    seconds: float | None = None


@dataclass
class Step:
    """A play that had something to do: how long it took so far, and how many task results changed a node."""

    name: str
    started: float
    seconds: float = 0.0
    changed: int = 0
    over: bool = False


@dataclass
class Progress:
    """The state of a run, made of its events one by one.

    Who is root on a node says what its modules answer, and can write the marks into it by which ansible-runner finds
    events in Ansible's output. So only the events of Ansible itself count, which bear the number of the run's playbook
    (the first event has it, before any node was reached), and what is published is taken from the tasks that publish,
    never from another one's result or from the sum that Ansible makes of all results at the end.

    steps: in their order. task: what is being done. working: nodes that the task still runs on.
    tries: which try of the task it is, where that is not the first: "try 3 of 30".
    changed: task results that changed a node. result: what the playbook published as paas_result.
    failures: by node, the last one; rescued failures are among them. errors: those outside of tasks.
    last_line: the last thing that was printed outside of Ansible's own output.
    """

    steps: list[Step] = field(default_factory=list)
    task: str | None = None
    task_started: float = 0.0
    tries: str = ""
    working: list[str] = field(default_factory=list)
    changed: int = 0
    failures: dict[str, Event] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    last_line: str | None = None
    _parts: list[tuple[str, str]] = field(default_factory=list)
    _failed: dict[str, tuple[str, str, list[str]]] = field(default_factory=dict)
    _try: int = 0
    _unread: str = ""
    _play: str = ""
    _play_started: float = 0.0
    _playbook: str | None = None

    @property
    def step(self) -> Step | None:
        """The step that runs; None between steps."""
        return self.steps[-1] if self.steps and not self.steps[-1].over else None

    def feed(self, event: Mapping[str, Any]) -> Iterator[Event]:
        """Take one event of ansible-runner; yield what it tells."""
        name = str(event.get("event", ""))
        data = event.get("event_data")
        data = data if isinstance(data, Mapping) else {}
        when = timestamp(event.get("created"))
        if name in _TEXTS:
            yield from self._message(name, when, str(event.get("stdout") or ""))
            return
        if name == "playbook_on_start" and self._playbook is None:
            self._playbook = str(data.get("playbook_uuid"))
        if str(data.get("playbook_uuid")) != self._playbook:
            return
        match name:
            case "playbook_on_play_start":
                yield from self._end_step(when)
                self._play, self._play_started = str(data.get("name", "")), when
                self._parts = []
            case "playbook_on_task_start":
                yield from self._start_task(when, data)
            case "runner_on_start":
                self.working.append(str(data.get("host", "")))
            case "runner_retry":
                yield from self._retry(when, data)
            case "runner_on_ok" | "runner_on_skipped" | "runner_on_failed" | "runner_on_unreachable":
                yield from self._node_done(name, when, data)
            case "playbook_on_stats":
                yield from self._end_step(when)
                self._take_stats(data)

    def end(self, when: float) -> Iterator[Event]:
        """Close what a run that broke off at WHEN left open."""
        yield from self._end_step(when)

    def failures_that_count(self) -> list[Event]:
        """Return the failures that ended the run, not those that were rescued, the first one first."""
        known = [event for node, event in self.failures.items() if not self.lost or node in self.lost]
        return sorted(known, key=lambda event: event.time)

    def reason(self) -> str | None:
        """Return why the run failed: step, task, nodes and what was said; None when nothing tells."""
        failures = self.failures_that_count()
        if not failures:
            return self.errors[-1] if self.errors else self.last_line
        first = failures[0]
        role, task, _components = self._failed[first.node or ""]
        same = [node for event in failures if (node := event.node or "") and self._failed[node][:2] == (role, task)]
        nodes = _listed(same)
        if first.kind is Kind.UNREACHABLE:
            return f"{first.step}: {nodes} cannot be reached: {first.text}"
        components = list(dict.fromkeys(name for node in same for name in self._failed[node][2]))
        return f"{first.step}: '{_named(role, task, components)}' failed on {nodes}: {first.text}"

    def _start_task(self, when: float, data: Mapping[str, Any]) -> Iterator[Event]:
        yield from self._end_task(when)
        if self.step is None:
            self.steps.append(Step(self._play, self._play_started))
            yield Event(self._play_started, Kind.STEP, self._play)
        self.task, self.task_started = task_name(data), when
        if not data.get("role"):
            self._parts = _parts(self.task)
        yield Event(when, Kind.TASK, self._play, self.task)

    def _retry(self, when: float, data: Mapping[str, Any]) -> Iterator[Event]:
        """Tell the try that begins, of all nodes that of the one that is furthest."""
        result = data.get("res") or {}
        done, tries = result.get("attempts"), result.get("retries")
        if isinstance(done, int) and isinstance(tries, int) and done > self._try:
            self._try, self.tries = done, f"try {done + 1} of {tries}"
            yield Event(when, Kind.RETRY, self._play, self.task, text=self.tries)

    def _end_task(self, when: float) -> Iterator[Event]:
        if self.task is not None:
            seconds = round(max(0.0, when - self.task_started), 3)
            yield Event(when, Kind.TASK_DONE, self._play, self.task, seconds=seconds)
        self.task, self.working, self.tries, self._try = None, [], "", 0

    def _end_step(self, when: float) -> Iterator[Event]:
        yield from self._end_task(when)
        step = self.step
        if step is not None:
            step.over, step.seconds = True, round(max(0.0, when - step.started), 3)
            text = f"{step.changed} changed" if step.changed else ""
            yield Event(when, Kind.STEP_DONE, step.name, text=text, seconds=step.seconds)

    def _node_done(self, name: str, when: float, data: Mapping[str, Any]) -> Iterator[Event]:
        node = str(data.get("host", ""))
        result = data.get("res") or {}
        if node in self.working:
            self.working.remove(node)
        self._take_published(data, result)
        if result.get("changed") is True:
            self.changed += 1
            if self.step is not None:
                self.step.changed += 1
        for text in result.get("warnings") or ():
            yield Event(when, Kind.WARNING, self._play, task_name(data), node, str(text))
        kind = _kind(name, data, result)
        if kind is None:
            return
        text = "" if kind is Kind.CHANGED else failure_text(result)
        components = [] if kind is Kind.CHANGED else self._components_of(node)
        role, task = _role_and_task(data)
        told = Event(when, kind, self._play, _named(role, task, components), node, text, data.get("duration"))
        if kind in (Kind.FAILED, Kind.UNREACHABLE):
            self.failures[node] = told
            self._failed[node] = (role, task, components)
        yield told

    def _components_of(self, node: str) -> list[str]:
        """Return which components are being worked on at NODE; those of all nodes where its group is not known."""
        groups = {each["group"] for each in self.result.get("nodes") or () if each.get("name") == node}
        there = [name for name, group in self._parts if group in groups]
        return there or [name for name, _group in self._parts]

    def _take_stats(self, data: Mapping[str, Any]) -> None:
        self.lost = frozenset([*(data.get("failures") or {}), *(data.get("dark") or {})])
        if data.get("changed"):
            self.changed = sum(data["changed"].values())

    def _take_published(self, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Take what a task publishes, when it is one of the playbooks' own that do."""
        if data.get("host") == "localhost" and data.get("task_action") in _PUBLISHING and not data.get("role"):
            published = (result.get("ansible_stats") or {}).get("data") or {}
            self.result = {**self.result, **published.get("paas_result", {})}

    def _message(self, name: str, when: float, text: str) -> Iterator[Event]:
        label = _LABEL.match(text)
        if name == "verbose" and label:
            # Said before the callback was there to make an event of it.
            name = "error" if "ERROR" in label[0] else "warning"
        if name == "verbose":
            yield from self._printed(when, text.rstrip())
            return
        # The terminal that Ansible believes to have is 80 columns wide: what it says comes folded.
        said = _LABEL.sub("", " ".join(text.split()))
        cause = _UNREAD_SOURCE.search(said)
        if cause:
            # Each kind of inventory plugin tries in turn; the first one is that which should have managed.
            self._unread = self._unread or cause[1]
        elif name == "error":
            self.errors.append(f"{said}: {self._unread}" if self._unread else said)
            yield Event(when, Kind.ERROR, self._play or None, self.task, text=self.errors[-1])
        elif said and name != "deprecated" and not _DISPENSABLE_SOURCE.search(said):
            yield Event(when, Kind.WARNING, self._play or None, self.task, text=said)

    def _printed(self, when: float, text: str) -> Iterator[Event]:
        if text.strip():
            self.last_line = text
            if self._play:
                yield Event(when, Kind.PROGRESS, self._play, self.task, text=text)


def timestamp(created: object) -> float:
    """Return CREATED (ISO 8601, UTC where no zone is named) as epoch seconds; 0.0 where it is none."""
    if not isinstance(created, str):
        return 0.0
    try:
        parsed = datetime.fromisoformat(created)
    except ValueError:
        return 0.0
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def unread_source(output: str) -> str | None:
    """Return why Ansible could not read an inventory source, out of what it printed."""
    lines = [_LABEL.sub("", line.strip()) for line in output.splitlines()]
    return next((found[1] for line in lines if (found := _UNREAD_SOURCE.match(line))), None)


def task_name(data: Mapping[str, Any]) -> str:
    """Return the name of the task of a runner event, its role in front: "htcondor: Install the packages"."""
    return _named(*_role_and_task(data))


def failure_text(result: Mapping[str, Any]) -> str:
    """Return what the RESULT of a task says about its failure: its message, and the end of its error output.

    A task under no_log says nothing; of a loop, the items that failed do.
    """
    if "censored" in result:
        return "What went wrong is hidden, because the task handles a secret (no_log)."
    items = [item for item in result.get("results") or () if isinstance(item, Mapping) and _went_wrong(item)]
    if items:
        return "\n".join(dict.fromkeys(failure_text(item) for item in items))
    message = result.get("msg") or result.get("message") or ""
    said = "\n".join(map(str, message)) if isinstance(message, list) else str(message)
    output = next((str(result[key]) for key in ("stderr", "module_stderr", "stdout") if result.get(key)), "")
    tail = "\n".join(output.rstrip().splitlines()[-_TAIL:])
    return (
        "\n".join(part for part in (said.strip(), tail if tail not in said else "") if part) or "No reason was given."
    )


def _role_and_task(data: Mapping[str, Any]) -> tuple[str, str]:
    name = str(data.get("task") or data.get("name") or data.get("task_action") or "")
    return re.split(r"[./]", str(data.get("role") or ""))[-1], name


def _named(role: str, task: str, components: Sequence[str] = ()) -> str:
    """Return the name of a TASK of ROLE, which works on COMPONENTS: "htcondor of front_end: Install the packages"."""
    owner = f" of {', '.join(components)}" if components else ""
    return f"{role}{owner}: {task}" if role else task


def _parts(task: str) -> list[tuple[str, str]]:
    """Return the components that a TASK runs the role or plays of, each with the group of its nodes."""
    named = _OF_COMPONENTS.match(task)
    found = [_COMPONENT.fullmatch(part) for part in named[1].split("; ")] if named else []
    return [(part[1], part[2]) for part in found if part]


def _listed(nodes: list[str]) -> str:
    more = f" and {len(nodes) - _LISTED} more" if len(nodes) > _LISTED else ""
    return ", ".join(nodes[:_LISTED]) + more


def _went_wrong(item: Mapping[str, Any]) -> bool:
    return bool(item.get("failed") or item.get("unreachable") or "censored" in item)


def _kind(name: str, data: Mapping[str, Any], result: Mapping[str, Any]) -> Kind | None:
    if name == "runner_on_unreachable":
        return Kind.UNREACHABLE
    if name == "runner_on_failed":
        return Kind.IGNORED if data.get("ignore_errors") else Kind.FAILED
    return Kind.CHANGED if name == "runner_on_ok" and result.get("changed") is True else None
