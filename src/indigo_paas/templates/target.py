# SPDX-License-Identifier: Apache-2.0
"""What a command asks a deployment to become: its request and the plan of it. Nothing is written here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indigo_paas.errors import BadInput
from indigo_paas.ground.masking import Masker
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.templates import collection, kept_request
from indigo_paas.templates.kept_request import Request
from indigo_paas.templates.source import Template

Plan = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A request with the plan of it; `template` is the user's where `is_new`, and not kept yet, else the copy."""

    request: Request
    plan: Plan
    template: Template
    is_new: bool = False

    def masker(self) -> Masker:
        """Return what hides the secrets of the request."""
        return collection.masker(self.template, {**self.plan["inputs"], **self.request.inputs})


def now(files: DeploymentFiles) -> Target:
    """Return what the deployment in FILES is asked to be now."""
    request = kept_request.read(files)
    return Target(request, plan_of(files, request), kept_template(files, request))


def updated(
    files: DeploymentFiles,
    inputs: Mapping[str, Any],
    template: Template | None = None,
    strict: bool | None = None,
    trust: bool | None = None,
    removals: Mapping[str, list[str]] | None = None,
) -> Target:
    """Return the request with INPUTS merged and TEMPLATE in place of the old one, and its plan.

    strict, trust: how the template is read from now on. None leaves it as it is, but whoever trusts one template
    does not yet trust another. removals: nodes that shall go, by node template.
    A number of nodes that was set by `scale` holds until the template or an input asks for another one.
    """
    kept = kept_request.read(files)
    source = (template or kept_template(files, kept)).read_as(
        strict=kept.strict if strict is None else strict,
        trust=kept.trust_template and template is None if trust is None else trust,
    )
    merged = {**kept.inputs, **inputs}
    if template:
        declared = collection.declared_inputs(template)
        merged = {key: value for key, value in merged.items() if key in declared or key in inputs}
    base = collection.plan_template(source, merged)
    typed = {key: value for key, value in base["inputs"].items() if key in merged}
    counts = kept.counts and still_meant(kept.counts, _counts(plan_of(files, kept, counts={})), _counts(base))
    leaving = _still_there({**kept.removals, **(removals or {})}, base)
    request = dataclasses.replace(
        kept, inputs=typed, counts=counts, removals=leaving, strict=source.strict, trust_template=source.trust
    )
    plan = collection.plan_template(source, typed, counts, leaving) if counts or leaving else base
    return Target(request, plan, source, template is not None)


def scaled(
    files: DeploymentFiles, nodes: Sequence[Mapping[str, Any]], counts: Mapping[str, int], remove: Sequence[str] = ()
) -> Target:
    """Return the request with the numbers of COUNTS, without the nodes in REMOVE, and its plan.

    nodes: those that the deployment has. Raises BadInput for a group or a node that there is not.
    """
    before = now(files)
    removals = removals_of(before.plan, nodes, remove)
    wanted = {group_of(before.plan, key)["name"]: count for key, count in counts.items()}
    shrunk = {
        group["name"]: max(0, group["count"] - len(removals[group["name"]]))
        for group in before.plan["groups"]
        if group["name"] in removals
    }
    request = dataclasses.replace(
        before.request,
        counts={**before.request.counts, **shrunk, **wanted},
        removals={**before.request.removals, **removals},
    )
    return Target(request, plan_of(files, request), before.template)


def kept_template(files: DeploymentFiles, request: Request) -> Template:
    """Return the copy of the template that REQUEST names."""
    return Template(str(files.root / request.template), request.strict, request.trust_template)


def plan_of(files: DeploymentFiles, request: Request, counts: Mapping[str, int] | None = None) -> Plan:
    """Return the plan of REQUEST, with COUNTS in place of its own."""
    wanted = request.counts if counts is None else counts
    return collection.plan_template(kept_template(files, request), request.inputs, wanted, request.removals)


def group_of(plan: Plan, name: str) -> dict[str, Any]:
    """Return the node group that NAME, of a node template or of a component, stands for."""
    groups: list[dict[str, Any]] = plan["groups"]
    by_name = {group[key]: group for key in ("hostname", "group", "name") for group in groups}
    hosts = {part["name"]: by_name[part["group"]] for part in plan["components"] if part["group"] in by_name}
    known = {**hosts, **by_name}
    if name not in known:
        raise BadInput(f"There is no node group {name!r}. There is {', '.join(group['name'] for group in groups)}.")
    return known[name]


def require_nodes(nodes: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Raise BadInput for one of NAMES that is none of NODES."""
    known = [node["name"] for node in nodes]
    for name in names:
        if name not in known:
            raise BadInput(f"There is no node {name!r}. There is {', '.join(known) or 'none'}.")


def removals_of(plan: Plan, nodes: Sequence[Mapping[str, Any]], remove: Sequence[str]) -> dict[str, list[str]]:
    """Return the nodes in REMOVE by their node template; raise BadInput for a node that is not there."""
    known = {node["name"]: node["group"] for node in nodes}
    require_nodes(nodes, remove)
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(remove):
        found.setdefault(group_of(plan, known[name])["name"], []).append(name)
    return found


def still_meant(counts: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return those of the scaled COUNTS whose groups the template counts as it did."""
    return {group: count for group, count in counts.items() if group in after and before.get(group) == after[group]}


def _still_there(removals: Mapping[str, list[str]], plan: Plan) -> dict[str, list[str]]:
    """Return the REMOVALS of node templates that PLAN still has."""
    groups = {group["name"] for group in plan["groups"]}
    return {group: nodes for group, nodes in removals.items() if group in groups}


def _counts(plan: Plan) -> dict[str, int]:
    return {group["name"]: group["count"] for group in plan["groups"]}
