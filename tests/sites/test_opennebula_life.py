# SPDX-License-Identifier: Apache-2.0
"""Machines and security groups of the opennebula site over time: what ends only begins to end, and rules change."""

from __future__ import annotations

import random
import time

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import ending
from tests.sites.conftest import group
from tests.sites.nebula_cloud import ACTION, BOOT_FAILURE, EPILOG, POWEROFF, PROLOG, RUNNING, START, Refused
from tests.sites.test_opennebula import ensure

BOOT = START[2]


def port(number, **more):
    return {"name": "p", "protocol": "tcp", "source": number, "target": None, **more}


def ranges(nebula):
    """Return the ports that the security groups open, by node group."""
    return {
        found.attributes["INDIGO_PAAS_GROUP"][0]: [
            rule["RANGE"] for rule in found.attributes["RULE"] if rule["PROTOCOL"] == "TCP"
        ]
        for found in nebula.groups.values()
    }


# Machines that fail and machines that go


def test_a_machine_that_is_long_in_failing_counts_once(nebula, cloud):
    ensure(cloud(), group())
    nebula.step = 0.3
    (machine,) = nebula.alive()
    machine.step = 0.3
    machine.go([BOOT_FAILURE])
    said: list[str] = []
    result = ensure(cloud(attempts=1), group(), progress=said.append)
    assert result.repaired == ["wn-0"]
    assert nebula.calls.count("vm.action") > 2
    assert len([line for line in said if "failed: BOOT_FAILURE" in line]) == 1
    assert [one.state for one in nebula.alive()] == [RUNNING]


def test_a_node_is_made_as_often_as_the_site_says(nebula, cloud):
    nebula.faults["vm"] = ["boot", "boot"]
    assert ensure(cloud(attempts=2), group()).created == ["wn-0"]
    assert len(nebula.machines) == 3
    cloud().delete_nodes("pool")
    nebula.faults["vm"] = ["boot", "boot"]
    with pytest.raises(SiteError, match=r"wn-0 could not be made in 2 attempts: BOOT_FAILURE: Error booting: no such"):
        ensure(cloud(attempts=1), group())


def test_scaling_down_goes_on_asking(nebula, cloud):
    ensure(cloud(), group("wn", 2))
    late = max(nebula.alive(), key=lambda machine: machine.id)
    late.go([*[PROLOG] * 8, BOOT, RUNNING])
    name = next(node.name for node in cloud().list_nodes("pool") if node.id == str(late.id))
    result = ensure(cloud(), group("wn", 1, removal_list=[name]))
    assert result.removed == [name]
    assert len(nebula.alive()) == 1
    assert "vm.recover" not in nebula.calls


def test_a_machine_that_stays_between_two_states_is_told(nebula, cloud):
    ensure(cloud(), group())
    nebula.alive()[0].go([PROLOG])
    told = r"wn-0 did not go in 0 s: It has not started yet \(PROLOG\).*onevm recover --delete"
    with pytest.raises(SiteError, match=told):
        cloud(boot_timeout=0).delete_nodes("pool")


def test_what_goes_makes_room_for_what_comes(nebula, cloud):
    ensure(cloud(), group("wn", 2))
    nebula.quota["VMS"] = 2
    result = ensure(cloud(), group("wn", 2, removal_list=["wn-0"]))
    assert (result.created, result.removed) == (["wn-2"], ["wn-0"])


def test_what_takes_long_to_go_leaves_the_new_their_time(nebula, cloud, monkeypatch):
    ensure(cloud(), group("wn", 2))
    now, passed, end_all = time.monotonic, [0.0], ending.end_all
    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(passed))

    def slowly(*arguments):
        end_all(*arguments)
        passed.append(100.0)

    monkeypatch.setattr(ending, "end_all", slowly)
    assert ensure(cloud(boot_timeout=60), group("wn", 2, removal_list=["wn-0"])).created == ["wn-2"]


def test_a_state_that_has_passed_meanwhile_is_no_failure(nebula, cloud):
    ensure(cloud(), group())
    site = cloud()
    (node,) = site.list_nodes("pool")
    nebula.alive()[0].go([*[BOOT] * 3, RUNNING])
    site._cloud.act("poweroff", node)
    nebula.alive()[0].go([RUNNING])
    site._cloud.act("resume", node)
    assert nebula.alive()[0].state == RUNNING


def test_why_no_host_fits_is_told(nebula, cloud):
    nebula.waits = "Cannot dispatch VM: Not enough memory: 1048576/524288."
    said: list[str] = []
    with pytest.raises(SiteError) as caught:
        ensure(cloud(boot_timeout=0), group(), progress=said.append)
    reason = "It has not started yet (PENDING): Cannot dispatch VM: Not enough memory: 1048576/524288."
    assert f"node wn-0 does not run: {reason}" in str(caught.value)
    with pytest.raises(SiteError, match="does not run"):
        ensure(cloud(boot_timeout=1), group(), progress=said.append)
    assert said.count(f"Node wn-0: {reason}") == 1
    cloud().delete_nodes("pool")
    assert nebula.alive() == []


# Security groups


def test_a_change_of_ports_alone_is_applied(nebula, cloud):
    ensure(cloud(), group(ports=[port(80)]))
    foretold = ensure(cloud(), group(ports=[port(443)]), dry_run=True)
    assert (foretold.changed, foretold.kept, ranges(nebula)) == (True, ["wn-0"], {"wn": ["22", "80"]})
    changed = ensure(cloud(), group(ports=[port(443)]))
    assert (changed.changed, changed.kept) == (True, ["wn-0"])
    assert ranges(nebula) == {"wn": ["22", "443"]}
    nebula.calls.clear()
    assert not ensure(cloud(), group(ports=[port(443)])).changed
    assert "secgroup.update" not in nebula.calls


def test_a_rule_that_is_asked_for_twice_is_there_once(nebula, cloud):
    ports = [port(80), port(80, name="again"), port(22)]
    ensure(cloud(), group(ports=ports))
    assert ranges(nebula) == {"wn": ["22", "80"]}
    assert not ensure(cloud(), group(ports=ports)).changed


def test_ports_change_when_nodes_have_gone(nebula, cloud):
    ensure(cloud(), group("wn", 2, ports=[port(80)]))
    ensure(cloud(), group("wn", 1, ports=[port(443)]))
    assert ranges(nebula) == {"wn": ["22", "443"]}
    site = cloud()
    assert site.delete_nodes("pool") == ["wn-0"]
    assert (nebula.groups, site.leftovers) == ({}, [])


def test_ports_change_when_failed_nodes_have_gone(nebula, cloud):
    ensure(cloud(), group(ports=[port(80)]))
    nebula.alive()[0].go([BOOT_FAILURE])
    assert ensure(cloud(), group(ports=[port(443)])).repaired == ["wn-0"]
    cloud().delete_nodes("pool")
    assert nebula.groups == {}


def test_ports_change_when_a_node_that_somebody_else_ended_has_gone(nebula, cloud):
    ensure(cloud(), group("wn", 2, ports=[port(80)]))
    machine = nebula.alive()[0]
    machine.ending = True
    machine.go([*[EPILOG] * 6, (6, 0)])
    ensure(cloud(), group("wn", 2, ports=[port(443)]))
    cloud().delete_nodes("pool")
    assert nebula.groups == {}


def test_a_machine_that_boots_is_told_the_ports_later(nebula, cloud):
    ensure(cloud(), group("wn", 2, ports=[port(80)]))
    nebula.alive()[0].go([*[BOOT] * 30, RUNNING])
    ensure(cloud(), group("wn", 2, ports=[port(443)]))
    (found,) = nebula.groups.values()
    assert "secgroup.commit" in nebula.calls
    assert found.error == set()


def test_a_group_that_can_never_be_deleted_does_not_keep_destroy_from_ending(nebula, cloud):
    ensure(cloud(), group(ports=[port(80)]))
    (number,) = nebula.groups
    machine = nebula.alive()[0]
    machine.end()
    nebula.secgroup_update(number, "<TEMPLATE><INDIGO_PAAS_DEPLOYMENT>pool</INDIGO_PAAS_DEPLOYMENT>"
                           "<INDIGO_PAAS_GROUP>wn</INDIGO_PAAS_GROUP></TEMPLATE>", 0)  # fmt: skip
    site = cloud()
    assert site.delete_nodes("pool") == ["wn-0"]
    assert [problem.severity for problem in site.leftovers] == ["warning"]
    told = f"the security group indigo-paas.pool.wn (id {number}) stays, for OpenNebula lists machines in it"
    assert told in str(site.leftovers[0])
    assert cloud().delete_nodes("pool") == []
    assert ensure(cloud(), group(ports=[port(443)])).created == ["wn-0"]
    assert ranges(nebula) == {"wn": ["22", "443"]}


def test_the_group_of_a_node_group_that_has_left_the_plan_goes(nebula, cloud):
    ensure(cloud(), group("fe"), group("wn"))
    ensure(cloud(), group("fe"))
    assert list(ranges(nebula)) == ["fe"]


def test_names_of_two_deployments_never_meet(nebula, cloud):
    ensure(cloud(), group("b-wn"), name="one-a")
    ensure(cloud(), group("wn"), name="one-a-b")
    assert sorted(found.name for found in nebula.groups.values()) == [
        "indigo-paas.one-a-b.wn",
        "indigo-paas.one-a.b-wn",
    ]
    cloud().delete_nodes("one-a")
    assert [found.name for found in nebula.groups.values()] == ["indigo-paas.one-a-b.wn"]


def test_a_second_run_makes_few_calls(nebula, cloud):
    ensure(cloud(), group("wn", 3))
    nebula.calls.clear()
    ensure(cloud(), group("wn", 3))
    assert len(nebula.calls) <= 6


# Reasons


def test_a_template_needs_the_right_to_make_templates(nebula, cloud):
    nebula.rights.discard("TEMPLATE")
    with pytest.raises(SiteError, match="perform CREATE TEMPLATE. Nodes of a `template:` say more than it does"):
        ensure(cloud(), group(image={"distribution": "rocky"}))
    nebula.rights.discard("SECGROUP")
    with pytest.raises(SiteError, match="CREATE SECGROUP. Ask the administrator for this right."):
        ensure(cloud(), group(), name="other")


def test_a_template_whose_interface_is_restricted_is_told(nebula, cloud):
    nebula.templates[3].attributes["NIC"] = [{"NETWORK": "private", "FILTER": "clean"}]
    with pytest.raises(SiteError, match="includes a restricted attribute NIC. Only an administrator may set it"):
        ensure(cloud(), group(image={"distribution": "rocky"}))


def test_a_quota_that_keeps_a_machine_from_starting_is_no_wrong_state(nebula, cloud, monkeypatch):
    ensure(cloud(), group())
    said = "[one.vm.action] user [2] limit of 1 reached for RUNNING_VMS quota in VM template"
    nebula.alive()[0].go([POWEROFF])

    def refuse(*_arguments):
        raise Refused(ACTION, said)

    monkeypatch.setattr(nebula, "vm_action", refuse)
    with pytest.raises(SiteError, match="RUNNING_VMS quota in VM template. It is a quota: ask for more"):
        ensure(cloud(), group())


def test_a_machine_on_its_way_out_is_not_asked_again(nebula, cloud):
    ensure(cloud(), group())
    nebula.alive()[0].go([*[EPILOG] * 3, (6, 0)])
    nebula.calls.clear()
    cloud().delete_nodes("pool")
    assert "vm.action" not in nebula.calls


# All of it


def trouble(nebula, chance):
    """Let some of what can go wrong at a cloud go wrong."""
    for machine in nebula.alive():
        state = chance.choice(
            [
                None,
                None,
                [BOOT_FAILURE],
                [*[PROLOG] * chance.randint(1, 4), BOOT, RUNNING],
                [POWEROFF],
                [*[(3, 69)] * 2, RUNNING],
            ]
        )
        if state:
            machine.go(state)
    nebula.faults["vm"] = ["boot"] * chance.randint(0, 2)
    for method in ("vm.allocate", "vm.action", "secgroup.update", "secgroup.allocate"):
        nebula.faults[method] = chance.choices([None, 500, "lost"], [3, 1, 1])


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_one_run_mends_it_and_destroy_leaves_nothing(nebula, cloud, seed):
    chance = random.Random(seed)
    for _run in range(3):
        trouble(nebula, chance)
        ports = [port(number) for number in chance.choices([22, 80, 443], k=2)]
        count = chance.randint(1, 3)
        removed = chance.choice([[], ["wn-0"]])
        result = ensure(cloud(attempts=4), group("wn", count, ports=ports, removal_list=removed))
        assert [node.state for node in result.nodes] == ["running"] * count
        assert set(ranges(nebula)["wn"]) == {"22", *(str(one["source"]) for one in ports)}
    site = cloud()
    site.delete_nodes("pool")
    assert (nebula.alive(), nebula.groups, site.leftovers) == ([], {}, [])
