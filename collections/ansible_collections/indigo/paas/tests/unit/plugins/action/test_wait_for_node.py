# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait that cannot help ends; one for a node that starts does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
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


@pytest.fixture
def modules(monkeypatch):
    """The modules that are run on a node, and with which arguments; it answers when one has failed."""
    run: list[tuple[str, dict[str, Any]]] = []

    def execute(_self, module_name, module_args=None, **_options):
        run.append((module_name, module_args))
        if len(run) == 1:
            return {"failed": True, "msg": "no Python yet"}
        return {"ping": "pong"} if module_name.endswith("ping") else {"ansible_facts": {"system": "Linux"}}

    monkeypatch.setattr(ActionBase, "_execute_module", execute)
    monkeypatch.setattr(ActionBase, "_remove_tmp_path", lambda _self, _path: None)
    monkeypatch.setattr(ActionBase, "run", lambda _self, _tmp, _vars: {})
    return run


def ran(**arguments):
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(args={"sleep": 0, **arguments}, check_mode=False)
    action._connection = SimpleNamespace(transport="ssh", _shell=SimpleNamespace(tmpdir=None))
    action._discovered_interpreter_key = None
    return action.run(None, {})


def test_facts_are_gathered_in_place_of_a_sign_of_life(modules):
    assert ran(facts="common")["ansible_facts"] == {"system": "Linux"}
    assert [name for name, _arguments in modules] == ["ansible.legacy.setup"] * 2
    assert "network" in modules[-1][1]["gather_subset"]


def test_without_a_wish_no_facts_are_gathered(modules):
    assert "ansible_facts" not in ran()
    assert [name for name, _arguments in modules] == ["ansible.legacy.ping"] * 2


def test_a_node_that_never_tells_facts_fails_with_the_reason(modules, monkeypatch):
    monkeypatch.setattr(
        ActionBase, "_execute_module", lambda _self, _name, **_options: {"failed": True, "msg": "no Python"}
    )
    result = ran(facts="all", timeout=1, sleep=1)
    assert result["failed"]
    assert "no Python" in result["msg"]
    assert "ansible_facts" not in result


def test_unknown_facts_are_refused(modules):
    with pytest.raises(AnsibleActionFail, match="'some'.*none, common, all"):
        ran(facts="some")
    assert modules == []
