# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running shell scripts as root on machines that exist: over SSH, or on this one."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.entry import Refusal, refusal
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

SSH_FAILED = 255
CONNECT_TIMEOUT = 10  # seconds
SCRIPT_TIMEOUT = 120  # seconds


class Done(NamedTuple):
    """What a script did: its exit code and its two outputs."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Machine:
    """A machine and the way to it.

    user             who logs in; one other than root must be allowed `sudo` without a password
    key              path of a private key; by default what ssh itself finds
    known_hosts      path of a file with host keys; by default what ssh itself knows
    accept_new_keys  a host key that is not known yet is taken on trust
    local            it is this machine: nobody logs in
    """

    name: str
    address: str
    port: int = 22
    user: str = "root"
    key: str | None = None
    known_hosts: str | None = None
    accept_new_keys: bool = False
    local: bool = False

    def run(self, script: str, timeout: int = SCRIPT_TIMEOUT) -> Done:
        """Run SCRIPT (POSIX sh) as root, TIMEOUT seconds at most.

        Raises SiteError where the machine cannot be reached or will not let it.
        """
        # In braces it is read whole before it begins: a connection that breaks does not leave half of it done.
        text = f"{{\n{script}\nexit\n}}\n"
        try:
            done = subprocess.run(
                self.command(),
                input=text,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError as error:
            raise SiteError(f"The command {error.filename} is not installed here", bad_input=True) from error
        except subprocess.TimeoutExpired as error:
            raise SiteError(f"Host {self.name} did not finish in {timeout} s") from error
        self._require_entry(done.returncode, done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)

    def command(self) -> list[str]:
        """Return the command that runs, as root on this machine, the script on its standard input."""
        shell = ["env", "LC_ALL=C", "sh", "-s"]
        if self.local:
            return shell if os.geteuid() == 0 else ["sudo", "-n", *shell]
        return [
            "ssh",
            *ssh_words(self.known_hosts, self.key, self.accept_new_keys),
            *("-p", str(self.port), "-l", self.user, "--", self.address),
            *(shell if self.user == "root" else ["sudo", "-n", *shell]),
        ]

    def _require_entry(self, code: int, said: str) -> None:
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it gave no reason")
        if code == SSH_FAILED and not self.local:
            raise SiteError(f"Host {self.name} ({self.address} port {self.port}): {last}", hint=_remedy(said))
        if code != 0 and last.startswith("sudo:"):
            raise SiteError(
                f"Host {self.name}: {self.user if not self.local else 'this user'} may not become root: {last}",
                hint="Allow the user sudo without a password, or log in as root.",
            )


def ssh_words(known_hosts: str | None, key: str | None, accept_new_keys: bool = False) -> list[str]:
    """Return the arguments of ssh for a login that asks nothing; paths that are None are left to ssh."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_TIMEOUT),
        "ServerAliveInterval": "15",
        "StrictHostKeyChecking": "accept-new" if accept_new_keys else "yes",
        **({"UserKnownHostsFile": f'"{known_hosts}"'} if known_hosts else {}),
        **({"IdentitiesOnly": "yes"} if key else {}),
    }
    return [
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
        *(["-i", key] if key else []),
    ]


def _remedy(said: str) -> str | None:
    match refusal(said):
        case Refusal.CHANGED_HOST_KEY:
            return "Its host key is another one than known_hosts has: if that is as it should be, replace it there."
        case Refusal.UNKNOWN_HOST_KEY:
            return "Add its host key to the file known_hosts, or set site_accept_new_host_keys to true."
        case Refusal.NO_LOGIN:
            return (
                "Put the public key into the user's authorized_keys there, and name the private one in the host's key."
            )
    return None
