# SPDX-License-Identifier: Apache-2.0
"""What the service says of itself."""

from __future__ import annotations

import dataclasses
import socket
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from indigo_paas import __version__
from indigo_paas.service import wire
from indigo_paas.service.answers import documents, guarded
from indigo_paas.service.routes._common import TheUser

router = APIRouter(tags=["about"])

# What clients of the INDIGO Orchestrator expect to find.
_DISPLAY_NAME = "INDIGO-Orchestrator"

# From 2.2.0 on, the dashboard says by tosca.policies.indigo.SlaPlacement where a deployment shall be.
_COMPATIBLE = "2.2.0"


@router.get(
    "/",
    operation_id="getName",
    summary="Say what answers here",
    response_class=PlainTextResponse,
    responses=documents(),
)
def get_name() -> str:
    return _DISPLAY_NAME


@router.get(
    "/info",
    operation_id="getInfo",
    summary="Say which version answers here",
    response_model=wire.Info,
    responses=documents(),
)
def get_info() -> Any:
    return wire.Info(
        build=wire.Build(version=_COMPATIBLE),
        project_name="indigo-paas",
        project_version=__version__,
        project_revision=__version__,
        server_hostname=socket.gethostname(),
    )


@router.get(
    "/configuration",
    operation_id="getConfiguration",
    summary="Say where the services beside this one are",
    response_model=wire.Configuration,
    responses=guarded(),
)
def get_configuration(request: Request, _user: TheUser) -> Any:
    return dataclasses.asdict(request.app.state.settings.neighbours)
