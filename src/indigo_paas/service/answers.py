# SPDX-License-Identifier: Apache-2.0
"""What the API answers when something is wrong: the bodies, the documents of them, and which error becomes which."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match

from indigo_paas.errors import BadInput, Busy, Conflict, Forbidden, IndigoError, NotFound, TooMany, Unavailable
from indigo_paas.service.wire import faults

_log = logging.getLogger(__name__)


class ErrorDocument(BaseModel):
    """Why a request was not done."""

    model_config = ConfigDict(
        title="Error",
        json_schema_extra={
            "examples": [{"code": 404, "title": "Not Found", "message": "The deployment <42> doesn't exist"}]
        },
    )

    code: int = Field(description="The HTTP status.")
    title: str = Field(description="The name of the HTTP status.")
    message: str


class OAuthErrorDocument(ErrorDocument):
    """Why a token does not do, also as OAuth 2.0 writes it (RFC 6750)."""

    model_config = ConfigDict(
        title="OAuthError",
        json_schema_extra={
            "examples": [
                {
                    "error": "unauthorized",
                    "error_description": "A bearer token is needed in the header Authorization.",
                    "code": 401,
                    "title": "Unauthorized",
                    "message": "A bearer token is needed in the header Authorization.",
                }
            ]
        },
    )

    error: str
    error_description: str


_STATUS: Mapping[type[IndigoError], int] = {
    BadInput: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Busy: 409,
    Unavailable: 503,
    TooMany: 429,
}

_WHEN = {
    400: "The request is wrong; nothing was changed.",
    401: "There is no valid token.",
    403: "The user may not do this.",
    404: "There is no such object, or you may not see it.",
    405: "The resource does not know this method.",
    408: "The request did not come in time.",
    409: "The state of the deployment does not allow it, or somebody else was first; nothing was changed.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    429: "Too many requests; Retry-After says for how many seconds to wait.",
    500: "A fault of the service; its log names the request by X-Request-ID.",
    503: "The service cannot answer now.",
}

_OF_THE_GUARD = (400, 401, 403, 429, 503)

Documents = dict[int | str, dict[str, Any]]


def documents(*statuses: int) -> Documents:
    """Return how a route documents its errors: those STATUSES, and the faults that every route may have."""
    return {status: {"model": ErrorDocument, "description": _WHEN[status]} for status in sorted({*statuses, 500, 503})}


def guarded(*statuses: int) -> Documents:
    """Return the same of a route that wants a token."""
    known = documents(*statuses, *_OF_THE_GUARD)
    known[401]["model"] = OAuthErrorDocument
    return known


def error(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer to a request that was not done."""
    body = {"code": status, "title": HTTPStatus(status).phrase, "message": message}
    return JSONResponse(body, status, dict(headers or {}))


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make APP, which has these ROUTES, answer errors as the API does."""
    app.state.routes = routes
    app.exception_handler(IndigoError)(_failed)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)


def _failed(request: Request, failure: IndigoError) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(failure, kind)), None)
    if status is None:
        # It may name the operator's machines; users have no use for that.
        request_id = request.scope["state"]["request_id"]
        _log.error("request %s failed: %s", request_id, failure)
        return error(503, f"The service cannot do this now: its log says more of the request {request_id}.")
    if isinstance(failure, TooMany):
        return error(status, str(failure), {"Retry-After": str(failure.retry_after)})
    # Whoever was second in a race may try again at once.
    raced = isinstance(failure, Busy) or isinstance(failure.__cause__, Busy)
    return error(status, str(failure), {"Retry-After": "0"} if raced else None)


def _invalid(_request: Request, invalid: RequestValidationError) -> Response:
    return error(400, faults(invalid.errors()))


def _http(request: Request, failure: HTTPException) -> Response:
    headers = dict(failure.headers or {})
    if failure.status_code == 405:
        # Of several routes of one path, the framework names the methods of the first.
        allowed = sorted(_methods(request)) or [headers.get("Allow", "GET")]
        headers = {"Allow": ", ".join(allowed)}
        return error(405, f"{request.method} is not possible here: use {' or '.join(allowed)}.", headers)
    if failure.status_code == 404:
        return error(404, f"There is nothing at {request.url.path}.", headers)
    return error(failure.status_code, str(failure.detail), headers)


def _methods(request: Request) -> set[str]:
    """Return the methods that the path of REQUEST has."""
    known: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            known |= route.methods
    return known
