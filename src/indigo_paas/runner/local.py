# SPDX-License-Identifier: Apache-2.0
"""Runs on this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from indigo_paas.errors import Lost
from indigo_paas.ground import leftovers, paths
from indigo_paas.runner.environment import of_job
from indigo_paas.runner.job import TICK, Event, Job


class Here:
    """Runs playbooks on this machine, with what is installed beside this package."""

    def run(self, job: Job, on_event: Callable[[Event], None], should_stop: Callable[[], bool]) -> int:
        """Run JOB, as `Execution` says; nothing that it started is left when this returns.

        Raises Lost where somebody else ended it by a signal.
        """
        try:
            return _run(job, of_job(job, paths.socket_directory(job.run)), on_event, should_stop)
        finally:
            # ssh's masters outlive the run, and with their sockets gone nobody can use them.
            leftovers.end({leftovers.marker(job.deployment, job.run)})
            paths.remove_sockets(job.run)


def _run(
    job: Job,
    environment: Mapping[str, str],
    on_event: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> int:
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
        leftovers.end({environment[leftovers.MARKER]})
        return True

    def forget_environment(status: Mapping[str, str], runner_config: Any) -> None:
        if status["status"] == "running":
            forget_command(runner_config.artifact_dir)

    config = RunnerConfig(
        private_data_dir=str(job.directory),
        artifact_dir=str(job.directory),
        ident="ansible",
        playbook=job.playbook,
        inventory=[str(job.sites), str(job.files.source)],
        envvars=dict(environment),
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
    if code is None:
        raise Lost(
            "ansible-playbook was killed by somebody else; where memory is short, the operating system does that. "
            "What it had done is kept."
        )
    return int(code)


def forget_command(artifacts: str) -> None:
    """Remove the file to which ansible-runner writes the whole environment, with all its secrets."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(artifacts, "command"))
