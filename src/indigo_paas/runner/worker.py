# SPDX-License-Identifier: Apache-2.0
"""The other end of the line to an execution node: ansible-runner's worker, among the processes of this package.

What it is given lies in a directory of its own until the run ends. A deployment has one run at a node: a new one ends
the one before, whose server must have lost it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ansible_runner.streaming import Worker

from indigo_paas import __version__
from indigo_paas.errors import BadInput, Busy, IndigoError
from indigo_paas.ground import leftovers, lock, names, paths
from indigo_paas.ground.paths import DeploymentFiles, Home, private_directory
from indigo_paas.runner.environment import of_job
from indigo_paas.runner.job import Job
from indigo_paas.runner.line import IDENT, SILENCE, STATE, Header
from indigo_paas.runner.local import forget_command

# How long the run before is given to end (seconds).
_PATIENCE = 20.0
_PAUSE = 0.2
_LONGEST_HEADER = 10_000

_RUN = re.compile(r"[A-Za-z0-9-]{1,64}")


def serve(source: IO[bytes], target: IO[bytes], home: Home) -> bool:
    """Do the run that comes from SOURCE and tell of it on TARGET; say whether there was one to do."""
    try:
        header = _header(source)
        with _alone(home, header) as place:
            _run(header, place, home, source, target)
    except (IndigoError, OSError) as error:
        told = {"status": "error", "job_explanation": str(error)}
        target.write(json.dumps(told).encode() + b'\n{"eof": true}\n')
        target.flush()
        return False
    return True


def _header(source: IO[bytes]) -> Header:
    line = source.readline(_LONGEST_HEADER)
    try:
        header = Header(**json.loads(line))
    except (ValueError, TypeError):
        raise BadInput("This command is for the service: it takes its runs from another indigo-paas.") from None
    if header.version != __version__:
        raise BadInput(
            f"Version {__version__} of indigo-paas is installed here, and the server's is {header.version}. "
            "Install the same one."
        )
    names.valid_name(header.deployment)
    if not _RUN.fullmatch(header.run):
        raise BadInput(f"{header.run!r} is no name of a run.")
    return header


@contextlib.contextmanager
def _alone(home: Home, header: Header) -> Iterator[Path]:
    """Give the directory of a run that no other one of its deployment disturbs at this node."""
    root = home.runs / header.deployment
    with contextlib.ExitStack() as held:
        _take_over(root, header, held)
        for run in _others(root, header):
            paths.remove_sockets(run)
            shutil.rmtree(root / run, ignore_errors=True)
        try:
            yield private_directory(root / header.run)
        finally:
            shutil.rmtree(root, ignore_errors=True)


def _take_over(root: Path, header: Header, held: contextlib.ExitStack) -> None:
    """Take the lock of the deployment, and end whatever runs under it before."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        # The run before removes the directory when it ends.
        private_directory(root)
        leftovers.end({leftovers.marker(header.deployment, run) for run in _others(root, header)})
        try:
            held.enter_context(lock.hold(root / "lock", header.deployment, "execution-node"))
            return
        except (Busy, FileNotFoundError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


def _others(root: Path, header: Header) -> list[str]:
    """Return the earlier runs that left something."""
    with contextlib.suppress(FileNotFoundError):
        return [run.name for run in root.iterdir() if run.is_dir() and run.name != header.run]
    return []


def _run(header: Header, place: Path, home: Home, source: IO[bytes], target: IO[bytes]) -> None:
    files = DeploymentFiles(place / "artifacts" / IDENT / STATE)
    job = Job(
        deployment=header.deployment,
        run=header.run,
        playbook="",
        files=files,
        sites=place,
        directory=place,
        cache=home.artifacts,
        external=header.external,
        lenient=header.lenient,
    )
    mark = leftovers.marker(header.deployment, header.run)
    # ansible-runner would write what it is given as environment to a file.
    os.environ.update(of_job(job, paths.socket_directory(header.run)))
    os.environ.pop(paths.ACCESS_TOKEN_VARIABLE, None)
    token = place / "access-token"
    if header.access_token:
        paths.write_private(token, header.access_token)
        os.environ[paths.ACCESS_TOKEN_VARIABLE] = str(token)
    server = _Server(source, token)

    def cancelled() -> bool:
        if not server.is_gone():
            return False
        leftovers.end({mark})
        return True

    try:
        worker = _Worker(
            _input=source,
            _output=target,
            private_data_dir=str(place),
            cancel_callback=cancelled,
            settings={"pexpect_timeout": 1},
        )
        worker.server = server
        worker.run()
    finally:
        leftovers.end({mark})
        paths.remove_sockets(header.run)


class _Server:
    """The server at the other end, which gives signs of life, and new access tokens, which go to the file TOKEN."""

    def __init__(self, source: IO[bytes], token: Path) -> None:
        self._source = source
        self._token = token
        self._last = time.monotonic()
        self._closed = False

    def watch(self) -> None:
        """Note its signs of life from now on, in a thread."""
        self._last = time.monotonic()
        threading.Thread(target=self._read, daemon=True).start()

    def is_gone(self) -> bool:
        return self._closed or time.monotonic() - self._last > SILENCE

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := self._source.readline():
                self._last = time.monotonic()
                if line.strip():
                    paths.write_private(self._token, str(json.loads(line)))
        self._closed = True


# ansible-runner has no types, so that its class counts as Any.
class _Worker(Worker):  # type: ignore[misc]
    """ansible-runner's worker, which keeps the environment to itself."""

    server: _Server

    def status_handler(self, status_data: dict[str, Any], runner_config: Any) -> None:
        if status_data["status"] == "starting":
            # All that was transmitted has been read.
            self.server.watch()
        if status_data["status"] == "running" and runner_config:
            forget_command(runner_config.artifact_dir)
        told = {key: status_data[key] for key in status_data if key not in ("env", "command", "cwd")}
        # It wants to talk to a server that may have gone, in which case nobody needs to be told.
        with contextlib.suppress(BrokenPipeError):
            super().status_handler(told, runner_config)
