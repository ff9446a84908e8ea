# SPDX-License-Identifier: Apache-2.0
"""/deployments/{id}/resources: the nodes of a deployment."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from indigo_paas.service import paging, wire
from indigo_paas.service.answers import guarded
from indigo_paas.service.model import Page
from indigo_paas.service.routes._common import (
    DeploymentId,
    ResourceId,
    TheDesk,
    TheUrls,
    TheUser,
    TheUserOfWork,
    body_document,
    json_body,
    page_of,
    plain_text,
    query_of,
)

router = APIRouter(tags=["resources"])

_TYPE = Query(alias="type", description="A TOSCA node type.", examples=["tosca.nodes.indigo.Compute"])


@router.get(
    "/deployments/{id}/resources",
    operation_id="listResources",
    summary="List the nodes of a deployment",
    response_model=wire.ResourcePage,
    response_model_exclude_unset=True,
    responses=guarded(400, 404),
)
def list_resources(
    request: Request,
    desk: TheDesk,
    urls: TheUrls,
    user: TheUser,
    id: DeploymentId,
    page: Annotated[Page, Depends(page_of(paging.RESOURCE_SORTS))],
    kind: Annotated[str | None, _TYPE] = None,
) -> Any:
    deployment = desk.deployment(user, id)
    found = desk.resources(deployment, page, plain_text(kind, "type"))
    content = [wire.resource(row, deployment, urls) for row in found.items]
    return paging.document(content, found.total, page, urls.resources(id), query_of(request, "type"))


@router.get(
    "/deployments/{id}/resources/filter",
    operation_id="filterResources",
    summary="List all nodes of one type",
    response_model=list[wire.ResourceDocument],
    response_model_exclude_unset=True,
    responses=guarded(400, 404),
)
def filter_resources(desk: TheDesk, urls: TheUrls, user: TheUser, id: DeploymentId, kind: Annotated[str, _TYPE]) -> Any:
    deployment = desk.deployment(user, id)
    found = desk.resources(deployment, Page(size=wire.LARGEST), plain_text(kind, "type"))
    return [wire.resource(row, deployment, urls) for row in found.items]


@router.get(
    "/deployments/{id}/resources/{rid}",
    operation_id="getResource",
    summary="Show a node",
    response_model=wire.ResourceDocument,
    response_model_exclude_unset=True,
    responses=guarded(404),
)
def get_resource(desk: TheDesk, urls: TheUrls, user: TheUser, id: DeploymentId, rid: ResourceId) -> Any:
    deployment = desk.deployment(user, id)
    return wire.resource(desk.resource(deployment, rid), deployment, urls)


@router.post(
    "/deployments/{id}/resources/{rid}/actions",
    operation_id="actOnResource",
    summary="Start or stop a node",
    status_code=202,
    response_class=Response,
    responses=guarded(400, 404, 408, 409, 413, 415),
    openapi_extra=body_document(wire.ActionRequest),
)
def act(
    desk: TheDesk,
    id: DeploymentId,
    rid: ResourceId,
    asked: Annotated[wire.ActionRequest, Depends(json_body(wire.ActionRequest))],
    user: TheUserOfWork,
) -> Response:
    desk.act(user, id, rid, asked.type)
    return Response(status_code=202)
