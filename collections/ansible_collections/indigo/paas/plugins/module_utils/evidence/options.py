# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's variables say of it: checked before anything is asked of anybody. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.brokering.terms import PROBES, SCALES, WEIGHTS
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.evidence.agreements import read_agreement

Data = Mapping[str, Any]

SOURCES = ("slam", "cmdb", "monitoring")
TEXTS = (*SOURCES, "customer", "token_file")
RANKING = (*TEXTS, "weights", "scales", "factors", "require")
REQUIRABLE = ("sla", "data")
METRICS = (
    "create_result",
    *PROBES,
    *(f"{what}_{part}" for what in ("cpus", "gpus", "mem") for part in ("total", "used")),
)


def option_problems(site: str, options: Data) -> list[Problem]:
    """Return what is wrong with the agreements, metrics and ranking among the OPTIONS of SITE."""
    return [
        *_agreement_problems(site, options["agreements"]),
        *_number_problems(site, "metrics", options["metrics"], METRICS, least=0),
        *_ranking_problems(site, options["ranking"]),
    ]


def _agreement_problems(site: str, entries: Iterable[Any]) -> Iterator[Problem]:
    for number, entry in enumerate(entries, start=1):
        try:
            read_agreement(entry)
        except ValueError as error:
            yield Problem(f"Site '{site}', agreement {number}: {error}")


def _ranking_problems(site: str, ranking: Data) -> Iterator[Problem]:
    for name in ranking:
        if name not in RANKING:
            hint = did_you_mean(name, RANKING, what="keys")
            yield Problem(f"Site '{site}': site_ranking has no key '{name}'", hint=hint)
    for name in TEXTS:
        if ranking.get(name) is not None and not isinstance(ranking[name], str):
            yield Problem(f"Site '{site}': {name} of site_ranking must be text, not {ranking[name]!r:.80}")
    yield from _number_problems(site, "weights of site_ranking", ranking.get("weights"), tuple(WEIGHTS), least=0)
    yield from _number_problems(site, "scales of site_ranking", ranking.get("scales"), tuple(SCALES), above=0)
    yield from _number_problems(site, "factors of site_ranking", ranking.get("factors"), None, least=0)
    yield from _requirement_problems(site, ranking.get("require"))
    if ranking.get("slam") and not ranking.get("customer"):
        hint = "Set customer to the name by which SLAM knows whom the deployments are for."
        yield Problem(f"Site '{site}': site_ranking names slam without a customer", hint=hint)


def _requirement_problems(site: str, required: Any) -> Iterator[Problem]:
    if required is None:
        return
    known = isinstance(required, list) and all(name in REQUIRABLE for name in required)
    if not known:
        yield Problem(f"Site '{site}': require of site_ranking must be a list of {', '.join(REQUIRABLE)}")


def _number_problems(
    site: str,
    what: str,
    given: Any,
    known: tuple[str, ...] | None,
    least: float | None = None,
    above: float | None = None,
) -> Iterator[Problem]:
    if given is None:
        return
    if not isinstance(given, dict):
        yield Problem(f"Site '{site}': {what} must be a dictionary, not {given!r:.80}")
        return
    for name, value in given.items():
        if known is not None and name not in known:
            hint = did_you_mean(name, known, what="names")
            yield Problem(f"Site '{site}': {what} have no '{name}'", hint=hint)
        elif not _is_number(value) or (least is not None and value < least) or (above is not None and value <= above):
            limit = f"of {least:g} or more" if least is not None else f"above {above:g}"
            yield Problem(f"Site '{site}': '{name}' of {what} must be a number {limit}, not {value!r:.80}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
