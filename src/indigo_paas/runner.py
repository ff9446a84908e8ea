# SPDX-License-Identifier: Apache-2.0
"""Playbooks run by ansible-runner. The only file that knows it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indigo_paas import leftovers

# How often a run asks whether it shall stop, and its progress is looked at (seconds).
TICK = 0.25

# How many nodes are worked on at a time, where the user does not say.
FORKS = "20"

# What is better or cheaper than the defaults, and what must not depend on the user's own settings.
_SETTINGS = {
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_INJECT_FACT_VARS": "false",
    "ANSIBLE_HOST_KEY_CHECKING": "true",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_FORCE_COLOR": "false",
    "ANSIBLE_NOCOWS": "true",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    # Progress is made of the default callback's events; what it prints is for -v.
    "ANSIBLE_STDOUT_CALLBACK": "default",
}
_USER_COLLECTIONS = "~/.ansible/collections:/usr/share/ansible/collections"
_USER_ROLES = "~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles"


@dataclass(frozen=True)
class Job:
    """A playbook run.

    playbook: its full name. inventory: sources in their order. directory: of the run's own files.
    environment: of the processes. verbosity: as ansible-playbook's count of -v. variables: extra variables.
    """

    playbook: str
    inventory: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str]
    verbosity: int = 0
    variables: Mapping[str, Any] = field(default_factory=dict)


def environment(base: Mapping[str, str], collections: Path, scripts: Path) -> dict[str, str]:
    """Return BASE with what Ansible's commands need.

    collections: the directory that holds ansible_collections/indigo/paas; it wins over stale copies.
    scripts: the directory of ansible-playbook and its like.
    """
    known = base.get("ANSIBLE_COLLECTIONS_PATH") or _USER_COLLECTIONS
    result = {
        "ANSIBLE_FORKS": FORKS,
        **base,
        **_SETTINGS,
        "ANSIBLE_COLLECTIONS_PATH": f"{collections}:{known}",
        "PATH": f"{scripts}:{base.get('PATH', os.defpath)}",
    }
    if "UTF-8" not in (base.get("LC_ALL") or base.get("LC_CTYPE") or base.get("LANG") or "").upper():
        result["LC_ALL"] = "C.UTF-8"
    return result


def with_artifacts(environment: Mapping[str, str], artifacts: Path, cache: Path) -> dict[str, str]:
    """Return ENVIRONMENT, as `environment` makes it, for a run with playbooks from elsewhere.

    artifacts: of the deployment; Ansible looks there for collections and roles, and must see it when it starts.
    cache: where it fetches them to.
    """
    collections = artifacts / "collections"
    (collections / "ansible_collections").mkdir(mode=0o700, parents=True, exist_ok=True)
    roles = environment.get("ANSIBLE_ROLES_PATH") or _USER_ROLES
    own, _colon, known = environment["ANSIBLE_COLLECTIONS_PATH"].partition(":")
    return {
        **environment,
        "ANSIBLE_COLLECTIONS_PATH": f"{own}:{collections}:{known}",
        "ANSIBLE_ROLES_PATH": f"{artifacts / 'roles'}:{roles}",
        "INDIGO_PAAS_CACHE": str(cache),
    }


def run(
    job: Job,
    on_event: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> int:
    """Run JOB to its end and return ansible-playbook's exit code.

    on_event: called with each event, as ansible-runner makes it. should_stop: called several times a
    second; when it says so, the processes of the run are ended. What either raises ends the run, too.
    """
    from ansible_runner import Runner, RunnerConfig

    raised: list[BaseException] = []

    def handle(event: dict[str, Any]) -> bool:
        if not raised:
            try:
                on_event(event)
            except BaseException as error:
                raised.append(error)
        # Events hold what tasks were given and gave back: the store keeps what is worth it.
        return False

    def cancelled() -> bool:
        if not raised and not should_stop():
            return False
        leftovers.end({job.environment[leftovers.MARKER]})
        return True

    def forget_environment(status: Mapping[str, str], runner_config: Any) -> None:
        # ansible-runner writes the whole environment, with all its secrets, to the file "command".
        if status["status"] == "running":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(runner_config.artifact_dir, "command"))

    config = RunnerConfig(
        private_data_dir=str(job.directory),
        artifact_dir=str(job.directory),
        ident="ansible",
        playbook=job.playbook,
        inventory=list(job.inventory),
        envvars=dict(job.environment),
        verbosity=job.verbosity,
        extravars=dict(job.variables),
        quiet=True,
        fact_cache_type="memory",
    )
    config.prepare()
    config.pexpect_timeout = TICK
    handlers = {"event_handler": handle, "cancel_callback": cancelled, "status_handler": forget_environment}
    _status, code = Runner(config, **handlers).run()
    if raised:
        raise raised[0]
    return int(code)
