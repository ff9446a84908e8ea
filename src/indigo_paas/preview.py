# SPDX-License-Identifier: Apache-2.0
"""What a command would change, without a lock, a playbook, or a change to any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from indigo_paas import collection, views, wanted
from indigo_paas.settings import Settings
from indigo_paas.source import Template
from indigo_paas.wanted import Wanted

Difference = dict[str, Any]


def update(
    settings: Settings,
    name: str,
    inputs: Mapping[str, Any],
    template: Template | None = None,
    strict: bool | None = None,
    trust: bool | None = None,
) -> tuple[Difference, Wanted]:
    """Return what `engine.update` would change of the deployment NAME, secrets masked, and what it would ask for."""
    row = views.view(settings, name).deployment
    files = settings.home.deployment(name)
    asked = wanted.updated(files, inputs, template, strict, trust)
    return _difference(wanted.now(files), asked, row.nodes), asked


def scale(
    settings: Settings, name: str, counts: Mapping[str, int], remove: Sequence[str] = ()
) -> tuple[Difference, Wanted]:
    """Return what `engine.scale` would change of the deployment NAME, secrets masked, and what it would ask for."""
    row = views.view(settings, name).deployment
    files = settings.home.deployment(name)
    asked = wanted.scaled(files, row.nodes, counts, remove)
    return _difference(wanted.now(files), asked, row.nodes), asked


def _difference(before: Wanted, after: Wanted, nodes: Sequence[Mapping[str, Any]]) -> Difference:
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
