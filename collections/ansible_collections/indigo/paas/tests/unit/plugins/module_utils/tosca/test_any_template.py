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
from ansible_collections.indigo.paas.plugins.module_utils.tosca.references import KEYWORDS

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda name: name not in KEYWORDS)
SIZES = st.sampled_from(["512 MB", "1 GB", "2 GiB"])


LINK = {
    "derived_from": "tosca.relationships.ConnectsTo",
    "properties": {
        "mode": {"type": "string", "default": "plain"},
        "twice": {"type": "string", "default": {"join": [[{"get_property": ["SELF", "mode"]}] * 2, "-"]}},
    },
    "attributes": {"seen": {"type": "string", "default": {"get_property": ["SELF", "twice"]}}},
}
MODES = st.sampled_from(["fast", "slow", {"concat": ["v", {"get_input": "cpus"}]}])


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """A valid template: machines with any names, and services on them that require earlier ones in many ways."""
    names = draw(st.lists(NAMES, min_size=1, max_size=10, unique=True))
    machines = names[: draw(st.integers(1, len(names)))]
    nodes = {name: draw(machine()) for name in machines}
    services: list[tuple[str, str]] = []
    for name in names[len(machines) :]:
        kind = draw(st.sampled_from(["test.Pool", "test.Worker", "test.Cache", "tosca.nodes.SoftwareComponent"]))
        nodes[name] = draw(service(kind, machines, services))
        services.append((name, kind))
    for copied in draw(st.lists(st.sampled_from(sorted(nodes)), max_size=2, unique=True)):
        nodes[f"{copied} again"] = {"copy": copied}
    order = draw(st.permutations(list(nodes)))
    return {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "relationship_types": {"test.Link": LINK},
        "topology_template": {
            "inputs": {"cpus": {"type": "integer", "default": 2}},
            "node_templates": {name: nodes[name] for name in order},
            "relationship_templates": {"a wire": {"type": "test.Link", "properties": {"mode": draw(MODES)}}},
            "outputs": {
                "all": {"value": [{"get_attribute": [name, "private_address"]} for name in machines]},
                "line": {"value": {"join": [[{"get_attribute": [machines[0], "private_address", 0]}, "x"], ","]}},
                "rack": {"value": {"get_attribute": [machines[0], "state"]}},
                "wire": {"value": {"get_property": ["a wire", "mode"]}},
            },
        },
    }


@st.composite
def machine(draw: st.DrawFn) -> dict[str, Any]:
    cpus = draw(st.one_of(st.integers(1, 64), st.just({"get_input": "cpus"})))
    return {
        "type": draw(st.sampled_from(["tosca.nodes.indigo.Compute", "indigo.Compute", "Compute"])),
        "attributes": draw(st.sampled_from([{}, {"state": {"join": [["a", {"get_input": "cpus"}], "/"]}}])),
        "capabilities": {"host": {"properties": {"num_cpus": cpus, "mem_size": draw(SIZES)}}},
    }


@st.composite
def service(draw: st.DrawFn, kind: str, machines: list[str], before: list[tuple[str, str]]) -> dict[str, Any]:
    host = draw(st.sampled_from(machines))
    requirements: list[dict] = [{"host": draw(st.sampled_from([host, {"node": host}]))}]
    if before:
        needed = draw(st.lists(st.sampled_from([name for name, _kind in before]), max_size=2))
        requirements += [{"dependency": draw(dependency(name))} for name in needed]
    node: dict[str, Any] = {"type": kind, "requirements": requirements}
    if kind == "test.Worker":
        address = {"get_attribute": [draw(st.sampled_from([*machines, "HOST"])), "private_address", 0]}
        node["properties"] = {"front_end_ip": draw(st.sampled_from([address, {"concat": ["x", address]}]))}
        pools = [name for name, other in before if other == "test.Pool"]
        if pools and draw(st.booleans()):
            node["properties"]["collector"] = {"get_attribute": [draw(st.sampled_from(pools)), "collector"]}
    if kind == "test.Pool":
        first = {"join": [[{"get_attribute": [host, "private_address", 0]}, "first"], " "]}
        node["attributes"] = draw(st.sampled_from([{}, {"collector": "first"}, {"collector": first}]))
    if kind == "tosca.nodes.SoftwareComponent":
        node["interfaces"] = {"Standard": draw(operations("x.yml", ["create", "configure", "start"]))}
    return node


@st.composite
def dependency(draw: st.DrawFn, name: str) -> Any:
    names = ["pre_configure_source", "pre_configure_target", "post_configure_source", "add_target", "add_source"]
    body = {
        "type": "tosca.relationships.ConnectsTo",
        "interfaces": {"Configure": draw(operations("y.yml", names))},
    }
    inputs = {"mode": {"value": {"get_property": ["SELF", "mode"]}}, "seen": {"get_attribute": ["SELF", "seen"]}}
    link = {
        "type": "test.Link",
        "properties": draw(st.sampled_from([{}, {"mode": draw(MODES)}])),
        "interfaces": {"Configure": {draw(st.sampled_from(names)): {"implementation": "z.yml", "inputs": inputs}}},
    }
    kinds = ["test.Link", "a wire", body, link]
    return draw(st.sampled_from([name, {"node": name}, *({"node": name, "relationship": kind} for kind in kinds)]))


@st.composite
def operations(draw: st.DrawFn, playbook: str, names: list[str]) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    return {name: {"implementation": playbook, "inputs": {"a": {"get_input": "cpus"}}} for name in chosen}


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
    order = operation_stages(plan)
    first = {name: min(stages) for name, stages in order.items() if stages}
    last = {name: max(stages[: own_steps(plan, name)], default=-1) for name, stages in order.items()}
    attributes = {component["name"]: component["attributes"] for component in plan.components}
    assert order.keys() == attributes.keys()
    for component in plan.components:
        stages = order[component["name"]]
        assert stages == sorted(stages)
        needed = written_requirements(template, component["name"]) & order.keys()
        assert needed <= {*component["requires"]}
        assert all(last[name] <= first[component["name"]] for name in needed)
        for operation, here in zip(component["operations"], stages, strict=True):
            for _function, arguments in calls(operation["arguments"]):
                maker = arguments[0] if isinstance(arguments[0], str) else None
                assert maker not in attributes or role_stage(plan, order, maker) < here


def written_requirements(template: dict, name: str) -> set[str]:
    """Return the nodes that a node template requires; what only an attribute leads to need not be whole before."""
    nodes = template["topology_template"]["node_templates"]
    written = nodes[nodes[name].get("copy", name)].get("requirements", [])
    targets = [target for requirement in written for target in requirement.values()]
    return {target["node"] if isinstance(target, dict) else target for target in targets}


def role_stage(plan: Plan, order: dict[str, list[int]], name: str) -> int:
    """Return the stage in which the role of a component runs: it makes the attributes, the playbooks make none."""
    component = next(component for component in plan.components if component["name"] == name)
    return max(
        stage for operation, stage in zip(component["operations"], order[name], strict=True) if "role" in operation
    )


def operation_stages(plan: Plan) -> dict[str, list[int]]:
    """Return in which stage each operation of each component runs; every one runs exactly once."""
    found: dict[str, list[int]] = {}
    for component in plan.components:
        of_component = [
            [
                number
                for number, stage in enumerate(plan.stages)
                if component["name"] in stage["components"] and runs(stage, index, operation)
            ]
            for index, operation in enumerate(component["operations"])
        ]
        assert all(stages for stages in of_component)
        assert all(len(stages) == 1 for stages in of_component)
        found[component["name"]] = [stages[0] for stages in of_component]
    return found


def runs(stage: dict, index: int, operation: dict) -> bool:
    return stage["operation"] == index if stage.get("external") else stage["role"] == operation.get("role")


def own_steps(plan: Plan, name: str) -> int:
    """Return how many operations of a component must be over before what requires it begins."""
    component = next(component for component in plan.components if component["name"] == name)
    return sum(operation["operation"] != "add_source" for operation in component["operations"])


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
    told = {name["name"]: {"0": {"pool_collector": "c", "cache_url": "u"}} for name in plan.components}
    known = {node["name"]: told for node in nodes} if facts else {}
    state = {"nodes": nodes, "facts": known}
    found = outputs(plan, state)
    assert None not in found["all"]
    assert found["line"] in [f"{node['private_address'][0]},x" for node in nodes]
    assert found["wire"] in ("fast", "slow", "v2")
    groups = {group["name"]: f"{group['hostname']}-0" for group in plan.groups}
    for component in plan.components:
        stages = [stage["name"] for stage in plan.stages if component["name"] in stage["components"]]
        found = {name for stage in stages for name in role_arguments(plan, state, groups[component["group"]], stage)}
        wanted = {
            name for operation in component["operations"] if "role" in operation for name in operation["arguments"]
        }
        missing = wanted - found
        assert missing <= (set() if facts else {"pool_collector_address"})


@given(templates())
def test_known_from_the_start_as_in_stages(vocabulary: Vocabulary, template: dict) -> None:
    plan = plan_or_conflict(template, vocabulary)
    if plan is None:
        return
    addresses = {group["name"]: ["10.0.0.1"] for group in plan.groups}

    def attribute(arguments: list, _at: object) -> Any:
        name = arguments[0]["$self"] if isinstance(arguments[0], dict) else arguments[0]
        value: Any = addresses if name in addresses else {name: "fact"}
        return value[name][0] if arguments[-1] == 0 else value[name]

    state = {"get_attribute": attribute}
    topology = load(text_of(template), vocabulary=vocabulary)
    for component in plan.components:
        node = topology.nodes[component["name"]]
        own = [operation for operation in component["operations"] if "relationship" not in operation]
        order = ["create", "configure", "start"]
        for call, operation in zip(sorted(node.operations, key=lambda call: order.index(call.name)), own, strict=True):
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
        {"join": [["a", {"get_input": "cpus"}], ","]},
        {"join": [{"get_attribute": ["SELF", "state"]}]},
        {"join": "x"},
        {"get_attribute": ["a wire", "seen"]},
        {"get_property": ["a wire", "mode", 0]},
        {"copy": "x"},
        {"relationship": "a wire"},
        {"value": 1},
        "0 GB",
        {"get_foo": "x"},
        {"$function": {}},
        {"$jinja": "{{ 1 }}"},
        {"$self": "x"},
        "{{ lookup('pipe', 'id') }}",
        {"node": "Compute", "node_filter": {"capabilities": [{"host": {"properties": [{"num_cpus": {"equal": 1}}]}}]}},
        {"node_filter": {"properties": [{"x": [{"in_range": [1, 2]}]}]}},
        {"Standard": {"configure": "https://example.org/a.yml", "start": {"implementation": "x.y.z"}}},
        {"type": "ConnectsTo", "interfaces": {"Configure": {"add_source": {"implementation": "a.yml"}}}},
        {"file": "a.yaml", "repository": "r"},
        {"count": 2},
        "4 GB",
        2048,
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
        "attributes",
        "copy",
        "relationship_templates",
        "relationship_types",
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
        "groups",
        "members",
        "targets",
        "workflows",
        "substitution_mappings",
        "node_filter",
        "relationship",
        "artifacts",
        "scalable",
        "repositories",
        "namespace_prefix",
        "directives",
        "interface_types",
        "relationship_templates",
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
@given(broken_templates(), st.dictionaries(st.sampled_from(["cpus", "x"]), SCRAP), st.booleans(), st.booleans())
def test_any_template_plans_or_is_refused(
    vocabulary: Vocabulary, template: dict, inputs: dict, strict: bool, trust: bool
) -> None:
    with contextlib.suppress(TemplateError):
        plan = make_plan(load(text_of(template), inputs, vocabulary=vocabulary, strict=strict, trust=trust))
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


@given(broken_templates())
def test_what_a_strict_reader_takes_is_the_same_to_a_lenient_one(vocabulary: Vocabulary, template: dict) -> None:
    with contextlib.suppress(TemplateError):
        strict = make_plan(load(text_of(template), vocabulary=vocabulary, strict=True))
        assert make_plan(load(text_of(template), vocabulary=vocabulary)) == strict


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
