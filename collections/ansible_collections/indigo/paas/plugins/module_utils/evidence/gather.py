# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing together, for each site, what its own variables and the services say of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.evidence import agreements, catalogue, metrics

if TYPE_CHECKING:
    from ansible_collections.indigo.paas.plugins.module_utils.evidence.sources import Sources

Data = Mapping[str, Any]


def gather(descriptions: Iterable[Data], now: datetime) -> list[dict[str, Any]]:
    """Return DESCRIPTIONS with what ranking reads: agreements in force, services with their metrics, data.

    now   the moment (naive, UTC) at which agreements must be in force

    A source that does not answer is no failure. It is told among the warnings of the sites that it is about.
    """
    known: dict[str, Sources] = {}
    return [_Gatherer(description, _sources(description, known)).gather(now) for description in descriptions]


def _sources(description: Data, known: dict[str, Sources]) -> Sources | None:
    """Return the sources of the site; sites with the same ones share them, and their answers."""
    ranking = description.get("ranking") or {}
    if not any(ranking.get(kind) for kind in ("slam", "cmdb", "monitoring")):
        return None
    # Imported late: what it needs is of no use to those who name no source.
    from ansible_collections.indigo.paas.plugins.module_utils.evidence.sources import Sources

    return known.setdefault(json.dumps(ranking, sort_keys=True, default=str), Sources(ranking))


class _Gatherer:
    """Gathers for one site."""

    def __init__(self, description: Data, sources: Sources | None) -> None:
        self._site = description
        self._sources = sources
        self._provider = str(description.get("provider") or description["name"])
        self._warnings: list[str] = []

    def gather(self, now: datetime) -> dict[str, Any]:
        listed = catalogue.services(self._ask("services", self._provider))
        service = self._site.get("service")
        ids = catalogue.own_and_parents(listed, service)
        return {
            **self._site,
            "own_account": bool(self._site.get("own_account")) or catalogue.own_account(listed, ids),
            "agreements": self._agreements(ids, now),
            "services": self._services(ids),
            "data": [*(self._site.get("data") or ()), *catalogue.storage_names(listed)],
            "warnings": [*(self._site.get("warnings") or ()), *self._warnings],
        }

    def _ask(self, what: str, *key: str) -> Data:
        if self._sources is None:
            return {}
        try:
            return getattr(self._sources, what)(*key) or {}
        except SiteError as error:
            self._warnings.append(f"{error}.")
            return {}

    def _agreements(self, services: list[str], now: datetime) -> list[dict[str, Any]]:
        written = agreements.of_provider(self._ask("preferences"), self._provider, services)
        found = []
        for entry in [*(self._site.get("agreements") or ()), *written]:
            try:
                agreement = agreements.read_agreement(entry)
            except ValueError as error:
                self._warnings.append(f"The agreement '{entry.get('id')}' does not count: {error}.")
                continue
            if agreements.in_force(agreement, now):
                found.append({key: agreement[key] for key in ("id", "weight", "targets")})
            else:
                self._warnings.append(f"The agreement '{agreement['id']}' is not in force.")
        return found

    def _services(self, ids: list[str]) -> list[dict[str, Any]]:
        own = self._site.get("metrics") or {}
        if own:
            return [{"id": self._site.get("service") or self._site["name"], "metrics": own}]
        measured = metrics.of_services(self._ask("metrics", self._provider))
        wanted = ids or list(measured)
        return [{"id": name, "metrics": measured[name]} for name in wanted if measured.get(name)]
