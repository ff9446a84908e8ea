# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh says becomes what to do."""

from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.entry import Refusal, refusal, remedy

UNKNOWN = "No ED25519 host key is known for h and you have requested strict checking.\r\nHost key verification failed."
CHANGED = f"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\n{UNKNOWN}"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (UNKNOWN, Refusal.UNKNOWN_HOST_KEY),
        (CHANGED, Refusal.CHANGED_HOST_KEY),
        ("root@h: Permission denied (publickey,password).", Refusal.NO_LOGIN),
        ("mkdir: cannot create directory '/root': Permission denied", None),
        ("ssh: connect to host h port 22: Connection refused", None),
        ("Connection closed by 192.0.2.1 port 22", None),
        ("", None),
    ],
)
def test_refusals_are_told_from_machines_that_do_not_answer_yet(said, found):
    assert refusal(said) is found


@pytest.mark.parametrize(
    ("found", "port", "words"),
    [
        (Refusal.UNKNOWN_HOST_KEY, 22, ["ssh-keyscan -p 22 h >> ~/.ssh/known_hosts", "ansible_host_key_checking"]),
        (Refusal.CHANGED_HOST_KEY, 2222, ["ssh-keygen -R [h]:2222", "ssh-keyscan -p 2222 h"]),
        (Refusal.NO_LOGIN, 22, ["authorized_keys", "ansible_ssh_private_key_file"]),
    ],
)
def test_each_has_a_remedy(found, port, words):
    told = remedy(found, "h", port)
    assert [word for word in words if word not in told] == []
