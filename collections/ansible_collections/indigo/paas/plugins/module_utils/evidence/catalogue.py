# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue of sites (CMDB) answers, in one form. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

Data = Mapping[str, Any]

OWN_ACCOUNT = ("com.amazonaws.ec2", "com.microsoft.azure", "eu.otc.compute")


def services(document: Data) -> list[dict[str, Any]]:
    """Return the services of CMDB's answer DOCUMENT, each {"id", "type", "kind", "endpoint", "parent"}.

    type     as org.openstack.nova
    kind     compute, storage, ...
    parent   id of the service that it runs on, None for a service of its own
    """
    rows = document.get("rows")
    entries = [row.get("doc") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [_service(entry) for entry in entries if isinstance(entry, dict) and isinstance(entry.get("data"), dict)]


def _service(entry: Data) -> dict[str, Any]:
    data = entry["data"]
    return {
        "id": str(entry.get("_id") or data.get("id")),
        "type": data.get("service_type"),
        "kind": data.get("type"),
        "endpoint": data.get("endpoint"),
        "parent": data.get("service_parent_id"),
    }


def own_and_parents(known: Iterable[Data], service: str | None) -> list[str]:
    """Return the ids of the service and of those that it runs on; without a SERVICE those of all that compute."""
    by_id = {entry["id"]: entry for entry in known}
    if service is None:
        return [name for name, entry in by_id.items() if entry["kind"] == "compute"]
    chain = [service]
    while (parent := by_id.get(chain[-1], {}).get("parent")) and parent not in chain:
        chain.append(str(parent))
    return chain


def own_account(known: Iterable[Data], services: Collection[str]) -> bool:
    """Return whether one of SERVICES (ids) is of a type that each user has an account of his own for."""
    return any(entry["id"] in services and entry["type"] in OWN_ACCOUNT for entry in known)


def storage_names(known: Iterable[Data]) -> list[str]:
    """Return by which names the storage services are known as providers of data: their endpoints."""
    return [str(entry["endpoint"]) for entry in known if entry["kind"] == "storage" and entry["endpoint"]]
