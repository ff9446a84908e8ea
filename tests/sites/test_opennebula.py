# SPDX-License-Identifier: Apache-2.0
"""The opennebula site against a server of our own that behaves as oned does. It is not a real oned."""

from __future__ import annotations

import base64
import datetime
import threading
from typing import Any

import pytest
from pyone import bindings

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import new_image
from ansible_collections.indigo.paas.plugins.module_utils.sites import opennebula
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from tests.sites.conftest import group
from tests.sites.nebula_cloud import POWEROFF, PROLOG, RUNNING, START, Image, strange

KEY = "ssh-ed25519 AAAA test"
GB = 10**9


def ensure(site: Site, *groups: dict[str, Any], name: str = "pool", **more: Any) -> Any:
    return site.ensure_nodes(name, list(groups), public_key=KEY, **more)


def test_nodes_run_and_are_found_by_their_labels(nebula, cloud):
    said: list[str] = []
    result = ensure(cloud(), group("fe", network={"public": True}), group("wn", 2), progress=said.append)
    assert (result.changed, result.created) == (True, ["fe-0", "wn-0", "wn-1"])
    assert {node.state for node in result.nodes} == {"running"}
    front, worker, _ = result.nodes
    assert (front.private_address[0][:5], front.public_address[0][:6]) == ("10.0.", "192.0.")
    assert front.ansible_host == front.public_address[0]
    assert (worker.public_address, worker.ansible_host) == ([], worker.private_address[0])
    assert worker.size == {"cpus": 1.0, "memory": 512 * 1024**2}
    assert said == ["Making 3 nodes"]
    assert cloud().list_nodes("pool") == result.nodes
    assert cloud().list_nodes("another") == []


def test_a_machine_is_told_who_it_is(nebula, cloud):
    (node,) = ensure(cloud(), group()).nodes
    (machine,) = nebula.alive()
    context = machine.attributes["CONTEXT"][0]
    assert context["SSH_PUBLIC_KEY"] == KEY
    assert context["SET_HOSTNAME"] == "wn-0"
    script = base64.b64decode(context["START_SCRIPT_BASE64"]).decode()
    private = script.split("printf '%s' '", 1)[1].split("'", 1)[0]
    assert ssh_keys.known_hosts([node.to_dict()]) == f"{node.ansible_host} {public_half(private)}\n"


def public_half(private: str) -> str:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_ssh_private_key(private.encode(), password=None)
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(encoding, form).decode()


def test_a_second_run_changes_nothing(nebula, cloud):
    first = ensure(cloud(), group("wn", 2))
    before = len(nebula.machines)
    again = ensure(cloud(), group("wn", 2))
    assert (again.changed, again.kept, again.nodes) == (False, ["wn-0", "wn-1"], first.nodes)
    assert len(nebula.machines) == before


def test_a_dry_run_tells_and_does_nothing(nebula, cloud):
    foretold = ensure(cloud(), group("wn", 2), dry_run=True)
    assert (foretold.changed, foretold.created) == (True, ["wn-0", "wn-1"])
    assert (nebula.machines, nebula.groups) == ({}, {})
    ensure(cloud(), group("wn", 2))
    assert ensure(cloud(), group("wn", 1), dry_run=True).removed == ["wn-1"]
    assert cloud().delete_nodes("pool", dry_run=True) == ["wn-0", "wn-1"]
    assert len(nebula.alive()) == 2


def test_groups_grow_and_shrink(nebula, cloud):
    ensure(cloud(), group("wn", 2))
    assert ensure(cloud(), group("wn", 3)).created == ["wn-2"]
    assert ensure(cloud(), group("wn", 2, removal_list=["wn-0"])).removed == ["wn-0"]
    assert [node.name for node in cloud().list_nodes("pool")] == ["wn-1", "wn-2"]
    assert not ensure(cloud(), group("wn", 2, removal_list=["wn-0"])).changed


def test_deleting_takes_all_and_may_be_repeated(nebula, cloud):
    ensure(cloud(), group("fe"), group("wn", 2))
    ensure(cloud(), group(), name="other")
    nodes = cloud().list_nodes("pool")
    nebula.machines[int(nodes[0].id)].go([(6, 0)])
    assert cloud().delete_nodes("pool") == ["wn-0", "wn-1"]
    assert cloud().delete_nodes("pool") == []
    assert [node.name for node in cloud().list_nodes("other")] == ["wn-0"]
    assert [group.attributes["INDIGO_PAAS_DEPLOYMENT"] for group in nebula.groups.values()] == [["other"]]


def test_a_network_that_is_gone_does_not_keep_machines(nebula, cloud):
    ensure(cloud(), group())
    del nebula.networks[1]
    assert cloud().delete_nodes("pool") == ["wn-0"]
    assert nebula.alive() == []


def test_a_machine_that_is_going_is_left_to_go(nebula, cloud):
    ensure(cloud(), group())
    nebula.alive()[0].go([(3, 11), (3, 11), (6, 0)])
    nebula.calls.clear()
    assert cloud().delete_nodes("pool") == ["wn-0"]
    assert not {"vm.action", "vm.recover"} & set(nebula.calls)


def test_a_machine_between_two_states_goes_too(nebula, cloud):
    ensure(cloud(), group())
    nebula.alive()[0].go([*[PROLOG] * 8, START[2], START[3]])
    assert cloud().delete_nodes("pool") == ["wn-0"]
    assert (nebula.alive(), nebula.groups) == ([], {})


def test_machines_are_stopped_and_started(nebula, cloud):
    ensure(cloud(), group("wn", 2))
    assert cloud().power_nodes("pool", ["wn-1"], running=False, dry_run=True) == ["wn-1"]
    assert cloud().power_nodes("pool", ["wn-1", "wn-1"], running=False) == ["wn-1"]
    assert [node.state for node in cloud().list_nodes("pool")] == ["running", "stopped"]
    assert cloud().power_nodes("pool", ["wn-0", "wn-1"], running=True) == ["wn-1"]
    assert [node.state for node in cloud().list_nodes("pool")] == ["running"] * 2


def test_a_machine_that_is_backed_up_runs_and_is_stopped_after_that(nebula, cloud):
    ensure(cloud(), group())
    nebula.alive()[0].go([*[(3, 69)] * 4, RUNNING])
    assert not ensure(cloud(), group()).changed
    assert cloud().power_nodes("pool", ["wn-0"], running=False) == ["wn-0"]
    assert nebula.alive()[0].state == POWEROFF


def test_a_stopped_machine_is_started_again(nebula, cloud):
    ensure(cloud(), group())
    nebula.alive()[0].go([POWEROFF])
    (found,) = cloud().list_nodes("pool")
    assert (found.state, found.problem) == ("stopped", "It does not run: POWEROFF.")
    result = ensure(cloud(), group())
    assert (result.repaired, result.created) == (["wn-0"], [])
    assert len(nebula.machines) == 1


def test_a_lost_machine_is_made_again(nebula, cloud):
    nodes = ensure(cloud(), group("wn", 2)).nodes
    nebula.machines[int(nodes[0].id)].go([(6, 0)])
    result = ensure(cloud(), group("wn", 2))
    assert (result.created, result.kept) == (["wn-0"], ["wn-1"])


def test_a_machine_that_fails_is_made_anew(nebula, cloud):
    nebula.faults["vm"] = ["boot"]
    said: list[str] = []
    result = ensure(cloud(), group("wn", 2), progress=said.append)
    assert [node.state for node in result.nodes] == ["running", "running"]
    assert len(nebula.alive()) == 2
    assert any("failed: BOOT_FAILURE: Error booting: no such bridge." in line for line in said)


def test_machines_that_fail_again_and_again_are_given_up(nebula, cloud):
    nebula.faults["vm"] = ["boot"] * 20
    with pytest.raises(SiteError, match="node wn-0 could not be made in 3 attempts"):
        ensure(cloud(), group())
    cloud().delete_nodes("pool")
    assert (nebula.alive(), nebula.groups) == ([], {})


def test_a_machine_that_never_runs_is_told(nebula, cloud):
    nebula.step = 1000.0
    with pytest.raises(SiteError, match="node wn-0 does not run: It has not started yet"):
        ensure(cloud(boot_timeout=0), group())


def test_an_answer_that_was_lost_makes_no_second_machine(nebula, cloud):
    nebula.faults["vm.allocate"] = ["lost", 500]
    nebula.faults["secgroup.allocate"] = ["lost"]
    result = ensure(cloud(), group("wn", 3))
    assert [node.name for node in result.nodes] == ["wn-0", "wn-1", "wn-2"]
    assert len(nebula.machines) == 3
    assert len(nebula.groups) == 1


def test_what_fails_for_a_moment_is_asked_again(nebula, cloud):
    nebula.faults["vmpool.infoextended"] = [500, 500, 500]
    assert ensure(cloud(), group()).created == ["wn-0"]


def test_nobody_at_the_address(nebula, cloud):
    site = cloud()
    nebula.stop()
    description = site.describe()
    assert not description["available"]
    assert f"OpenNebula does not answer at {nebula.endpoint}: " in description["problem"]
    assert "Connection refused" in description["problem"]


def test_a_run_that_broke_off_is_finished_by_the_next(nebula, cloud, monkeypatch):
    allocate, made = nebula.vm_allocate, threading.Event()

    def stop_after_the_first(*arguments):
        if made.is_set():
            raise AssertionError("killed")
        made.set()
        return allocate(*arguments)

    nebula.vm_allocate = stop_after_the_first
    with pytest.raises(SiteError):
        ensure(cloud(parallel=1), group("wn", 3))
    nebula.vm_allocate = allocate
    assert [node.index for node in cloud().list_nodes("pool")] == [0]
    result = ensure(cloud(), group("wn", 3))
    assert [node.name for node in result.nodes] == ["wn-0", "wn-1", "wn-2"]
    assert len(nebula.machines) == 3


def test_the_quota_is_asked_before_anything_is_made(nebula, cloud):
    nebula.quota["VMS"] = 2
    with pytest.raises(
        SiteError, match="asks for 3 nodes in all; it has 2 nodes free. It is the user's quota"
    ) as caught:
        ensure(cloud(), group("wn", 3))
    assert caught.value.bad_input
    assert (nebula.machines, nebula.groups) == ({}, {})
    assert len(ensure(cloud(), group("wn", 2)).nodes) == 2


def test_a_quota_that_is_used_up_meanwhile_is_told(nebula, cloud, monkeypatch):
    monkeypatch.setattr(opennebula, "misfits", lambda *_arguments: [])
    nebula.quota["VMS"] = 2
    with pytest.raises(SiteError, match="limit of 2 reached for VMS quota in VM template. It is a quota: ask for more"):
        ensure(cloud(), group("wn", 3))
    assert sorted(cloud().delete_nodes("pool")) != []
    assert (nebula.alive(), nebula.groups) == ([], {})


@pytest.mark.parametrize(
    ("wanted", "disk"),
    [
        ({}, "0"),
        ({"distribution": "rocky"}, "7"),
        ({"image": "Rocky 9"}, "7"),
        ({"image": "one://127.0.0.1/7"}, "7"),
    ],
)
def test_images_by_attributes_name_and_reference(nebula, cloud, wanted, disk):
    ensure(cloud(), group(image=wanted))
    (machine,) = nebula.alive()
    assert machine.attributes["DISK"][0]["IMAGE_ID"] == disk


def test_without_a_list_all_images_of_systems_are_offered(cloud):
    description = cloud(images=[]).describe()
    assert [(image["name"], image["default"]) for image in description["images"]] == [
        ("Debian 13", True),
        ("Rocky 9", False),
    ]


def test_sizes_and_disks(nebula, cloud):
    big = group(
        size={"cpus": 4, "memory": 8 * GB, "disk": 20 * GB},
        volumes=[{"name": "data", "size": 5 * GB, "location": "/data", "volume_id": None, "fs_type": None}],
    )
    ensure(cloud(cpu_share=0.5), big)
    (machine,) = nebula.alive()
    assert [machine.attributes[name][0] for name in ("CPU", "VCPU", "MEMORY")] == ["2", "4", "7630"]
    root, data = machine.attributes["DISK"]
    assert (root["IMAGE_ID"], root["SIZE"]) == ("0", "19074")
    assert (data["SIZE"], data["SERIAL"]) == ("4769", "paas0")
    script = base64.b64decode(machine.attributes["CONTEXT"][0]["START_SCRIPT_BASE64"]).decode()
    assert "mkdir -p /data\n" in script


def test_a_template_keeps_its_disks(nebula, cloud):
    ensure(cloud(), group(image={"distribution": "rocky"}, size={"cpus": 1, "memory": GB, "disk": 10 * GB}))
    (disk,) = nebula.alive()[0].attributes["DISK"]
    assert (disk["IMAGE_ID"], disk["SIZE"]) == ("7", "9537")


def test_ports_become_rules_and_follow_the_plan(nebula, cloud):
    def port(**fields):
        return {"name": "p", "protocol": "tcp", "source": None, "target": None, **fields}

    ensure(cloud(), group(ports=[port(source=443, remote_cidr="192.0.2.0/24"), port(source_range=[8000, 8010])]))
    (found,) = nebula.groups.values()
    tcp = [rule for rule in found.attributes["RULE"] if rule["PROTOCOL"] == "TCP"]
    assert tcp == [
        {"PROTOCOL": "TCP", "RULE_TYPE": "inbound", "RANGE": "22"},
        {"PROTOCOL": "TCP", "RULE_TYPE": "inbound", "RANGE": "443", "IP": "192.0.2.0", "SIZE": "256"},
        {"PROTOCOL": "TCP", "RULE_TYPE": "inbound", "RANGE": "8000:8010"},
    ]
    assert {"PROTOCOL": "ALL", "RULE_TYPE": "inbound", "NETWORK_ID": "0"} in found.attributes["RULE"]
    (machine,) = nebula.alive()
    assert machine.attributes["NIC"][0]["SECURITY_GROUPS"] == f"0,{min(nebula.groups)}"
    ensure(cloud(), group("wn", 2, ports=[port(source=80)]))
    (found,) = nebula.groups.values()
    assert [rule.get("RANGE") for rule in found.attributes["RULE"] if rule["PROTOCOL"] == "TCP"] == ["22", "80"]


def test_what_a_user_writes_is_one_value(nebula, cloud):
    text = ']]></CONTEXT><X> " NAME="x'
    ensure(cloud(), group(tags={"team": text, text: "y"}))
    (machine,) = nebula.alive()
    assert set(machine.attributes["CONTEXT"][0]) == {"NETWORK", "SET_HOSTNAME", "SSH_PUBLIC_KEY", "START_SCRIPT_BASE64"}
    assert machine.attributes["NAME"] == ["pool.wn-0"]
    assert machine.attributes["TAG_TEAM"] == [text]


def test_a_place_that_could_mean_more_is_refused(nebula, cloud):
    with pytest.raises(SiteError, match="The volume 'd' cannot be mounted at '/d; reboot'") as caught:
        ensure(cloud(), group(volumes=[{"name": "d", "location": "/d; reboot"}]))
    assert caught.value.bad_input
    assert nebula.machines == {}


def test_calls_grow_with_machines_only_where_each_is_made(nebula, cloud):
    ensure(cloud(), group("wn", 2))
    few = {name: nebula.calls.count(name) for name in nebula.calls}
    nebula.calls.clear()
    ensure(cloud(), group("wn", 40), name="large")
    many = {name: nebula.calls.count(name) for name in nebula.calls}
    assert (few["vm.allocate"], many["vm.allocate"]) == (2, 40)
    looks = "vmpool.infoextended"
    others = {name: count for name, count in many.items() if name not in ("vm.allocate", looks)}
    assert others == {name: few[name] for name in others}


def test_it_is_described(nebula, cloud):
    ensure(cloud(), group("wn", 2))
    nebula.quota["CPU"] = 10
    description = cloud().describe()
    assert description["available"], description["problem"]
    assert description["capacity"]["cpus"] == 10
    assert description["used"]["deployments"]["pool"] == {"cpus": 2.0, "memory": 2**30, "nodes": 2}
    assert "one://127.0.0.1/7" in description["references"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"private_network": None},
            "Site 'one' has no private_network. Name a virtual network in site_private_network.",
        ),
        ({"private_network": "privat"}, "Site 'one' has no virtual network 'privat'. Did you mean 'private'?"),
        ({"auth_file": "/nowhere"}, "the credentials in /nowhere cannot be read: No such file or directory"),
        ({"endpoint": "http://127.0.0.1:1/RPC2"}, "OpenNebula does not answer at http://127.0.0.1:1/RPC2"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_made(nebula, cloud, options, message):
    with pytest.raises(SiteError) as caught:
        ensure(cloud(**options), group())
    assert message in str(caught.value)
    assert (nebula.machines, nebula.groups) == ({}, {})


def test_all_that_is_missing_is_told_at_once(cloud):
    images = [{"image": "Debian 13"}, {"image": "Debian 14"}, {"template": "wroker"}]
    assert cloud(private_network="privat", public_network="dmz", images=images).missing() == [
        "Site 'one' has no virtual network 'privat'. Did you mean 'private'?",
        "Site 'one' has no virtual network 'dmz'. Known virtual networks: private, public.",
        "Site 'one' has no image 'Debian 14'. Did you mean 'Debian 13'?",
        "Site 'one' has no template 'wroker'. Did you mean 'worker'?",
    ]
    assert cloud().missing() == []


def test_wrong_credentials_are_told(cloud, tmp_path):
    (tmp_path / "wrong").write_text("ci:wrong")
    assert "does not know the user of site_auth_file" in cloud(auth_file=str(tmp_path / "wrong")).describe()["problem"]
    (tmp_path / "wrong").write_text("ci")
    assert "does not hold USER:PASSWORD" in cloud(auth_file=str(tmp_path / "wrong")).describe()["problem"]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({}, "it must be a dictionary with either template or image"),
        ({"image": "a", "template": "b"}, "it must be a dictionary with either template or image"),
        ({"image": "a", "versoin": "1"}, "it has an unknown key 'versoin'. Did you mean 'version'?"),
    ],
)
def test_wrong_images_are_told(cloud, image, message):
    with pytest.raises(SiteError) as caught:
        cloud(images=[image])
    assert message in str(caught.value)


def test_its_answers_are_those_of_the_published_schemas(nebula, cloud):
    ensure(cloud(), group("fe", network={"public": True}))
    answers = {
        "VM": nebula.vmpool_infoextended(-3, -1, -1, -1),
        "VNET": nebula.vnpool_info(),
        "IMAGE": nebula.imagepool_info(),
        "VMTEMPLATE": nebula.templatepool_info(),
        "SECURITY_GROUP": nebula.secgrouppool_info(),
        "USER": nebula.user_info(-1),
    }
    for name, document in answers.items():
        assert strange(document) == []
        parsed = bindings.parseString(document.encode())
        entries = getattr(parsed, name, [parsed])
        assert [bool(entry.NAME) for entry in entries] == [True] * len(entries) != []
        without = document.replace("<NAME>", "<NAMED>").replace("</NAME>", "</NAMED>")
        assert {f"{name} has no NAME", f"{name} has an unknown NAMED"} <= set(strange(without))


def test_a_template_of_the_administrator_s_is_left_as_it_is(nebula, cloud):
    nebula.templates[3].attributes["DISK"][0]["TOTAL_IOPS_SEC"] = "500"
    rocky = {"distribution": "rocky"}
    ensure(cloud(), group(image=rocky))
    ensure(cloud(), group(image=rocky, size={"cpus": 1, "memory": GB, "disk": 10 * GB}), name="large")
    disks = [machine.attributes["DISK"][0] for machine in nebula.alive()]
    assert [(disk["IMAGE_ID"], disk["SIZE"], disk["TOTAL_IOPS_SEC"]) for disk in disks] == [
        ("7", "4096", "500"),
        ("7", "9537", "500"),
    ]


def test_a_default_quota_counts(nebula, cloud):
    nebula.quota["VMS"], nebula.default_quota = -1, {"VMS": 1, "CPU": 1}
    assert cloud().describe()["capacity"]["nodes"] == 1
    with pytest.raises(SiteError, match="it has 1 nodes free. It is the user's quota"):
        ensure(cloud(), group("wn", 2))


def test_a_machine_of_the_user_s_own_is_left_alone(nebula, cloud):
    nebula.vm_allocate(
        "<TEMPLATE><NAME>mine</NAME><CPU>1</CPU><MEMORY>64</MEMORY><NIC><NETWORK_ID>0</NETWORK_ID></NIC></TEMPLATE>",
        False,
    )
    ensure(cloud(), group())
    assert cloud().describe()["used"]["nodes"] == 2
    cloud().delete_nodes("pool")
    assert [machine.attributes["NAME"] for machine in nebula.alive()] == [["mine"]]


# MORE


@pytest.mark.engine
def test_a_node_answers_when_it_shows_its_own_host_key(site, deployment, key):
    (node,) = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes
    assert opennebula._shows_key(node)
    stranger = type(node)(**{**node.to_dict(), "host_keys": [ssh_keys.generate().public]})
    assert not opennebula._shows_key(stranger)


@pytest.mark.parametrize("kind", ["image", "template"])
def test_an_image_is_made_of_a_machine_and_others_start_from_it(nebula, cloud, kind):
    offered = {"image": "Rocky 9"} if kind == "image" else {"template": "worker", "name": "worker"}
    site = cloud(images=[{**offered, "distribution": "rocky", "version": "9"}])
    base = site.image_base(WantedImage())
    assert base == (("7" if kind == "image" else "3:7"), "rocky-9")
    services = {"indigo.paas.htcondor": "1-2"}
    image = new_image(base.distribution, services, base.name, datetime.datetime.now(datetime.UTC))
    (node,) = ensure(site, group("builder", size={"cpus": 1, "memory": GB, "disk": 5 * GB})).nodes
    site.keep_image(node, image)
    (kept,) = site.prepared_images()
    assert (kept.name, kept.services, kept.base, kept.made) == (image.name, services, base.name, image.made)
    assert nebula.machines[int(node.id)].state == POWEROFF
    # Nobody gets it by name, nor a forged one of somebody else at all.
    stranger = Image("theirs", "mallory", attributes=nebula.images[int(kept.id)].attributes)
    nebula.images[30] = stranger
    assert len(site.prepared_images()) == 1
    assert kept.name not in str(cloud().describe()["images"])
    said: list[str] = []
    site.services = {"wn": services}
    ensure(site, group("wn"), name="other", progress=said.append)
    assert any(f"from the prepared image {image.name}" in line for line in said)
    (started,) = [one for one in nebula.alive() if one.attributes["INDIGO_PAAS_DEPLOYMENT"] == ["other"]]
    (disk,) = started.attributes["DISK"]
    assert (disk["IMAGE_ID"], disk["SIZE"]) == (kept.id, str(nebula.images[int(kept.id)].size))
    with pytest.raises(SiteError, match="run from"):
        site.delete_image(image.name)
    site.delete_nodes("other")
    assert [gone.id for gone in site.delete_image(image.name)] == [kept.id]
    assert site.prepared_images() == []


def test_an_image_that_is_not_made_is_told_and_taken_away(nebula, cloud):
    site = cloud()
    image = new_image("debian-13", {"own.lab.x": "1-2"}, "0", datetime.datetime.now(datetime.UTC))
    (node,) = ensure(site, group("builder")).nodes
    nebula.faults["image.update"] = [500] * 4
    before = set(nebula.images)
    with pytest.raises(SiteError, match="does not answer"):
        site.keep_image(node, image)
    nebula.faults.clear()
    # What is left has no labels, so that no node starts from it.
    assert site.prepared_images() == []
    assert len(set(nebula.images) - before) == 1
