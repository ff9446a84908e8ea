# SPDX-License-Identifier: Apache-2.0
"""The command on a fake collection: what it does, without an engine."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.cli import fake

TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_0
description: A server
imports:
  - indigo_custom_types: https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml
topology_template:
  inputs:
    count: {type: integer, default: 1}
    version: {type: string, default: "1"}
    password: {type: string, default: ""}
  node_templates:
    server:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable:
          properties:
            count: { get_input: count }
  outputs:
    said: { value: hello }
    started: { value: { concat: [ { get_input: version }, { get_input: password } ] } }
"""


class Fake:
    """The command as a process of its own, with a home of its own."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.home = directory / "home"
        self.template = directory / "server.yaml"
        self.template.write_text(TEMPLATE)
        root = fake.write(directory / "collections")
        self.env = {
            **os.environ,
            "FAKE_COLLECTIONS": str(root),
            "INDIGO_PAAS_HOME": str(self.home),
            "INDIGO_PAAS_SITES": str(root / "sites.yml"),
        }

    def start(self, *arguments: str, stdin: str | None = None, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, fake.__file__, *arguments],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, status: int = 0, stdin: str | None = None, **env: str) -> Any:
        process = self.start(*arguments, stdin=stdin, **env)
        stdout, stderr = process.communicate(stdin, timeout=120)
        assert process.returncode == status, f"{process.returncode}\n{stdout}\n{stderr}"
        assert "Traceback" not in stdout + stderr
        return subprocess.CompletedProcess(arguments, status, stdout, stderr)

    def json(self, *arguments: str, status: int = 0, stdin: str | None = None, **env: str) -> Any:
        return json.loads(self(*arguments, "--json", status=status, stdin=stdin, **env).stdout)

    def deploy(self, *arguments: str, **keywords: Any) -> Any:
        return self.json("deploy", str(self.template), "--name", "pool", *arguments, **keywords)

    def processes(self) -> list[psutil.Process]:
        """Return what runs for this home: Ansible's processes name it."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("INDIGO_PAAS_RUN") and process.environ().get("INDIGO_PAAS_HOME") == str(
                    self.home
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def command(tmp_path: pathlib.Path) -> Iterator[Fake]:
    made = Fake(tmp_path)
    yield made
    for process in made.processes():
        process.kill()
