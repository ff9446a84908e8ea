# SPDX-License-Identifier: Apache-2.0
"""The deployments of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from indigo_paas.deployments import Entry
from indigo_paas.engine import overview, preview, verbs, work
from indigo_paas.engine.preview import Difference
from indigo_paas.engine.work import Observer, Outcome
from indigo_paas.ground import lock
from indigo_paas.ground.progress import Event
from indigo_paas.ground.text import line
from indigo_paas.runner.settings import Settings
from indigo_paas.templates.source import Template
from indigo_paas.templates.target import Target

_PAUSE = 0.5  # seconds between two looks


class Here:
    """What `Deployments` promises, by the engine and the store of SETTINGS."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def entries(self) -> list[Entry]:
        return [_entry(view) for view in overview.views(self._settings)]

    def document(self, name: str) -> dict[str, Any]:
        return overview.document(self._settings, name)

    def outputs(self, name: str) -> Mapping[str, Any]:
        return overview.view(self._settings, name).deployment.outputs

    def events(self, name: str, follow: bool) -> Iterator[Event]:
        with work.opened(self._settings) as memory:
            work.require(memory, name)
            last = 0
            while True:
                # Looked at before the events: what the command writes at its end is not missed.
                working = lock.is_held(self._settings.home.deployment(name).lock) or bool(memory.jobs.open(name))
                for number, event in memory.events(name, last):
                    last = number
                    yield event
                if not (follow and working):
                    return
                time.sleep(_PAUSE)

    def kept(self, name: str) -> str:
        return f"the files in {line(self._settings.home.deployment(name).root)}"

    def how_to_go_on(self, outcome: Outcome) -> str:
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
        return verbs.deploy(self._settings, template, inputs, observer, name, only, tries)

    def update(
        self,
        name: str,
        inputs: Mapping[str, Any],
        observer: Observer,
        template: Template | None,
        strict: bool | None,
        trust: bool | None,
    ) -> Outcome:
        return verbs.update(self._settings, name, inputs, observer, template, strict, trust)

    def scale(
        self, name: str, counts: Mapping[str, int], observer: Observer, remove: Sequence[str], spread: bool | None
    ) -> Outcome:
        return verbs.scale(self._settings, name, counts, observer, remove, spread)

    def resume(self, name: str, observer: Observer) -> Outcome:
        return verbs.resume(self._settings, name, observer)

    def check(self, name: str, observer: Observer) -> Outcome:
        return verbs.check(self._settings, name, observer)

    def destroy(self, name: str, observer: Observer, force: bool) -> Outcome:
        return verbs.destroy(self._settings, name, observer, force)

    def preview_update(
        self,
        name: str,
        inputs: Mapping[str, Any],
        template: Template | None,
        strict: bool | None,
        trust: bool | None,
    ) -> tuple[Difference, Target]:
        return preview.update(self._settings, name, inputs, template, strict, trust)

    def preview_scale(self, name: str, counts: Mapping[str, int], remove: Sequence[str]) -> tuple[Difference, Target]:
        return preview.scale(self._settings, name, counts, remove)


def _entry(view: overview.View) -> Entry:
    row = view.deployment
    return Entry(
        name=row.name,
        uuid=row.uuid,
        status=view.status,
        interrupted=view.interrupted,
        reason=view.reason,
        site=row.site,
        nodes=len(row.nodes),
        created=row.created,
        updated=row.updated,
        template=row.template,
        title=row.title,
    )
