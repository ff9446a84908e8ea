# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases: which deployment has a machine that exists. The record is a file on the machine itself.

There, all controllers see the same record, it lives exactly as long as the machine, and no service has to be run
for it. It appears whole, by one atomic link under a lock, so that of two controllers exactly one gets the machine.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any

Data = dict[str, Any]

DIRECTORY = "/etc/indigo-paas"
LEASE = f"{DIRECTORY}/lease.json"
FORMAT = 1

LEASED_ALREADY = 17
NOT_OURS = 18
BUSY = 19
COMMAND_FAILED = 20

# Scripts of two controllers wait for each other here.
_LOCK = f"""
set -eu
umask 077
mkdir -p {DIRECTORY}
exec 9>>{DIRECTORY}/lock
flock -w 60 9 || exit {BUSY}
"""

# By default a package of systemd enables what it brings. What was not enabled when the lease began, it brought.
_ENABLED = (
    "{ test ! -d /run/systemd/system || "
    "systemctl list-unit-files --type=service --state=enabled --no-legend 2>/dev/null; } | cut -d' ' -f1 | sort"
)

_SURVEY = f"""
echo @cpus; nproc
echo @memory; awk '/^MemTotal:/ {{ printf "%.0f\\n", $2 * 1024 }}' /proc/meminfo
echo @architecture; uname -m
echo @addresses; hostname -I 2>/dev/null || true
echo @system; cat /etc/os-release 2>/dev/null || true
echo @host_keys; for key in /etc/ssh/ssh_host_*_key; do ssh-keygen -y -f "$key" 2>/dev/null || true; done
echo @root_login; sshd -T 2>/dev/null | sed -n 's/^permitrootlogin //p' || true
echo @python; command -v python3 || true
echo @authorized; cat /root/.ssh/authorized_keys 2>/dev/null || true
echo @lease; cat {LEASE} 2>/dev/null || true
"""


def survey_script() -> str:
    """Return the script that tells all that is to be known of a machine; it changes nothing."""
    return f"PATH=$PATH:/usr/sbin:/sbin\n{_SURVEY}"


def read_survey(text: str) -> Data:
    """Return what the survey script printed.

    cpus, memory (bytes), architecture, addresses, system (of /etc/os-release, by name), host_keys, root_login,
    python, authorized (lines of authorized_keys), lease (None where there is none that can be read), and
    lease_problem, a sentence where there is one that cannot be read.
    """
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("@") and line[1:].isidentifier():
            current = parts.setdefault(line[1:], [])
        else:
            current.append(line)
    words = {name: " ".join(lines).split() for name, lines in parts.items()}
    lease, problem = _read_lease("\n".join(parts.get("lease", [])))
    return {
        "cpus": int(words["cpus"][0]),
        "memory": int(words["memory"][0]),
        "architecture": words["architecture"][0],
        "addresses": words["addresses"],
        "system": _assignments(parts["system"]),
        "host_keys": [" ".join(line.split()[:2]) for line in parts["host_keys"] if len(line.split()) > 1],
        "root_login": " ".join(words["root_login"]),
        "python": (words["python"] or [""])[0],
        "authorized": [line.strip() for line in parts["authorized"]],
        "lease": lease,
        "lease_problem": problem,
    }


def _read_lease(text: str) -> tuple[Data | None, str | None]:
    if not text.strip():
        return None, None
    try:
        lease = json.loads(text)
        texts = all(isinstance(lease[name], str) for name in ("deployment", "group", "hostname"))
        # JSON's true is an int to Python.
        index = isinstance(lease["index"], int) and not isinstance(lease["index"], bool)
        if texts and index and lease["format"] == FORMAT:
            return lease, None
    except (ValueError, KeyError, TypeError):
        pass
    return None, f"{LEASE} on it cannot be read. Look into it, and remove it where nothing uses the host."


def _assignments(lines: Iterable[str]) -> dict[str, str]:
    pairs = [line.partition("=") for line in lines if "=" in line]
    return {name.strip(): value.strip().strip("\"'") for name, _equals, value in pairs}


def new_lease(deployment: str, group: str, index: int, hostname: str, public: bool) -> Data:
    """Return the record by which a machine is found again as a node."""
    return {
        "format": FORMAT,
        "deployment": deployment,
        "group": group,
        "index": index,
        "hostname": hostname,
        "public": public,
    }


def lease_script(lease: Data) -> str:
    """Return the script that takes a machine; it ends with LEASED_ALREADY where somebody has it."""
    return f"""{_LOCK}
test ! -e {LEASE} || exit {LEASED_ALREADY}
{_ENABLED} >{DIRECTORY}/services
new=$(mktemp {DIRECTORY}/.lease.XXXXXX)
trap 'rm -f "$new"' EXIT
printf '%s\\n' {shlex.quote(json.dumps(lease))} >"$new"
sync "$new"
ln "$new" {LEASE}
"""


def authorize_script(deployment: str, public_key: str) -> str:
    """Return the script that lets PUBLIC_KEY in as root, as long as the lease of DEPLOYMENT lasts."""
    line = shlex.quote(authorized_line(deployment, public_key))
    return f"""{_LOCK}
{_require_ours(deployment)}
mkdir -p -m 700 /root/.ssh
keys=/root/.ssh/authorized_keys
touch "$keys"
grep -qxF -e {line} "$keys" && exit 0
test -z "$(tail -c 1 "$keys")" || echo >>"$keys"
printf '%s\\n' {line} >>"$keys"
"""


def authorized_line(deployment: str, public_key: str) -> str:
    """Return the line of authorized_keys that lets PUBLIC_KEY in; its comment says for whom, so that it is found."""
    return " ".join([*public_key.split()[:2], _mark(deployment)])


def release_script(deployment: str, clean: bool, command: str | None) -> str:
    """Return the script that gives a machine back; it ends with NOT_OURS where DEPLOYMENT does not have it.

    clean     services that were enabled during the lease are stopped and disabled
    command   the operator's own cleaning; where it fails, the machine stays leased

    The record goes last: what breaks off before that is found, and done again.
    """
    return f"""{_LOCK}
{_require_ours(deployment)}
{_CLEAN if clean else ""}
{_own_command(command) if command else ""}
keys=/root/.ssh/authorized_keys
if test -f "$keys" && grep -q {shlex.quote(f" {_mark(deployment)}$")} "$keys"; then
  left=$(mktemp {DIRECTORY}/.keys.XXXXXX)
  grep -v {shlex.quote(f" {_mark(deployment)}$")} "$keys" >"$left" || true
  cat "$left" >"$keys"
  rm -f "$left"
fi
rm -f {DIRECTORY}/services {DIRECTORY}/.lease.* {DIRECTORY}/.keys.*
rm -f {LEASE}
"""


_CLEAN = f"""
if test -f {DIRECTORY}/services; then
  for service in $({_ENABLED}); do
    grep -qxF -e "$service" {DIRECTORY}/services || systemctl disable --now --quiet "$service" 2>/dev/null || true
  done
fi
"""


def _own_command(command: str) -> str:
    # What it leaves running must not hold the lock.
    return f"sh -e -c {shlex.quote(command)} </dev/null >&2 9>&- || exit {COMMAND_FAILED}"


def _require_ours(deployment: str) -> str:
    ours = shlex.quote(f'"deployment": {json.dumps(deployment)}')
    return f"grep -qF -e {ours} {LEASE} 2>/dev/null || exit {NOT_OURS}"


def _mark(deployment: str) -> str:
    return f"indigo-paas:{deployment}"
