# SPDX-License-Identifier: Apache-2.0
"""The requests of orchent 1.3.0, as it makes them, and how it reads the answers.

orchent is a Go program: what it decodes has types, and a field of another type is an error; so is a body that ends
where a document is to begin. Redirections change its POSTs to GETs: there must be none.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

# Of the structs that it decodes to: JSON types of the fields. A missing field is its zero value.
LINKS = [{"rel": str, "href": str}]
DEPLOYMENT: dict[str, Any] = {
    "uuid": str,
    "creationTime": str,
    "updateTime": str,
    "physicalId": str,
    "status": str,
    "statusReason": str,
    "task": str,
    "callback": str,
    "outputs": dict,
    "createdBy": {"subject": str, "issuer": str},
    "cloudProviderName": str,
    "links": LINKS,
}
RESOURCE: dict[str, Any] = {
    "uuid": str,
    "creationTime": str,
    "updateTime": str,
    "physicalId": str,
    "state": str,
    "toscaNodeType": str,
    "toscaNodeName": str,
    "requiredBy": [str],
    "links": LINKS,
}
PAGE = {"size": int, "totalElements": int, "totalPages": int, "number": int}


class Failed(Exception):
    """What orchent prints when it gives up."""


class Orchent:
    """url: as in ORCHENT_URL. token: as in ORCHENT_TOKEN, None without."""

    def __init__(self, url: str, token: str | None) -> None:
        self._base = httpx.URL(url + "/")
        headers = {"User-Agent": "Orchent", "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(headers=headers, timeout=30)

    def depls(self, created_by: str = "", user_group: str = "") -> list[dict[str, Any]]:
        query = {"createdBy": created_by, "userGroup": user_group}
        return self._all("deployments", {key: value for key, value in query.items() if value}, DEPLOYMENT)

    def depshow(self, uuid: str) -> dict[str, Any]:
        return self._decoded(self._ask("GET", f"deployments/{uuid}"), DEPLOYMENT)

    def extrainfo(self, uuid: str) -> Any:
        """What depshow --verbose asks for besides."""
        return json.loads(self._ask("GET", f"deployments/{uuid}/extrainfo").text)

    def depcreate(self, template: str, parameters: str, **more: Any) -> dict[str, Any]:
        body = {"template": template, "parameters": json.loads(parameters), **more}
        return self._decoded(self._ask("POST", "deployments", body), DEPLOYMENT)

    def depupdate(self, uuid: str, template: str, parameters: str, **more: Any) -> dict[str, Any]:
        body = {"template": template, "parameters": json.loads(parameters), **more}
        return self._decoded(self._ask("PUT", f"deployments/{uuid}", body), DEPLOYMENT)

    def deptemplate(self, uuid: str) -> str:
        return self._ask("GET", f"deployments/{uuid}/template").text

    def deplog(self, uuid: str) -> str:
        return self._ask("GET", f"deployments/{uuid}/log").text

    def depdel(self, uuid: str, force: bool = False) -> None:
        self._ask("DELETE", f"deployments/{uuid}?force={str(force).lower()}")

    def depreset(self, uuid: str) -> None:
        self._ask("PATCH", f"deployments/{uuid}", {"status": "DELETE_FAILED"})

    def resls(self, uuid: str) -> list[dict[str, Any]]:
        return self._all(f"deployments/{uuid}/resources", {}, RESOURCE)

    def resshow(self, uuid: str, rid: str) -> dict[str, Any]:
        return self._decoded(self._ask("GET", f"deployments/{uuid}/resources/{rid}"), RESOURCE)

    def test(self) -> dict[str, Any]:
        return self._decoded(self._ask("GET", "info"), {})

    def showconf(self) -> dict[str, str]:
        shown = self._decoded(self._ask("GET", "configuration"), {})
        # It decodes to map[string]string.
        _require(shown, dict.fromkeys(shown, str), "configuration")
        return shown

    def _all(self, path: str, query: dict[str, str], of: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._ask("GET", f"{path}?{httpx.QueryParams(query)}" if query else path)
        found: list[dict[str, Any]] = []
        while True:
            page = self._decoded(answer, {"links": LINKS, "content": [of], "page": PAGE})
            found += page["content"]
            links = {link["rel"]: link["href"] for link in page["links"]}
            if "next" not in links or links["self"] == links.get("last"):
                break
            answer = self._ask("GET", links["next"])
        for one in found:
            # It prints the first 16 characters of the times.
            if len(one["creationTime"]) < 16 or len(one["updateTime"]) < 16:
                raise Failed("panic: slice bounds out of range")
        return found

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        answer = self._http.request(method, self._base.join(path), json=body)
        if answer.is_redirect:
            raise Failed(f"{method} {path} is redirected to {answer.headers['location']}")
        if answer.is_success:
            return answer
        error = answer.json()
        if "error" in error:
            raise Failed(f"Error '{error['error']}': {error['error_description']}")
        _require(error, {"code": int, "title": str, "message": str}, "error")
        raise Failed(f"Error '{error['title']}' [{error['code']}]: {error['message']}")

    def _decoded(self, answer: httpx.Response, kind: Any) -> Any:
        # Its library decodes every answer but 204, also an empty one.
        if not answer.content:
            raise Failed("EOF")
        document = answer.json()
        _require(document, kind, "document")
        return document


def _require(value: Any, kind: Any, place: str) -> None:
    """Raise Failed where Go would: VALUE is of another type than KIND."""
    if isinstance(kind, list):
        _require(value, list, place)
        for item in value:
            _require(item, kind[0], f"{place}[]")
    elif isinstance(kind, dict):
        _require(value, dict, place)
        for key, inner in kind.items():
            if value.get(key) is not None:
                _require(value[key], inner, f"{place}.{key}")
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Failed(f"json: cannot unmarshal {value!r} into {place}")
