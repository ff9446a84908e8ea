# SPDX-License-Identifier: Apache-2.0
"""Why a site was chosen, as text: the table of the terms by which sites were compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from indigo_paas.ground.text import line

Data = Mapping[str, Any]

FIRST = ("rank", "site", "SLA weight", "priority")


def why_lines(candidates: Sequence[Data]) -> Iterator[str]:
    """Yield the lines that explain the order of CANDIDATES, as `brokering.candidates` returns them."""
    if not candidates:
        return
    yield "Why, in this order (SLA weight first, then priority, then the score):"
    yield from _table([_head(candidates[0]), *map(_row, candidates)])
    for candidate in candidates:
        yield f"  {line(candidate['site'])}:"
        if candidate["home"]:
            yield "    the deployment has nodes there"
        for term in candidate["terms"]:
            told = f"{term['value']:.3f} x {term['weight']:.4g} = {term['points']:.3f}"
            yield f"    {term['name']}: {told} ({line(term['because'])})"
        for reason in candidate["reasons"]:
            yield f"    cannot hold it: {line(reason)}"


def _head(candidate: Data) -> list[str]:
    return [*FIRST, *(term["name"] for term in candidate["terms"]), "score"]


def _row(candidate: Data) -> list[str]:
    rank = "-" if candidate["rank"] is None else str(candidate["rank"])
    first = [rank, line(candidate["site"]), f"{candidate['sla_weight']:.4g}", str(candidate["priority"])]
    return [*first, *(f"{term['points']:.3f}" for term in candidate["terms"]), f"{candidate['score']:.3f}"]


def _table(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield ("  " + "  ".join(map(str.ljust, row, widths))).rstrip()
