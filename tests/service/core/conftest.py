# SPDX-License-Identifier: Apache-2.0
"""The service without its REST API: a desk in this process, supervisors and jobs in processes of their own."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import psutil
import pytest

from indigo_paas.service.desk import Desk
from indigo_paas.service.model import Asked, User
from indigo_paas.service.settings import read
from indigo_paas.store import open_store
from tests.cli import fake as playbooks
from tests.cli.conftest import TEMPLATE
from tests.service.core import fake
from tests.service.core.postgresql import Cluster

AT_REST = ("CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED", "DELETE_FAILED", "GONE")
OWNER = User("owner", "https://issuer.example/")


def wait_until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """Return what CONDITION gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


class Service:
    """A service on a fake site. said: variables of its environment."""

    def __init__(self, directory: pathlib.Path, **said: str) -> None:
        root = playbooks.write(directory / "collections")
        self.home = directory / "home"
        self.env = {
            "FAKE_COLLECTIONS": str(root),
            "INDIGO_PAAS_HOME": str(self.home),
            "INDIGO_PAAS_SITES": str(root / "sites.yml"),
            "INDIGO_PAAS_JOBS_WORKERS": "2",
            **said,
        }
        self.settings = read(environment=self.env)
        self.desk = Desk(self.settings)
        self.store = open_store(self.settings.database or self.settings.engine().home.database)
        self._supervisors: list[subprocess.Popen[bytes]] = []

    def supervisor(self, **env: str) -> subprocess.Popen[bytes]:
        """Start a supervisor, and return its process."""
        with open(self.home / "supervisor.txt", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, fake.__file__, "supervisor"],
                env={**os.environ, **self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._supervisors.append(process)
        return process

    def create(self, user: User = OWNER, template: str = TEMPLATE, **asked: Any) -> str:
        return self.desk.create(user, Asked(template, **asked)).uuid

    def status(self, uuid: str) -> str:
        """Return the status of a deployment, GONE when there is none."""
        row = self.store.deployment_with_uuid(uuid)
        return row.status if row else "GONE"

    def wait(self, uuid: str, *statuses: str, seconds: float = 120) -> str:
        """Wait until a deployment has one of STATUSES, by default one of a deployment at rest."""
        wanted = statuses or AT_REST
        try:
            wait_until(lambda: self.status(uuid) in wanted and not self.store.jobs.open(uuid), seconds)
        except AssertionError:
            row = self.store.deployment_with_uuid(uuid)
            raise AssertionError(f"{row}\n{self.store.jobs.of(uuid)}\n{self.logs()}") from None
        return self.status(uuid)

    def logs(self) -> str:
        texts = [self.home / "supervisor.txt", *sorted((self.home / "logs").glob("*.txt"))]
        return "\n".join(f"--- {file}\n{file.read_text()[-3000:]}" for file in texts if file.exists())

    def working(self, uuid: str) -> bool:
        """Say whether the playbook of a deployment is at its long task."""
        return any(_program(process) == "sleep" for process in self.processes(uuid))

    def processes(self, uuid: str = "") -> list[psutil.Process]:
        """Return what Ansible runs for this home."""
        found = []
        for process in psutil.process_iter():
            try:
                env = process.environ()
            except psutil.Error:
                continue
            run = env.get("INDIGO_PAAS_RUN")
            if run and run.startswith(uuid) and env.get("INDIGO_PAAS_HOME") == str(self.home):
                found.append(process)
        return found

    def job_process(self, uuid: str) -> int:
        """Return the pid of the process that does a job of a deployment."""
        return cast(int, wait_until(lambda: next((job.pid for job in self.store.jobs.open(uuid) if job.pid), None)))

    def close(self) -> None:
        for process in self._supervisors:
            process.kill()
            process.wait()
        for job in self.store.jobs.open():
            if job.pid:
                _kill(job.pid)
        for left in self.processes():
            _kill(left.pid)
        self.desk.close()
        self.store.close()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _program(process: psutil.Process) -> str | None:
    try:
        return next(iter(process.cmdline()), None)
    except psutil.Error:
        return None


@pytest.fixture
def service(tmp_path: pathlib.Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster.running() as made:
        yield made


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database."""
    with cluster.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return cast(str, request.getfixturevalue("database"))
