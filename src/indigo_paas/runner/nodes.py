# SPDX-License-Identifier: Apache-2.0
"""Runs at execution nodes: machines that a command reaches, such as ssh, and where this package is installed.

ansible-runner transmits what a run needs to the command's input, a worker there runs it, and what the worker tells on
the command's output is processed here. See `worker` for the other end, and for what goes over the line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from indigo_paas.errors import IndigoError, Lost
from indigo_paas.ground.paths import ACCESS_TOKEN_VARIABLE, DeploymentFiles, private_directory
from indigo_paas.runner.job import STOPPED, TICK, Event, Job
from indigo_paas.runner.line import BEAT, IDENT, STATE, Header
from indigo_paas.templates import collection, kept_request

# How long a run that shall end is given to do so at its node, and the command to end after its last word (seconds).
STOP_PATIENCE = 30.0
END_PATIENCE = 10.0

_KEPT = ("ssh_key", "ssh_key.pub", "known_hosts")
_TOLD = 500


@dataclass(frozen=True)
class Node:
    """An execution node. command: runs "indigo-paas execution-node" there, with its input and output connected."""

    name: str
    command: tuple[str, ...]


class Unreachable(IndigoError):
    """A node began nothing."""


class Nodes:
    """Runs playbooks at execution nodes."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    def run(self, job: Job, on_event: Callable[[Event], None], should_stop: Callable[[], bool]) -> int:
        """Run JOB, as `Execution` says, at the first node of `in_order` that takes it.

        Raises Lost where none does, or where the connection breaks: the node then ends the run by itself.
        """
        refused = []
        for node in in_order(self._nodes, job.deployment):
            try:
                return _run_at(node, job, on_event, should_stop)
            except Unreachable as error:
                refused.append(str(error))
        raise Lost("No execution node took the run. " + " ".join(refused))


def in_order(nodes: Sequence[Node], name: str) -> list[Node]:
    """Return NODES in the order in which the deployment NAME tries them.

    It is the same each time, so that two runs of a deployment meet at one node, which ends the older one; a node that
    comes or goes changes it for few (rendezvous hashing).
    """
    return sorted(nodes, key=lambda node: hashlib.sha256(f"{node.name}\0{name}".encode()).digest())


def _run_at(node: Node, job: Job, on_event: Callable[[Event], None], should_stop: Callable[[], bool]) -> int:
    if not job.lenient:
        # Were it made there, a lost connection could take it away, and with it the way to the nodes of the deployment.
        collection.ensure_ssh_key(job.files.ssh_key, job.deployment)
    artifacts = private_directory(job.directory / IDENT)
    with _connected(node) as line, _staged(job) as staged:
        visit = _Visit(node, line, on_event, should_stop)
        visit.converse(job, staged, artifacts)
    _take_home(artifacts / STATE, job.files)
    try:
        return int((artifacts / "rc").read_text())
    except (OSError, ValueError):
        if visit.is_stopped:
            return STOPPED
        raise Lost(f"The execution node {node.name} did not say how the run ended.") from None


class _Visit:
    """A run at a node. Two threads speak and listen; what they hear is told in the thread that calls `converse`."""

    def __init__(
        self,
        node: Node,
        line: subprocess.Popen[bytes],
        on_event: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._node = node
        self._line = line
        self._on_event = on_event
        self._should_stop = should_stop
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._over = threading.Event()
        self._raised: BaseException | None = None
        self._begun = False
        self._problem = ""
        self.is_stopped = False

    def converse(self, job: Job, staged: Path, artifacts: Path) -> None:
        speaker = threading.Thread(target=self._speak, args=(job, staged), daemon=True)
        listener = threading.Thread(target=self._listen, args=(artifacts,), daemon=True)
        speaker.start()
        listener.start()
        try:
            self._follow()
        finally:
            self._over.set()
            speaker.join(END_PATIENCE)
            listener.join(END_PATIENCE)
        if self._raised:
            raise self._raised
        if self._problem and not self.is_stopped:
            kind = Lost if self._begun else Unreachable
            raise kind(f"The execution node {self._node.name} {self._problem}")

    def _follow(self) -> None:
        """Tell what is heard until there is no more of it, and end the run where that is wanted."""
        asked, deadline = 0.0, 0.0
        while True:
            with contextlib.suppress(queue.Empty):
                kind, what = self._heard.get(timeout=TICK)
                if kind == "end":
                    return
                self._take(kind, what)
            now = time.monotonic()
            if not self.is_stopped and now - asked >= TICK:
                asked, deadline, self.is_stopped = now, now + STOP_PATIENCE, self._shall_stop()
            if self.is_stopped:
                self._over.set()
                if now > deadline:
                    self._line.kill()

    def _shall_stop(self) -> bool:
        if self._raised is None:
            try:
                return self._should_stop()
            except BaseException as error:
                self._raised = error
        return True

    def _take(self, kind: str, what: Any) -> None:
        if kind == "status":
            self._begun |= what["status"] in ("starting", "running")
            if what["status"] == "error":
                self._problem = self._why(str(what.get("job_explanation") or ""))
        elif self._raised is None:
            try:
                self._on_event(what)
            except BaseException as error:
                self._raised = error

    def _why(self, explained: str) -> str:
        """Return what went wrong, as the node EXPLAINED it, or as what the command printed says."""
        if explained and "worker stream" not in explained:
            return f"says: {explained}"
        assert self._line.stderr
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._line.wait(END_PATIENCE)
        printed = " ".join(self._line.stderr.read().decode(errors="replace").split())[-_TOLD:]
        what = "was lost" if self._begun else "does not answer"
        return f"{what}: {printed or f'the command ended with code {self._line.poll()}.'}"

    def _speak(self, job: Job, staged: Path) -> None:
        from ansible_runner import run

        assert self._line.stdin
        with contextlib.suppress(OSError, ValueError), self._line.stdin as output:
            token = _access_token()
            output.write(json.dumps(asdict(Header.of(job, token))).encode() + b"\n")
            run(
                streamer="transmit",
                _output=output,
                private_data_dir=str(staged),
                ident=IDENT,
                playbook=job.playbook,
                verbosity=job.verbosity,
                extravars=dict(job.variables),
                fact_cache_type="memory",
            )
            output.flush()
            while not self._over.wait(BEAT):
                said, token = token, _access_token()
                output.write((json.dumps(token) if token and token != said else "").encode() + b"\n")
                output.flush()

    def _listen(self, artifacts: Path) -> None:
        from ansible_runner import run

        def status(data: dict[str, Any], runner_config: Any) -> None:
            self._heard.put(("status", data))

        def event(data: Event) -> bool:
            self._heard.put(("event", data))
            # Events hold what tasks were given and gave back: the store keeps what is worth it.
            return False

        try:
            run(
                streamer="process",
                _input=self._line.stdout,
                private_data_dir=str(artifacts.parent),
                artifact_dir=str(artifacts),
                status_handler=status,
                event_handler=event,
                quiet=True,
            )
        except Exception as error:
            self._heard.put(("status", {"status": "error", "job_explanation": f"what came cannot be read: {error}"}))
        finally:
            self._heard.put(("end", None))


def _access_token() -> str | None:
    """Return the access token of the user for whom this process works."""
    try:
        return Path(os.environ[ACCESS_TOKEN_VARIABLE]).read_text(encoding="utf-8")
    except (KeyError, OSError):
        return None


@contextlib.contextmanager
def _connected(node: Node) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command of NODE; it is gone when this ends."""
    try:
        line = subprocess.Popen(
            node.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise Unreachable(
            f"The execution node {node.name} does not answer: {node.command[0]}: {error.strerror}."
        ) from None
    try:
        yield line
    finally:
        _end(line)


def _end(line: subprocess.Popen[bytes]) -> None:
    try:
        line.wait(END_PATIENCE)
    except subprocess.TimeoutExpired:
        line.kill()
        line.wait()
    for stream in (line.stdin, line.stdout, line.stderr):
        if stream:
            with contextlib.suppress(OSError, ValueError):
                stream.close()


@contextlib.contextmanager
def _staged(job: Job) -> Iterator[Path]:
    """Give a directory that holds what JOB needs, in ansible-runner's order; it is removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="transmit-", dir=job.directory))
    try:
        inventory = private_directory(place / "inventory")
        for name, source in kept_request.inventory_parts(job.sites).items():
            _copy(source, inventory / name)
        request = kept_request.read(job.files)
        kept_request.write_to(inventory / job.files.source.name, Path("..", "artifacts", IDENT, STATE), request)
        state = private_directory(place / "artifacts" / IDENT / STATE)
        for source in _state_of(job.files):
            _copy(source, state / source.relative_to(job.files.root))
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _state_of(files: DeploymentFiles) -> Iterator[Path]:
    wanted = [files.template, files.artifacts, *(files.root / name for name in _KEPT)]
    yield from (path for path in wanted if path.exists())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _take_home(state: Path, files: DeploymentFiles) -> None:
    """Put what the run changed in STATE where it belongs, each in one step."""
    for name in _KEPT:
        if (state / name).is_file():
            (state / name).replace(files.root / name)
    fetched = state / files.artifacts.name
    if fetched.is_dir():
        shutil.rmtree(files.artifacts, ignore_errors=True)
        fetched.replace(files.artifacts)
    shutil.rmtree(state, ignore_errors=True)
