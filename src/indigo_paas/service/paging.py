# SPDX-License-Identifier: Apache-2.0
"""Pages of lists: which one is asked for, and the links to its neighbours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from indigo_paas.errors import BadInput
from indigo_paas.service.model import Page

SIZE = 10
LARGEST_SIZE = 1000

# Properties to sort by, with the columns that they stand for.
DEPLOYMENT_SORTS = {
    "createdAt": "created",
    "creationTime": "created",
    "updatedAt": "updated",
    "updateTime": "updated",
    "id": "uuid",
    "uuid": "uuid",
    "name": "title",
    "status": "status",
    "task": "task",
    "userGroup": "user_group",
    "cloudProviderName": "site",
}
RESOURCE_SORTS = {
    "createdAt": "created",
    "creationTime": "created",
    "updatedAt": "updated",
    "updateTime": "updated",
    "id": "uuid",
    "uuid": "uuid",
    "state": "state",
    "toscaNodeType": "type",
    "toscaNodeName": "name",
}

_DIRECTIONS = {"asc": True, "desc": False}


def page(number: int, size: int | None, sort: Sequence[str], sorts: Mapping[str, str], agent: str) -> Page:
    """Return the page that is asked for; raise BadInput where SORT names no property of SORTS.

    size: None where it was not said. A larger one than LARGEST_SIZE is cut to it.
    agent: the client's User-Agent. orpy stops with an error at a list of several pages (it calls a method that it does
    not have), so it gets the largest page unless it asks for another size.
    """
    usual = LARGEST_SIZE if agent.startswith("orpy") else SIZE
    return Page(number, min(size or usual, LARGEST_SIZE), _order(sort, sorts) or (("created", False),))


def pattern(sorts: Mapping[str, str]) -> str:
    """Return the regular expression of what `page` takes as one of SORT."""
    names = "|".join(sorts)
    return f"^({names})(,({names}))*(,([aA][sS][cC]|[dD][eE][sS][cC]))?$"


def _order(sort: Sequence[str], sorts: Mapping[str, str]) -> tuple[tuple[str, bool], ...]:
    """Read what Spring takes: "createdAt,desc", or "status,createdAt" with the direction ascending."""
    order: dict[str, bool] = {}
    for text in sort:
        names = text.split(",")
        ascending = True
        if len(names) > 1 and names[-1].lower() in _DIRECTIONS:
            ascending = _DIRECTIONS[names.pop().lower()]
        for name in names:
            if name not in sorts:
                raise BadInput(f"Nothing can be sorted by {name!r}: use {', '.join(sorts)}, with ,asc or ,desc behind.")
            order.setdefault(sorts[name], ascending)
    return tuple(order.items())


def document(content: list[Any], total: int, asked: Page, url: str, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a page of a list as the API sends it.

    url: of the list. query: what else was asked for (filters and order), which the links say again.
    """
    pages = -(-total // asked.size)
    last = max(0, pages - 1)

    def link(rel: str, number: int) -> dict[str, str]:
        numbers = [("page", str(number)), ("size", str(asked.size))]
        return {"rel": rel, "href": f"{url}?{urlencode([*query, *numbers])}"}

    links = [link("first", 0)]
    if asked.number > 0:
        links.append(link("prev", min(asked.number - 1, last)))
    links.append(link("self", asked.number))
    if asked.number < last:
        links.append(link("next", asked.number + 1))
    links.append(link("last", last))
    numbers = {"size": asked.size, "total_elements": total, "total_pages": pages, "number": asked.number}
    return {"links": links, "content": content, "page": numbers}
