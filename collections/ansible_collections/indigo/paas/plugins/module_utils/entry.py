# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a machine lets nobody in, out of what ssh says. Pure."""

from __future__ import annotations

import enum


class Refusal(enum.Enum):
    """What is wrong, where waiting does not mend it."""

    UNKNOWN_HOST_KEY = "unknown host key"
    CHANGED_HOST_KEY = "changed host key"
    NO_LOGIN = "no login"


def refusal(said: str) -> Refusal | None:
    """Return the refusal that ssh SAID; None where it was something else, such as a machine that does not answer."""
    if "HOST IDENTIFICATION HAS CHANGED" in said:
        return Refusal.CHANGED_HOST_KEY
    if "Host key verification failed" in said:
        return Refusal.UNKNOWN_HOST_KEY
    return Refusal.NO_LOGIN if "Permission denied (" in said else None


def remedy(found: Refusal, host: str, port: int) -> str:
    """Return what a user of Ansible does about a refusal of HOST at PORT."""
    known_as = host if port == 22 else f"[{host}]:{port}"
    take = f"'ssh-keyscan -p {port} {host} >> ~/.ssh/known_hosts'"
    match found:
        case Refusal.CHANGED_HOST_KEY:
            return (
                "Its host key is another one than known_hosts has. If the host was made anew, forget the old one with "
                f"'ssh-keygen -R {known_as}' and add the new one with {take}."
            )
        case Refusal.UNKNOWN_HOST_KEY:
            return (
                f"Add its host key to known_hosts, with {take}, and compare it with the host's own. Or set "
                "ansible_host_key_checking to false among the host's variables, which trusts whoever answers."
            )
        case Refusal.NO_LOGIN:
            return (
                "Put the public key into the user's authorized_keys there. The user is ansible_user, the private key "
                "is ansible_ssh_private_key_file or what ssh itself finds."
            )
