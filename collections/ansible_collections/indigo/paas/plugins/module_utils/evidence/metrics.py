# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring answers, as the metrics that ranking reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Data = Mapping[str, Any]

_PROBES = {"create": ("create",), "inspect": ("inspect", "run"), "delete": ("delete",)}
_MASTER = re.compile(r"master[./](cpu|gpu|mem)s?[_ ](total|used)")
_MASTER_NAMES = {"cpu": "cpus", "gpu": "gpus", "mem": "mem"}

# The adapter answers 0 with such a time for what was not measured.
_NEVER = re.compile(r"instant null|no metrics", re.IGNORECASE)


def of_services(document: Data) -> dict[str, dict[str, float]]:
    """Return the metrics of each service of the monitoring's answer DOCUMENT, by the service's id.

    Times are in milliseconds: create_time, inspect_time, delete_time; create_result is 1 where making a machine
    works. Mesos gives cpus_total, cpus_used, and gpus and mem likewise.
    """
    found: dict[str, dict[str, float]] = {}
    for group in _list(document.get("result"), "groups"):
        for machine in _list(group, "paasMachines"):
            for service in _list(machine, "services"):
                name = str(machine.get("machineName") or service.get("serviceName") or "")
                found.setdefault(name, {}).update(_metrics(_list(service, "paasMetrics")))
    return found


def _metrics(entries: Iterable[Any]) -> dict[str, float]:
    metrics = {}
    for entry in entries:
        name = metric_name(str(entry.get("metricName") or ""))
        value = _number(entry.get("metricValue"))
        if name and value is not None and not _NEVER.search(str(entry.get("metricTime") or "")):
            metrics[name] = value
    return metrics


def metric_name(text: str) -> str | None:
    """Return the metric that the monitoring's name TEXT means; None for one that ranking does not read."""
    words = text.lower().replace("createvm", "create vm")
    master = _MASTER.search(words)
    if master:
        return f"{_MASTER_NAMES[master.group(1)]}_{master.group(2)}"
    for probe, verbs in _PROBES.items():
        if any(re.search(rf"(?<![a-z]){verb}", words) for verb in verbs):
            if "time" in words:
                return f"{probe}_time"
            if probe == "create" and re.search(r"result|availab", words):
                return "create_result"
            return None
    return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None


def _list(data: Any, key: str) -> list[Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
