# SPDX-License-Identifier: Apache-2.0
"""The memory of deployments, of their runs, events and resources, and of jobs: an SQL database, SQLite by default."""

from __future__ import annotations

from indigo_paas.store.rows import (
    CANCELLED,
    FAILED,
    INTERRUPTED,
    OK,
    OPEN,
    QUEUED,
    RUNNING,
    Deployment,
    Job,
    Resource,
    Run,
)
from indigo_paas.store.store import Store, open_store

__all__ = [
    "CANCELLED",
    "FAILED",
    "INTERRUPTED",
    "OK",
    "OPEN",
    "QUEUED",
    "RUNNING",
    "Deployment",
    "Job",
    "Resource",
    "Run",
    "Store",
    "open_store",
]
