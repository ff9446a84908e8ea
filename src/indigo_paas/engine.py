# SPDX-License-Identifier: Apache-2.0
"""What can be done with deployments: the verbs behind the command line and the REST API.

A verb checks first and changes nothing when what is asked for is wrong (BadInput); then it runs a
playbook of the collection and says what became of it (Outcome).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indigo_paas import collection, deployment, names, sites, status, store, work
from indigo_paas.deployment import Request
from indigo_paas.errors import BadInput
from indigo_paas.settings import Settings
from indigo_paas.text import Masker
from indigo_paas.work import Observer, Outcome, Work

Plan = dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """A plan and where it could go.

    candidates: [{"site", "fits", "reasons"}], the best first. site: the choice, None when nothing fits.
    problems: why there is no choice.
    """

    plan: Plan
    candidates: list[dict[str, Any]]
    site: str | None
    problems: Sequence[str] = ()


def plan(
    settings: Settings,
    template: Path,
    inputs: Mapping[str, Any],
    site: str | None = None,
    name: str | None = None,
) -> Planned:
    """Plan TEMPLATE and look for a site, without making anything. Raises BadInput for a wrong template.

    name: of the deployment that it is for; what a site holds of it already counts as free there.
    """
    reading = sites.Reading(work.sites_source(settings))
    made = collection.plan_template(template, inputs)
    descriptions = collection.describe_sites(_wanted(reading.result(), site))
    ranked = collection.candidates(made, descriptions, site, name)
    try:
        return Planned(made, ranked, collection.choose_site(made, descriptions, site, name))
    except BadInput as error:
        return Planned(made, ranked, None, error.problems)


def deploy(
    settings: Settings,
    template: Path,
    inputs: Mapping[str, Any],
    observer: Observer,
    name: str | None = None,
    site: str | None = None,
) -> Outcome:
    """Make the deployment NAME (by default the template's file name) of TEMPLATE, or run it again.

    inputs: of an existing deployment, those that change. Raises BadInput when NAME is a deployment of another
    template or at another site.
    """
    started = time.time()
    name = names.valid_name(name or names.default_name(template.stem))
    if _exists(settings, name):
        return _deploy_again(settings, name, template, inputs, observer, site)
    planned = plan(settings, template, inputs, site, name)
    if planned.site is None:
        raise BadInput(*planned.problems)
    given = {key: value for key, value in planned.plan["inputs"].items() if key in inputs}
    imports = collection.local_imports(template)
    description = planned.plan.get("description") or ""
    with work.new(settings, name, planned.site, template, imports, given, description, started) as doing:
        return _change(doing, "deploy", "deploy", planned.plan, observer)


def update(
    settings: Settings,
    name: str,
    inputs: Mapping[str, Any],
    observer: Observer,
    template: Path | None = None,
) -> Outcome:
    """Change inputs of the deployment NAME, or its whole template; inputs that are not given stay."""
    with work.existing(settings, name, "update") as doing:
        request, plan = _asked(doing, inputs, template)
        return _apply(doing, "update", "deploy", request, plan, observer)


def scale(
    settings: Settings,
    name: str,
    counts: Mapping[str, int],
    observer: Observer,
    remove: Sequence[str] = (),
) -> Outcome:
    """Set the number of nodes of groups of the deployment NAME.

    counts: by node template or by component, which stands for the node template that hosts it.
    remove: names of nodes that shall go; without a count, their group shrinks by them.
    """
    with work.existing(settings, name, "scale") as doing:
        request = deployment.read(doing.files)
        before = _plan(doing, request)
        removals = _removals(before, doing.row.nodes, remove)
        wanted = {_group_of(before, key)["name"]: count for key, count in counts.items()}
        shrunk = {
            group["name"]: max(0, group["count"] - len(removals[group["name"]]))
            for group in before["groups"]
            if group["name"] in removals
        }
        request = dataclasses.replace(
            request,
            counts={**request.counts, **shrunk, **wanted},
            removals={**request.removals, **removals},
        )
        return _apply(doing, "scale", "scale", request, _plan(doing, request), observer)


def resume(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Go on with what the deployment NAME was left at; a complete one is looked over and repaired."""
    with work.existing(settings, name, "resume") as doing:
        if status.to_resume(doing.row.status) == "destroy":
            return _destroy(doing, observer)
        request = deployment.read(doing.files)
        return _change(doing, "deploy", "deploy", _plan(doing, request), observer)


def check(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Ask the services of the deployment NAME whether they serve; its status stays."""
    with work.existing(settings, name, "check") as doing:
        status.require_kept(doing.row.status)
        plan = _plan(doing, deployment.read(doing.files))
        return _run(doing, "check", "check", plan, observer)


def destroy(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Delete the nodes of the deployment NAME, then all that is kept of it."""
    with work.existing(settings, name, "destroy") as doing:
        return _destroy(doing, observer)


def _exists(settings: Settings, name: str) -> bool:
    with work.opened(settings.home) as memory:
        return memory.deployment(name) is not None


def _deploy_again(
    settings: Settings,
    name: str,
    template: Path,
    inputs: Mapping[str, Any],
    observer: Observer,
    site: str | None,
) -> Outcome:
    with work.existing(settings, name, "deploy") as doing:
        kept = deployment.read(doing.files)
        if site and site != doing.row.site:
            raise BadInput(f"{name} is at the site {doing.row.site}: destroy it before you deploy it at {site}.")
        if deployment.digest(template, collection.local_imports(template)) != deployment.kept_digest(kept):
            raise BadInput(
                f"{name} is a deployment of another template, or {template} has changed since. "
                f"'indigo-paas update {name} --template {template}' takes it over; "
                "--name makes another deployment."
            )
        request, plan = _asked(doing, inputs, None)
        return _apply(doing, "deploy", "deploy", request, plan, observer)


def _asked(doing: Work, inputs: Mapping[str, Any], template: Path | None) -> tuple[Request, Plan]:
    """Return the request with INPUTS merged and TEMPLATE in place of the old one, and its plan.

    A number of nodes that was set by `scale` holds until the template or an input asks for another one.
    """
    kept = deployment.read(doing.files)
    source = template or doing.files.root / kept.template
    merged = {**kept.inputs, **inputs}
    if template:
        declared = collection.declared_inputs(template)
        merged = {key: value for key, value in merged.items() if key in declared or key in inputs}
    base = collection.plan_template(source, merged)
    typed = {key: value for key, value in base["inputs"].items() if key in merged}
    counts = kept.counts and _still_meant(kept.counts, _counts(_plan(doing, kept, counts={})), _counts(base))
    request = dataclasses.replace(kept, inputs=typed, counts=counts)
    plan = collection.plan_template(source, typed, request.counts, request.removals) if counts else base
    if template:
        place = deployment.keep_template(doing.files, template, collection.local_imports(template))
        request = dataclasses.replace(request, template=place)
    return request, plan


def _still_meant(counts: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return those of the scaled COUNTS whose groups the template counts as it did."""
    return {group: count for group, count in counts.items() if group in after and before.get(group) == after[group]}


def _counts(plan: Plan) -> dict[str, int]:
    return {group["name"]: group["count"] for group in plan["groups"]}


def _apply(doing: Work, command: str, playbook: str, request: Request, plan: Plan, observer: Observer) -> Outcome:
    """Write REQUEST down, so that a later command goes on with it, and bring the deployment there."""
    status.begin(command, doing.row.status)
    deployment.write(doing.files, request)
    deployment.drop_old_templates(doing.files, request)
    return _change(doing, command, playbook, plan, observer)


def _change(doing: Work, command: str, playbook: str, plan: Plan, observer: Observer) -> Outcome:
    outcome = _run(doing, command, playbook, plan, observer)
    request = deployment.read(doing.files)
    if outcome.state == store.OK and request.removals:
        # The nodes are gone. Kept, their names would only stand in the way of later ones.
        deployment.write(doing.files, dataclasses.replace(request, removals={}))
    return outcome


def _destroy(doing: Work, observer: Observer) -> Outcome:
    if not doing.files.source.exists():
        # The name and the site are enough: the nodes are found by their labels.
        deployment.write(doing.files, Request(doing.row.name, "template/lost", site=doing.row.site))
    return work.run(doing, "destroy", "indigo.paas.destroy", observer, Masker())


def _run(doing: Work, command: str, playbook: str, plan: Plan, observer: Observer) -> Outcome:
    hidden = Masker({**plan["inputs"], **deployment.read(doing.files).inputs})
    warnings = [collection.problem_text(warning) for warning in plan.get("warnings", [])]
    return work.run(doing, command, f"indigo.paas.{playbook}", observer, hidden, warnings)


def _plan(doing: Work, request: Request, counts: Mapping[str, int] | None = None) -> Plan:
    wanted = request.counts if counts is None else counts
    return collection.plan_template(doing.files.root / request.template, request.inputs, wanted, request.removals)


def _group_of(plan: Plan, name: str) -> dict[str, Any]:
    """Return the node group that NAME, of a node template or of a component, stands for."""
    groups: list[dict[str, Any]] = plan["groups"]
    by_name = {group[key]: group for key in ("hostname", "group", "name") for group in groups}
    hosts = {part["name"]: by_name[part["group"]] for part in plan["components"] if part["group"] in by_name}
    known = {**hosts, **by_name}
    if name not in known:
        raise BadInput(f"There is no node group {name!r}. There is {', '.join(group['name'] for group in groups)}.")
    return known[name]


def _removals(plan: Plan, nodes: Sequence[Mapping[str, Any]], remove: Sequence[str]) -> dict[str, list[str]]:
    """Return the nodes in REMOVE by their node template; raise BadInput for a node that is not there."""
    known = {node["name"]: node["group"] for node in nodes}
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(remove):
        if name not in known:
            raise BadInput(f"There is no node {name!r} to remove. There is {', '.join(known) or 'none'}.")
        found.setdefault(_group_of(plan, known[name])["name"], []).append(name)
    return found


def _wanted(found: Mapping[str, sites.Options], site: str | None) -> Mapping[str, sites.Options]:
    """Return the sites that have to be asked: only the one that is wanted, when it is known."""
    return {site: found[site]} if site and site in found else found
