# SPDX-License-Identifier: Apache-2.0
"""/deployments and what belongs to one: the template, the log, the site's facts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import WithJsonSchema

from indigo_paas.errors import BadInput
from indigo_paas.ground import status
from indigo_paas.service import callbacks, paging, wire
from indigo_paas.service.answers import guarded
from indigo_paas.service.model import Asked, Page, Which
from indigo_paas.service.routes._common import (
    DeploymentId,
    TheDesk,
    TheUrls,
    TheUser,
    TheUserOfDeletion,
    TheUserOfWork,
    body_document,
    json_body,
    page_of,
    plain_text,
    query_of,
)

router = APIRouter(tags=["deployments"])

_STATUS = f"({'|'.join(status.ALL)})"

_CHANGED = guarded(400, 404, 408, 409, 413, 415)


def _deployment_request(
    request: Request, body: Annotated[wire.DeploymentRequest, Depends(json_body(wire.DeploymentRequest))]
) -> Asked:
    asked = body.asked()
    if asked.callback:
        callbacks.require_public(asked.callback, request.app.state.settings.callbacks)
    return asked


TheAsked = Annotated[Asked, Depends(_deployment_request)]


def _created_by(
    user: TheUser,
    createdBy: Annotated[
        str | None,
        Query(
            description="me, or SUBJECT@ISSUER; by default yourself, for administrators everybody.",
            json_schema_extra={"pattern": r"^(me|[^\s@]+@[^\s@]+)$"},
        ),
    ] = None,
) -> tuple[str, str] | None:
    """Return the subject and the issuer that are asked for."""
    if createdBy is None:
        return None
    if createdBy == "me":
        return user.subject, user.issuer
    subject, at, issuer = (plain_text(createdBy, "createdBy") or "").rpartition("@")
    if not (subject and at and issuer):
        raise BadInput(f"createdBy must be me or SUBJECT@ISSUER, not {createdBy!r}.")
    return subject, issuer


def _excluded(
    excludedStatus: Annotated[
        list[Annotated[str, WithJsonSchema({"type": "string", "pattern": rf"^({_STATUS}(,{_STATUS})*)?$"})]],
        Query(description="Not those with one of these statuses; several behind a comma, or one after another."),
    ] = [],  # noqa: B006 - nobody changes it
) -> list[str]:
    """Return the statuses that are not asked for."""
    said = [each for text in excludedStatus if text for each in text.split(",")]
    for each in said:
        if each not in status.ALL:
            raise BadInput(f"excludedStatus: there is no status {each[:80]!r}. There is {', '.join(status.ALL)}.")
    return said


@router.get(
    "/deployments",
    operation_id="listDeployments",
    summary="List deployments",
    response_model=wire.DeploymentPage,
    response_model_exclude_unset=True,
    responses=guarded(400),
)
def list_deployments(
    request: Request,
    desk: TheDesk,
    urls: TheUrls,
    user: TheUser,
    page: Annotated[Page, Depends(page_of(paging.DEPLOYMENT_SORTS))],
    created_by: Annotated[tuple[str, str] | None, Depends(_created_by)],
    excluded: Annotated[list[str], Depends(_excluded)],
    userGroup: Annotated[str | None, Query(description="Only those made in the name of this group.")] = None,
) -> Any:
    found = desk.deployments(user, page, Which(created_by, plain_text(userGroup, "userGroup"), excluded))
    content = [wire.deployment(row, urls) for row in found.items]
    query = query_of(request, "createdBy", "userGroup", "excludedStatus")
    return paging.document(content, found.total, page, urls.deployments(), query)


@router.post(
    "/deployments",
    operation_id="createDeployment",
    summary="Make a deployment",
    description="The template is planned at once, so that a wrong one changes nothing; the work is done later.",
    status_code=201,
    response_model=wire.DeploymentDocument,
    response_model_exclude_unset=True,
    responses=guarded(400, 408, 409, 413, 415),
    openapi_extra=body_document(wire.DeploymentRequest),
)
def create_deployment(response: Response, desk: TheDesk, urls: TheUrls, asked: TheAsked, user: TheUserOfWork) -> Any:
    made = desk.create(user, asked)
    response.headers["Location"] = urls.deployment(made.uuid)
    return wire.deployment(made, urls)


@router.get(
    "/deployments/{id}",
    operation_id="getDeployment",
    summary="Show a deployment",
    response_model=wire.DeploymentDocument,
    response_model_exclude_unset=True,
    responses=guarded(404),
)
def get_deployment(desk: TheDesk, urls: TheUrls, user: TheUser, id: DeploymentId) -> Any:
    return wire.deployment(desk.deployment(user, id), urls)


@router.put(
    "/deployments/{id}",
    operation_id="updateDeployment",
    summary="Change a deployment to another template",
    description="Nodes that both templates want stay. Parameters that are not named keep their values, and so does "
    "the callback.",
    status_code=202,
    response_model=wire.DeploymentDocument,
    response_model_exclude_unset=True,
    responses=_CHANGED,
    openapi_extra=body_document(wire.DeploymentRequest),
)
def update_deployment(desk: TheDesk, urls: TheUrls, id: DeploymentId, asked: TheAsked, user: TheUserOfWork) -> Any:
    # The original answers without a body, which its own clients cannot read.
    return wire.deployment(desk.update(user, id, asked), urls)


@router.patch(
    "/deployments/{id}",
    operation_id="resetDeployment",
    summary="Give up a deletion that does not end",
    status_code=204,
    responses=_CHANGED,
    openapi_extra=body_document(wire.ResetRequest),
)
def reset_deployment(
    desk: TheDesk,
    user: TheUser,
    id: DeploymentId,
    _reset_request: Annotated[wire.ResetRequest, Depends(json_body(wire.ResetRequest))],
) -> None:
    desk.reset(user, id)


@router.delete(
    "/deployments/{id}",
    operation_id="deleteDeployment",
    summary="Delete a deployment and its nodes",
    status_code=204,
    responses=guarded(400, 404, 409),
)
def delete_deployment(
    desk: TheDesk,
    id: DeploymentId,
    user: TheUserOfDeletion,
    force: Annotated[bool, Query(description="Forget it even if its nodes cannot be deleted.")] = False,
) -> None:
    desk.delete(user, id, force)


@router.get(
    "/deployments/{id}/template",
    operation_id="getTemplate",
    summary="Show the template of a deployment",
    response_class=PlainTextResponse,
    responses=guarded(404),
    tags=["details"],
)
def get_template(desk: TheDesk, user: TheUser, id: DeploymentId) -> str:
    return desk.template(user, id)


@router.get(
    "/deployments/{id}/log",
    operation_id="getLog",
    summary="Show what was said while a deployment was worked on",
    response_class=PlainTextResponse,
    responses=guarded(404),
    tags=["details"],
)
def get_log(desk: TheDesk, user: TheUser, id: DeploymentId) -> str:
    return desk.log(user, id)


@router.get(
    "/deployments/{id}/extrainfo",
    operation_id="getExtraInfo",
    summary="Show what the site says of the nodes of a deployment",
    response_model=list[dict[str, Any]],
    responses=guarded(404),
    tags=["details"],
)
def get_extra_info(desk: TheDesk, user: TheUser, id: DeploymentId) -> Any:
    return desk.extra_info(user, id)
