# SPDX-License-Identifier: Apache-2.0
"""The deployments of a server: `indigo-paas serve`, or another Orchestrator as far as its API goes."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from indigo_paas.client import Deployment, Event, Garbled, Orchestrator
from indigo_paas.deployments import Entry, following, from_server, rewrite
from indigo_paas.deployments.following import Following
from indigo_paas.errors import BadInput, Conflict, IndigoError, NotFound
from indigo_paas.ground import names, status
from indigo_paas.ground.progress import Event as Told
from indigo_paas.ground.text import line
from indigo_paas.templates import collection
from indigo_paas.templates.source import Template

if TYPE_CHECKING:
    from indigo_paas.engine.preview import Difference
    from indigo_paas.engine.work import Observer, Outcome
    from indigo_paas.templates.target import Target

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LISTED = 10


class LeftRunning(IndigoError):
    """The user stopped watching what a server goes on with."""

    exit_code = 130


class AtServer:
    """What `Deployments` promises, by the API of a server.

    A deployment is called by its name where the server keeps names, and by its UUID everywhere.
    """

    def __init__(self, client: Orchestrator) -> None:
        self._client = client

    def entries(self) -> list[Entry]:
        return sorted(map(from_server.entry, self._client.deployments()), key=lambda entry: entry.name)

    def document(self, name: str) -> dict[str, Any]:
        found = self._find(name)
        return from_server.document(found, self._nodes(found.uuid), self._events(found.uuid))

    def outputs(self, name: str) -> Mapping[str, Any]:
        return self._find(name).outputs

    def events(self, name: str, follow: bool) -> Iterator[Told]:
        found = self._find(name)
        try:
            for each in self._client.events(found.uuid, until_now=not follow):
                event = from_server.event(each) if isinstance(each, Event) else None
                if event is not None:
                    yield event
        except NotFound:
            self._client.deployment(found.uuid)
            raise BadInput(
                f"{self._client.url} tells no events. 'indigo-paas show {name}' tells how the deployment is."
            ) from None

    def kept(self, name: str) -> str:
        return f"what {self._client.url} kept of it"

    def how_to_go_on(self, outcome: Outcome) -> str:
        if outcome.status == status.CREATE_FAILED:
            return _anew(outcome.name)
        return f"'indigo-paas resume {outcome.name}' goes on when the cause is mended."

    def deploy(
        self,
        template: Template,
        inputs: Mapping[str, Any],
        observer: Observer,
        name: str,
        only: Sequence[str],
        tries: Mapping[str, Any],
    ) -> Outcome:
        _require_said_here(site=only, spread=tries.get("spread"), strict=template.strict, trust_template=template.trust)
        names.valid_name(name)
        text, options = _text_of(template), _options(tries)
        _require_taken(text, inputs)
        known = [one for one in self._client.deployments() if one.name == name]
        if known:
            return self._deploy_again(_only(known, name), template, text, inputs, options, observer)
        with _LeftAlone(lambda: "'indigo-paas list' says whether the server took it."):
            made = self._client.create(text, inputs, name=name, **options)
        return self._watch("deploy", made, observer, None)

    def update(
        self,
        name: str,
        inputs: Mapping[str, Any],
        observer: Observer,
        template: Template | None,
        strict: bool | None,
        trust: bool | None,
    ) -> Outcome:
        _require_said_here(
            strict=strict or (template and template.strict), trust_template=trust or (template and template.trust)
        )
        new = _text_of(template) if template else None
        found = self._find(name)
        text = self._client.template(found.uuid) if new is None else new
        _require_taken(text, inputs)
        return self._change("update", found, text, inputs, {}, observer)

    def scale(
        self, name: str, counts: Mapping[str, int], observer: Observer, remove: Sequence[str], spread: bool | None
    ) -> Outcome:
        _require_said_here(spread=spread)
        found = self._find(name)
        text = self._client.template(found.uuid)
        wanted = {rewrite.group_of(text, group): count for group, count in counts.items()}
        here, removals = self._removals(found, remove)
        shrunk = {group: max(0, here[group] - len(uuids)) for group, uuids in removals.items()}
        new = rewrite.scaled(text, {**shrunk, **wanted}, removals)
        return self._change("scale", found, new.text, new.inputs, {}, observer)

    def resume(self, name: str, observer: Observer) -> Outcome:
        found = self._find(name)
        if status.to_resume(found.status) == "destroy":
            return self._destroy(found, observer, False)
        if not found.at_rest:
            return self._watch("deploy", found, observer, following.last_event(self._client, found.uuid))
        return self._change("deploy", found, self._client.template(found.uuid), {}, {}, observer)

    def check(self, name: str, observer: Observer) -> Outcome:
        raise _cannot("check a deployment alone", f"'indigo-paas resume {name}' looks it over, checks and repairs")

    def destroy(self, name: str, observer: Observer, force: bool) -> Outcome:
        return self._destroy(self._find(name), observer, force)

    def preview_update(
        self,
        name: str,
        inputs: Mapping[str, Any],
        template: Template | None,
        strict: bool | None,
        trust: bool | None,
    ) -> tuple[Difference, Target]:
        raise _cannot("say what would change", "it refuses what is wrong, and changes nothing then")

    def preview_scale(self, name: str, counts: Mapping[str, int], remove: Sequence[str]) -> tuple[Difference, Target]:
        raise _cannot("say what would change", "it refuses what is wrong, and changes nothing then")

    def _deploy_again(
        self,
        found: Deployment,
        template: Template,
        text: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any],
        observer: Observer,
    ) -> Outcome:
        if self._client.template(found.uuid) != text:
            name, again = from_server.name_of(found), template.given if template.path else "..."
            raise BadInput(
                f"{name} is a deployment of another template, or {template.name} has changed since. "
                f"'indigo-paas update {name} --template {again}' takes it over; --name makes another deployment."
            )
        return self._change("deploy", found, text, inputs, options, observer)

    def _change(
        self,
        command: str,
        found: Deployment,
        text: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any],
        observer: Observer,
    ) -> Outcome:
        before = following.last_event(self._client, found.uuid)
        with _LeftAlone(lambda: f"'indigo-paas show {from_server.name_of(found)}' says whether the server took it."):
            try:
                self._client.update(found.uuid, text, inputs, **options)
            except Conflict as error:
                if found.status != status.CREATE_FAILED:
                    raise
                raise Conflict(f"{str(error).rstrip('.')}. {_anew(from_server.name_of(found))}") from None
        return self._watch(command, found, observer, before)

    def _destroy(self, found: Deployment, observer: Observer, force: bool) -> Outcome:
        before = following.last_event(self._client, found.uuid)
        if found.status != status.DELETE_IN_PROGRESS:
            with _LeftAlone(
                lambda: f"'indigo-paas show {from_server.name_of(found)}' says whether the server took it."
            ):
                self._client.delete(found.uuid, force)
        return self._watch("destroy", found, observer, before)

    def _watch(self, command: str, found: Deployment, observer: Observer, after: int | None) -> Outcome:
        """Follow what the server does until it is at rest, and return what became of it."""
        started, name = time.time(), from_server.name_of(found)
        run = Following(self._client, found.uuid, observer)
        with _LeftAlone(lambda: _how_to_come_back(name, command, self._client.url)):
            run.say(f"{self._client.url} works on it as {found.uuid}.")
            now = run.until_rest(after)
            nodes = self._nodes(found.uuid) if now else []
        return _outcome(command, found, now, nodes, run, time.time() - started)

    def _find(self, name: str) -> Deployment:
        """Return the deployment with this name or UUID; raise BadInput where there is none, or several."""
        if _UUID.fullmatch(name):
            return self._client.deployment(name.lower())
        known = list(self._client.deployments())
        found = [one for one in known if one.name == name]
        if found:
            return _only(found, name)
        callable_by = [from_server.name_of(one) for one in known]
        near = difflib.get_close_matches(name, callable_by, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(callable_by[:_LISTED])}."
        raise BadInput(
            f"There is no deployment {name!r} at {self._client.url}. {hint if known else 'There is none at all.'}"
        )

    def _nodes(self, uuid: str) -> list[dict[str, Any]]:
        """Return the nodes as far as the server tells them; it may be gone meanwhile."""
        try:
            return from_server.nodes(self._client.extrainfo(uuid), self._client.resources(uuid))
        except (NotFound, Garbled):
            return []

    def _events(self, uuid: str) -> list[Event]:
        """Return what happened until now, nothing where the server tells none."""
        try:
            return [each for each in self._client.events(uuid, until_now=True) if isinstance(each, Event)]
        except NotFound:
            return []

    def _removals(
        self, found: Deployment, remove: Sequence[str]
    ) -> tuple[Mapping[str, int], Mapping[str, Sequence[str]]]:
        """Return how many nodes each node template has, and the resources of those to REMOVE, by node template."""
        machines = [each for each in self._client.resources(found.uuid) if each.physical_id] if remove else []
        by_name = {each.physical_id: each for each in machines}
        counts: dict[str, int] = {}
        for each in machines:
            counts[each.name] = counts.get(each.name, 0) + 1
        removals: dict[str, list[str]] = {}
        for name in dict.fromkeys(remove):
            if name not in by_name:
                known = ", ".join(line(each) for each in by_name) or "none"
                raise BadInput(f"There is no node {name!r} to remove. There is {known}.")
            removals.setdefault(by_name[name].name, []).append(by_name[name].uuid)
        return counts, removals


class _LeftAlone:
    """Turns Ctrl-C into a sentence: the server goes on."""

    def __init__(self, told: Callable[[], str]) -> None:
        self._told = told

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            raise LeftRunning(self._told()) from None


def _only(found: Sequence[Deployment], name: str) -> Deployment:
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{one.uuid} of {one.owner.subject if one.owner else 'nobody'}" for one in found)
    raise BadInput(f"Several users call a deployment {name!r}: name it by its UUID. There is {listed}.")


def _cannot(what: str, instead: str) -> BadInput:
    return BadInput(f"A server cannot {what}: {instead}.")


def _anew(name: str) -> str:
    return f"A server does not go on with what was never complete: 'indigo-paas destroy {name}', and deploy it again."


def _how_to_come_back(name: str, command: str, url: str) -> str:
    stop = "" if command == "destroy" else f", and 'indigo-paas destroy {name}' ends it"
    return f"{url} goes on with {name}: 'indigo-paas events {name} -f' follows it{stop}."


def _outcome(
    command: str,
    found: Deployment,
    now: Deployment | None,
    nodes: list[dict[str, Any]],
    run: Following,
    seconds: float,
) -> Outcome:
    from indigo_paas.engine.work import Outcome

    gone = now is None
    ended = now or dataclasses.replace(found, status=status.DELETE_COMPLETE, outputs={}, reason="")
    wanted = status.DELETE_COMPLETE if command == "destroy" else None
    ok = ended.status == wanted if wanted else ended.status in (status.CREATE_COMPLETE, status.UPDATE_COMPLETE)
    reason = "" if ok else "It was deleted meanwhile." if gone else ended.reason or f"It is {ended.status}."
    return Outcome(
        name=from_server.name_of(found),
        command=command,
        state="ok" if ok else "failed",
        status=ended.status,
        reason=reason,
        site=ended.site,
        nodes=nodes,
        outputs=dict(ended.outputs),
        changed=run.progress.changed,
        steps=from_server.steps(run.progress),
        seconds=round(seconds, 3),
    )


def _require_said_here(**said: Any) -> None:
    """Raise BadInput for what a server cannot be told."""
    for option, value in said.items():
        if value:
            raise BadInput(f"--{option.replace('_', '-')} cannot be said to a server, which decides that itself.")


def _options(tries: Mapping[str, Any]) -> dict[str, Any]:
    """Return how sites are tried, in the words of a DeploymentRequest."""
    minutes = tries.get("provider_timeout")
    return {
        "maxProvidersRetry": tries.get("max_providers_retry"),
        "keepLastAttempt": tries.get("keep_last_attempt"),
        "providerTimeoutMins": None if minutes is None else max(1, math.ceil(minutes)),
    }


def _require_taken(text: str, inputs: Mapping[str, Any]) -> None:
    """Raise BadInput for one of INPUTS that the template TEXT has not: a server would ignore it."""
    if inputs:
        collection.require_taken(Template.of_text(text), inputs)


def _text_of(template: Template) -> str:
    """Return the text of TEMPLATE; raise BadInput for one of several files, which a server does not take."""
    copy = template.copy()
    data = copy.files[copy.main]
    if collection.is_archive(data):
        raise BadInput(f"{template.name} is an archive, and a server takes the text of one template.")
    if len(copy.files) > 1:
        others = ", ".join(sorted(line(path) for path in copy.files if path != copy.main))
        raise BadInput(f"{template.name} needs other files ({others}), and a server takes the text of one template.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{template.name} is no text in UTF-8: {error.reason} at byte {error.start}.") from None
