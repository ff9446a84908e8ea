# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terms by which sites are compared. Each is a number from 0, the worst, to 1, and says where it comes from.

A term looks at one site alone, never at the others: a site that comes or goes does not turn the order of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Data = Mapping[str, Any]

# What a term counts unless site_ranking says otherwise.
WEIGHTS = {"sla": 1.0, "monitoring": 1.0, "cost": 1.0, "data": 1.0, "use": 1.0}

# The amount at which a term is one half.
SCALES = {"sla": 100.0, "seconds": 10.0, "price": 0.1}

# Points of an agreement for one unit of a target: a minute of computing is a sixtieth of an hour.
FACTORS = {"computing_time": 1 / 60, "public_ip": 1.0}

# What a term is where nothing is known: neither good nor bad.
UNKNOWN = 0.5

# How much each probe of a cloud counts: making, asking for and deleting a machine.
PROBES = {"create_time": 100, "inspect_time": 100, "delete_time": 10}
FREE = ("cpus", "gpus", "mem")
KINDS = ("cpus", "memory", "nodes")


class Term(NamedTuple):
    """One term of a site: its value from 0 to 1, and where it comes from, as a phrase."""

    value: float
    because: str


def terms(plan: Data, description: Data) -> dict[str, Term]:
    """Return the terms of the site of DESCRIPTION for PLAN by name, in the order of a table."""
    return {
        "sla": sla(description),
        "monitoring": monitoring(description),
        "cost": cost(description),
        "data": data(plan, description),
        "use": use(description),
    }


def sla_weight(description: Data) -> float:
    """Return the weight that the agreements with the site carry: that of the weightiest, 0 without any."""
    return max((agreement.get("weight") or 0.0 for agreement in description.get("agreements") or ()), default=0.0)


def sla(description: Data) -> Term:
    """Return how much the agreements with the site promise: P / (P + scale) for P points."""
    agreements = description.get("agreements") or []
    if not agreements:
        return Term(0.0, "no agreement")
    factors = {**FACTORS, **_ranking(description, "factors")}
    targets = [target for agreement in agreements for target in agreement.get("targets") or ()]
    points = sum(factors.get(target["type"], 0.0) * sum(target["restrictions"].values()) for target in targets)
    because = f"{points:.4g} points of {_named(agreement['id'] for agreement in agreements)}"
    strange = sorted({str(target["type"]) for target in targets if target["type"] not in factors})
    if strange:
        because += f"; {', '.join(strange)} not counted"
    return Term(points / (points + _scale(description, "sla")), because)


def monitoring(description: Data) -> Term:
    """Return how well the site's services do: the mean of those that monitoring knows."""
    scale = _scale(description, "seconds")
    known = [found for service in description.get("services") or () if (found := _service(service, scale))]
    if not known:
        return Term(UNKNOWN, "not monitored")
    value = sum(found.value for found in known) / len(known)
    return Term(value, "; ".join(found.because for found in known))


def cost(description: Data) -> Term:
    """Return how cheap the site is: scale / (scale + price of one CPU for one hour)."""
    price = description.get("price") or 0.0
    scale = _scale(description, "price")
    return Term(scale / (scale + price), f"{price:.4g} a CPU and hour")


def data(plan: Data, description: Data) -> Term:
    """Return the share of the data that PLAN works on which the site serves."""
    wanted = plan.get("data") or []
    if not wanted:
        return Term(UNKNOWN, "no data asked for")
    served = [entry["name"] for entry in wanted if serves(entry, description)]
    return Term(len(served) / len(wanted), f"serves {_named(served) or 'none'} of {len(wanted)}")


def use(description: Data) -> Term:
    """Return the share of the site that is free, of what it has least of."""
    capacity, used = description["capacity"], description["used"]
    shares = {kind: used[kind] / capacity[kind] for kind in KINDS if capacity[kind]}
    busiest = max(shares, key=lambda kind: shares[kind], default=None)
    if busiest is None:
        return Term(0.0, "no capacity")
    taken = min(max(shares[busiest], 0.0), 1.0)
    return Term(1.0 - taken, f"{taken:.0%} of its {busiest} in use")


def serves(entry: Data, description: Data) -> bool:
    """Return whether the site serves the data of ENTRY {name, providers}, itself or by one of its providers."""
    at_site = {str(name).lower() for name in description.get("data") or ()}
    names = [entry["name"], *(entry.get("providers") or ())]
    return any(str(name).lower() in at_site for name in names)


def _service(service: Data, scale: float) -> Term | None:
    """Return the term of one SERVICE {id, metrics}; None where monitoring does not know it."""
    metrics = service.get("metrics") or {}
    name = service.get("id") or "the site"
    if metrics.get("create_result") is not None and metrics["create_result"] != 1:
        return Term(0.0, f"{name}: making a machine failed")
    timed = {probe: metrics[probe] / 1000 for probe in PROBES if (metrics.get(probe) or 0) > 0}
    if timed:
        weight = sum(PROBES[probe] for probe in timed)
        value = sum(PROBES[probe] * scale / (scale + seconds) for probe, seconds in timed.items()) / weight
        told = ", ".join(f"{probe.partition('_')[0]} {seconds:.3g} s" for probe, seconds in timed.items())
        return Term(value, f"{name}: {told}")
    free = {what: _free(metrics, what) for what in FREE if metrics.get(f"{what}_total")}
    if free:
        told = ", ".join(f"{share:.0%} of {what}" for what, share in free.items())
        return Term(sum(free.values()) / len(free), f"{name}: {told} free")
    return None


def _free(metrics: Data, what: str) -> float:
    share: float = 1 - (metrics.get(f"{what}_used") or 0) / metrics[f"{what}_total"]
    return min(max(share, 0.0), 1.0)


def _ranking(description: Data, part: str) -> Data:
    found: Data = (description.get("ranking") or {}).get(part) or {}
    return found


def _scale(description: Data, name: str) -> float:
    return float(_ranking(description, "scales").get(name, SCALES[name]))


def _named(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names))
