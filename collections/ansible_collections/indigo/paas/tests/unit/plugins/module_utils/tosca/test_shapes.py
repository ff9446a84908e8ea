# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes in which published templates leave TOSCA's path, one file each: what they mean, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, plan_template
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments

SHAPES = Path(__file__).parent / "shapes"

# Each: the warnings, as (line, words of the message).
WARNINGS: dict[str, list[tuple[int, str]]] = {
    "imports": [],
    "scalars": [
        (19, "'instance_name' of 'server' has no effect"),
        (23, "'20480' is read as 20480 MB"),
    ],
    "bad_default": [
        (10, "the default of input 'workers': '' is not a whole number"),
        (11, "the default of input 'flavour': '' breaks the constraint valid_values: [small, large]"),
    ],
    "repeated": [
        (15, "the key 'host' is here for the second time, the first is in line 13"),
        (20, "the key 'value' is here for the second time, the first is in line 19"),
    ],
    "empty_text": [
        (16, "property 'count' of capability 'scalable' of 'server': '' is no integer"),
        (18, "property 'mem_size' of capability 'host' of 'server' (the input 'memory'): '' is no scalar-unit.size"),
    ],
    "misplaced": [
        (12, "'scalable' of 'server' is read as its capability"),
        (15, "the properties of the capability 'host' of 'server' are read without `properties:`"),
    ],
    "stray": [
        (7, "the template has the unknown key 'homepage'"),
        (13, "the node template 'server' has the unknown key 'zabbix'"),
        (14, "'server' has no property 'rucksack'"),
        (17, "capability 'host' of 'server' has no property 'quux'"),
        (18, "'server' has no capability 'weather'"),
        (21, "property 'monitor' of 'pool' has no property 'moon'"),
        (24, "'pool' has no requirement 'parachute'"),
    ],
    "hostless": [
        (25, "nothing implements 'elastic' (my.ElasticCluster): it will not be installed"),
        (39, "'notebook' lacks the requirement 'host': it runs on no machine and will not be installed"),
    ],
    "jinja": [
        (12, "the Jinja in this text is not evaluated"),
        (21, "the Jinja in this text is not evaluated"),
        (26, "the Jinja in this text is not evaluated"),
    ],
    "policy": [
        (13, "property 'sla_id' of policy 'somewhere' is required"),
        (15, "policy 'somewhere' has no property 'availability_zone'"),
    ],
    "relationship_operation": [(36, "nothing here makes or runs 'space' (my.Space)")],
    "external": [],
    "application": [
        (24, "nothing here makes or runs 'job' (my.Job)"),
        (31, "nothing here makes or runs 'runtime' (my.Runtime)"),
    ],
    "host_address": [],
    "misspelt": [
        (6, "tosca_definitions_version 'TOSCA_simple_yaml_1.0' is read as tosca_simple_yaml_1_0"),
        (11, "the type 'tosca.nodes.indigo.compute' is read as tosca.nodes.indigo.Compute"),
        (13, "'preemptible_instance' is read as 'preemtible_instance'"),
        (15, "the requirements of 'server' are read as a list"),
        (22, "'policies' is read as a list"),
    ],
}
# What a strict reader refuses beyond the warnings, and the warnings that are warnings to it too.
STRICT_ONLY = {
    "scalars": [
        "'7' is no string",
        "'2' is no integer",
        "'no' is no boolean",
        "'1.0' is no integer",
        "'true' is no string",
    ],
}
LIMITS = ("nothing implements", "nothing here makes or runs", "has no effect")


def file_of(shape: str) -> Path:
    """Return the file of a shape; what linters of YAML refuse has another suffix."""
    (found,) = SHAPES.glob(f"{shape}.*")
    return found


def plan(shape: str, vocabulary: Vocabulary, **options: Any) -> Plan:
    return plan_template(file_of(shape), vocabulary=vocabulary, **options)


def test_every_shape_is_tested() -> None:
    assert sorted(path.stem for path in SHAPES.iterdir()) == sorted(WARNINGS)


@pytest.mark.parametrize("shape", WARNINGS)
def test_a_shape_is_understood_with_these_warnings(shape: str, vocabulary: Vocabulary) -> None:
    found = [(problem["line"], problem["message"]) for problem in plan(shape, vocabulary).warnings]
    expected = WARNINGS[shape]
    assert len(found) == len(expected), found
    for (line, message), (wanted_line, words) in zip(found, expected, strict=True):
        assert words in message
        assert line == wanted_line


@pytest.mark.parametrize("shape", WARNINGS)
def test_warnings_name_the_file_and_a_remedy(shape: str, vocabulary: Vocabulary) -> None:
    for problem in plan(shape, vocabulary).warnings:
        assert problem["file"] == str(file_of(shape))
        assert problem["column"] >= 1
        assert problem["hint"]


@pytest.mark.parametrize("shape", WARNINGS)
def test_a_strict_reader_refuses_each_leniency(shape: str, vocabulary: Vocabulary) -> None:
    wanted = [words for _line, words in WARNINGS[shape] if not any(limit in words for limit in LIMITS)]
    wanted += STRICT_ONLY.get(shape, [])
    if not wanted:
        assert plan(shape, vocabulary, strict=True).stages is not None
        return
    with pytest.raises(TemplateError) as caught:
        plan(shape, vocabulary, strict=True)
    found = [problem.message for problem in caught.value.problems]
    assert all(any(words in message for message in found) for words in wanted), found


@pytest.mark.parametrize("shape", WARNINGS)
def test_a_plan_of_a_shape_is_data(shape: str, vocabulary: Vocabulary) -> None:
    found = plan(shape, vocabulary, trust=True)
    assert Plan.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_scalars(vocabulary: Vocabulary) -> None:
    group = plan("scalars", vocabulary).groups[0]
    assert group["size"] == {"cpus": 2, "memory": 2 * 10**9, "disk": 20480 * 10**6, "gpus": 1, "instance_type": None}
    assert group["image"]["version"] == "16.10"
    assert group["tags"] == {"spot": "true", "level": "1.50"}
    assert plan("scalars", vocabulary).components[0]["properties"]["ratio"] == 1.0
    assert plan("scalars", vocabulary).components[0]["properties"]["submit"] is False


def test_an_empty_default_stands_for_nothing(vocabulary: Vocabulary) -> None:
    assert plan("bad_default", vocabulary).inputs == {"workers": "", "flavour": ""}
    with pytest.raises(TemplateError, match="'huge' breaks the constraint valid_values"):
        plan("bad_default", vocabulary, inputs={"flavour": "huge"})


def test_a_default_that_is_not_used_is_no_error(vocabulary: Vocabulary) -> None:
    given = plan("bad_default", vocabulary, inputs={"workers": 3, "flavour": "small"})
    assert given.inputs == {"workers": 3, "flavour": "small"}
    hints = {problem["hint"] for problem in given.warnings if "has no effect" not in problem["message"]}
    assert hints == {"A value is given, so it does not count. Correct it."}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{type: integer, default: many}", "'many' is not a whole number"),
        ("{type: integer, default: 9, constraints: [{less_than: 5}]}", "'9' breaks the constraint less_than: 5"),
    ],
)
def test_a_default_that_counts_must_fit(schema: str, words: str, vocabulary: Vocabulary) -> None:
    text = (SHAPES / "bad_default.yaml").read_text().replace("{type: integer, default: ''}", schema)
    with pytest.raises(TemplateError, match=words):
        plan_template(text, vocabulary=vocabulary)
    assert plan_template(text, {"workers": 3}, vocabulary=vocabulary).inputs["workers"] == 3


def test_of_a_repeated_key_the_last_one_counts(vocabulary: Vocabulary) -> None:
    found = plan("repeated", vocabulary)
    assert found.groups[0]["size"]["cpus"] == 2
    assert found.groups[0]["size"]["memory"] == 10**9
    assert found.outputs["address"]["value"]["$function"]["get_attribute"][1] == "public_address"


def test_an_empty_text_for_another_type_is_nothing(vocabulary: Vocabulary) -> None:
    group = plan("empty_text", vocabulary).groups[0]
    assert (group["count"], group["size"]["cpus"], group["size"]["memory"]) == (1, 2, 10**9)


def test_an_input_that_is_not_declared_takes_what_the_user_gives(vocabulary: Vocabulary) -> None:
    text = (SHAPES / "empty_text.yaml").read_text().replace("get_input: memory", "get_input: mem")
    with pytest.raises(TemplateError, match="'mem', which is no input"):
        plan_template(text, vocabulary=vocabulary)
    found = plan_template(text, {"mem": "2 GB"}, vocabulary=vocabulary)
    assert found.groups[0]["size"]["memory"] == 2 * 10**9
    assert "the input 'mem' is used, but not declared" in [problem["message"] for problem in found.warnings]
    with pytest.raises(TemplateError, match="is used, but not declared"):
        plan_template(text, {"mem": "2 GB"}, vocabulary=vocabulary, strict=True)
    with pytest.raises(TemplateError, match="no input 'memo'"):
        plan_template(text, {"mem": "2 GB", "memo": 1}, vocabulary=vocabulary)


@pytest.mark.parametrize(
    ("written", "refused"),
    [("num_cpu", True), ("nun_cpus", True), ("cpus", False), ("num_processors", False), ("Num-Cpus", True)],
)
def test_a_slip_of_the_pen_is_an_error_and_another_word_is_kept(
    vocabulary: Vocabulary, written: str, refused: bool
) -> None:
    text = (SHAPES / "empty_text.yaml").read_text().replace("num_cpus: 2", f"{written}: 2")
    if refused:
        with pytest.raises(TemplateError, match="Did you mean 'num_cpus'"):
            plan_template(text, vocabulary=vocabulary)
    else:
        found = plan_template(text, vocabulary=vocabulary).warnings
        assert [problem for problem in found if f"no property '{written}'" in problem["message"]]


def test_misplaced_parts_count(vocabulary: Vocabulary) -> None:
    group = plan("misplaced", vocabulary).groups[0]
    assert (group["count"], group["size"]["cpus"]) == (3, 4)


def test_stray_parts_are_kept(vocabulary: Vocabulary) -> None:
    pool = plan("stray", vocabulary).components[0]
    assert pool["properties"]["monitor"] == {"url": "x", "moon": "full", "retries": 3}


def test_a_host_may_be_named_otherwise_or_be_absent(vocabulary: Vocabulary) -> None:
    found = plan("hostless", vocabulary)
    groups = {component["name"]: component["group"] for component in found.components}
    assert groups == {"elastic": "server", "front_end": "server", "worker": "wn_server"}
    assert [application["name"] for application in found.applications] == ["notebook"]
    assert [group["count"] for group in found.groups] == [1, 0]


def test_jinja_is_text_unless_the_template_is_trusted(vocabulary: Vocabulary) -> None:
    text = "host: {{ condor_host }}\nbraces: { not: jinja }\n"
    found = plan("jinja", vocabulary)
    assert found.components[0]["properties"]["secret"] == text
    assert found.groups[0]["tags"] == {"both": "{{ greeting }} plain"}


def test_jinja_of_a_trusted_template_is_marked(vocabulary: Vocabulary) -> None:
    text = "host: {{ condor_host }}\nbraces: { not: jinja }\n"
    found = plan("jinja", vocabulary, trust=True)
    assert [problem["message"] for problem in found.warnings] == ["the Jinja in 'tags' of 'server' is not evaluated"]
    assert found.components[0]["properties"]["secret"] == {"$jinja": text}
    state = {"nodes": [{"name": "server-0", "group": "server", "index": 0}], "facts": {}}
    assert role_arguments(found, state, "server-0")["pool_secret"] == {"$jinja": text}
    assert outputs(found, state) == {"values": text}


def test_what_the_user_gives_is_never_marked(vocabulary: Vocabulary) -> None:
    hostile = "{{ lookup('pipe', 'id') }}"
    found = plan("jinja", vocabulary, trust=True, inputs={"values": hostile, "name": hostile})
    assert found.components[0]["properties"]["secret"] == hostile
    assert found.components[0]["properties"]["wn_ips"] == [{"$jinja": [{"$jinja": "{{ x }}"}, hostile]}]


def test_a_policy_keeps_what_it_has(vocabulary: Vocabulary) -> None:
    (policy,) = plan("policy", vocabulary).policies
    assert policy["properties"] == {"availability_zone": "zone-1"}


def test_an_operation_of_a_relationship_runs_on_its_machine_first(vocabulary: Vocabulary) -> None:
    found = plan("relationship_operation", vocabulary)
    server, pool = found.components
    assert (server["name"], server["group"], pool["requires"]) == ("server", "server", ["server"])
    assert server["operations"] == [
        {
            "operation": "pre_configure_source",
            "external": {
                "playbook": "https://example.org/playbooks/mount.yml",
                "defined_in": str(SHAPES / "relationship_operation.yaml"),
                "line": 30,
                "column": 19,
                "galaxy_roles": [],
                "collections": [],
                "files": [],
            },
            "arguments": {"path": "/mnt/space", "token": "abc", "url": "https://space.example.org"},
            "relationship": {"source": "server", "target": "space", "requirement": "local_storage"},
        }
    ]
    assert [stage["name"] for stage in found.stages] == ["pre_configure_source", "pool"]


def test_playbooks_run_in_stages_of_their_own_in_the_order_of_requirements(vocabulary: Vocabulary) -> None:
    found = plan("external", vocabulary)
    assert [(stage["name"], stage["role"], stage["components"]) for stage in found.stages] == [
        ("pool", "test.paas.pool", ["pool"]),
        ("configure", None, ["database"]),
        ("start", None, ["database"]),
        ("cache", "test.paas.cache", ["web"]),
    ]
    assert found.stages[1] == {
        "name": "configure",
        "role": None,
        "groups": ["server"],
        "components": ["database"],
        "scope": "configure",
        "tells": [],
        "external": True,
        "operation": 0,
    }
    configure, start = found.components[0]["operations"]
    assert configure["external"]["playbook"] == "https://example.org/playbooks/import.yml"
    assert configure["external"]["galaxy_roles"] == ["example.mysql,1.2"]
    assert configure["external"]["collections"] == ["example.database"]
    assert start["external"]["playbook"] == "playbooks/start.yaml"
    node = {"name": "server-0", "group": "server", "index": 0, "private_address": ["10.0.0.9"]}
    state = {"nodes": [node], "facts": {}}
    assert role_arguments(found, state, "server-0", "configure") == {
        "data": "https://example.org/world.sql.gz",
        "password": "secret",
        "address": "10.0.0.9",
    }
    assert role_arguments(found, state, "server-0", "start") == {}
    assert "password" not in role_arguments(found, state, "server-0")


def test_applications_carry_all_that_their_service_needs(vocabulary: Vocabulary) -> None:
    found = plan("application", vocabulary)
    assert found.components == found.stages == found.groups == []
    job, runtime = found.applications
    assert job["types"][-2:] == ["tosca.nodes.Container.Application", "tosca.nodes.Root"]
    assert (job["requires"], job["properties"], job["group"]) == (["runtime"], {"command": "sleep 10"}, None)
    assert job["artifacts"]["image"]["file"] == "example/sleep"
    assert runtime["capabilities"]["host"]["num_cpus"] == 1


def test_the_address_of_the_host_is_each_machines_own(vocabulary: Vocabulary) -> None:
    found = plan("host_address", vocabulary)
    names = [f"{found.groups[0]['hostname']}-{index}" for index in (0, 1)]
    nodes = [
        {"name": name, "group": "servers", "index": index, "private_address": [f"10.0.0.{index}"]}
        for index, name in enumerate(names)
    ]
    state = {"nodes": nodes, "facts": {}}
    assert [role_arguments(found, state, name)["pool_address"] for name in names] == ["10.0.0.0", "10.0.0.1"]
    # A list is of all machines: every master of a cluster knows all masters.
    assert found.components[1]["properties"]["wn_ips"] == {
        "$function": {"get_attribute": ["servers", "private_address"]}
    }
    assert outputs(found, state)["through_worker"] == ["10.0.0.0", "10.0.0.1"]


def test_other_spellings_mean_the_same(vocabulary: Vocabulary) -> None:
    found = plan("misspelt", vocabulary)
    assert found.groups[0]["volumes"][0]["location"] == "/data"
    assert [policy["targets"] for policy in found.policies] == [["server"]]
