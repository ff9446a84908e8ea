# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait that cannot help ends; one for a node that starts does not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action.wait_for_connection import TimedOutException

from ansible_collections.indigo.paas.plugins.action.wait_for_node import ActionModule

KEY = "Failed to connect to the host via ssh: Host key verification failed."
LOGIN = "Failed to connect to the host via ssh: root@192.0.2.1: Permission denied (publickey)."
DOWN = "Failed to connect to the host via ssh: ssh: connect to host 192.0.2.1 port 22: Connection refused"


def wait(settled, *failures, transport="ssh"):
    """Return how often a node was tried that answers after FAILURES."""
    options = {"host": "192.0.2.1", "port": None}
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(args={"settled": settled})
    action._connection = SimpleNamespace(transport=transport, get_option=options.get)
    left = list(failures)
    tried = []

    def what(_seconds):
        tried.append(1)
        if left:
            raise AnsibleConnectionFailure(left.pop(0))

    action.do_until_success_or_timeout(what, 30, 5, "ping", sleep=0)
    return len(tried)


@pytest.mark.parametrize("failure", [KEY, LOGIN])
def test_what_does_not_mend_itself_ends_the_wait_with_what_to_do(failure):
    with pytest.raises(TimedOutException) as caught:
        wait(True, DOWN, failure)
    said, _line, advice = str(caught.value).partition("\n")
    assert said == failure
    assert ("authorized_keys" if failure == LOGIN else "ssh-keyscan -p 22 192.0.2.1") in advice


def test_a_node_that_starts_may_get_its_keys_later():
    assert wait(False, DOWN, KEY, LOGIN) == 4


def test_other_connections_than_ssh_are_not_understood():
    assert wait(True, KEY, transport="paramiko_ssh") == 2


def test_a_machine_that_restarts_is_waited_for():
    assert wait(True, DOWN, DOWN) == 3
