# SPDX-License-Identifier: Apache-2.0
"""Each request of the API, and how its answer is read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from indigo_paas.client import documents
from indigo_paas.client.documents import Deployment, Garbled, Info, Page, Resource
from indigo_paas.errors import BadInput, Conflict, Forbidden, IndigoError, NotFound

T = TypeVar("T")

# How many of a list are asked for at a time.
PAGE_SIZE = 100

_JSON, _TEXT, _STREAM = "application/json", "text/plain, application/json;q=0.9, */*;q=0.1", "text/event-stream"
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_LONGEST_MESSAGE = 2000

_ERRORS: Mapping[int, type[IndigoError]] = {
    400: BadInput,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    405: BadInput,
    409: Conflict,
    413: BadInput,
    415: BadInput,
    422: BadInput,
}


@dataclass(frozen=True)
class Answer:
    """What a server answered. headers: by lower-case name. with_token: whether it was asked with one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    with_token: bool = True

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the JSON of the body; raise Garbled when there is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Garbled("The server's answer is no JSON. Is there an Orchestrator at this URL?") from None


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request. path: below the server's URL, without a slash in front. read: what makes a result of its answer."""

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: {"Accept": _JSON})


def info() -> Call[Info]:
    return Call("GET", "info", lambda answer: documents.info(answer.json()))


def configuration() -> Call[Mapping[str, str]]:
    return Call("GET", "configuration", lambda answer: documents.configuration(answer.json()))


def deployments(
    number: int, created_by: str | None = None, user_group: str | None = None, size: int = PAGE_SIZE
) -> Call[Page[Deployment]]:
    """Ask for a page of the deployments. created_by: "me" or SUBJECT@ISSUER."""
    query = [("createdBy", created_by), ("userGroup", user_group), ("page", str(number)), ("size", str(size))]
    return Call("GET", "deployments", _page_of(documents.deployment), _without_none(query))


def deployment(uuid: str) -> Call[Deployment]:
    return Call("GET", _deployment(uuid), _deployment_of)


def create(template: str, parameters: Mapping[str, Any], options: Mapping[str, Any]) -> Call[Deployment]:
    """Ask for a new deployment; OPTIONS are the other fields of a DeploymentRequest, None for one that is not said."""
    return Call("POST", "deployments", _deployment_of, body=_request(template, parameters, options))


def update(uuid: str, template: str, parameters: Mapping[str, Any], options: Mapping[str, Any]) -> Call[None]:
    """Ask for a deployment to become something else. Servers answer with or without a body: it is not read."""
    return Call("PUT", _deployment(uuid), _nothing, body=_request(template, parameters, options))


def delete(uuid: str, force: bool = False) -> Call[None]:
    return Call("DELETE", _deployment(uuid), _nothing, [("force", "true")] if force else [])


def reset(uuid: str) -> Call[None]:
    return Call("PATCH", _deployment(uuid), _nothing, body={"status": "DELETE_FAILED"})


def template(uuid: str) -> Call[str]:
    return Call("GET", f"{_deployment(uuid)}/template", _text_of, headers={"Accept": _TEXT})


def log(uuid: str) -> Call[str]:
    return Call("GET", f"{_deployment(uuid)}/log", _text_of, headers={"Accept": _TEXT})


def extra_info(uuid: str) -> Call[list[Any]]:
    # The INDIGO Orchestrator calls its JSON plain text.
    path = f"{_deployment(uuid)}/extrainfo"
    return Call("GET", path, lambda answer: documents.extra_info(answer.json()), headers={"Accept": "*/*"})


def resources(uuid: str, number: int, kind: str | None = None, size: int = PAGE_SIZE) -> Call[Page[Resource]]:
    query = [("type", kind), ("page", str(number)), ("size", str(size))]
    return Call("GET", f"{_deployment(uuid)}/resources", _page_of(documents.resource), _without_none(query))


def resource(uuid: str, rid: str) -> Call[Resource]:
    path = f"{_deployment(uuid)}/resources/{_id(rid, 'resource')}"
    return Call("GET", path, lambda answer: documents.resource(answer.json()))


def act(uuid: str, rid: str, action: str) -> Call[None]:
    """Ask for a node to "start" or "stop"."""
    path = f"{_deployment(uuid)}/resources/{_id(rid, 'resource')}/actions"
    return Call("POST", path, _nothing, body={"type": action})


def events(uuid: str, after: int | None) -> Call[None]:
    """Ask for the stream of what happens, from behind the event AFTER or from the beginning."""
    resumed = {} if after is None else {"Last-Event-ID": str(after)}
    headers = {"Accept": _STREAM, "Cache-Control": "no-store", **resumed}
    return Call("GET", f"{_deployment(uuid)}/events", _nothing, headers=headers)


def failure(answer: Answer) -> IndigoError:
    """Return the error that ANSWER is, in the server's words."""
    words = _words(answer)
    if answer.status == 401 and not answer.with_token:
        words = f"{words.rstrip('.')}. Give a token with INDIGO_PAAS_TOKEN."
    if 300 <= answer.status < 400:
        return IndigoError(
            f"The server sends us on to {answer.headers.get('location', 'nowhere')}. Use the URL where it really is."
        )
    kind = _ERRORS.get(answer.status)
    return kind(words) if kind else IndigoError(f"The server answered {answer.status}: {words}")


def _words(answer: Answer) -> str:
    try:
        said = answer.json()
    except Garbled:
        said = None
    if isinstance(said, dict):
        for key in ("message", "error_description", "error", "title"):
            if isinstance(said.get(key), str) and said[key].strip():
                return str(said[key]).strip()[:_LONGEST_MESSAGE]
    is_text = answer.headers.get("content-type", "").startswith("text/plain")
    return (answer.text.strip() if is_text else "")[:_LONGEST_MESSAGE] or _phrase(answer.status)


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return "it gave no reason."


def _deployment(uuid: str) -> str:
    return f"deployments/{_id(uuid, 'deployment')}"


def _id(text: str, what: str) -> str:
    if not _ID.fullmatch(text):
        raise BadInput(f"{text!r} is no UUID of a {what}.")
    return text


def _request(template: str, parameters: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
    said = {name: value for name, value in options.items() if value is not None}
    return {"template": template, "parameters": dict(parameters), **said}


def _without_none(query: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query if value is not None]


def _page_of(read: Callable[[Any], T]) -> Callable[[Answer], Page[T]]:
    return lambda answer: documents.page(answer.json(), read)


def _deployment_of(answer: Answer) -> Deployment:
    return documents.deployment(answer.json())


def _text_of(answer: Answer) -> str:
    return answer.text


def _nothing(_answer: Answer) -> None:
    return
