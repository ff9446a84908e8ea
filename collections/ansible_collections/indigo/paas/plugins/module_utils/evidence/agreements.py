# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreements (SLAs) as SLAM and inventories write them, in one form. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

Data = Mapping[str, Any]

# As SLAM writes it: 31.12.2026+23:59:59, in UTC. ISO dates are understood besides.
SLAM_DATE = "%d.%m.%Y+%H:%M:%S"


def read_agreement(entry: Any) -> dict[str, Any]:
    """Return ENTRY in the form {"id", "weight", "start_date", "end_date", "targets": [{"type", "restrictions"}]}.

    Dates are naive datetimes in UTC or None, restrictions numbers by name. Raises ValueError with a sentence.
    """
    if not isinstance(entry, dict) or entry.get("id") in (None, ""):
        raise ValueError("it must be a dictionary with an id")
    targets = entry.get("targets") or []
    if not isinstance(targets, list):
        raise ValueError("its targets must be a list")
    return {
        "id": str(entry["id"]),
        "weight": _number(entry.get("weight") or 0, "its weight"),
        "start_date": read_date(entry.get("start_date")),
        "end_date": read_date(entry.get("end_date")),
        "targets": [_target(target) for target in targets],
    }


def _target(target: Any) -> dict[str, Any]:
    if not isinstance(target, dict) or not target.get("type"):
        raise ValueError("each of its targets must be a dictionary with a type")
    restrictions = target.get("restrictions") or {}
    if not isinstance(restrictions, dict):
        raise ValueError(f"the restrictions of its target '{target['type']}' must be a dictionary")
    return {
        "type": str(target["type"]),
        "restrictions": {
            str(name): _number(value, f"'{name}' of its target '{target['type']}'", least=0)
            for name, value in restrictions.items()
            if value is not None
        },
    }


def _number(value: Any, what: str, least: float | None = None) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (least is not None and number < least):
        limit = "" if least is None else f" of {least:g} or more"
        raise ValueError(f"{what} must be a number{limit}, not {value!r:.80}")
    return number


def read_date(value: Any) -> datetime | None:
    """Return the moment that VALUE names, naive and in UTC, None for nothing. Raises ValueError with a sentence.

    What names no offset is in UTC.
    """
    if value in (None, ""):
        return None
    for read in (lambda text: datetime.strptime(text, SLAM_DATE), datetime.fromisoformat):
        try:
            found = read(str(value))
            return (found.astimezone(UTC) if found.tzinfo else found).replace(tzinfo=None)
        except (ValueError, OverflowError):
            continue
    raise ValueError(f"'{value!s:.80}' is no date such as 2026-12-31")


def in_force(agreement: Data, now: datetime) -> bool:
    """Return whether AGREEMENT has begun and has not ended at NOW (naive, UTC)."""
    start, end = agreement["start_date"], agreement["end_date"]
    return (start is None or start <= now) and (end is None or now <= end)


def of_provider(document: Data, provider: str, services: Collection[str]) -> list[Any]:
    """Return the agreements of SLAM's answer DOCUMENT with PROVIDER, as entries for `read_agreement`.

    services   ids that an agreement must be about; any will do where there are none

    A preference for an agreement that SLAM does not list counts for nothing.
    """
    entries = []
    for sla in _list(document, "sla"):
        if not isinstance(sla, dict) or str(sla.get("provider")) != provider:
            continue
        about = [service for service in _list(sla, "services") if _about(service, services)]
        if about:
            targets = [target for service in about for target in _list(service, "targets")]
            ids = {str(service.get("service_id")) for service in about}
            entries.append({**sla, "weight": _weight(document, sla.get("id"), ids), "targets": targets})
    return entries


def _about(service: Any, services: Collection[str]) -> bool:
    return isinstance(service, dict) and (not services or str(service.get("service_id")) in services)


def _weight(document: Data, agreement: Any, services: Collection[str]) -> Any:
    """Return the highest weight that the customer's preferences give to AGREEMENT on SERVICES."""
    weights = [
        entry.get("weight") or 0
        for customer in _list(document, "preferences")
        for preference in _list(customer, "preferences")
        for entry in _list(preference, "priority")
        if entry.get("sla_id") == agreement and str(entry.get("service_id")) in services
    ]
    return max(weights, key=lambda weight: _number(weight, "its weight"), default=0)


def _list(data: Any, key: str) -> list[Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []
