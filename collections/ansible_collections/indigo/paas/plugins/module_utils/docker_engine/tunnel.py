# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to an engine behind an SSH server: a socket of this machine that stands for the engine's own."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import tempfile
import time
import weakref
from typing import IO, cast

from ansible_collections.indigo.paas.plugins.module_utils import entry
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.endpoint import Endpoint
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.remote import ssh_words

LOGIN_TIMEOUT = 20  # seconds
READY = b"indigo-paas\n"
LAST_ERRORS = 65536  # bytes of what ssh said that may hold the reason


class Tunnel:
    """An SSH connection that forwards a socket; it ends with this object, or with this process however that dies."""

    def __init__(self, site: str, endpoint: Endpoint) -> None:
        """Open it. Raises SiteError where nobody can log in or the engine's socket is not there."""
        self._directory = tempfile.mkdtemp(prefix="indigo-paas-")
        self.socket = os.path.join(self._directory, "engine.sock")
        # A file takes all that ssh may say while it runs; a pipe that nobody reads would fill up and stop it.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it is ssh's for as long as that runs
        try:
            # A session of its own: an interrupt at the keyboard is for us, who then need the engine to clean up.
            self._process = subprocess.Popen(
                tunnel_command(endpoint, self.socket),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            self._errors.close()
            shutil.rmtree(self._directory, ignore_errors=True)
            raise SiteError("The command ssh is not installed here", bad_input=True) from error
        self._finalizer = weakref.finalize(self, _close, self._process, self._errors, self._directory)
        try:
            self._wait(site, endpoint)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection; once is enough."""
        self._finalizer()

    def _wait(self, site: str, endpoint: Endpoint) -> None:
        """Return when the host says that we are in; what its shell says before does not matter."""
        until = time.monotonic() + LOGIN_TIMEOUT
        said = b""
        output = cast(IO[bytes], self._process.stdout)  # a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while READY not in said:
                if not selector.select(max(until - time.monotonic(), 0)):
                    raise SiteError(
                        f"The host of site '{site}' did not let us in within {LOGIN_TIMEOUT} s: {endpoint.url}"
                    )
                chunk = os.read(output.fileno(), 4096)
                if not chunk:
                    raise refusal(site, endpoint, self._last_errors())
                said += chunk

    def _last_errors(self) -> str:
        """Return the end of what ssh, which has closed its output, said of errors."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LOGIN_TIMEOUT)
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(size - LAST_ERRORS, 0))
        return self._errors.read().decode(errors="replace")


def tunnel_command(endpoint: Endpoint, socket: str) -> list[str]:
    """Return the command that forwards SOCKET of this machine to the engine's, until its standard input ends."""
    return [
        "ssh",
        *ssh_words(known_hosts=endpoint.known_hosts, key=endpoint.ssh_key),
        # A shared connection would outlive us, and keep the socket.
        *("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes"),
        *("-L", f"{socket}:{endpoint.socket}"),
        *(["-p", str(endpoint.port)] if endpoint.port else []),
        *(["-l", endpoint.user] if endpoint.user else []),
        *("--", endpoint.host),
        f"echo {READY.decode().strip()} && exec cat >/dev/null",
    ]


def refusal(site: str, endpoint: Endpoint, said: str) -> SiteError:
    """Return the error for a connection that ended at once, after ssh SAID why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = lines[-1] if lines else "it gave no reason"
    hint = None
    match entry.refusal(said):
        case entry.Refusal.UNKNOWN_HOST_KEY | entry.Refusal.CHANGED_HOST_KEY:
            hint = "Add its host key to known_hosts, or name a file that has it in site_known_hosts."
        case entry.Refusal.NO_LOGIN:
            hint = "Put the public key into the user's authorized_keys there, and name the private one in site_key."
    return SiteError(f"The host of site '{site}' does not let us in at {endpoint.url}: {reason}", hint=hint)


def _close(process: subprocess.Popen[bytes], errors: IO[bytes], directory: str) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    process.terminate()
    for stream in (process.stdin, process.stdout, errors):
        if stream:
            stream.close()
    process.wait()
