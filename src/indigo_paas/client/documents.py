# SPDX-License-Identifier: Apache-2.0
"""What a server tells, as typed data. Pure.

Servers leave out what they do not know, and add fields of their own: each object holds the whole `document` too.
Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from indigo_paas.errors import IndigoError

T = TypeVar("T")

Document = Mapping[str, Any]

# The end of the year 9998: what clocks show later, not every place on earth can write.
_LATEST = 253370764800

_DATES = ("%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z")


@dataclass(frozen=True)
class Owner:
    """The claims `sub` and `iss` of who made a deployment."""

    subject: str
    issuer: str


@dataclass(frozen=True)
class Deployment:
    """A deployment.

    name: how its owner calls it; None at a server that keeps no names. status: {CREATE, UPDATE, DELETE}_{IN_PROGRESS,
    COMPLETE, FAILED} or UNKNOWN. reason: why it failed, else "". task: what is being done. site: the chosen one.
    links: URLs by what they lead to.
    """

    uuid: str
    status: str
    name: str | None = None
    reason: str = ""
    created: float | None = None
    updated: float | None = None
    site: str | None = None
    physical_id: str | None = None
    outputs: Document = field(default_factory=dict)
    task: str = "NONE"
    callback: str | None = None
    user_group: str | None = None
    owner: Owner | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @property
    def at_rest(self) -> bool:
        """Whether nothing works on it."""
        return is_at_rest(self.status)


@dataclass(frozen=True)
class Resource:
    """A node of a deployment, or a service on one.

    type, name: of the node template. physical_id: the node's name at its site, None before there is one.
    metadata: what the site says of it.
    """

    uuid: str
    state: str
    type: str
    name: str
    physical_id: str | None = None
    created: float | None = None
    updated: float | None = None
    required_by: Sequence[str] = ()
    metadata: Document = field(default_factory=dict)
    document: Document = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Info:
    """What answers at the URL; "" for what it does not say."""

    name: str
    version: str
    revision: str
    host: str
    document: Document = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Event:
    """One thing that happened to a deployment.

    id: goes up from one to the next. kind: a word of `indigo_paas.ground.progress.Kind`, or one of a newer server.
    """

    id: int
    kind: str
    time: float
    step: str | None = None
    task: str | None = None
    node: str | None = None
    text: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class StatusChange:
    """A deployment's status while its events are followed: the present one first, then each new one."""

    status: str
    reason: str = ""

    @property
    def at_rest(self) -> bool:
        """Whether nothing works on the deployment."""
        return is_at_rest(self.status)


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list; more: whether others come after it."""

    items: Sequence[T]
    more: bool


class Garbled(IndigoError):
    """The server answered what no Orchestrator answers."""


def is_at_rest(status: str) -> bool:
    """Say whether nothing works on a deployment with this STATUS."""
    return not status.endswith("_IN_PROGRESS")


def deployment(data: Any) -> Deployment:
    """Return the deployment that DATA describes; raise Garbled when it describes none."""
    document = _mapping(data, "a deployment")
    owner = document.get("createdBy")
    return Deployment(
        uuid=_required(document, "uuid", "a deployment"),
        status=_required(document, "status", "a deployment"),
        name=_text(document, "name") or None,
        reason=_text(document, "statusReason"),
        created=seconds(document.get("creationTime")),
        updated=seconds(document.get("updateTime")),
        site=_text(document, "cloudProviderName") or None,
        physical_id=_text(document, "physicalId") or None,
        outputs=_object(document, "outputs"),
        task=_text(document, "task") or "NONE",
        callback=_text(document, "callback") or None,
        user_group=_text(document, "userGroup") or None,
        owner=Owner(_text(owner, "subject"), _text(owner, "issuer")) if isinstance(owner, dict) else None,
        links=_links(document),
        document=document,
    )


def resource(data: Any) -> Resource:
    """Return the resource that DATA describes; raise Garbled when it describes none."""
    document = _mapping(data, "a resource")
    return Resource(
        uuid=_required(document, "uuid", "a resource"),
        state=_text(document, "state"),
        type=_text(document, "toscaNodeType"),
        name=_text(document, "toscaNodeName"),
        physical_id=_text(document, "physicalId") or None,
        created=seconds(document.get("creationTime")),
        updated=seconds(document.get("updateTime")),
        required_by=tuple(map(str, _list(document, "requiredBy"))),
        metadata=_object(document, "metadata"),
        document=document,
    )


def info(data: Any) -> Info:
    """Return what DATA says of a server; raise Garbled when that is nothing."""
    document = _mapping(data, "what answers there")
    return Info(
        name=_text(document, "projectName"),
        version=_text(document, "projectVersion"),
        revision=_text(document, "projectRevision"),
        host=_text(document, "serverHostname"),
        document=document,
    )


def configuration(data: Any) -> Mapping[str, str]:
    """Return the URLs of the services beside the server, by the name of their setting; "" for one that there is not."""
    return {str(name): "" if url is None else str(url) for name, url in _mapping(data, "a configuration").items()}


def extra_info(data: Any) -> list[Any]:
    """Return what the site says of the nodes, as the server has it."""
    if not isinstance(data, list):
        raise Garbled("The server's answer is no list of what its site says of the nodes.")
    return data


def page(data: Any, read: Callable[[Any], T]) -> Page[T]:
    """Return a page of what READ reads; raise Garbled when DATA is no page."""
    document = _mapping(data, "a page of a list")
    # A list of nothing may come without its content.
    content = document.get("content") or []
    if not isinstance(content, list):
        raise Garbled("The server's answer is no page of a list: its content is none.")
    numbers = document.get("page")
    number, pages = (_whole(numbers, name) for name in ("number", "totalPages"))
    more = number + 1 < pages if pages is not None and number is not None else "next" in _links(document)
    return Page([read(item) for item in content], more and bool(content))


def event(number: int, data: Any) -> Event:
    """Return the event with this NUMBER that DATA describes; raise Garbled when it describes none."""
    document = _mapping(data, "an event")
    return Event(
        id=number,
        kind=_required(document, "kind", "an event"),
        time=_number(document, "time") or 0.0,
        step=_text(document, "step") or None,
        task=_text(document, "task") or None,
        node=_text(document, "node") or None,
        text=_text(document, "text"),
        seconds=_number(document, "seconds"),
    )


def status_change(data: Any) -> StatusChange:
    """Return the status that DATA tells; raise Garbled when it tells none."""
    document = _mapping(data, "a status")
    return StatusChange(_required(document, "status", "a status"), _text(document, "statusReason"))


def seconds(date: Any) -> float | None:
    """Return the epoch seconds of DATE as the API writes it (2016-11-02T22:31+0000), None for what is no date."""
    for form in _DATES:
        try:
            found = datetime.strptime(str(date), form).timestamp()
        except (ValueError, OverflowError):
            continue
        return found if 0 <= found < _LATEST else None
    return None


def _mapping(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Garbled(f"The server's answer does not describe {what}. Is there an Orchestrator at this URL?")
    return data


def _required(document: Document, key: str, what: str) -> str:
    found = _text(document, key)
    if not found:
        raise Garbled(f"The server's answer does not describe {what}: there is no {key} in it.")
    return found


def _text(document: Document, key: str) -> str:
    found = document.get(key)
    return "" if found is None else str(found)


def _object(document: Document, key: str) -> dict[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _list(document: Document, key: str) -> list[Any]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _number(document: Document, key: str) -> float | None:
    """Return a number that a time or a duration can be."""
    found = document.get(key)
    is_one = isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found < _LATEST
    return float(found) if is_one and found is not None else None


def _links(document: Document) -> dict[str, str]:
    links = _list(document, "links")
    return {
        str(link["rel"]): str(link["href"])
        for link in links
        if isinstance(link, dict) and {"rel", "href"} <= link.keys()
    }


def _whole(document: Any, key: str) -> int | None:
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, int) else None
