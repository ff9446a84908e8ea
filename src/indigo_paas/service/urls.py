# SPDX-License-Identifier: Apache-2.0
"""The absolute URLs of what the service has. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Urls:
    """base: where clients reach the service, without a slash at its end."""

    base: str

    def deployments(self) -> str:
        return f"{self.base}/deployments"

    def deployment(self, uuid: str) -> str:
        return f"{self.deployments()}/{quote(uuid, safe='')}"

    def template(self, uuid: str) -> str:
        return f"{self.deployment(uuid)}/template"

    def resources(self, uuid: str) -> str:
        return f"{self.deployment(uuid)}/resources"

    def resource(self, uuid: str, rid: str) -> str:
        return f"{self.resources(uuid)}/{quote(rid, safe='')}"
