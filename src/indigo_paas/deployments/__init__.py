# SPDX-License-Identifier: Apache-2.0
"""The deployments that the command line works on: those of this machine, or those of a server.

`of` is the one place that chooses; a command does not know which it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.engine.preview import Difference
    from indigo_paas.engine.work import Observer, Outcome
    from indigo_paas.ground.progress import Event
    from indigo_paas.templates.source import Template
    from indigo_paas.templates.target import Target


@dataclass(frozen=True)
class Entry:
    """A deployment in a list. nodes, template: None where a list does not tell. Times are epoch seconds.

    title: how its owner calls it at the service, None where nothing is said.
    """

    name: str
    uuid: str
    status: str
    interrupted: bool
    reason: str
    site: str | None
    nodes: int | None
    created: float
    updated: float
    template: str | None
    title: str | None


class Deployments(Protocol):
    """What can be asked of deployments, and done with them. Raises BadInput for a name that there is not."""

    def entries(self) -> list[Entry]:
        """Return all deployments."""

    def document(self, name: str) -> dict[str, Any]:
        """Return all that is known of a deployment as plain data, secrets masked."""

    def outputs(self, name: str) -> Mapping[str, Any]:
        """Return the outputs of a deployment."""

    def events(self, name: str, follow: bool) -> Iterator[Event]:
        """Yield what happened to a deployment; with FOLLOW, also what happens as long as it is worked on."""

    def kept(self, name: str) -> str:
        """Return where that is which is kept of a deployment beside its nodes, as the end of a sentence."""

    def how_to_go_on(self, outcome: Outcome) -> str:
        """Return the sentence that says what to do after a command has failed."""

    def deploy(
        self,
        template: Template,
        inputs: Mapping[str, Any],
        observer: Observer,
        name: str,
        only: Sequence[str],
        tries: Mapping[str, Any],
    ) -> Outcome:
        """See `verbs.deploy`."""

    def update(
        self,
        name: str,
        inputs: Mapping[str, Any],
        observer: Observer,
        template: Template | None,
        strict: bool | None,
        trust: bool | None,
    ) -> Outcome:
        """See `verbs.update`."""

    def scale(
        self, name: str, counts: Mapping[str, int], observer: Observer, remove: Sequence[str], spread: bool | None
    ) -> Outcome:
        """See `verbs.scale`."""

    def resume(self, name: str, observer: Observer) -> Outcome:
        """See `verbs.resume`."""

    def check(self, name: str, observer: Observer) -> Outcome:
        """See `verbs.check`."""

    def destroy(self, name: str, observer: Observer, force: bool) -> Outcome:
        """See `verbs.destroy`."""

    def preview_update(
        self,
        name: str,
        inputs: Mapping[str, Any],
        template: Template | None,
        strict: bool | None,
        trust: bool | None,
    ) -> tuple[Difference, Target]:
        """See `preview.update`."""

    def preview_scale(self, name: str, counts: Mapping[str, int], remove: Sequence[str]) -> tuple[Difference, Target]:
        """See `preview.scale`."""


def of(settings: Settings) -> Deployments:
    """Return the deployments that SETTINGS are about; raise BadInput for a URL that is none."""
    if settings.url:
        from indigo_paas.client import Orchestrator
        from indigo_paas.deployments.at_server import AtServer

        return AtServer(Orchestrator(settings.url))
    from indigo_paas.deployments.here import Here

    return Here(settings)
