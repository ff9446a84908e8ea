# SPDX-License-Identifier: Apache-2.0
"""What all tests share: where things are, and the installed command."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLLECTION = ROOT / "collections" / "ansible_collections" / "indigo" / "paas"
BIN = pathlib.Path(sys.executable).parent


@pytest.fixture(scope="session", autouse=True)
def _collections() -> Iterator[None]:
    """Let the roles that templates of the tests name be found, by planning in this process, too."""
    here = ROOT / "tests" / "collections"
    known = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or "~/.ansible/collections:/usr/share/ansible/collections"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{ROOT / 'collections'}:{here}:{known}")
        yield


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture(scope="session")
def collection() -> pathlib.Path:
    return COLLECTION


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program of the virtual environment; its whole output is in the message when it fails."""

    def call(*command: str, cwd: pathlib.Path = ROOT, status: int | None = 0, **kwargs: Any) -> Any:
        program, *arguments = command
        env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **kwargs.pop("env", {})}
        # Files, not pipes: ssh's connection master would hold a pipe open long after the program ended.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            ended = subprocess.run(
                [str(BIN / program), *arguments], cwd=cwd, env=env, stdout=out, stderr=err, check=False, **kwargs
            )
            out.seek(0)
            err.seek(0)
            done = subprocess.CompletedProcess(ended.args, ended.returncode, out.read(), err.read())
        if status is not None:
            said = f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == status, said
        return done

    return call


class Command:
    """The installed command ``indigo-paas`` with a data directory of its own."""

    def __init__(self, home: pathlib.Path, run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        self.home = home
        self.env = {"INDIGO_PAAS_HOME": str(home)}
        self._run = run

    def __call__(self, *arguments: str, status: int | None = 0, **kwargs: Any) -> Any:
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        env = {**self.env, **kwargs.pop("env", {})}
        return self._run("indigo-paas", *arguments, status=status, env=env, **kwargs)

    def json(self, *arguments: str, status: int | None = 0, **kwargs: Any) -> Any:
        return json.loads(self(*arguments, "--json", status=status, **kwargs).stdout)

    def start(self, *arguments: str, **kwargs: Any) -> subprocess.Popen[str]:
        """Start the command and return at once."""
        return subprocess.Popen(
            [str(BIN / "indigo-paas"), *arguments],
            cwd=ROOT,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=kwargs.pop("stdout", subprocess.PIPE),
            stderr=kwargs.pop("stderr", subprocess.PIPE),
            text=True,
            **kwargs,
        )


@pytest.fixture
def indigo(tmp_path: pathlib.Path, run: Callable[..., Any]) -> Command:
    return Command(tmp_path / "home", run)
