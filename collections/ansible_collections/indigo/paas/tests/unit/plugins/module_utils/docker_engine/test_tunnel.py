# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pathlib
import time

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.endpoint import read_endpoint
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.tunnel import Tunnel
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

OPTIONS = ("tls_ca", "tls_cert", "tls_key", "tls_verify", "key", "known_hosts")
ENDPOINT = read_endpoint("far", dict.fromkeys(OPTIONS) | {"endpoint": "ssh://me@host"}, {})


def put_ssh(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let SCRIPT be what the name ssh means."""
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_what_ssh_says_after_the_login_does_not_stop_it(tmp_path, monkeypatch):
    done = tmp_path / "done"
    put_ssh(
        tmp_path,
        monkeypatch,
        f"echo indigo-paas; head -c 300000 /dev/zero | tr '\\0' x >&2; touch {done}; exec cat >/dev/null",
    )
    tunnel = Tunnel("far", ENDPOINT)
    until = time.monotonic() + 20
    while not done.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert done.exists()
    tunnel.close()


def test_why_nobody_is_let_in_is_told_however_long_it_is(tmp_path, monkeypatch):
    put_ssh(
        tmp_path,
        monkeypatch,
        "head -c 300000 /dev/zero | tr '\\0' x >&2; echo; echo >&2; echo me@host: no >&2; exit 255",
    )
    with pytest.raises(SiteError, match="does not let us in at ssh://me@host: me@host: no"):
        Tunnel("far", ENDPOINT)
