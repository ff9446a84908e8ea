# SPDX-License-Identifier: Apache-2.0
"""What can be done with deployments: the verbs behind the command line and the REST API.

A verb checks first and changes nothing when what is asked for is wrong (BadInput); then it runs a
playbook of the collection and says what became of it (Outcome).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

    candidates: [{"site", "fits", "reasons"}], the best first. placement: how many nodes of which group would go where,
    {site: {group: count}}, the main site first; empty when nothing fits. available: the sites that answer.
    problems: why there is no choice.
    """

    plan: Plan
    candidates: list[dict[str, Any]]
    placement: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    available: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    @property
    def site(self) -> str | None:
        """The choice, the main site where there are several; None when nothing fits."""
        return next(iter(self.placement), None)

    def to_try(self, spread: bool, tries: int | None) -> list[str]:
        """Return the sites where the deployment may come to be: at most TRIES, unless it may be SPREAD."""
        if spread or self.plan.get("hybrid") or len(self.placement) > 1:
            return list(self.available)
        return [found["site"] for found in self.candidates if found["fits"]][:tries]


def plan(
    settings: Settings,
    template: Template,
    inputs: Mapping[str, Any],
    only: Sequence[str] = (),
    name: str | None = None,
    spread: bool = False,
) -> Planned:
    """Plan TEMPLATE and look for a site, without making anything. Raises BadInput for a wrong template.

    only: the sites to look at, all when there are none. spread: whether the nodes may go to several sites where no
    single one has room. name: of the deployment that it is for; what a site holds of it already counts as free there.
    """
    reading = sites.Reading(work.sites_source(settings))
    made = collection.plan_template(template, inputs)
    descriptions = collection.describe_sites(_to_ask(reading.result(), only))
    ranked = collection.candidates(made, descriptions, only, name)
    available = [description["name"] for description in descriptions if description["available"]]
    try:
        placed = collection.place(made, descriptions, only, name, spread)
    except BadInput as error:
        return Planned(made, ranked, available=available, problems=error.problems)
    return Planned(made, ranked, _shares(placed), available)


def deploy(
    settings: Settings,
    template: Template,
    inputs: Mapping[str, Any],
    observer: Observer,
    name: str | None = None,
    only: Sequence[str] = (),
    tries: Mapping[str, Any] | None = None,
) -> Outcome:
    """Make the deployment NAME (by default the template's file name) of TEMPLATE, or run it again.

    inputs: of an existing deployment, those that change. only: the sites to look at, all when there are none.
    tries: how sites are tried, where it is not as usual: spread, max_providers_retry, keep_last_attempt and
    provider_timeout of `Request`. Raises BadInput when NAME is a deployment of another template or at another site.
    """
    started = time.time()
    name = names.valid_name(name or template.deployment_name())
    if _exists(settings, name):
        return _deploy_again(settings, name, template, inputs, observer, only, tries or {})
    request = Request(name, "", strict=template.strict, trust_template=template.trust, **(tries or {}))
    planned = plan(settings, template, inputs, only, name, request.spread)
    if planned.site is None:
        raise BadInput(*planned.problems)
    request = dataclasses.replace(
        request,
        inputs={key: value for key, value in planned.plan["inputs"].items() if key in inputs},
        candidates=planned.to_try(request.spread, request.max_providers_retry),
    )
    copy = template.copy()
    about = {"template": template.title, "description": planned.plan.get("description") or "", "site": planned.site}
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
    spread: bool | None = None,
) -> Outcome:
    """Set the number of nodes of groups of the deployment NAME.

    counts: by node template or by component, which stands for the node template that hosts it.
    remove: names of nodes that shall go; without a count, their group shrinks by them.
    spread: whether new nodes may go to other sites from now on; None leaves it as it is.
    """
    with work.existing(settings, name, "scale") as doing:
        asked = wanted.scaled(doing.files, doing.row.nodes, counts, remove)
        if spread is not None:
            asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, spread=spread))
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


def destroy(settings: Settings, name: str, observer: Observer, force: bool = False) -> Outcome:
    """Delete the nodes of the deployment NAME, then all that is kept of it.

    force: also where something of it stays at its site, because it could not be cleaned, deleted or asked.
    """
    with work.existing(settings, name, "destroy") as doing:
        return _destroy(doing, observer, force)


def _exists(settings: Settings, name: str) -> bool:
    with work.opened(settings.home) as memory:
        return memory.deployment(name) is not None


def _deploy_again(
    settings: Settings,
    name: str,
    template: Template,
    inputs: Mapping[str, Any],
    observer: Observer,
    only: Sequence[str],
    tries: Mapping[str, Any],
) -> Outcome:
    with work.existing(settings, name, "deploy") as doing:
        kept = deployment.read(doing.files)
        if only and doing.row.site not in only:
            raise BadInput(f"{name} is at the site {doing.row.site}: destroy it before you deploy it at {only[0]}.")
        if template.copy().digest() != deployment.kept_digest(kept):
            again = template.given if template.path else "..."
            raise BadInput(
                f"{name} is a deployment of another template, or {template.name} has changed since. "
                f"'indigo-paas update {name} --template {again}' takes it over; "
                "--name makes another deployment."
            )
        asked = wanted.updated(doing.files, inputs, None, template.strict or None, template.trust or None)
        asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, **tries))
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
    request = deployment.read(doing.files)
    ready = dataclasses.replace(
        request, may_move=status.is_new(doing.row.status), candidates=_candidates(doing, request, asked.plan)
    )
    if ready != request:
        deployment.write(doing.files, ready)
    outcome = _run(doing, command, playbook, asked, observer)
    if outcome.state == store.OK:
        # The nodes are gone. Kept, their names would only stand in the way of later ones.
        done = dataclasses.replace(ready, removals={}, may_move=False)
        if outcome.sites:
            done = dataclasses.replace(done, site=None, candidates=outcome.sites)
        deployment.write(doing.files, done)
    return outcome


def _candidates(doing: Work, request: Request, made: Plan) -> list[str]:
    """Return the sites where the nodes may come to be: one that may be spread looks for room everywhere."""
    if not (request.spread or made.get("hybrid")) or status.is_new(doing.row.status):
        return request.candidates
    descriptions = collection.describe_sites(sites.Reading(work.sites_source(doing.settings, doing.row)).result())
    available = [description["name"] for description in descriptions if description["available"]]
    return [*request.candidates, *(name for name in available if name not in request.candidates)]


def _destroy(doing: Work, observer: Observer, force: bool = False) -> Outcome:
    if not doing.files.source.exists():
        # The name and the site are enough: the nodes are found by their labels.
        deployment.write(doing.files, Request(doing.row.name, "template/lost", site=doing.row.site))
    variables = {"paas_force": True} if force else {}
    return work.run(doing, "destroy", "indigo.paas.destroy", observer, Masker(), variables=variables)


def _run(doing: Work, command: str, playbook: str, asked: Wanted, observer: Observer) -> Outcome:
    hidden = Masker({**asked.plan["inputs"], **asked.request.inputs})
    warnings = collection.warnings(asked.plan, asked.template, asked.request.inputs)
    external = any(stage.get("external") for stage in asked.plan["stages"])
    return work.run(doing, command, f"indigo.paas.{playbook}", observer, hidden, warnings, external)


def _to_ask(found: Mapping[str, sites.Options], only: Sequence[str]) -> Mapping[str, sites.Options]:
    """Return the sites that have to be asked: only those that are wanted, when they are known."""
    return {name: found[name] for name in only} if only and all(name in found for name in only) else found


def _shares(placed: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return how many nodes of which group go where."""
    return {
        part["site"]: {group["name"]: group["count"] for group in part["groups"] if group["count"]}
        for part in placed["parts"]
    }
