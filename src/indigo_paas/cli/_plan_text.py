# SPDX-License-Identifier: Apache-2.0
"""A plan as text that its user reads before he deploys it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from indigo_paas.ground.text import clean, counted, line

if TYPE_CHECKING:
    from indigo_paas.engine.verbs import Planned
    from indigo_paas.ground.masking import Masker

_LONGEST = 160
_NAMED_NODES = 6

Data = Mapping[str, Any]


def plan_lines(planned: Planned, masker: Masker) -> Iterator[str]:
    """Yield the lines that tell of PLANNED: nodes, steps, applications, policies, outputs, sites.

    Secrets are hidden by MASKER.
    """
    plan = masker.plan(planned.plan)
    if plan.get("description"):
        yield from clean(plan["description"]).strip().splitlines()
    yield from _section("Inputs", (f"{line(name)}: {_value(value)}" for name, value in plan["inputs"].items()))
    yield from _section("Nodes", (text for group in plan["groups"] for text in _group(group)))
    yield from _section("Services, in their order", _stages(plan))
    yield from _section(
        "Applications, submitted when the services run",
        (text for application in plan.get("applications", []) for text in _application(application)),
    )
    yield from _section("Policies", (text for policy in plan.get("policies", []) for text in _policy(policy)))
    outputs = plan.get("outputs", {})
    yield from _section("Outputs", (text for name, output in outputs.items() for text in _output(name, output)))
    yield from _section(
        "Sites", (text for found in planned.candidates for text in _candidate(found, planned.placement))
    )
    yield from _section(
        "Images that nodes start from",
        (f"{line(site)}: {line(text)}" for site, lines in planned.images.items() for text in lines),
    )


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(lines):
        if not number:
            yield f"{title}:"
        yield f"  {text}".rstrip()


def _group(group: Data) -> Iterator[str]:
    count = group["count"]
    yield f"{line(group['name'])}: {_nodes(group, count)}"
    parts = [(kind, group.get(kind)) for kind in ("size", "image", "network")]
    told = [line(_phrase(kind, value)) for kind, value in parts if value]
    yield f"  {'; '.join(filter(None, told))}"
    if group.get("ports"):
        yield f"  ports: {_short(_phrase('ports', group['ports']))}"
    for network in group.get("networks", []):
        own = f", here {network['address']}" if network["address"] else ""
        yield f"  network: {_short(network['name'])} ({network['cidr']}{own})"
    for volume in group.get("volumes", []):
        yield f"  volume: {_short(_phrase('volume', volume))}"


def _nodes(group: Data, count: int) -> str:
    if not count:
        return "no nodes for now"
    from indigo_paas.templates import collection

    names = collection.node_names(group, min(count, _NAMED_NODES))
    shown = ", ".join(names) + (", ..." if count > _NAMED_NODES else "")
    return f"{counted(count, 'node')} ({line(shown)})"


def _stages(plan: Data) -> Iterator[str]:
    names = {group["group"]: group["name"] for group in plan["groups"]}
    components = {component["name"]: component for component in plan["components"]}
    for number, stage in enumerate(plan["stages"], 1):
        where = ", ".join(line(names.get(group, group)) for group in stage["groups"])
        yield f"{number}. {line(stage['name'])} on {where} ({_implementation(stage, components)})"
        for name in stage["components"]:
            yield from _component(components[name], stage)
    started = {name for stage in plan["stages"] for name in stage["components"]}
    for name in components:
        if name not in started:
            yield f"-  {line(name)}: nothing sets it up"


def _implementation(stage: Data, components: Mapping[str, Data]) -> str:
    if not stage.get("external"):
        return f"role {line(stage['role'])}"
    playbooks = [
        (operation.get("external") or {}).get("playbook")
        for name in stage["components"]
        for operation in _operations(components[name], stage)
    ]
    return f"external: {', '.join(_short(playbook) for playbook in playbooks if playbook)}"


def _operations(component: Data, stage: Data) -> list[Data]:
    from indigo_paas.templates import collection

    return collection.operations_of(component, stage)


def _component(component: Data, stage: Data) -> Iterator[str]:
    kind = component.get("type")
    yield f"     {line(component['name'])}" + (f" ({line(_phrase('type', kind))})" if kind else "")
    for operation in _operations(component, stage):
        for name, value in (operation.get("arguments") or {}).items():
            yield f"       {line(name)}: {_value(value)}"
        external = operation.get("external") or {}
        for what in ("galaxy_roles", "collections"):
            if external.get(what):
                yield f"       needs {what.replace('_', ' ')}: {_short(', '.join(external[what]))}"


def _application(application: Data) -> Iterator[str]:
    yield f"{line(application['name'])} ({line(_phrase('type', application['type']))})"
    if application.get("requires"):
        yield f"  needs: {', '.join(map(line, application['requires']))}"
    for name, value in (application.get("properties") or {}).items():
        if value not in (None, [], {}, ""):
            yield f"  {line(name)}: {_value(value)}"


def _policy(policy: Data) -> Iterator[str]:
    targets = f" for {', '.join(map(line, policy['targets']))}" if policy.get("targets") else ""
    yield f"{line(policy['name'])} ({line(_phrase('type', policy['type']))}){targets}"
    for name, value in (policy.get("properties") or {}).items():
        yield f"  {line(name)}: {_value(value)}"


def _output(name: str, output: Data) -> Iterator[str]:
    yield f"{line(name)}: {_value(output.get('value'))}"
    if output.get("description"):
        yield f"  {_short(output['description'])}"


def _candidate(candidate: Data, placement: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if len(placement) > 1 and candidate["site"] in placement:
        held = ", ".join(f"{count} of {line(name)}" for name, count in placement[candidate["site"]].items())
        yield f"{line(candidate['site'])}: chosen for {held}"
        return
    if candidate["fits"]:
        yield f"{line(candidate['site'])}: {'chosen' if candidate['site'] in placement else 'can hold it'}"
        return
    yield f"{line(candidate['site'])}: cannot hold it"
    for reason in candidate["reasons"]:
        yield f"  {line(reason)}"


def _value(value: Any) -> str:
    return _short(_phrase("value", value)) or '""'


def _short(value: object) -> str:
    text = line(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _phrase(kind: str, value: Any) -> str:
    from indigo_paas.templates import collection

    return collection.phrase(kind, value)
