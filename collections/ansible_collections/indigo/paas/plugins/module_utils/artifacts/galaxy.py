# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and collections as `ansible-galaxy` installs them, in a process with a time limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import ROLE, Artifact
from ansible_collections.indigo.paas.plugins.module_utils.download import bare
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

SECONDS = 300.0
_SAID = 400
_COMPLAINTS = ("ERROR", "WARNING", "fatal:")


def install(artifact: Artifact, made: Path, seconds: float = SECONDS) -> Path:
    """Install a role or a collection below the directory `made`, alone, and return its own directory.

    PaasError says why it cannot be had, or that it took longer than `seconds`.
    """
    is_role = artifact.kind == ROLE
    wanted = made / "requirements.yml"
    wanted.write_text(json.dumps(_role(artifact) if is_role else _collection(artifact)), encoding="utf-8")
    kind, option = ("role", "--roles-path") if is_role else ("collection", "--collections-path")
    arguments = [kind, "install", "--no-deps", option, str(made), "-r", str(wanted)]
    code, said = _run([sys.executable, "-m", "ansible", "galaxy", *arguments], made, seconds)
    parts = [artifact.name] if is_role else ["ansible_collections", *artifact.name.split(".")]
    found = made.joinpath(*parts)
    if code or not found.is_dir():
        raise PaasError(f"ansible-galaxy says: {_reason(said, artifact)}")
    return found


def _role(artifact: Artifact) -> Any:
    entry = {"src": artifact.source, "name": artifact.name, "version": artifact.version}
    entry["scm"] = "git" if artifact.git else None
    return [{key: value for key, value in entry.items() if value}]


def _collection(artifact: Artifact) -> Any:
    kind = "git" if artifact.git else "url" if "://" in artifact.source else "galaxy"
    entry = {"name": artifact.source, "type": kind, "version": artifact.version}
    return {"collections": [{key: value for key, value in entry.items() if value}]}


def _run(command: list[str], directory: Path, seconds: float) -> tuple[int, str]:
    """Run a command that asks nothing, and end it with all its children when its time is over."""
    environment = {
        **os.environ,
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_FORCE_COLOR": "false",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    }
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _none = process.communicate(timeout=seconds)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        raise PaasError(f"ansible-galaxy did not end within {seconds:g} seconds") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _reason(said: str, artifact: Artifact) -> str:
    """Return what ansible-galaxy complained of, in one line and without passwords."""
    if "://" in artifact.source:
        said = said.replace(artifact.source, bare(artifact.source))
    lines = [line for line in said.splitlines() if "--ignore-errors" not in line]
    told = [line for line in lines if any(word in line for word in _COMPLAINTS)] or lines[-3:]
    return " ".join(" ".join(told).split())[:_SAID] or "nothing"
