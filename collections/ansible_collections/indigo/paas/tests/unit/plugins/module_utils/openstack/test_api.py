# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from openstack import exceptions as sdk_errors

from ansible_collections.indigo.paas.plugins.module_utils.openstack import errors, labels
from ansible_collections.indigo.paas.plugins.module_utils.openstack.api import Project
from ansible_collections.indigo.paas.plugins.module_utils.openstack.security import Rule
from ansible_collections.indigo.paas.plugins.module_utils.retry import Retry


def http(status, message="told"):
    kinds = {404: sdk_errors.NotFoundException, 409: sdk_errors.ConflictException}
    error = kinds.get(status, sdk_errors.HttpException)(message=message, http_status=status)
    error.details = message
    return error


class Failing:
    """A call that fails with each of FAILURES first, done or not, and then answers."""

    def __init__(self, *failures, answer=None, effect=lambda **_request: None):
        self.failures = list(failures)
        self.answer = answer
        self.effect = effect
        self.requests = []

    def __call__(self, *args, **request):
        self.requests.append((args, request))
        if self.failures:
            failure, done = self.failures.pop(0)
            if done:
                self.effect(**request)
            raise failure
        self.effect(**request)
        return self.answer


def project(**services):
    connection = SimpleNamespace(
        **{name: SimpleNamespace(**calls) for name, calls in services.items()}, has_service=lambda name: True
    )
    made = Project(connection, Retry(errors.passing, sleep=lambda seconds: None))
    made._patient = Retry(errors.passing_or_in_use, tries=4, sleep=lambda seconds: None)
    return made


MARKS = {labels.DEPLOYMENT: "d", labels.GROUP: "wn", labels.INDEX: "0", labels.VOLUME: "data"}


@pytest.mark.parametrize(("done", "made"), [(True, 1), (False, 1)])
def test_a_volume_whose_answer_is_lost_is_made_once(done, made):
    there = []
    create = Failing((http(500), done), effect=lambda **request: there.append(SimpleNamespace(**request)))
    lists = Failing()
    cloud = project(block_storage={"create_volume": create, "volumes": lambda details: lists() or list(there)})
    cloud.create_volume("d", {"name": "v", "metadata": MARKS})
    assert len(there) == made
    # Nothing is looked for as long as nothing fails.
    assert len(lists.requests) == 1


@pytest.mark.parametrize("done", [True, False])
def test_an_image_whose_answer_is_lost_is_made_once(done):
    older = SimpleNamespace(id="older", properties={"made": "yesterday", "hw": "x"})
    there = [older]

    def make(_server, _name, properties):
        there.append(SimpleNamespace(id=f"new-{len(there)}", properties={**properties, "hw": "x"}))
        return there[-1]

    attempts = []

    def create(*request):
        attempts.append(request)
        if len(attempts) > 1:
            return make(*request)
        if done:
            make(*request)
        raise http(500)

    cloud = project(compute={"create_server_image": create}, image={"images": lambda name, owner: list(there)})
    cloud._connection.current_project_id = "p"
    assert cloud.create_image("s1", "debian-13-x", {"made": "today"}) == "new-1"
    assert [image.id for image in there] == ["older", "new-1"]


def test_a_server_in_error_is_asked_for_alone_where_the_list_does_not_say_why():
    def server(id, status="ERROR", **more):
        return SimpleNamespace(id=id, status=status, metadata=MARKS, **{"fault": None, "task_state": None, **more})

    there = [
        server("told", fault={"message": "x"}),
        server("untold"),
        server("gone"),
        server("going", task_state="deleting"),
        server("well", "ACTIVE"),
    ]
    asked = []

    def get(id):
        asked.append(id)
        if id == "gone":
            raise http(404)
        return server(id, fault={"message": "no host"})

    cloud = project(compute={"servers": lambda details: there, "get_server": get})
    found = {each.id: each.fault for each in cloud.servers("d")}
    assert asked == ["untold", "gone"]
    assert found == {
        "told": {"message": "x"},
        "untold": {"message": "no host"},
        "gone": None,
        "going": None,
        "well": None,
    }


def test_a_new_volume_costs_one_call():
    create, lists = Failing(), Failing(answer=[])
    project(block_storage={"create_volume": create, "volumes": lists}).create_volume("d", {"metadata": MARKS})
    assert (len(create.requests), len(lists.requests)) == (1, 0)


def test_deleting_what_is_gone_succeeds_and_what_is_held_is_asked_for_again():
    gone = Failing((http(404), False))
    project(compute={"delete_server": gone}).delete_server("x")
    held = Failing((http(409), False), (http(409), False))
    project(network={"delete_security_group": held}).delete_security_group(SimpleNamespace(id="x"))
    assert len(held.requests) == 3


def test_what_stays_held_is_an_error():
    held = Failing(*[(http(409, "in use"), False)] * 9)
    with pytest.raises(sdk_errors.ConflictException, match="in use"):
        project(network={"delete_security_group": held}).delete_security_group(SimpleNamespace(id="x"))


def keypairs(public_key=None):
    found = Failing(answer=SimpleNamespace(public_key=public_key)) if public_key else Failing((http(404), False))
    return {"get_keypair": found, "delete_keypair": Failing(), "create_keypair": Failing()}


@pytest.mark.parametrize(
    ("there", "deleted", "created"),
    [(None, 0, 1), ("ssh-ed25519 AAAA other comment", 0, 0), ("ssh-ed25519 BBBB", 1, 1)],
)
def test_the_keypair_is_the_key(there, deleted, created):
    calls = keypairs(there)
    assert project(compute=calls).ensure_keypair("d", "ssh-ed25519 AAAA me\n") == "indigo-paas-d"
    assert len(calls["delete_keypair"].requests) == deleted
    assert [request["public_key"] for _args, request in calls["create_keypair"].requests] == [
        "ssh-ed25519 AAAA me"
    ] * created


def rule(id, **more):
    return SimpleNamespace(
        **{
            "id": id,
            "direction": "ingress",
            "ether_type": "IPv4",
            "protocol": "tcp",
            "port_range_min": 80,
            "port_range_max": 80,
            "remote_ip_prefix": "0.0.0.0/0",
            "remote_group_id": None,
            **more,
        }
    )


def secured(rules, create=None, create_all=None):
    group = SimpleNamespace(id="sg", name="indigo-paas.d.fe")
    calls = {
        "security_groups": lambda description: [group],
        "security_group_rules": lambda security_group_id: rules,
        "create_security_group_rule": create or Failing(),
        "create_security_group_rules": create_all or Failing(answer=()),
        "delete_security_group_rule": Failing(),
    }
    return project(network=calls), calls


def test_rules_are_made_what_they_should_be_and_those_outward_left():
    cloud, calls = secured(
        [rule("old"), rule("out", direction="egress"), rule("kept", port_range_min=22, port_range_max=22)]
    )
    wanted = {Rule("IPv4", "tcp", 22, 22, "0.0.0.0/0"), Rule("IPv4", "tcp", 443, 443, "10.0.0.0/8")}
    assert cloud.ensure_security_group("d", "fe", wanted, "common") == ("sg", True)
    [(([made],), _request)] = calls["create_security_group_rules"].requests
    assert (made["port_range_min"], made["remote_ip_prefix"], made["security_group_id"]) == (443, "10.0.0.0/8", "sg")
    assert [args for args, _request in calls["delete_security_group_rule"].requests] == [("old",)]


def test_rules_that_are_right_change_nothing():
    cloud, calls = secured([rule("kept")])
    assert cloud.ensure_security_group("d", "fe", {Rule("IPv4", "tcp", 80, 80, "0.0.0.0/0")}, "common") == ("sg", False)
    assert calls["create_security_group_rules"].requests == []


def test_many_rules_are_one_call():
    cloud, calls = secured([])
    wanted = {Rule("IPv4", "tcp", port, port, "0.0.0.0/0") for port in range(1, 30)}
    assert cloud.ensure_security_group("d", "fe", wanted, "common") == ("sg", True)
    [((made,), _request)] = calls["create_security_group_rules"].requests
    assert sorted(each["port_range_min"] for each in made) == list(range(1, 30))


def test_a_rule_that_somebody_just_made_is_success_and_a_quota_is_not():
    wanted = {Rule("IPv4", "tcp", 80, 80, "0.0.0.0/0"), Rule("IPv4", "tcp", 81, 81, "0.0.0.0/0")}
    there = http(409, "already exists")
    cloud, calls = secured([], Failing((there, False)), Failing((there, False)))
    assert cloud.ensure_security_group("d", "fe", wanted, "common") == ("sg", True)
    asked = [request["port_range_min"] for _args, request in calls["create_security_group_rule"].requests]
    assert sorted(asked) == [80, 81]
    full = http(409, "Quota exceeded for resources: ['security_group_rule']")
    cloud, _calls = secured([], create_all=Failing((full, False)))
    with pytest.raises(sdk_errors.ConflictException):
        cloud.ensure_security_group("d", "fe", wanted, "common")


def test_ports_are_asked_for_in_batches():
    asked = []

    def ports(device_id):
        asked.append(len(device_id))
        return [SimpleNamespace(device_id=id) for id in device_id]

    found = project(network={"ports": ports}).ports_of(str(number) for number in range(120))
    assert asked == [50, 50, 20]
    assert all(len(each) == 1 for each in found.values())


WITHOUT = """
import sys
sys.modules["openstack"] = sys.modules["keystoneauth1"] = None
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
print(open_site("cloud", {"type": "openstack"}).describe()["problem"])
"""


def test_without_the_library_the_site_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", WITHOUT], text=True, capture_output=True, check=True)
    assert done.stdout == (
        "Site 'cloud' needs the Python library openstacksdk. Install it beside Ansible: pip install openstacksdk.\n"
    )
