# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import re
import subprocess
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.nebula import documents, machines
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Size, Volume
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


@given(st.dictionaries(st.sampled_from(["NAME", "A", "B"]), TEXT), st.dictionaries(st.sampled_from(["X", "Y"]), TEXT))
def test_whatever_a_text_holds_it_stays_one_value(texts, vector):
    attributes = [*texts.items(), *([("V", vector)] if vector else [])]
    whole = ElementTree.fromstring(documents.to_xml(attributes))
    assert [(element.tag, element.text) for element in whole if element.tag != "V"] == list(texts.items())
    assert {child.tag: child.text for child in whole.findall("V/*")} == vector


def vm(state, lcm=0, **user):
    return SimpleNamespace(STATE=state, LCM_STATE=lcm, USER_TEMPLATE=user)


@pytest.mark.parametrize(
    ("machine", "state", "problem"),
    [
        (vm(1), "unfinished", "It has not started yet (PENDING)."),
        (
            vm(1, SCHED_MESSAGE="Mon Nov  9 08:00:00 2026 : Cannot dispatch VM: No host fits."),
            "unfinished",
            "It has not started yet (PENDING): Cannot dispatch VM: No host fits.",
        ),
        (vm(3, 1, SCHED_MESSAGE="of before"), "unfinished", "It has not started yet (PROLOG)."),
        (vm(3, 2), "unfinished", "It has not started yet (BOOT)."),
        (vm(3, 43), "unfinished", "It has not started yet."),
        (vm(3, 3), "running", None),
        (vm(3, 69), "running", None),
        (vm(3, 11), "unfinished", "It is on its way out."),
        (vm(8), "stopped", "It does not run: POWEROFF."),
        (vm(5), "stopped", "It does not run: SUSPENDED."),
        (vm(3, 36, ERROR="no bridge"), "error", "BOOT_FAILURE: no bridge."),
        (vm(3, 36, ERROR="Mon Nov 30 21:15:50 2026 : no bridge."), "error", "BOOT_FAILURE: no bridge."),
        (vm(3, 39), "error", "PROLOG_FAILURE: OpenNebula gives no reason."),
        (vm(3, 16), "error", "UNKNOWN: OpenNebula gives no reason."),
        (vm(11), "error", "CLONING_FAILURE: OpenNebula gives no reason."),
    ],
)
def test_states(machine, state, problem):
    assert machines.condition(machine) == (state, problem)


def quotas(*entries, default=None):
    def some(found):
        return SimpleNamespace(VM=[SimpleNamespace(**entry) for entry in found])

    return SimpleNamespace(
        VM_QUOTA=some(entries), DEFAULT_USER_QUOTAS=SimpleNamespace(VM_QUOTA=some([default] if default else []))
    )


DEFAULT = {"CPU": "4", "MEMORY": "2048", "VMS": "-2"}


@pytest.mark.parametrize(
    ("user", "limits"),
    [
        (SimpleNamespace(VM_QUOTA=None), {}),
        (quotas({"CPU": "8", "MEMORY": "-2", "VMS": "-1"}), {"cpus": 16.0}),
        (quotas(default=DEFAULT), {"cpus": 8.0, "memory": 2**31}),
        (quotas({"CPU": "-1", "MEMORY": "-2", "VMS": "3"}, default=DEFAULT), {"cpus": 8.0, "nodes": 3}),
        (
            quotas(
                {"CLUSTER_IDS": "100", "CPU": "1", "MEMORY": "1", "VMS": "1"},
                {"CLUSTER_IDS": "", "CPU": "0", "MEMORY": "-1", "VMS": "-1"},
            ),
            {"cpus": 0.0},
        ),
    ],
)
def test_limits_that_there_are_not_are_left_out(user, limits):
    assert machines.quota(user, cpu_share=0.5) == limits


def test_a_volume_is_found_by_its_serial_number_whatever_else_the_machine_has():
    volumes = (Volume("a", size=10**9, location="/data"), Volume("b", volume_id="7", location="/more"))
    group = NodeGroup("wn", "wn", "wn", volumes=volumes)
    disks = documents.disks(group, [{"IMAGE_ID": 1}, {"IMAGE_ID": 2}])
    assert [disk.get("SERIAL") for disk in disks] == [None, None, "paas0", "paas1"]
    assert {disk.get("DEV_PREFIX") for disk in disks[2:]} == {"vd"}
    assert "TARGET" not in disks[2]
    script = base64.b64decode(documents.context("n", "k", "h", group)["START_SCRIPT_BASE64"]).decode()
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    for number, place in enumerate(("/data", "/more")):
        assert f"device=/dev/disk/by-id/virtio-paas{number}\n" in script
        assert f"| tail -n {2 - number} | head -n 1)" in script
        assert f'mount "$device" {place}' in script


@given(st.dictionaries(TEXT, TEXT, max_size=3))
def test_tags_are_attributes_that_mean_nothing_to_opennebula(tags):
    node = NewNode("wn-0", NodeGroup("wn", "wn", "wn", tags=tags), 0)
    found = documents.labels("pool", node, "ssh-ed25519 A")
    assert found[documents.DEPLOYMENT] == "pool"
    assert all(re.fullmatch(r"(INDIGO_PAAS|TAG)_[A-Z0-9_]*", name) for name in found)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_the_first_disk_is_the_largest_of_what_is_asked_and_what_there_is(wanted, more, least):
    own = least + more if more else 0
    group = NodeGroup("wn", "wn", "wn", size=Size(disk=wanted * documents.MIB))
    base = {"IMAGE_ID": "1", **({"SIZE": str(own)} if own else {})}
    (disk,) = documents.disks(group, [base], least)
    assert int(disk.get("SIZE", least)) >= max(wanted, own)
    assert disk == base or int(disk["SIZE"]) == wanted > max(own, least)


@pytest.mark.parametrize(
    ("own", "runs"),
    [
        ({}, None),
        ({"START_SCRIPT": '#!/bin/sh\necho "it\'s"'}, "it's\n"),
        ({"START_SCRIPT_BASE64": base64.b64encode(b"#!/bin/sh\necho this").decode()}, "this\n"),
        ({"START_SCRIPT": "#!/bin/sh\necho plain", "START_SCRIPT_BASE64": "bm8="}, "plain\n"),
    ],
)
def test_a_template_s_script_runs_after_the_machine_s(own, runs):
    context = documents.context("n", "k", "h", NodeGroup("wn", "wn", "wn"), {**own, "REPORT_READY": "YES"})
    script = base64.b64decode(context["START_SCRIPT_BASE64"]).decode()
    assert ("START_SCRIPT" in context, context["REPORT_READY"]) == (False, "YES")
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    last = script.partition("# The template's own start script.\n")[2]
    assert bool(last) == bool(runs)
    said = subprocess.run(["sh", "-c", last], text=True, capture_output=True, check=True).stdout
    assert said == (runs or "")
