# SPDX-License-Identifier: Apache-2.0
"""A client that asks as the INDIGO PaaS dashboard does, the one of 2020 and its successor 4.6."""

from __future__ import annotations

import json
from typing import Any

import requests

STATUSES = [f"{verb}_{end}" for verb in ("CREATE", "UPDATE", "DELETE") for end in ("COMPLETE", "IN_PROGRESS", "FAILED")]


class Dashboard:
    """The dashboard at the service at URL, for a user with TOKEN; CALLBACK is its own address."""

    def __init__(self, url: str, token: str = "", callback: str | None = None) -> None:
        self._url, self._callback = url, callback
        self._headers = {"Authorization": f"bearer {token}"} if token else {}

    def placement_type(self) -> str:
        """Return the policy by which it says where a deployment shall be: that depends on the version."""
        version = self._ask("GET", "/info").json()["build"]["version"].split("-")[0]
        new = tuple(map(int, version.split("."))) >= (2, 2, 0)
        return "tosca.policies.indigo.SlaPlacement" if new else "tosca.policies.Placement"

    def create_2020(self, template: str, form: dict[str, str]) -> Any:
        """Send all fields of a form, which may know more of them than the template."""
        return self._sent("POST", "/deployments/", template, form, keepLastAttempt="false")

    def create(self, template: str, inputs: dict[str, Any], minutes: int = 60) -> Any:
        return self._sent("POST", "/deployments/", template, inputs, **self._tries(minutes))

    def update(self, uuid: str, template: str, inputs: dict[str, Any], minutes: int = 60) -> Any:
        return self._sent("PUT", f"/deployments/{uuid}", template, inputs, **self._tries(minutes))

    def all_2020(self) -> Any:
        return self._ask("GET", "/deployments?createdBy=me&page=0&size=9999").json()["content"]

    def deployments(self, *shown: str) -> Any:
        """Return those with one of the statuses SHOWN; what is not wanted is what it asks for."""
        excluded = ",".join(each for each in STATUSES if each not in shown)
        return self._pages(f"/deployments?createdBy=me&excludedStatus={excluded}")

    def machines(self, uuid: str) -> list[dict[str, Any]]:
        """Return the details of the machines, as its page of an infrastructure lists them."""
        found = []
        for resource in self._pages(f"/deployments/{uuid}/resources"):
            if "VirtualMachineInfo" in resource["metadata"]:
                properties = json.loads(resource["metadata"]["VirtualMachineInfo"])["vmProperties"]
                [system] = [each for each in properties if each["class"] == "system"]
                networks = [each["id"] for each in properties if each["class"] == "network"]
                found.append({**system, "networks": networks, "state": resource["state"], "uuid": resource["uuid"]})
        return found

    def act(self, uuid: str, resource: str, action: str) -> int:
        return self._ask("POST", f"/deployments/{uuid}/resources/{resource}/actions", json={"type": action}).status_code

    def texts(self, uuid: str) -> list[str]:
        return [self._ask("GET", f"/deployments/{uuid}/{what}").text for what in ("template", "log", "extrainfo")]

    def reset(self, uuid: str) -> requests.Response:
        return self._ask("PATCH", f"/deployments/{uuid}", json={"status": "DELETE_FAILED"}, check=False)

    def delete(self, uuid: str) -> int:
        return self._ask("DELETE", f"/deployments/{uuid}?force=true", json=["force=true"]).status_code

    def _tries(self, minutes: int) -> dict[str, Any]:
        times = {"providerTimeoutMins": minutes, "timeoutMins": minutes}
        return {"keepLastAttempt": "false", **times, "callback": self._callback}

    def _sent(self, method: str, path: str, template: str, inputs: dict[str, Any], **more: Any) -> Any:
        return self._ask(method, path, json={"template": template, "parameters": inputs, **more}).json()

    def _pages(self, path: str) -> list[Any]:
        found: list[Any] = []
        url: str | None = f"{self._url}{path}"
        while url:
            answer = requests.get(url, headers=self._headers, timeout=60)
            answer.raise_for_status()
            document = answer.json()
            found += document["content"]
            url = next((link["href"] for link in document["links"] if link["rel"] == "next"), None)
        return found

    def _ask(self, method: str, path: str, check: bool = True, **more: Any) -> requests.Response:
        answer = requests.request(method, f"{self._url}{path}", headers=self._headers, timeout=60, **more)
        assert answer.ok or not check, answer.text
        return answer
