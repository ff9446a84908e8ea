# SPDX-License-Identifier: Apache-2.0
"""What the routes share: who asks, for which object, with what body."""

# Not `from __future__ import annotations`: FastAPI could not read the annotations of inner functions.
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Path, Query, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, WithJsonSchema

from indigo_paas.errors import BadInput, NotFound
from indigo_paas.service import paging, wire
from indigo_paas.service.desk import Desk
from indigo_paas.service.identity import guard
from indigo_paas.service.identity.errors import IdentityError
from indigo_paas.service.identity.tokens import Tokens
from indigo_paas.service.model import Page, User
from indigo_paas.service.urls import Urls

_log = logging.getLogger(__name__)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Body = TypeVar("Body", bound=BaseModel)


def desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


def urls(request: Request) -> Urls:
    """Return the URLs as the client of REQUEST reaches them."""
    public: str | None = request.app.state.settings.rest.public_url
    return Urls((public or str(request.base_url)).rstrip("/"))


# Only said in the documentation: what the header must hold is for the guard to judge.
_documented = HTTPBearer(scheme_name="bearer", description="An access token of the user.", auto_error=False)


def user(request: Request, _documented: Annotated[Any, Depends(_documented)]) -> User:
    return guard.current_user(request)


TheDesk = Annotated[Desk, Depends(desk)]
TheUrls = Annotated[Urls, Depends(urls)]
TheUser = Annotated[User, Depends(user)]


def user_of_work(request: Request, user: TheUser) -> User:
    """Return who asks; where the settings want it, with a token kept for what is done after the answer."""
    tokens: Tokens | None = request.app.state.tokens
    if tokens:
        tokens.keep(user)
    return user


TheUserOfWork = Annotated[User, Depends(user_of_work)]


def user_of_deletion(request: Request, user: TheUser) -> User:
    """Return who asks, with a token kept where one can be had: what is not deleted costs."""
    try:
        return user_of_work(request, user)
    except IdentityError as error:
        _log.warning("a deletion goes on without a new token: %s", error)
        return user


TheUserOfDeletion = Annotated[User, Depends(user_of_deletion)]


def _uuid_of(what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not _UUID.fullmatch(value):
            raise NotFound(f"The {what} <{value}> doesn't exist")
        return value.lower()

    return check


def deployment_id(
    _user: TheUser,
    id: Annotated[str, Path(description="The UUID of the deployment.", examples=[wire.EXAMPLE_ID])],
) -> str:
    return _uuid_of("deployment")(id)


def resource_id(
    _user: TheUser,
    rid: Annotated[str, Path(description="The UUID of the resource.", examples=[wire.EXAMPLE_ID])],
) -> str:
    return _uuid_of("resource")(rid)


def plain_text(text: str | None, name: str) -> str | None:
    """Return TEXT of the query; raise BadInput where it holds NUL, which databases cannot compare."""
    if text is not None and "\0" in text:
        raise BadInput(f"{name}: the character NUL cannot be searched for.")
    return text


DeploymentId = Annotated[str, Depends(deployment_id)]
ResourceId = Annotated[str, Depends(resource_id)]


def json_body(model: type[Body]) -> Callable[..., Awaitable[Body]]:
    """Return a dependency that gives the body of the request as MODEL, read after the user was let in."""

    async def read(request: Request, _user: TheUser) -> Body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise HTTPException(415, f"Send application/json, not {kind or 'a body of no Content-Type'}.")
        return wire.read_request(model, await request.body())

    return read


def body_document(model: type[BaseModel]) -> dict[str, Any]:
    """Return how a route documents the body that `json_body` reads."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def page_of(sorts: Mapping[str, str]) -> Callable[..., Page]:
    """Return a dependency that gives the page of a list which is asked for."""
    item = WithJsonSchema({"type": "string", "pattern": paging.pattern(sorts)})

    def read(
        request: Request,
        page: Annotated[int, Query(ge=0, le=wire.LARGEST, description="Which page, from 0.")] = 0,
        size: Annotated[
            int | None,
            Query(
                ge=1,
                le=wire.LARGEST,
                description=f"How many on a page: {paging.SIZE} by default, {paging.LARGEST_SIZE} at most.",
            ),
        ] = None,
        sort: Annotated[
            list[Annotated[str, item]],
            Query(description="Properties, with the direction behind them: createdAt,desc."),
        ] = [],  # noqa: B006 - nobody changes it
    ) -> Page:
        return paging.page(page, size, sort, sorts, request.headers.get("user-agent", ""))

    return read


def query_of(request: Request, *names: str) -> Sequence[tuple[str, str]]:
    """Return what the links of a list repeat of the query of REQUEST: the order, and the filters NAMES."""
    return [(name, value) for name, value in request.query_params.multi_items() if name in ("sort", *names)]
