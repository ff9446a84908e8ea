# SPDX-License-Identifier: Apache-2.0
"""What shall run, wherever that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from indigo_paas.ground.paths import DeploymentFiles

# How often a run asks whether it shall stop, and its progress is looked at (seconds).
TICK = 0.25

# What ansible-runner gives for a run that was ended.
STOPPED = 254

Event = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A playbook run for a deployment.

    run: what tells it from all others. playbook: its full name. files: of the deployment; `source` there is the second
    of the inventory's sources, SITES the first. directory: of the run's own files. cache: of what is fetched for any
    deployment. external: whether playbooks from elsewhere are among what runs. lenient: whether inventory sources that
    cannot be read count as empty. verbosity: as ansible-playbook's count of -v. variables: extra variables.
    """

    deployment: str
    run: str
    playbook: str
    files: DeploymentFiles
    sites: Path
    directory: Path
    cache: Path
    external: bool = False
    lenient: bool = False
    verbosity: int = 0
    variables: Mapping[str, Any] = field(default_factory=dict)


class Execution(Protocol):
    """Where playbooks run."""

    def run(self, job: Job, on_event: Callable[[Event], None], should_stop: Callable[[], bool]) -> int:
        """Run JOB to its end and return ansible-playbook's exit code.

        on_event: called in this thread with each event, as ansible-runner makes it. should_stop: called in this thread
        several times a second; when it says so, the run is ended. What either raises ends the run, too.
        """
