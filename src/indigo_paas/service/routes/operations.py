# SPDX-License-Identifier: Apache-2.0
"""For those who operate the service, and the programs that watch it. No token is wanted: nothing here is of a user."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import APIRouter, Request, Response

from indigo_paas.errors import IndigoError
from indigo_paas.service import metrics, wire
from indigo_paas.service.answers import documents
from indigo_paas.service.routes._common import TheDesk

router = APIRouter(tags=["operations"])

_log = logging.getLogger(__name__)


@router.get(
    "/health",
    operation_id="getHealth",
    summary="Say whether the process answers",
    response_model=wire.Health,
    responses=documents(),
)
async def get_health() -> Any:
    return {"status": "UP"}


@router.get(
    "/ready",
    operation_id="getReadiness",
    summary="Say whether requests can be done: whether the database answers",
    response_model=wire.Health,
    responses={**documents(), 503: {"model": wire.Health, "description": "The database does not answer."}},
)
def get_readiness(response: Response, desk: TheDesk) -> Any:
    try:
        desk.counts()
    except IndigoError as error:
        _log.error("not ready: %s", error)
        response.status_code = 503
        return {"status": "DOWN"}
    return {"status": "UP"}


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Show the metrics, for Prometheus",
    response_class=Response,
    responses={
        **documents(),
        200: {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
def get_metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=metrics.CONTENT_TYPE)
