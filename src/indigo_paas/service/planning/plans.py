# SPDX-License-Identifier: Apache-2.0
"""What is made of users' templates, apart from the process that serves. Nothing is written here.

Plans are returned in brief: with no more than what the rows of a deployment are made of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indigo_paas.engine import verbs
from indigo_paas.errors import BadInput, Problem
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.service import removal
from indigo_paas.service.model import Asked
from indigo_paas.templates import collection, kept_request, target
from indigo_paas.templates.source import Template
from indigo_paas.templates.target import Plan, Target

TEMPLATE = "template.yaml"

# As many names of ignored parameters as are told, each up to a length.
_MOST_NAMES, _LONGEST_NAME = 50, 80

# Inputs of these types are text already.
_TEXTS = {None, "string"}


@dataclass(frozen=True)
class Terms:
    """What the operator says of templates.

    allow_external: whether they may run code from elsewhere. nodes: how many machines, and parts on them, a deployment
    may have. machines: how many all sites could hold together, None where that is not known.
    """

    allow_external: bool
    nodes: int
    machines: int | None = None


@dataclass(frozen=True)
class Planned:
    """What a new deployment shall be, and the names of parameters that were ignored."""

    wanted: Target
    ignored: Sequence[str] = ()


@dataclass(frozen=True)
class Changed:
    """What a deployment shall become, the resources (uuids) that its removal lists name, and what was ignored."""

    wanted: Target
    removed: frozenset[str]
    ignored: Sequence[str] = ()


def new(asked: Asked, name: str, tries: Mapping[str, Any], terms: Terms) -> Planned:
    """Return what the new deployment NAME shall be that is ASKED. Raises BadInput."""
    template, inputs, removals = _read(asked)
    ignored = _take_out_unknown(template, inputs)
    removal.nodes_of(removals, {}, TEMPLATE)
    _require_own(template, inputs, terms)
    return Planned(_checked(verbs.new(template, inputs, name, tries=tries), terms), ignored)


def changed(
    files: DeploymentFiles,
    asked: Asked,
    nodes: Mapping[str, tuple[str, str]],
    tries: Mapping[str, Any],
    terms: Terms,
) -> Changed:
    """Return what the deployment in FILES shall become that is ASKED. Raises BadInput.

    nodes: node template and node's name by uuid of resource.
    """
    template, inputs, removals = _read(asked)
    ignored = _take_out_unknown(template, inputs)
    leaving = removal.nodes_of(removals, nodes, TEMPLATE)
    made = target.updated(files, inputs, template, removals=leaving)
    _require_own(template, made.request.inputs, terms)
    made = dataclasses.replace(made, request=dataclasses.replace(made.request, **tries))
    return Changed(_checked(made, terms), frozenset(uuid for each in removals for uuid in each.uuids), ignored)


def kept(files: DeploymentFiles) -> Plan:
    """Return the plan of what the deployment in FILES is asked to be now."""
    return _brief(target.plan_of(files, kept_request.read(files)))


def typed(parameters: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return PARAMETERS with text read as the type of the input of that name in DECLARED, as YAML; other text stays."""
    return {name: _typed(value, declared.get(name)) for name, value in parameters.items()}


def _typed(value: Any, declaration: Any) -> Any:
    kind = declaration.get("type") if isinstance(declaration, Mapping) else None
    return value if not isinstance(value, str) or kind in _TEXTS else collection.parse_value(value)


def _read(asked: Asked) -> tuple[Template, dict[str, Any], Sequence[removal.Removal]]:
    """Return the template and the inputs that are ASKED, without their removal lists, and these."""
    text, written = removal.taken_out(asked.template)
    template = Template.of_text(text, TEMPLATE)
    declared = collection.declarations(template)[1]
    inputs, given = removal.of_inputs(text, typed(asked.parameters, declared), declared)
    return template, inputs, [*written, *given]


def _take_out_unknown(template: Template, inputs: dict[str, Any]) -> list[str]:
    """Take out of INPUTS what TEMPLATE has no input for; return the names, in brief.

    Clients give all that they know to each template.
    """
    names = sorted(inputs.keys() - collection.taken_inputs(template)) if inputs else []
    for name in names:
        del inputs[name]
    return [name[:_LONGEST_NAME] for name in names[:_MOST_NAMES]]


def _require_own(template: Template, inputs: Mapping[str, Any], terms: Terms) -> None:
    """Raise BadInput for what runs code from elsewhere, unless the operator allows that."""
    if terms.allow_external:
        return
    foreign = collection.foreign_operations(template, inputs)
    if foreign:
        told = ": this service runs no code from elsewhere."
        raise BadInput(*(Problem(f"{each.text}{told}", each.place, each.excerpt) for each in foreign))


def _checked(made: Target, terms: Terms) -> Target:
    """Return what shall be, in brief, and with what is kept of its template; raise BadInput for too many nodes."""
    machines = sum(group["count"] for group in made.plan["groups"])
    if terms.machines is not None and machines > terms.machines:
        raise BadInput(
            f"The template asks for {machines} machines, and all sites of this service could hold {terms.machines} "
            "if they were empty. Lower its counts."
        )
    number = machines + len(made.plan["components"])
    if number > terms.nodes:
        raise BadInput(
            f"The template asks for {number} machines and parts on them, and a deployment may have {terms.nodes} here. "
            "Lower its counts, or make several deployments."
        )
    # What is kept of the template, which then goes with it: to find it means to read the template once more.
    made.template.copy()
    return dataclasses.replace(made, plan=_brief(made.plan))


def _brief(plan: Plan) -> Plan:
    return {
        "description": plan.get("description"),
        "groups": [{key: group[key] for key in ("name", "group", "type", "count")} for group in plan["groups"]],
        "components": [{key: part[key] for key in ("name", "type")} for part in plan["components"]],
    }
