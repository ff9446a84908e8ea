# SPDX-License-Identifier: Apache-2.0
"""A client of the Orchestrator's REST API: of `indigo-paas serve`, and of the INDIGO Orchestrator itself.

    from indigo_paas.client import Orchestrator

    with Orchestrator("https://paas.example.org", token=...) as paas:
        made = paas.create(template, {"wn_num": 2})
        print(paas.wait(made.uuid).outputs)

`Orchestrator` blocks, `AsyncOrchestrator` is for asyncio; both do and raise the same. Errors are those of
`indigo_paas.errors`, in the server's words: BadInput, Forbidden, NotFound, Conflict, and IndigoError for all others.
"""

from __future__ import annotations

from indigo_paas.client.asynchronous import AsyncOrchestrator
from indigo_paas.client.connection import Connection, Token, Unreachable
from indigo_paas.client.documents import Deployment, Event, Garbled, Info, Owner, Resource, StatusChange
from indigo_paas.client.retries import Retries
from indigo_paas.client.steps import TookTooLong
from indigo_paas.client.synchronous import Orchestrator

__all__ = [
    "AsyncOrchestrator",
    "Connection",
    "Deployment",
    "Event",
    "Garbled",
    "Info",
    "Orchestrator",
    "Owner",
    "Resource",
    "Retries",
    "StatusChange",
    "Token",
    "TookTooLong",
    "Unreachable",
]
