# SPDX-License-Identifier: Apache-2.0
"""What machines of the opennebula site are made of and in: whose image, which network, how large a disk."""

from __future__ import annotations

import base64

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from tests.sites.conftest import group
from tests.sites.nebula_cloud import Image, Network, Template
from tests.sites.test_opennebula import ensure

GB = 10**9
DEBIAN = [{"image": "Debian 13", "name": "debian-13"}]
ROCKY = {"distribution": "rocky"}


def first_disk(nebula):
    return nebula.alive()[-1].attributes["DISK"][0]


def script_of(nebula):
    return base64.b64decode(nebula.alive()[-1].attributes["CONTEXT"][0]["START_SCRIPT_BASE64"]).decode()


def refusal(site, *groups):
    with pytest.raises(SiteError) as caught:
        ensure(site, *groups)
    assert caught.value.bad_input
    return str(caught.value)


# Names that several bear


def test_a_name_is_first_of_all_the_account_s_own(nebula, cloud):
    nebula.images |= {20: Image("Debian 13", "ci"), 21: Image("Debian 13", "mallory")}
    nebula.networks |= {5: Network("private", "ci", prefix="10.5.0."), 6: Network("private", "mallory")}
    (node,) = ensure(cloud(images=DEBIAN), group()).nodes
    assert first_disk(nebula)["IMAGE_ID"] == "20"
    assert node.private_address[0].startswith("10.5.0.")


@pytest.mark.parametrize("name", ["Debian 13", "debian-13"])
def test_an_image_of_the_same_name_is_not_taken_for_another_s(nebula, cloud, name):
    nebula.images[21] = Image("Debian 13", "mallory")
    asked = group(image={"image": name})
    assert refusal(cloud(images=DEBIAN), asked) == (
        "Site 'one' has more than one image 'Debian 13': oneadmin/Debian 13 (id 0), mallory/Debian 13 (id 21). "
        "Name it as OWNER/NAME, or by its id."
    )
    assert (nebula.machines, nebula.groups) == ({}, {})
    assert cloud(images=DEBIAN).missing() != []
    for named, image in (("mallory/Debian 13", "21"), ("oneadmin/Debian 13", "0"), ("21", "21")):
        ensure(cloud(images=[{"image": named, "name": "debian-13"}]), group(), name=f"pool-{image}-{len(named)}")
        assert first_disk(nebula)["IMAGE_ID"] == image


def test_a_stranger_s_image_is_never_taken_by_its_name_alone(nebula, cloud):
    nebula.images = {21: Image("Debian 13", "mallory")}
    assert "'Debian 13' is neither the account's own nor an administrator's" in refusal(cloud(images=DEBIAN), group())
    by_name = group(image={"image": "Debian 13"})
    assert "If its owner is to be trusted with nodes, name it mallory/Debian 13" in refusal(cloud(images=[]), by_name)
    assert nebula.machines == {}
    for name in ("mallory/Debian 13", "one://127.0.0.1/21"):
        ensure(cloud(images=[]), group(image={"image": name}), name=f"pool-{len(name)}")
    assert len(nebula.machines) == 2


def test_a_template_is_guarded_as_an_image_is(nebula, cloud):
    nebula.templates[9] = Template("worker", "mallory", {"DISK": [{"IMAGE_ID": "7"}]})
    assert "more than one template 'worker': oneadmin/worker (id 3), mallory/worker (id 9)" in refusal(
        cloud(), group(image=ROCKY)
    )


def test_two_networks_of_one_name_are_told(nebula, cloud):
    nebula.networks[6] = Network("private", "mallory")
    told = "more than one virtual network 'private': oneadmin/private (id 0), mallory/private (id 6)"
    assert told in refusal(cloud(), group())
    ensure(cloud(private_network="oneadmin/private"), group())
    assert nebula.alive()[0].attributes["NIC"][0]["NETWORK_ID"] == "0"


def test_networks_and_images_are_to_be_ready(nebula, cloud):
    nebula.networks[0].state, nebula.images[0].state = 5, 4
    site = cloud()
    assert site.missing() == [
        "Site 'one': the virtual network 'private' (id 0) is not ready: its state is ERROR",
        "Site 'one': the image 'Debian 13' (id 0) is not ready: its state is LOCKED",
    ]
    assert "the virtual network 'private' (id 0) is not ready: its state is ERROR" in refusal(site, group())
    nebula.networks[0].state = 1
    assert "the image 'Debian 13' (id 0) is not ready: its state is LOCKED" in refusal(cloud(), group())
    assert (nebula.machines, nebula.groups) == ({}, {})


def test_an_image_that_is_gone_is_missed_only_by_what_is_made_of_it(nebula, cloud):
    ensure(cloud(), group("wn", 2), group("fe", image=ROCKY))
    del nebula.images[0]
    fewer = [group("wn", 1), group("fe", 2, image=ROCKY)]
    result = ensure(cloud(), *fewer)
    assert (result.created, result.removed) == (["fe-1"], ["wn-1"])
    assert "has no image 'Debian 13'" in refusal(cloud(), group("wn", 2), group("fe", 2, image=ROCKY))
    assert len(nebula.alive()) == 3


# The default


def test_the_default_image_stays_whatever_is_uploaded(nebula, cloud):
    site = cloud(images=[])
    assert [(image["name"], image["default"]) for image in site.describe()["images"]] == [
        ("Debian 13", True),
        ("Rocky 9", False),
    ]
    nebula.images |= {
        30: Image("Alma", "ci"),
        31: Image("Debian 13", "ci"),
        32: Image("Debian 14", "mallory"),
        33: Image("data", type=2),
        34: Image("mine alone", "ci", persistent=True),
    }
    assert [(image["name"], image["image"], image["default"]) for image in cloud(images=[]).describe()["images"]] == [
        ("oneadmin/Debian 13", "0", True),
        ("Rocky 9", "7", False),
        ("Alma", "30", False),
        ("Debian 13", "31", False),
    ]
    ensure(cloud(images=[]), group())
    assert first_disk(nebula)["IMAGE_ID"] == "0"


# Disks


@pytest.mark.parametrize(
    ("image", "wanted", "size"),
    [({}, GB, "2048"), ({}, 10 * GB, "9537"), (ROCKY, GB, "4096"), (ROCKY, 10 * GB, "9537")],
)
def test_a_disk_is_never_smaller_than_its_image(nebula, cloud, image, wanted, size):
    ensure(cloud(), group(image=image, size={"cpus": 1, "memory": GB, "disk": wanted}))
    assert first_disk(nebula)["SIZE"] == size


def test_a_template_names_its_image_as_it_likes(nebula, cloud):
    nebula.images[7].size = 6000
    for disk in ({"IMAGE_ID": "7"}, {"IMAGE": "Rocky 9", "IMAGE_UNAME": "oneadmin"}):
        nebula.templates[3].attributes["DISK"] = [disk]
        foretold = ensure(
            cloud(), group(image=ROCKY, size={"cpus": 1, "memory": GB, "disk": 3 * GB}), name="small", dry_run=True
        )
        assert foretold.created == ["wn-0"]
    nebula.templates[3].attributes["DISK"] = [{"IMAGE_ID": "7"}]
    ensure(cloud(), group(image=ROCKY, size={"cpus": 1, "memory": GB, "disk": 3 * GB}))
    assert first_disk(nebula)["SIZE"] == "6000"


def test_a_persistent_image_is_one_machine_s(nebula, cloud):
    nebula.images[0].persistent = True
    assert "the image 'Debian 13' (id 0) is persistent: only one machine may have it" in refusal(
        cloud(), group("wn", 2)
    )
    assert (nebula.machines, nebula.groups) == ({}, {})
    ensure(cloud(), group())
    assert not ensure(cloud(), group()).changed
    with pytest.raises(SiteError, match=r"persistent: only one machine may have it. Let each machine have a copy"):
        ensure(cloud(), group(), name="other")
    cloud().delete_nodes("pool")
    assert ensure(cloud(), group(), name="other").created == ["wn-0"]


def test_a_volume_s_image_is_looked_for_first(nebula, cloud):
    nebula.images |= {40: Image("data", "ci", type=2, persistent=True), 41: Image("data", type=2)}

    def volume(name):
        return [{"name": "v", "volume_id": name, "location": "/data", "size": None, "fs_type": None}]

    assert "offers no volume 'data'" in refusal(cloud(), group(volumes=volume("data")))
    offering = cloud(volumes=["data", "dat"])
    assert "has no image 'dat'" in refusal(offering, group(volumes=volume("dat")))
    assert "'data' (id 40) is persistent" in refusal(offering, group("wn", 2, volumes=volume("data")))
    ensure(offering, group(volumes=volume("data")))
    assert nebula.alive()[0].attributes["DISK"][1]["IMAGE_ID"] == "40"


# What a template has of its own


def test_a_template_s_own_context_stays_and_its_script_runs_last(nebula, cloud):
    nebula.templates[3].attributes["CONTEXT"] = [
        {
            "NETWORK": "NO",
            "REPORT_READY": "YES",
            "FILES": "/var/lib/one/hooks.sh",
            "SSH_PUBLIC_KEY": "$USER[SSH_PUBLIC_KEY]",
            "START_SCRIPT": "#!/bin/sh\ntouch /own",
            "START_SCRIPT_BASE64": "bm90IHRoaXM=",
        }
    ]
    ensure(cloud(), group(image=ROCKY))
    (context,) = nebula.alive()[0].attributes["CONTEXT"]
    assert "START_SCRIPT" not in context
    assert [context[name] for name in ("NETWORK", "REPORT_READY", "FILES")] == ["YES", "YES", "/var/lib/one/hooks.sh"]
    assert context["SSH_PUBLIC_KEY"].startswith("ssh-ed25519 AAAA")
    own = base64.b64encode(b"#!/bin/sh\ntouch /own").decode()
    assert f"printf '%s' {own} | base64 -d" in script_of(nebula).split("systemctl restart sshd")[1]


def test_a_template_s_own_interfaces_give_way(nebula, cloud):
    nebula.templates[3].attributes["NIC"] = [{"NETWORK_ID": "1"}]
    ensure(cloud(), group(image=ROCKY))
    assert [nic["NETWORK_ID"] for nic in nebula.alive()[0].attributes["NIC"]] == ["0"]


def test_a_network_that_lets_everything_in_is_told(nebula, cloud):
    told = cloud().describe()["warnings"]
    assert [warning.split(" has the security group 0, ")[0] for warning in told] == [
        "The virtual network 'private'",
        "The virtual network 'public'",
    ]
    assert "ports are not closed. Take it from the network's SECURITY_GROUPS." in told[0]
    nebula.networks[0].security_groups, nebula.networks[1].security_groups = "", "10,100"
    assert cloud().describe()["warnings"] == []
    nebula.networks.clear()
    description = cloud().describe()
    assert (description["available"], description["warnings"]) == (True, [])


def test_an_interface_has_the_groups_of_its_network_too(nebula, cloud):
    nebula.networks[0].security_groups = "0"
    ensure(cloud(), group())
    (number,) = nebula.groups
    assert nebula.alive()[0].attributes["NIC"][0]["SECURITY_GROUPS"] == f"0,{number}"
    assert not ensure(cloud(), group()).changed


def test_a_network_without_a_free_address_is_told(nebula, cloud):
    nebula.networks[0].leases = 1
    with pytest.raises(SiteError, match="Cannot get IP/MAC lease from virtual network 0"):
        ensure(cloud(), group("wn", 2))
    assert len(cloud().delete_nodes("pool")) == 1
