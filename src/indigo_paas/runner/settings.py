# SPDX-License-Identifier: Apache-2.0
"""Where things are kept, and how much is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from indigo_paas.ground.paths import Home
from indigo_paas.runner import Execution, Here


@dataclass(frozen=True)
class Settings:
    """What holds for every command.

    sites: the sites' inventory that the user names; None for the one that a deployment was made with,
    or the default. verbosity: 1 shows what Ansible prints, each more is one -v for Ansible. database: SQLAlchemy URL
    of the store; None is the SQLite file in home. job: the number of the service's job that this process does; no
    other process may work on its deployment. url: of the server whose deployments are meant; None for this machine's.
    execution: where playbooks run.
    """

    home: Home
    sites: Path | None = None
    verbosity: int = 0
    database: str | None = None
    job: int | None = None
    url: str | None = None
    execution: Execution = field(default_factory=Here)
