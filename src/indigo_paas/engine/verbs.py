# SPDX-License-Identifier: Apache-2.0
"""What can be done with deployments: the verbs behind the command line and the REST API.

A verb checks first and changes nothing when what is asked for is wrong (BadInput); then it runs a
playbook of the collection and says what became of it (Outcome).
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from indigo_paas import store
from indigo_paas.engine import attempt, sites, work
from indigo_paas.engine.work import Observer, Outcome, Work
from indigo_paas.errors import BadInput, IndigoError, Problem
from indigo_paas.ground import names, site_capacity, status
from indigo_paas.ground.masking import Masker
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import collection, kept_request, target
from indigo_paas.templates.kept_request import Request
from indigo_paas.templates.source import Template
from indigo_paas.templates.target import Plan, Target

PREPARES = "Machines from which images are prepared"


@dataclass(frozen=True)
class Planned:
    """A plan and where it could go.

    candidates: [{"site", "fits", "reasons"}], the best first. placement: how many nodes of which group would go where,
    {site: {group: count}}, the main site first; empty when nothing fits. available: the sites that answer.
    problems: why there is no choice. warnings: what of the plan the chosen sites do not do.
    endpoints: of the sites that were asked, {site: {"type", "endpoint"}}.
    machines: how many they could hold together, None where one does not say.
    images: what the nodes start from at the chosen sites, as lines for people, by site.
    """

    plan: Plan
    candidates: list[dict[str, Any]]
    placement: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    available: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    machines: int | None = None
    images: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
    options = reading.result()
    planned = _planned(made, options, only, name, spread)
    images = collection.starting_images(planned.plan, {site: options[site] for site in planned.placement})
    return dataclasses.replace(planned, images=images)


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
    name = names.valid_name(name or template.deployment_name())
    if _exists(settings, name):
        return _deploy_again(settings, name, template, inputs, observer, only, tries or {})
    started = time.time()
    reading = sites.Reading(work.sites_source(settings))
    wished = new(template, inputs, name, only, tries or {})
    found = reading.result()
    asked, place = _chosen(settings, wished, found)
    with _registered(settings, asked, place, started) as doing:
        outcome = _change(doing, "deploy", "deploy", asked, observer)
    if outcome.state == store.OK and outcome.site in found:
        return _prepare_after(settings, outcome, asked.plan, found[outcome.site], template, inputs, observer)
    return outcome


def _prepare_after(
    settings: Settings,
    outcome: Outcome,
    made: Plan,
    options: Mapping[str, Any],
    template: Template,
    inputs: Mapping[str, Any],
    observer: Observer,
) -> Outcome:
    """Prepare images where the site does that by itself; return OUTCOME, with a warning where that failed.

    options: of the site where the deployment is.
    """
    try:
        if not collection.lacks_images(made, str(outcome.site), options):
            return outcome
        prepared = prepare(settings, template, inputs, observer, [str(outcome.site)])
        reason = prepared.reason
    except IndigoError as error:
        reason = " ".join(map(str, error.problems))
    if not reason:
        return outcome
    text = f"No image was prepared for the next deployment: {reason}"
    warning = Problem(text, {"message": text, "severity": "warning"})
    return dataclasses.replace(outcome, warnings=[*outcome.warnings, warning])


def new(
    template: Template,
    inputs: Mapping[str, Any],
    name: str,
    only: Sequence[str] = (),
    tries: Mapping[str, Any] | None = None,
) -> Target:
    """Return what the new deployment NAME of TEMPLATE shall be; only and tries as of `deploy`.

    Its template is not kept yet. Raises BadInput for a wrong one.
    """
    made = collection.plan_template(template, inputs)
    request = Request(
        names.valid_name(name),
        "",
        inputs={key: value for key, value in made["inputs"].items() if key in inputs},
        candidates=list(only),
        strict=template.strict,
        trust_template=template.trust,
        **(tries or {}),
    )
    return Target(request, made, template)


def register(settings: Settings, asked: Target, about: Mapping[str, Any]) -> store.Deployment:
    """Write down the new deployment that is ASKED, which `resume` then makes.

    about: what else is kept of it, as `Store.add_deployment` takes it.
    """
    with _registered(settings, asked, about, time.time()) as doing:
        return doing.row


def prepare(
    settings: Settings,
    template: Template,
    inputs: Mapping[str, Any],
    observer: Observer,
    only: Sequence[str] = (),
    roles: Sequence[str] = (),
    again: bool = False,
) -> Outcome:
    """Prepare images for the nodes of TEMPLATE.

    The outcome's outputs tell of the `images` that were made, those that were `ready` before, and those `removed`.
    roles: what is installed besides the services of the template. again: whether images are made anew that are there.
    While it works, and after it was cut off, there is a deployment of the name `preparing`.
    """
    name = preparing(template)
    _clear_preparation(settings, name, observer)
    started = time.time()
    reading = sites.Reading(work.sites_source(settings))
    wished = new(template, inputs, name, only)
    asked, place = _chosen(settings, wished, reading.result())
    variables = {"paas_image_roles": list(roles), "paas_image_again": again}
    with _registered(settings, asked, {**place, "description": PREPARES}, started) as doing:
        warnings = collection.warnings(asked.plan, asked.template, asked.request.inputs)
        outcome = work.run(
            doing, "deploy", "indigo.paas.prepare", observer, asked.masker(), warnings, variables=variables
        )
        if outcome.state == store.OK:
            work.forget(doing)
        elif outcome.state == store.FAILED:
            _destroy(doing, observer)
        return outcome


def preparing(template: Template) -> str:
    """Return the name of the deployment that there is while images of TEMPLATE are prepared."""
    return names.valid_name(f"image-{template.deployment_name()}"[:40].rstrip("-"))


def _clear_preparation(settings: Settings, name: str, observer: Observer) -> None:
    """Remove what a preparation of this NAME that was cut off has left. Raises BadInput for any other deployment."""
    if not _exists(settings, name):
        return
    with work.existing(settings, name, "destroy") as doing:
        if doing.row.description != PREPARES:
            raise BadInput(
                f"There is a deployment {name}, a name that is needed here. Destroy it, or rename the template."
            )
        _destroy(doing, observer)


def update(
    settings: Settings,
    name: str,
    inputs: Mapping[str, Any],
    observer: Observer,
    template: Template | None = None,
    strict: bool | None = None,
    trust: bool | None = None,
) -> Outcome:
    """Change inputs of the deployment NAME, its whole template, or how that is read (see `target.updated`)."""
    with work.existing(settings, name, "update") as doing:
        asked = target.updated(doing.files, inputs, template, strict, trust)
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
        asked = target.scaled(doing.files, doing.row.nodes, counts, remove)
        if spread is not None:
            asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, spread=spread))
        return _apply(doing, "scale", "scale", asked, observer)


def resume(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Go on with what the deployment NAME was left at; a complete one is looked over and repaired.

    One that is only registered gets its sites first. Raises BadInput when none can hold it.
    """
    with work.existing(settings, name, "resume") as doing:
        if status.to_resume(doing.row.status) == "destroy":
            return _destroy(doing, observer)
        return _go_on(doing, "deploy", observer)


def propose(doing: Work, asked: Target) -> None:
    """Write down that the deployment shall become what is ASKED, which `carry_out` then does."""
    kept_request.propose(doing.files, _with_template(doing, asked))


def carry_out(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Bring the deployment NAME to what `propose` wrote down; go on with that where it was cut off."""
    with work.existing(settings, name, "update") as doing:
        kept_request.adopt(doing.files)
        return _go_on(doing, "update", observer)


def check(settings: Settings, name: str, observer: Observer) -> Outcome:
    """Ask the services of the deployment NAME whether they serve; its status stays."""
    with work.existing(settings, name, "check") as doing:
        status.require_kept(doing.row.status)
        return _run(doing, "check", "check", target.now(doing.files), observer)


def power(settings: Settings, name: str, nodes: Sequence[str], observer: Observer, *, running: bool) -> Outcome:
    """Start, if they shall be RUNNING, or stop NODES (names) of the deployment NAME; its status stays."""
    command = status.START if running else status.STOP
    with work.existing(settings, name, command) as doing:
        status.require_kept(doing.row.status)
        target.require_nodes(doing.row.nodes, nodes)
        variables = {"paas_power_nodes": list(nodes), "paas_power_state": "running" if running else "stopped"}
        return work.run(doing, command, "indigo.paas.power", observer, Masker(), variables=variables)


def destroy(settings: Settings, name: str, observer: Observer, force: bool = False) -> Outcome:
    """Delete the nodes of the deployment NAME, then all that is kept of it.

    force: also where something of it stays at its site, because it could not be cleaned, deleted or asked.
    """
    with work.existing(settings, name, "destroy") as doing:
        return _destroy(doing, observer, force)


def _exists(settings: Settings, name: str) -> bool:
    return work.looked(settings, lambda memory: memory.deployment(name)) is not None


def _planned(
    made: Plan, found: Mapping[str, sites.Options], only: Sequence[str], name: str | None, spread: bool
) -> Planned:
    descriptions = collection.describe_sites(_to_ask(found, only))
    ranked = collection.candidates(made, descriptions, only, name)
    available = [description["name"] for description in descriptions if description["available"]]
    machines = site_capacity.machines(descriptions)
    try:
        placed = collection.place(made, descriptions, only, name, spread)
    except BadInput as error:
        return Planned(made, ranked, available=available, problems=error.problems, machines=machines)
    endpoints = {each["name"]: {"type": each["type"], "endpoint": each.get("endpoint")} for each in descriptions}
    warnings = [Problem(text, {"message": text, "severity": "warning"}) for text in placed["warnings"]]
    return Planned(made, ranked, _shares(placed), available, (), warnings, endpoints, machines)


@contextlib.contextmanager
def _registered(settings: Settings, asked: Target, about: Mapping[str, Any], started: float) -> Iterator[Work]:
    """Write down the new deployment that is ASKED, and hold its lock."""
    told = {"template": asked.template.title, "description": asked.plan.get("description") or "", **about}
    with work.new(settings, asked.request, asked.template.copy(), told, started) as doing:
        yield doing


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
        if not doing.files.source.exists():
            return _give_template(doing, template, inputs, observer, tries)
        kept = kept_request.read(doing.files)
        if only and doing.row.site not in only:
            raise BadInput(f"{name} is at the site {doing.row.site}: destroy it before you deploy it at {only[0]}.")
        if template.copy().digest() != kept_request.kept_digest(kept):
            again = template.given if template.path else "..."
            raise BadInput(
                f"{name} is a deployment of another template, or {template.name} has changed since. "
                f"'indigo-paas update {name} --template {again}' takes it over; "
                "--name makes another deployment."
            )
        asked = target.updated(doing.files, inputs, None, template.strict or None, template.trust or None)
        asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, **tries))
        return _apply(doing, "deploy", "deploy", asked, observer)


def _give_template(
    doing: Work, template: Template, inputs: Mapping[str, Any], observer: Observer, tries: Mapping[str, Any]
) -> Outcome:
    """Give the deployment, whose files are lost, TEMPLATE; it stays where its nodes are."""
    asked = dataclasses.replace(new(template, inputs, doing.row.name, _places(doing), tries), is_new=True)
    told = {"template": asked.template.title, "description": asked.plan.get("description") or ""}
    doing.store.change_deployment(doing.row.name, **told)
    return _apply(doing, "deploy", "deploy", asked, observer)


def _places(doing: Work) -> list[str]:
    """Return the sites where the deployment has nodes, or its only one."""
    sites_of_nodes = (node.get("site") for node in doing.row.nodes)
    return [site for site in dict.fromkeys((doing.row.site, *sites_of_nodes)) if site]


def _apply(doing: Work, command: str, playbook: str, asked: Target, observer: Observer) -> Outcome:
    """Write down what is ASKED, so that a later command goes on with it, and bring the deployment there."""
    status.begin(command, doing.row.status)
    request = _with_template(doing, asked)
    kept_request.write(doing.files, request)
    kept_request.drop_old_templates(doing.files, request)
    return _change(doing, command, playbook, asked, observer)


def _with_template(doing: Work, asked: Target) -> Request:
    """Return the request that is ASKED, its template kept."""
    if not asked.is_new:
        return asked.request
    return dataclasses.replace(asked.request, template=kept_request.keep_template(doing.files, asked.template.copy()))


def _go_on(doing: Work, command: str, observer: Observer) -> Outcome:
    asked = target.now(doing.files)
    if doing.row.site is None:
        asked = _placed(doing, asked, sites.Reading(work.sites_source(doing.settings, doing.row)))
    return _change(doing, command, "deploy", asked, observer)


def _placed(doing: Work, asked: Target, reading: sites.Reading) -> Target:
    """Return what is ASKED with the sites where it may come to be, written down; BadInput where there are none."""
    doing.store.change_deployment(asked.request.name, task=status.BROKERING)
    placed, place = _chosen(doing.settings, asked, reading.result())
    kept_request.write(doing.files, placed.request)
    doing.store.change_deployment(asked.request.name, **place)
    doing.row = work.require(doing.store, asked.request.name)
    return placed


def _chosen(settings: Settings, asked: Target, found: Mapping[str, sites.Options]) -> tuple[Target, dict[str, Any]]:
    """Return what is ASKED with the sites where it may come to be, and what is kept of them; BadInput without any.

    Kept are the best one (site) and how they are reached (endpoints), as `Deployment` has them.
    """
    request = asked.request
    planned = _planned(asked.plan, found, request.candidates, request.name, request.spread)
    if not request.candidates:
        site_capacity.note(settings.home, planned.machines)
    if planned.site is None:
        raise BadInput(*planned.problems)
    request = dataclasses.replace(request, candidates=planned.to_try(request.spread, request.max_providers_retry))
    endpoints = {site: planned.endpoints[site] for site in {planned.site, *request.candidates}}
    return dataclasses.replace(asked, request=request), {"site": planned.site, "endpoints": endpoints}


def _change(doing: Work, command: str, playbook: str, asked: Target, observer: Observer) -> Outcome:
    request = kept_request.read(doing.files)
    ready = dataclasses.replace(
        request, may_move=status.is_new(doing.row.status), candidates=_candidates(doing, request, asked.plan)
    )
    if ready != request:
        kept_request.write(doing.files, ready)
    before = doing.row.nodes
    outcome = _run(doing, command, playbook, asked, observer)
    if outcome.state == store.FAILED and not ready.keep_last_attempt:
        return attempt.undo(doing, outcome, asked, before, observer, asked.masker())
    if outcome.state == store.OK:
        # The nodes are gone. Kept, their names would only stand in the way of later ones.
        done = dataclasses.replace(ready, removals={}, may_move=False)
        if outcome.sites:
            done = dataclasses.replace(done, site=None, candidates=outcome.sites)
        kept_request.write(doing.files, done)
    return outcome


def _candidates(doing: Work, request: Request, made: Plan) -> list[str]:
    """Return the sites where the nodes may come to be: one that may be spread looks for room everywhere."""
    if not (request.spread or made.get("hybrid")) or status.is_new(doing.row.status):
        return request.candidates
    descriptions = collection.describe_sites(sites.Reading(work.sites_source(doing.settings, doing.row)).result())
    available = [description["name"] for description in descriptions if description["available"]]
    return [*request.candidates, *(name for name in available if name not in request.candidates)]


def _destroy(doing: Work, observer: Observer, force: bool = False) -> Outcome:
    if doing.row.site is None and not doing.store.runs(doing.row.name):
        work.forget(doing)
        return work.gone(doing)
    if not doing.files.source.exists():
        # The name and the site are enough: the nodes are found by their labels.
        kept_request.write(doing.files, Request(doing.row.name, "template/lost", candidates=_places(doing)))
    variables = {"paas_force": True} if force else {}
    return work.run(doing, "destroy", "indigo.paas.destroy", observer, Masker(), variables=variables)


def _run(doing: Work, command: str, playbook: str, asked: Target, observer: Observer) -> Outcome:
    warnings = collection.warnings(asked.plan, asked.template, asked.request.inputs)
    external = any(stage.get("external") for stage in asked.plan["stages"])
    return work.run(doing, command, f"indigo.paas.{playbook}", observer, asked.masker(), warnings, external)


def _to_ask(found: Mapping[str, sites.Options], only: Sequence[str]) -> Mapping[str, sites.Options]:
    """Return the sites that have to be asked: only those that are wanted, when they are known."""
    return {name: found[name] for name in only} if only and all(name in found for name in only) else found


def _shares(placed: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return how many nodes of which group go where."""
    return {
        part["site"]: {group["name"]: group["count"] for group in part["groups"] if group["count"]}
        for part in placed["parts"]
    }
