# SPDX-License-Identifier: Apache-2.0
"""A store with many deployments."""

from __future__ import annotations

import uuid

from sqlalchemy import create_engine, insert

from indigo_paas.store import Deployment, Resource, open_store
from indigo_paas.store.schema import deployments, resources, values

NODES = 3
STATUSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "CREATE_FAILED")


def fill(url: str, count: int) -> list[str]:
    """Store COUNT deployments with their resources, and return the UUIDs."""
    open_store(url).close()
    names = [str(uuid.uuid4()) for _ in range(count)]
    rows = [_deployment(name, number) for number, name in enumerate(names)]
    parts = [
        Resource(str(uuid.uuid4()), name, 0.0, 0.0, "tosca.nodes.indigo.Compute", "server", index, f"server-{index}")
        for name in names
        for index in range(NODES)
    ]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(deployments), [values(row) for row in rows])
        connection.execute(insert(resources), [values(part) for part in parts])
    engine.dispose()
    return names


def _deployment(name: str, number: int) -> Deployment:
    nodes = [{"name": f"server-{index}", "group": "server", "index": index} for index in range(NODES)]
    status = STATUSES[number % len(STATUSES)]
    outputs = {"cluster_ip": "192.0.2.7"}
    return Deployment(name, name, number, number, status, "", "local", None, "template.yaml", "", nodes, outputs)
