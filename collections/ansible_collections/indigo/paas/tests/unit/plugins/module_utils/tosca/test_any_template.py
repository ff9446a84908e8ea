# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties that hold for every template: valid ones plan, all others are refused with a TemplateError."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import calls, evaluate, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
SIZES = st.sampled_from(["512 MB", "1 GB", "2 GiB"])


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """A valid template: machines with any names, and services on them that require earlier ones in many ways."""
    names = draw(st.lists(NAMES, min_size=1, max_size=10, unique=True))
    machines = names[: draw(st.integers(1, len(names)))]
    nodes = {name: draw(machine()) for name in machines}
    services: list[tuple[str, str]] = []
    for name in names[len(machines) :]:
        kind = draw(st.sampled_from(["test.Pool", "test.Worker", "test.Cache"]))
        nodes[name] = draw(service(kind, machines, services))
        services.append((name, kind))
    order = draw(st.permutations(list(nodes)))
    return {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "topology_template": {
            "inputs": {"cpus": {"type": "integer", "default": 2}},
            "node_templates": {name: nodes[name] for name in order},
            "outputs": {"all": {"value": [{"get_attribute": [name, "private_address"]} for name in machines]}},
        },
    }


@st.composite
def machine(draw: st.DrawFn) -> dict[str, Any]:
    cpus = draw(st.one_of(st.integers(1, 64), st.just({"get_input": "cpus"})))
    return {
        "type": draw(st.sampled_from(["tosca.nodes.indigo.Compute", "indigo.Compute", "Compute"])),
        "capabilities": {"host": {"properties": {"num_cpus": cpus, "mem_size": draw(SIZES)}}},
    }


@st.composite
def service(draw: st.DrawFn, kind: str, machines: list[str], before: list[tuple[str, str]]) -> dict[str, Any]:
    host = draw(st.sampled_from(machines))
    requirements: list[dict] = [{"host": draw(st.sampled_from([host, {"node": host}]))}]
    if before:
        needed = draw(st.lists(st.sampled_from([name for name, _kind in before]), max_size=2))
        requirements += [{"dependency": name} for name in needed]
    node: dict[str, Any] = {"type": kind, "requirements": requirements}
    if kind == "test.Worker":
        address = {"get_attribute": [draw(st.sampled_from(machines)), "private_address", 0]}
        node["properties"] = {"front_end_ip": draw(st.sampled_from([address, {"concat": ["x", address]}]))}
        pools = [name for name, other in before if other == "test.Pool"]
        if pools and draw(st.booleans()):
            node["properties"]["collector"] = {"get_attribute": [draw(st.sampled_from(pools)), "collector"]}
    return node


def text_of(template: Any) -> bytes:
    return yaml.dump(template, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False).encode()


def plan_or_conflict(template: dict, vocabulary: Vocabulary) -> Plan | None:
    """Plan a valid template; None when two of its services on one machine want different arguments."""
    topology = load(text_of(template), vocabulary=vocabulary)
    try:
        return make_plan(topology)
    except TemplateError as error:
        if all("different values" in problem.message for problem in error.problems):
            return None
        raise


@given(templates())
def test_every_valid_template_plans(vocabulary: Vocabulary, template: dict) -> None:
    plan = plan_or_conflict(template, vocabulary)
    if plan is None:
        return
    data = json.loads(json.dumps(plan.to_dict()))
    assert Plan.from_dict(data) == plan
    assert len(plan.groups) + len(plan.components) == len(template["topology_template"]["node_templates"])
    assert {group["name"] for group in plan.groups} >= {component["group"] for component in plan.components}


@given(templates())
def test_stages_keep_the_requirements(vocabulary: Vocabulary, template: dict) -> None:
    plan = plan_or_conflict(template, vocabulary)
    if plan is None:
        return
    stage_of = {name: number for number, stage in enumerate(plan.stages) for name in stage["components"]}
    attributes = {component["name"]: component["attributes"] for component in plan.components}
    assert stage_of.keys() == attributes.keys()
    for component in plan.components:
        here = stage_of[component["name"]]
        assert all(stage_of[name] <= here for name in component["requires"])
        for operation in component["operations"]:
            for _function, arguments in calls(operation["arguments"]):
                assert arguments[0] not in attributes or stage_of[arguments[0]] < here


@given(templates(), st.randoms())
def test_order_of_node_templates_changes_no_group(vocabulary: Vocabulary, template: dict, random: Any) -> None:
    plan = plan_or_conflict(template, vocabulary)
    shuffled = copy.deepcopy(template)
    items = list(shuffled["topology_template"]["node_templates"].items())
    random.shuffle(items)
    shuffled["topology_template"]["node_templates"] = dict(items)
    again = plan_or_conflict(shuffled, vocabulary)
    assert (plan is None) == (again is None)
    if plan is not None and again is not None:
        assert sorted(plan.groups, key=lambda group: group["name"]) == sorted(
            again.groups, key=lambda group: group["name"]
        )


@given(templates(), st.booleans())
def test_arguments_become_known_stage_by_stage(vocabulary: Vocabulary, template: dict, facts: bool) -> None:
    plan = plan_or_conflict(template, vocabulary)
    if plan is None:
        return
    nodes = [
        {"name": f"{group['hostname']}-0", "group": group["group"], "index": 0, "private_address": [f"10.0.0.{number}"]}
        for number, group in enumerate(plan.groups)
    ]
    known = {node["name"]: {"pool_collector": "c", "cache_url": "u"} for node in nodes} if facts else {}
    state = {"nodes": nodes, "facts": known}
    assert None not in outputs(plan, state)["all"]
    groups = {group["name"]: f"{group['hostname']}-0" for group in plan.groups}
    for component in plan.components:
        found = role_arguments(plan, state, groups[component["group"]])
        wanted = {name for operation in component["operations"] for name in operation["arguments"]}
        missing = wanted - found.keys()
        assert missing <= (set() if facts else {"pool_collector_address"})


@given(templates())
def test_known_from_the_start_as_in_stages(vocabulary: Vocabulary, template: dict) -> None:
    plan = plan_or_conflict(template, vocabulary)
    if plan is None:
        return
    addresses = {group["name"]: ["10.0.0.1"] for group in plan.groups}

    def attribute(arguments: list, _at: object) -> Any:
        value: Any = addresses if arguments[0] in addresses else {arguments[0]: "fact"}
        return value[arguments[0]][0] if arguments[-1] == 0 else value[arguments[0]]

    state = {"get_attribute": attribute}
    topology = load(text_of(template), vocabulary=vocabulary)
    for component in plan.components:
        node = topology.nodes[component["name"]]
        for call, operation in zip(node.operations, component["operations"], strict=True):
            assert plain(evaluate(dict(call.arguments), state)) == evaluate(operation["arguments"], state)


SCRAP = st.sampled_from(
    [
        None,
        True,
        -5,
        1.5,
        "",
        "x",
        [],
        {},
        [1],
        {"a": 1},
        {"get_input": "cpus"},
        {"get_input": ["cpus", 0]},
        {"get_property": ["SELF", "size"]},
        {"get_property": [{"get_input": "cpus"}, "x"]},
        {"get_attribute": ["HOST", {}]},
        {"get_operation_output": ["SELF", 1, 2, 3]},
        {"get_artifact": ["SELF", "x"]},
        {"concat": ["a", {"get_input": "cpus"}]},
        {"token": [1, 2, 3]},
        {"get_foo": "x"},
        {"$function": {}},
        "test.Pool",
        "tosca.nodes.indigo.Compute",
        "my.Type",
        [{"host": "x"}],
        [{"equal": 3}],
        [{"pattern": "("}],
        [{"in_range": [1]}],
        {"type": "string"},
        2**70,
        "SELF",
        "\u202e",
    ]
)
KEYS = st.sampled_from(
    [
        "properties",
        "type",
        "requirements",
        "interfaces",
        "node_types",
        "host",
        "get_input",
        "value",
        "default",
        "constraints",
        "derived_from",
        "entry_schema",
        "capabilities",
        "required",
        "imports",
        "policies",
        "outputs",
        "<<",
    ]
)
OWN_TYPES = {
    "node_types": {
        "my.Type": {
            "derived_from": "test.Pool",
            "properties": {"a": {"type": "list", "entry_schema": {"type": "string", "constraints": [{"length": 1}]}}},
            "requirements": [{"host": {"node": "Compute"}}],
            "interfaces": {"Standard": {"create": {"implementation": "a.b.c", "inputs": {"x": 1}}}},
        }
    },
    "data_types": {"my.Data": {"properties": {"q": {"type": "my.Data", "required": False, "default": {}}}}},
}


def paths(data: Any, path: tuple = ()) -> Iterator[tuple]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


@st.composite
def broken_templates(draw: st.DrawFn) -> dict[str, Any]:
    """A valid template in which some places are replaced, removed or added to."""
    template = {**copy.deepcopy(draw(templates())), **copy.deepcopy(OWN_TYPES)}
    for _change in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(list(paths(template))))
        parent: Any = template
        for key in path[:-1]:
            parent = parent[key]
        action = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if action == "add" and isinstance(parent, dict):
            parent[draw(KEYS)] = copy.deepcopy(draw(SCRAP))
        elif action == "remove":
            del parent[path[-1]]
        else:
            parent[path[-1]] = copy.deepcopy(draw(SCRAP))
    return template


@settings(max_examples=200)
@given(broken_templates(), st.dictionaries(st.sampled_from(["cpus", "x"]), SCRAP))
def test_any_template_plans_or_is_refused(vocabulary: Vocabulary, template: dict, inputs: dict) -> None:
    with contextlib.suppress(TemplateError):
        plan = make_plan(load(text_of(template), inputs, vocabulary=vocabulary))
        assert json.loads(json.dumps(plan.to_dict())) == plan.to_dict()


anything = st.recursive(
    SCRAP | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(anything, anything, st.sampled_from(["topology_template", "node_types", "imports", "metadata", "x"]))
def test_any_data_is_refused_or_planned(vocabulary: Vocabulary, whole: Any, part: Any, key: str) -> None:
    for data in (whole, {"tosca_definitions_version": "tosca_simple_yaml_1_0", key: part, "topology_template": whole}):
        with contextlib.suppress(TemplateError):
            make_plan(load(text_of(data), vocabulary=vocabulary))


@given(templates(), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=5), st.integers(0, 6000))
def test_any_bytes_are_refused_or_planned(
    vocabulary: Vocabulary, template: dict, changes: list[tuple[int, int]], length: int
) -> None:
    text = bytearray(text_of(template))
    for position, value in changes:
        text[position % len(text)] = value
    with contextlib.suppress(TemplateError):
        make_plan(load(bytes(text[:length]), vocabulary=vocabulary))


@given(anything, anything)
def test_any_counts_and_removals(vocabulary: Vocabulary, counts: Any, removals: Any) -> None:
    text = (
        b"tosca_definitions_version: tosca_simple_yaml_1_0\n"
        b"topology_template: {node_templates: {x: {type: indigo.Compute}}}\n"
    )
    topology = load(text, vocabulary=vocabulary)
    with contextlib.suppress(TemplateError):
        make_plan(topology, {"x": counts}, {"x": removals})
