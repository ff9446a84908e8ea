# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import time

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import leases
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.remote import Done, Machine
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.tosca import hosts


def problem(*hosts, **options):
    with pytest.raises(SiteError) as caught:
        open_site("farm", {"type": "static", "hosts": list(hosts), **options})
    assert caught.value.bad_input
    return str(caught.value)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("one", "Site 'farm', host 1: it must be a dictionary with an address"),
        ({"name": "one"}, "Site 'farm', host 1: it must be a dictionary with an address"),
        ({"address": "one", "prot": 1}, "Site 'farm', host 1: it has an unknown key 'prot'. Did you mean 'port'?"),
        ({"address": "one", "port": 0}, "Site 'farm', host 1: its port must be a number from 1 to 65535, not 0"),
        (
            {"address": "one", "cpus": "many"},
            "Site 'farm', host 1: its cpus must be a number from 0 to 1e+06, not 'many'",
        ),
        (
            {"address": "one", "memory": "much"},
            "Site 'farm', host 1: its memory must be a size such as 16 GB, not 'much'",
        ),
        (
            {"address": "one", "connection": "telnet"},
            "Site 'farm', host 1: its connection must be ssh or local, not 'telnet'",
        ),
        ({"address": "-oProxyCommand=x"}, "Site 'farm', host 1: '-oProxyCommand=x' is no address"),
    ],
)
def test_what_is_wrong_with_a_host_is_told(host, message):
    assert problem(host) == message


def test_all_that_is_wrong_is_told_at_once():
    told = problem({"address": "one"}, {"address": "one"}, {}).splitlines()
    assert told == [
        "Site 'farm', host 3: it must be a dictionary with an address",
        "Site 'farm' has the host 'one' twice. Give each a name.",
    ]


SAID = """@cpus
4
@memory
8000000000
@architecture
x86_64
@addresses
192.0.2.7 2001:db8::7
@system
ID=debian
VERSION_ID="13"
VERSION_CODENAME=trixie
@host_keys
ssh-ed25519 AAAA comment
@root_login
without-password
@python
/usr/bin/python3
@authorized
ssh-ed25519 BBBB indigo-paas:pool
@lease
"""


def test_what_a_host_says_of_itself_is_read():
    assert leases.read_survey(SAID) == {
        "cpus": 4,
        "memory": 8 * 10**9,
        "architecture": "x86_64",
        "addresses": ["192.0.2.7", "2001:db8::7"],
        "system": {"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"},
        "host_keys": ["ssh-ed25519 AAAA"],
        "root_login": "without-password",
        "python": "/usr/bin/python3",
        "authorized": ["ssh-ed25519 BBBB indigo-paas:pool"],
        "lease": None,
        "lease_problem": None,
    }


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"format": 9}', '{"deployment": 7}'])
def test_a_lease_that_cannot_be_read_is_no_free_host(text):
    found = leases.read_survey(SAID + text + "\n")
    assert found["lease"] is None
    assert "cannot be read" in found["lease_problem"]


def test_a_lease_is_read_as_it_was_written():
    lease = leases.new_lease("pool", "wn", 3, "wn-3", True)

    assert leases.read_survey(f"{SAID}{json.dumps(lease)}\n")["lease"] == lease


def test_the_operators_command_and_the_key_are_data_of_the_scripts():
    hostile = "ssh-ed25519 AAAA'; touch /tmp/x; '"
    script = leases.authorize_script("pool", hostile)
    assert "'ssh-ed25519 AAAA'\"'\"'; indigo-paas:pool'" in script
    assert "sh -e -c 'echo $HOME; true'" in leases.release_script("pool", False, "echo $HOME; true")


def test_the_way_to_a_machine():
    command = Machine("one", "192.0.2.1", port=2222, user="admin", key="/k", known_hosts="/a b").command()
    assert command[:1] == ["ssh"]
    assert command[-10:] == ["-l", "admin", "--", "192.0.2.1", "sudo", "-n", "env", "LC_ALL=C", "sh", "-s"]
    assert "StrictHostKeyChecking=yes" in command
    assert 'UserKnownHostsFile="/a b"' in command
    assert "IdentitiesOnly=yes" in command
    assert "StrictHostKeyChecking=accept-new" in Machine("one", "192.0.2.1", accept_new_keys=True).command()


@pytest.mark.parametrize(("uid", "become"), [(0, None), (1000, True)])
def test_on_this_machine_roles_become_root_where_the_user_is_not(monkeypatch, uid, become):
    said = SAID + json.dumps(leases.new_lease("pool", "wn", 0, "wn-0", False)) + "\n"
    monkeypatch.setattr(Machine, "run", lambda *_arguments: Done(0, said, ""))
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    (node,) = open_site("here", {"type": "static", "hosts": [{"connection": "local"}]}).list_nodes("pool")
    assert (node.ansible_become, node.leased) == (become, True)
    (host,) = hosts.inventory_hosts({"groups": []}, [node.to_dict()])
    assert host["vars"].get("ansible_become") is become


@pytest.mark.skipif(os.geteuid() != 0, reason="scripts run here for root only")
def test_a_script_that_does_not_end_is_given_up():
    began = time.monotonic()
    with pytest.raises(SiteError, match="Host here did not finish in 1 s"):
        Machine("here", "localhost", local=True).run("sleep 4", timeout=1)
    assert time.monotonic() - began < 3


def test_giving_a_host_back_may_take_long_and_says_when_it_took_too_long(monkeypatch):
    said = SAID + json.dumps(leases.new_lease("pool", "wn", 0, "wn-0", False)) + "\n"

    def run(machine, script, timeout=0):
        if timeout < 1800:
            return Done(0, said, "")
        raise SiteError(f"Host {machine.name} did not finish in {timeout} s")

    monkeypatch.setattr(Machine, "run", run)
    site = open_site("farm", {"type": "static", "hosts": [{"address": "one"}], "release_command": "apt purge all"})
    with pytest.raises(SiteError, match="Host one did not finish in 1800 s"):
        site.delete_nodes("pool")
