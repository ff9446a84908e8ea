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
from typing import Any

from indigo_paas import collection, deployment, names, sites, status, store, wanted, work
from indigo_paas.deployment import Request
from indigo_paas.errors import BadInput, Problem
from indigo_paas.settings import Settings
from indigo_paas.source import Template
from indigo_paas.text import Masker
from indigo_paas.wanted import Plan, Wanted
from indigo_paas.work import Observer, Outcome, Work


@dataclass(frozen=True)
class Planned:
    """A plan and where it could go.

    candidates: [{"site", "fits", "reasons"}], the best first. site: the choice, None when nothing fits.
    problems: why there is no choice.
    """

    plan: Plan
    candidates: list[dict[str, Any]]
    site: str | None
    problems: Sequence[Problem] = ()


def plan(
    settings: Settings,
    template: Template,
    inputs: Mapping[str, Any],
    site: str | None = None,
    name: str | None = None,
) -> Planned:
    """Plan TEMPLATE and look for a site, without making anything. Raises BadInput for a wrong template.

    name: of the deployment that it is for; what a site holds of it already counts as free there.
    """
    reading = sites.Reading(work.sites_source(settings))
    made = collection.plan_template(template, inputs)
    descriptions = collection.describe_sites(_to_ask(reading.result(), site))
    ranked = collection.candidates(made, descriptions, site, name)
    try:
        return Planned(made, ranked, collection.choose_site(made, descriptions, site, name))
    except BadInput as error:
        return Planned(made, ranked, None, error.problems)


def deploy(
    settings: Settings,
    template: Template,
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
    name = names.valid_name(name or template.deployment_name())
    if _exists(settings, name):
        return _deploy_again(settings, name, template, inputs, observer, site)
    planned = plan(settings, template, inputs, site, name)
    if planned.site is None:
        raise BadInput(*planned.problems)
    given = {key: value for key, value in planned.plan["inputs"].items() if key in inputs}
    copy = template.copy()
    request = Request(name, "", given, planned.site, strict=template.strict, trust_template=template.trust)
    about = {"template": template.title, "description": planned.plan.get("description") or ""}
    with work.new(settings, request, copy, about, started) as doing:
        asked = Wanted(deployment.read(doing.files), planned.plan, template)
        return _change(doing, "deploy", "deploy", asked, observer)


def update(
    settings: Settings,
    name: str,
    inputs: Mapping[str, Any],
    observer: Observer,
    template: Template | None = None,
    strict: bool | None = None,
    trust: bool | None = None,
) -> Outcome:
    """Change inputs of the deployment NAME, its whole template, or how that is read (see `wanted.updated`)."""
    with work.existing(settings, name, "update") as doing:
        asked = wanted.updated(doing.files, inputs, template, strict, trust)
        return _apply(doing, "update", "deploy", asked, observer)


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
        asked = wanted.scaled(doing.files, doing.row.nodes, counts, remove)
        return _apply(doing, "scale", "scale", asked, observer)


def resume(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Go on with what the deployment NAME was left at; a complete one is looked over and repaired."""
    with work.existing(settings, name, "resume") as doing:
        if status.to_resume(doing.row.status) == "destroy":
            return _destroy(doing, observer)
        return _change(doing, "deploy", "deploy", wanted.now(doing.files), observer)


def check(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Ask the services of the deployment NAME whether they serve; its status stays."""
    with work.existing(settings, name, "check") as doing:
        status.require_kept(doing.row.status)
        return _run(doing, "check", "check", wanted.now(doing.files), observer)


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
    template: Template,
    inputs: Mapping[str, Any],
    observer: Observer,
    site: str | None,
) -> Outcome:
    with work.existing(settings, name, "deploy") as doing:
        kept = deployment.read(doing.files)
        if site and site != doing.row.site:
            raise BadInput(f"{name} is at the site {doing.row.site}: destroy it before you deploy it at {site}.")
        if template.copy().digest() != deployment.kept_digest(kept):
            again = template.given if template.path else "..."
            raise BadInput(
                f"{name} is a deployment of another template, or {template.name} has changed since. "
                f"'indigo-paas update {name} --template {again}' takes it over; "
                "--name makes another deployment."
            )
        asked = wanted.updated(doing.files, inputs, None, template.strict or None, template.trust or None)
        return _apply(doing, "deploy", "deploy", asked, observer)


def _apply(doing: Work, command: str, playbook: str, asked: Wanted, observer: Observer) -> Outcome:
    """Write down what is ASKED, so that a later command goes on with it, and bring the deployment there."""
    status.begin(command, doing.row.status)
    request = asked.request
    if asked.is_new:
        request = dataclasses.replace(request, template=deployment.keep_template(doing.files, asked.template.copy()))
    deployment.write(doing.files, request)
    deployment.drop_old_templates(doing.files, request)
    return _change(doing, command, playbook, asked, observer)


def _change(doing: Work, command: str, playbook: str, asked: Wanted, observer: Observer) -> Outcome:
    outcome = _run(doing, command, playbook, asked, observer)
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


def _run(doing: Work, command: str, playbook: str, asked: Wanted, observer: Observer) -> Outcome:
    hidden = Masker({**asked.plan["inputs"], **asked.request.inputs})
    warnings = collection.warnings(asked.plan, asked.template, asked.request.inputs)
    external = any(stage.get("external") for stage in asked.plan["stages"])
    return work.run(doing, command, f"indigo.paas.{playbook}", observer, hidden, warnings, external)


def _to_ask(found: Mapping[str, sites.Options], site: str | None) -> Mapping[str, sites.Options]:
    """Return the sites that have to be asked: only the one that is wanted, when it is known."""
    return {site: found[site]} if site and site in found else found
