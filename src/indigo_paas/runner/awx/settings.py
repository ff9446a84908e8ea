# SPDX-License-Identifier: Apache-2.0
"""Where AWX is, and what of it is used."""

from __future__ import annotations

import dataclasses
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Templates:
    """The names of the job templates that run the collection's playbooks, by playbook."""

    deploy: str = "Service: deploy"
    scale: str = "Service: scale"
    check: str = "Service: check"
    power: str = "Service: power"
    undo: str = "Service: undo"
    destroy: str = "Service: destroy"

    def __post_init__(self) -> None:
        for playbook, name in dataclasses.asdict(self).items():
            if not name.strip():
                raise ValueError(f"{playbook} must be the name of a job template")

    def by_playbook(self) -> dict[str, str]:
        """Return the names by the full names of the playbooks."""
        return {f"indigo.paas.{one.name}": getattr(self, one.name) for one in dataclasses.fields(self)}


@dataclass(frozen=True)
class Awx:
    """An AWX or Automation Controller.

    url: of its web page; api: path of its API there. token, token_file: who asks there; one of both. ca_file: PEM file
    of those who may vouch for the server, in place of the usual ones. organization: that the job templates belong to,
    where others have some of the same names. poll: seconds between two looks at a job. patience: seconds without an
    answer after which a run counts as lost.
    """

    url: str = ""
    api: str = "/api/v2"
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    ca_file: Path | None = None
    organization: str = ""
    templates: Templates = Templates()
    poll: float = 2.0
    patience: float = 300.0

    def __post_init__(self) -> None:
        if self.url:
            _require_server(self.url)
        if not self.api.startswith("/"):
            raise ValueError(f'api must be a path such as "/api/v2", not {self.api!r}')
        for key in ("poll", "patience"):
            if getattr(self, key) <= 0:
                raise ValueError(f"{key} must be more than 0 seconds")

    def missing(self) -> str | None:
        """Return what has to be said before it can be used, None when it is enough."""
        if not self.url:
            return "url must say where AWX is"
        if bool(self.token) == bool(self.token_file):
            return "token_file must name the file of a token, or token be one"
        return None


def _require_server(url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"url is none: {error}") from None
    if parts.username or parts.password:
        raise ValueError("url must hold no password. Put a token into token_file")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"url must be one such as https://awx.example.org, not {url!r}")
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        raise ValueError("url must begin with https://, for a token goes there")
