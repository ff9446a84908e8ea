# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of the tests' own, in a temporary directory, on a socket only. setup/postgresql.sh installs it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from typing import cast

_USER = "postgres"


class Cluster:
    """A running server. directory: of its socket and its data."""

    def __init__(self, directory: pathlib.Path, programs: pathlib.Path) -> None:
        self._directory = directory
        self._programs = programs

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[Cluster]:
        """Start a server, and stop it in the end."""
        # A socket's path has to be short, and PostgreSQL refuses to run as root.
        directory = pathlib.Path(tempfile.mkdtemp(prefix="paas-pg-", dir="/tmp"))
        made = cls(directory, programs())
        try:
            if os.geteuid() == 0:
                shutil.chown(directory, _USER)
            made._run("initdb", "-D", f"{directory}/data", "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
            options = f"-k {directory} -c listen_addresses='' -c fsync=off"
            made._run("pg_ctl", "-D", f"{directory}/data", "-w", "-l", f"{directory}/log", "-o", options, "start")
            try:
                yield made
            finally:
                made._run("pg_ctl", "-D", f"{directory}/data", "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of a new database, which is dropped in the end."""
        name = f"test_{secrets.token_hex(4)}"
        self._run("createdb", "-h", str(self._directory), "-U", _USER, name)
        try:
            yield f"postgresql+psycopg://{_USER}@/{name}?host={self._directory}"
        finally:
            self._run("dropdb", "--force", "-h", str(self._directory), "-U", _USER, name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _USER, "--", *command]
        done = (
            subprocess.run(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if program != "pg_ctl"
            else _detached(command)
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"


def _detached(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run what leaves a server behind, which would hold a pipe open."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read(), "")


def programs() -> pathlib.Path:
    """Return the directory of the server's programs: Debian keeps those of each version apart."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("initdb")
    assert found or beside, "PostgreSQL is missing: run setup/postgresql.sh as root, or install it"
    return found[-1].parent if found else pathlib.Path(cast(str, beside)).parent
