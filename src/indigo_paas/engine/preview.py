# SPDX-License-Identifier: Apache-2.0
"""What a command would change, without a lock, a playbook, or a change to any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from indigo_paas.engine import overview
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import collection, target
from indigo_paas.templates.source import Template
from indigo_paas.templates.target import Target

Difference = dict[str, Any]


def update(
    settings: Settings,
    name: str,
    inputs: Mapping[str, Any],
    template: Template | None = None,
    strict: bool | None = None,
    trust: bool | None = None,
) -> tuple[Difference, Target]:
    """Return what `verbs.update` would change of the deployment NAME, secrets masked, and what it would ask for."""
    row = overview.view(settings, name).deployment
    files = settings.home.deployment(name)
    asked = target.updated(files, inputs, template, strict, trust)
    return _difference(target.now(files), asked, row.nodes), asked


def scale(
    settings: Settings, name: str, counts: Mapping[str, int], remove: Sequence[str] = ()
) -> tuple[Difference, Target]:
    """Return what `verbs.scale` would change of the deployment NAME, secrets masked, and what it would ask for."""
    row = overview.view(settings, name).deployment
    files = settings.home.deployment(name)
    asked = target.scaled(files, row.nodes, counts, remove)
    return _difference(target.now(files), asked, row.nodes), asked


def _difference(before: Target, after: Target, nodes: Sequence[Mapping[str, Any]]) -> Difference:
    difference = collection.plan_diff(before.plan, after.plan, nodes)
    for asked in (before, after):
        masker = asked.masker()
        for field in _fields(difference):
            name = str(field["name"]).rpartition(": ")[2]
            field |= {side: masker.entry(name, field[side]) for side in ("old", "new")}
    return difference


def _fields(difference: Difference) -> list[dict[str, Any]]:
    lists = ("groups", "components", "applications")
    nested = [field for name in lists for item in difference[name] for field in item["fields"]]
    return [*nested, *difference["inputs"], *difference["outputs"]]
