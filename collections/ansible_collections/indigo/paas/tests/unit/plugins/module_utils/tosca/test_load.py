# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Topology, Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain

Load = Callable[..., Topology]
Problems = Callable[..., list[Problem]]
Body = Callable[[str], str]

SERVERS = """
node_templates:
  front_end:
    type: test.Pool
    requirements: [{host: server}]
  server:
    type: tosca.nodes.indigo.Compute
"""


# Each: a topology_template; where the problem is (the mark that the place points to); what it says; its remedy.
WRONG = {
    "unknown type": (
        "node_templates: {a: {type: §tosca.nodes.indigo.Computer}}",
        "the node type is unknown: 'tosca.nodes.indigo.Computer'",
        "Did you mean 'tosca.nodes.indigo.Compute'?",
    ),
    "no type": ("node_templates: {§a: {}}", "the node type is missing", "Known names"),
    "unknown property": (
        "node_templates: {a: {type: tosca.nodes.indigo.Compute, properties: {§tag: {}}}}",
        "'a' has no property 'tag'",
        "Did you mean 'tags'?",
    ),
    "unknown property of a capability": (
        "node_templates: {a: {type: Compute, capabilities: {host: {properties: {§num_cpu: 1}}}}}",
        "capability 'host' of 'a' has no property 'num_cpu'",
        "Did you mean 'num_cpus'?",
    ),
    "unknown capability": (
        "node_templates: {a: {type: Compute, capabilities: {§hots: {}}}}",
        "'a' has no capability 'hots'",
        "Did you mean 'host'?",
    ),
    "unknown field of a data type": (
        SERVERS.replace("type: test.Pool", "type: test.Pool\n    properties: {monitor: {url: x, §retires: 1}}"),
        "property 'monitor' of 'front_end' has no property 'retires'",
        "Did you mean 'retries'?",
    ),
    "missing field of a data type": (
        SERVERS.replace("type: test.Pool", "type: test.Pool\n    properties: {monitor: §{}}"),
        "property 'monitor' of 'front_end' lacks 'url'",
        "Add `url:` to it.",
    ),
    "unknown key": (
        "node_templates: {a: {type: Compute, §capabilites: {}}}",
        "the node template 'a' has the unknown key 'capabilites'",
        "Did you mean 'capabilities'?",
    ),
    "unknown part": (
        "node_templates: {a: {type: Compute}}\n§output: {}",
        "unknown key 'output'",
        "'outputs'",
    ),
    "missing input": ("inputs: {§n: {type: integer}}\n" + SERVERS, "the input 'n' is required", "n=..."),
    "default of the wrong type": (
        "inputs: {n: {type: integer, default: §1.5}}\n"
        "node_templates: {a: {type: Compute, capabilities: {host: {properties: {num_cpus: {get_input: n}}}}}}",
        "the default of input 'n': '1.5' is not a whole number",
        "Give a value such as 4.",
    ),
    "input of unknown type": (
        "inputs: {n: {type: §int, default: 1}}\n" + SERVERS,
        "'n' has the unknown type 'int'",
        "Did you mean 'integer'?",
    ),
    "constraint that makes no sense": (
        "inputs: {n: {type: integer, default: 1, constraints: [§{at_least: 1}]}}\n" + SERVERS,
        "constraint of 'n': unknown constraint 'at_least'",
        None,
    ),
    "missing property": (
        "node_templates: {§w: {type: test.Worker, requirements: [{host: s}]}, s: {type: Compute}}",
        "property 'front_end_ip' of 'w' is required",
        "Add `front_end_ip:` with a value.",
    ),
    "broken constraint": (
        "node_templates: {a: {type: Compute, capabilities: {host: {properties: {num_cpus: §0}}}}}",
        "property 'num_cpus' of capability 'host' of 'a': '0' breaks the constraint greater_or_equal: 1",
        "Choose a value within it.",
    ),
    "missing requirement": (
        "node_templates: {§p: {type: test.Pool}}",
        "'p' lacks the requirement 'host'",
        "Add `- host: ...` to its `requirements`.",
    ),
    "requirement that points nowhere": (
        "node_templates: {p: {type: test.Pool, requirements: [{§host: servr}]}, server: {type: Compute}}",
        "the requirement 'host' of 'p' points to 'servr', which is no node template",
        "Did you mean 'server'?",
    ),
    "long requirement that points nowhere": (
        "node_templates: {p: {type: test.Pool, requirements: [{host: {node: §x}}]}, s: {type: Compute}}",
        "points to 'x', which is no node template",
        "Known node templates: p, s.",
    ),
    "unknown requirement": (
        "node_templates: {p: {type: test.Pool, requirements: [{host: s}, {§hots: s}]}, s: {type: Compute}}",
        "'p' has no requirement 'hots'",
        "Did you mean 'host'?",
    ),
    "requirement of another type": (
        "node_templates: {p: {type: test.Pool, requirements: [{§host: n}]}, n: {type: network.Network}}",
        "needs tosca.nodes.Compute, but 'n' is tosca.nodes.network.Network",
        "Point it to a node of that type.",
    ),
    "two hosts": (
        "node_templates: {p: {type: test.Pool, requirements: [{host: a}, {§host: b}]}, a: {type: Compute},"
        " b: {type: Compute}}",
        "'p' runs on more than one node: 'a' and 'b'",
        "Keep one",
    ),
    "cycle of requirements": (
        SERVERS.replace("[{host: server}]", "[{host: server}, {dependency: c}]").replace("front_end", "§front_end")
        + "  c: {type: test.Cache, requirements: [{host: server}, {dependency: front_end}]}\n",
        "nodes that require each other: front_end -> c -> front_end",
        "Remove one of these requirements.",
    ),
    "node that requires itself": (
        SERVERS.replace("[{host: server}]", "[{host: server}, {dependency: front_end}]").replace(
            "  front_end:", "  §front_end:"
        ),
        "nodes that require each other: front_end -> front_end",
        "Remove one of these requirements.",
    ),
    "two nodes of one name": (
        "node_templates:\n  a: {type: Compute}\n  §a: {type: Compute}\n",
        "the key 'a' is here for the second time, the first is in line 4",
        "Rename or remove one of the two.",
    ),
    "unknown function": (
        SERVERS + "outputs: {o: {value: {§get_atribute: [server, state]}}}",
        "unknown function 'get_atribute'",
        "Did you mean 'get_attribute'?",
    ),
    "function without what it needs": (
        SERVERS + "outputs: {o: {value: {§get_attribute: server}}}",
        "'get_attribute' is not given what it needs",
        "Write it as { get_attribute: [ fe_server, private_address, 0 ] }.",
    ),
    "get_input of no input": (
        "inputs: {wn_num: {type: integer, default: 1}}\n" + SERVERS + "outputs: {o: {value: {§get_input: wn_nun}}}",
        "get_input names 'wn_nun', which is no input of the template",
        "Did you mean 'wn_num'?",
    ),
    "get_attribute of no node": (
        SERVERS + "outputs: {o: {value: {concat: [a, {§get_attribute: [sever, state]}]}}}",
        "'sever' is no node template",
        "Did you mean 'server'?",
    ),
    "get_attribute of no attribute": (
        SERVERS + "outputs: {o: {value: {§get_attribute: [server, privat_address, 0]}}}",
        "get_attribute: 'server' has no attribute 'privat_address.0'",
        "Did you mean 'private_address'?",
    ),
    "get_property of no property": (
        SERVERS + "outputs: {o: {value: {§get_property: [front_end, submi]}}}",
        "get_property: 'front_end' has no property 'submi'",
        "Did you mean 'submit'?",
    ),
    "get_attribute of a map": (
        SERVERS.replace(
            "type: test.Pool", "type: test.Pool\n    properties: {wn_ips: {§get_attribute: [{a: b}, private_address]}}"
        ),
        "the arguments must be names and numbers",
        "Write them as plain text.",
    ),
    "get_attribute of what only a plan may hold": (
        SERVERS + "outputs: {o: {value: {§get_attribute: [{$self: server}, private_address]}}}",
        "the arguments must be names and numbers",
        "Write them as plain text.",
    ),
    "SELF outside of a node": (
        SERVERS + "outputs: {o: {value: {§get_attribute: [SELF, state]}}}",
        "SELF has no meaning here",
        "Name a node template.",
    ),
    "concat of a list": (
        SERVERS + "outputs: {o: {value: {§concat: [a, {get_property: [front_end, wn_ips]}]}}}",
        "'concat' joins texts and numbers, here is a list",
        "Pick one value of it.",
    ),
    "properties that refer to each other": (
        SERVERS.replace(
            "type: test.Pool",
            "type: test.Pool\n    properties: {secret: §{get_property: [SELF, lrms, type]}}\n"
            "    capabilities: {lrms: {properties: {type: {get_property: [SELF, secret]}}}}",
        ),
        "properties that refer to each other: front_end.secret -> front_end.lrms.type -> front_end.secret",
        "Give one of them a value.",
    ),
    "unknown function in a property": (
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: {§get_atribute: [s, state]}},"
        " requirements: [{host: s}]}, s: {type: Compute}}",
        "unknown function 'get_atribute'",
        "Did you mean 'get_attribute'?",
    ),
    "malformed function in a required property": (
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: {§get_attribute: s}},"
        " requirements: [{host: s}]}, s: {type: Compute}}",
        "'get_attribute' is not given what it needs",
        "Write it as",
    ),
    "function without value in a required property": (
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: {§token: [a, ':', 3]}},"
        " requirements: [{host: s}]}, s: {type: Compute}}",
        "'token' finds only 1 parts in the text",
        None,
    ),
    "required property from one that is not set": (
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: §{get_property: [p, secret]}},"
        " requirements: [{host: s}]}, p: {type: test.Pool, requirements: [{host: s}]}, s: {type: Compute}}",
        "property 'front_end_ip' of 'w' is required",
        "Add `front_end_ip:` with a value.",
    ),
    "required property from an input that is not set": (
        "inputs: {i: {type: string, required: no}}\n"
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: §{get_input: i}},"
        " requirements: [{host: s}]}, s: {type: Compute}}",
        "property 'front_end_ip' of 'w' (the input 'i') is required",
        "Add `front_end_ip:` with a value.",
    ),
    "input that the property does not take": (
        "inputs: {i: {type: string, default: many}}\n"
        "node_templates: {a: {type: Compute, capabilities: {host: {properties: {num_cpus: §{get_input: [i]}}}}}}",
        "property 'num_cpus' of capability 'host' of 'a' (the input 'i'): 'many' is not a whole number",
        "Give a value such as 4.",
    ),
    "required property from an input that is missing": (
        "inputs: {§i: {type: string}}\n"
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: {get_input: i}},"
        " requirements: [{host: s}]}, s: {type: Compute}}",
        "the input 'i' is required",
        "i=...",
    ),
    "property of a node of unknown type": (
        "node_templates: {w: {type: test.Worker, properties: {front_end_ip: {get_property: [p, secret]}},"
        " requirements: [{host: s}, {dependency: p}]}, p: {type: §test.Poool}, s: {type: Compute}}",
        "the node type is unknown: 'test.Poool'",
        "Did you mean 'test.Pool'?",
    ),
    "reserved key": (
        SERVERS + "outputs: {o: {value: {§$function: {}}}}",
        "the key '$function' is reserved",
        "Choose another name for it.",
    ),
    "output without value": (
        SERVERS + "outputs: {§o: {}}",
        "the output 'o' has no value",
        "Write `value: ...`",
    ),
    "policy for no node": (
        SERVERS + "policies: [{p: {type: indigo.SlaPlacement, targets: [§srv], properties: {sla_id: x}}}]",
        "the policy 'p' is for 'srv', which is no node template",
        "Did you mean 'server'?",
    ),
    "no node templates": ("§inputs: {}", "there are no node templates", "Write `node_templates:`."),
}


@pytest.mark.parametrize("case", WRONG)
def test_problem_has_place_and_remedy(case: str, body: Body, problems: Problems) -> None:
    marked, message, hint = WRONG[case]
    text = body(marked)
    before, _mark, after = text.partition("§")
    found = problems((before + after).encode())
    matching = [problem for problem in found if message in problem.message]
    assert matching, [str(problem) for problem in found]
    assert (matching[0].line, matching[0].column) == (
        before.count("\n") + 1,
        len(before) - before.rfind("\n"),
    )
    assert matching[0].file == "template"
    assert hint is None or hint in (matching[0].hint or "")


@pytest.mark.parametrize("case", WRONG)
def test_one_fault_is_one_problem(case: str, body: Body, problems: Problems) -> None:
    assert len(problems(body(WRONG[case][0]).replace("§", ""))) == 1


def test_all_problems_at_once_in_order_of_place(body: Body, problems: Problems) -> None:
    text = body(
        """
        inputs: {a: {type: integer}, b: {type: int, default: x}}
        node_templates:
          one: {type: Nothing}
          two: {type: indigo.Compute, properties: {tag: 1}, requirements: [{dependency: nobody}]}
        outputs: {o: {value: {get_input: c}}}
        """
    )
    found = problems(text)
    assert [problem.line for problem in found] == sorted(problem.line or 0 for problem in found)
    assert len(found) == 6


def test_very_many_problems_are_cut_short(body: Body, problems: Problems) -> None:
    nodes = "".join(f"  n{n}: {{type: Nothing}}\n" for n in range(500))
    found = problems(body("node_templates:\n" + nodes))
    assert len(found) == 101
    assert found[-1].message == "400 more problems are not shown"


def test_reading_ends_when_everything_is_wrong(body: Body, problems: Problems) -> None:
    nodes = "".join(f"  n{n}: {{type: Nothing{n}}}\n" for n in range(20_000))
    started = time.process_time()
    found = problems(body("node_templates:\n" + nodes))
    assert time.process_time() - started < 20
    assert found[-1].message == "at least 901 more problems are not shown"


@pytest.mark.parametrize(
    ("inputs", "message", "hint"),
    [
        ({"wn_nun": 1}, "the template has no input 'wn_nun'", "Did you mean 'wn_num'?"),
        ({"wn_num": "many"}, "input 'wn_num': 'many' is not a whole number", "Give a value such as 4."),
        ({"wn_num": -1}, "input 'wn_num': '-1' breaks the constraint greater_or_equal: 0", "Choose a value"),
        ({"wn_num": True}, "input 'wn_num': 'true' is not a whole number", "Give a value"),
        ({"wn_num": {"get_input": "wn_num"}}, "input 'wn_num': a map is not a whole number", "Give a value"),
        ({"wn_num": object()}, "input 'wn_num' holds a value of type object", "Give plain data."),
        ({"any": {"$function": {}}}, "input 'any' holds the reserved key '$function'", "Give plain data."),
        ({"any": {1: 2}}, "input 'any' has a key that is not text", "Give plain data."),
        (["wn_num"], "the inputs must be a mapping of names to values", None),
    ],
)
def test_inputs_that_the_user_gives(
    inputs: Any, message: str, hint: str | None, body: Body, problems: Problems
) -> None:
    declared = """
    inputs:
      wn_num: {type: integer, default: 1, constraints: [{greater_or_equal: 0}]}
      any: {type: map, required: false}
    """
    (problem,) = problems(body(declared) + body(SERVERS).partition("topology_template:\n")[2], inputs)
    assert message in problem.message
    assert hint is None or hint in (problem.hint or "")


def test_endless_input_is_refused(body: Body, problems: Problems) -> None:
    endless: dict = {}
    endless["x"] = endless
    text = body("inputs: {any: {type: map}}\n" + SERVERS)
    assert "nested deeper" in problems(text, {"any": endless})[0].message


def test_input_that_looks_like_a_function_stays_data(load_text: Load) -> None:
    hostile = {"a": {"get_attribute": ["server", "state"]}, "b": "{{ lookup('pipe', 'id') }}", "c": "$(id)"}
    topology = load_text(
        "inputs: {any: {type: map}}\n" + SERVERS + "outputs: {o: {value: {get_input: any}}}", any=hostile
    )
    assert plain(topology.outputs["o"].value) == hostile


def test_get_input_follows_a_path(load_text: Load) -> None:
    text = "inputs: {any: {type: map}}\n" + SERVERS + "outputs: {o: {value: {get_input: [any, a, 1]}}}"
    assert load_text(text, any={"a": ["x", "y"]}).outputs["o"].value == "y"


def test_optional_input_without_value_leaves_the_default(load_text: Load) -> None:
    text = "inputs: {p: {type: boolean, required: false}}\n" + SERVERS.replace(
        "type: test.Pool", "type: test.Pool\n    properties: {submit: {get_input: p}}"
    )
    assert load_text(text).nodes["front_end"].properties["submit"] is True
    assert load_text(text, p="no").nodes["front_end"].properties["submit"] is False


def test_relations_of_names(load_text: Load) -> None:
    topology = load_text(
        """
        node_templates:
          front_end:
            type: test.Pool
            properties:
              level: {get_property: [HOST, num_cpus]}
              names: [{get_property: [SELF, lrms, type]}, {get_property: [HOST, os, distribution]}]
              secret: {get_attribute: [HOST, private_address, 0]}
            requirements: [{host: server}]
          worker:
            type: test.Worker
            properties:
              front_end_ip: {get_property: [front_end, names, 1]}
              collector: {get_attribute: [SELF, dependency, collector]}
            requirements: [{host: server}, {dependency: front_end}]
          server:
            type: tosca.nodes.indigo.Compute
            capabilities:
              host: {properties: {num_cpus: 4}}
              os: {properties: {distribution: debian}}
          plain: {type: tosca.nodes.Compute}
        outputs:
          address: {value: {get_attribute: [plain, private_address]}}
          through_property: {value: {get_property: [front_end, secret]}}
        """
    )
    front_end = topology.nodes["front_end"].properties
    assert front_end["level"] == 4
    assert front_end["names"] == ["condor", "debian"]
    assert front_end["secret"] == {"$function": {"get_attribute": [{"$self": "server"}, "private_address", 0]}}
    worker = topology.nodes["worker"].properties
    assert worker["front_end_ip"] == "debian"
    assert worker["collector"] == {"$function": {"get_attribute": ["front_end", "collector"]}}
    assert topology.outputs["address"].value == {"$function": {"get_attribute": ["plain", "private_address", 0]}}
    assert topology.outputs["through_property"].value == front_end["secret"]


def test_a_path_through_a_requirement_leads_to_the_capability_that_meets_it(load_text: Load) -> None:
    topology = load_text(
        """
        node_templates:
          elastic:
            type: tosca.nodes.SoftwareComponent
            requirements: [{host: server}, {dependency: {node: front_end, capability: lrms}}]
            interfaces:
              Standard:
                configure:
                  implementation: my.own.role
                  inputs:
                    kind: {get_property: [SELF, dependency, type]}
                    submit: {get_property: [SELF, dependency, submit]}
                    cpus: {get_property: [SELF, host, num_cpus]}
                    address: {get_attribute: [SELF, host, private_address, 0]}
          front_end: {type: test.Pool, requirements: [{host: server}]}
          server: {type: indigo.Compute, capabilities: {host: {properties: {num_cpus: 4}}}}
        """
    )
    arguments = topology.nodes["elastic"].operations[0].arguments
    assert (arguments["kind"], arguments["submit"], arguments["cpus"]) == ("condor", True, 4)
    assert arguments["address"] == {"$function": {"get_attribute": ["server", "private_address", 0]}}


def test_the_address_of_an_endpoint_is_that_of_the_machine_under_it(load_text: Load) -> None:
    topology = load_text(
        """
        node_templates:
          web: {type: tosca.nodes.WebServer, requirements: [{host: server}]}
          server: {type: indigo.Compute}
        outputs:
          address: {value: {get_attribute: [web, data_endpoint, ip_address]}}
        """
    )
    assert topology.outputs["address"].value == {"$function": {"get_attribute": ["server", "endpoint", "ip_address"]}}


def test_path_into_an_unknown_attribute_is_added_to_it(load_text: Load) -> None:
    topology = load_text(
        """
        node_templates:
          front_end:
            type: test.Pool
            properties: {wn_ips: {get_attribute: [server, private_address]}}
            requirements: [{host: server}]
          server: {type: tosca.nodes.indigo.Compute}
        outputs: {o: {value: {get_property: [front_end, wn_ips, 1]}}}
        """
    )
    assert topology.outputs["o"].value == {"$function": {"get_attribute": ["server", "private_address", 1]}}


def test_a_node_may_be_called_as_a_keyword_where_that_has_no_meaning(load_text: Load) -> None:
    topology = load_text(
        "node_templates: {TARGET: {type: indigo.Compute}}\n"
        "outputs: {o: {value: {get_attribute: [TARGET, private_address]}}}"
    )
    assert topology.outputs["o"].value == {"$function": {"get_attribute": ["TARGET", "private_address"]}}


def test_source_and_target_in_a_relationship(load_text: Load) -> None:
    topology = load_text(
        """
        node_templates:
          server:
            type: tosca.nodes.indigo.Compute
            properties: {instance_name: big}
            requirements:
              - local_storage:
                  node: disk
                  relationship:
                    type: indigo.AttachesTo
                    properties:
                      location:
                        concat: [/mnt/, {get_property: [TARGET, type]}, /, {get_property: [SOURCE, instance_name]}]
          disk: {type: indigo.BlockStorage, properties: {size: 10 GB, type: ssd}}
        """
    )
    assert topology.nodes["server"].requirements[0].properties["location"] == "/mnt/ssd/big"


def test_functions_of_artifacts_and_operations(load_text: Load) -> None:
    topology = load_text(
        SERVERS.replace("type: test.Pool", "type: test.Pool\n    artifacts: {image: {file: a.qcow2}}")
        + "outputs: {a: {value: {get_artifact: [front_end, image]}},"
        " b: {value: {get_operation_output: [front_end, Standard, configure, x]}}}"
    )
    assert topology.outputs["a"].value == "a.qcow2"
    assert topology.outputs["b"].value == {
        "$function": {"get_operation_output": ["front_end", "Standard", "configure", "x"]}
    }


def test_a_map_with_one_key_named_token_is_no_function(load_text: Load) -> None:
    topology = load_text(
        "node_templates: {a: {type: indigo.Compute, capabilities: {os: {properties: {credential: {token: x}}}}}}"
    )
    assert topology.nodes["a"].capabilities["os"]["credential"] == {"token": "x", "token_type": "password"}


def test_template_may_bring_its_own_types(load_text: Load, vocabulary: Any, body: Body) -> None:
    text = (
        "node_types:\n"
        "  my.Pool: {derived_from: test.Pool, properties: {submit: {type: string, default: never}}}\n"
        "  my.Machine: {derived_from: tosca.nodes.indigo.Compute}\n"
    ) + body("node_templates: {p: {type: my.Pool, requirements: [{host: m}]}, m: {type: my.Machine}}")
    topology = load(text, vocabulary=vocabulary)
    assert topology.nodes["p"].properties["submit"] == "never"
    assert topology.nodes["m"].is_compute
    assert [call.implementation for call in topology.nodes["p"].operations] == ["test.paas.pool"]


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (
            "node_types: {a: {derived_from: b}, b: {derived_from: a}}",
            "types derived from each other: a -> b -> a",
        ),
        ("node_types: {a: {derived_from: tosca.nodes.Rot}}", "'a' is derived from the unknown type"),
        ("node_types: {a: 1}", "the type 'a' must be a mapping"),
        ("node_types: []", "'node_types' must be a mapping"),
        ("data_types: {a: {type: string, constraints: [{pattern: '('}]}}", "constraint of 'a'"),
        (
            "node_types: {a: {properties: {p: {type: integer, constraints: [{equal: x}]}}}}",
            "the bound 'x' is not",
        ),
        ("node_types: {a: {capabilities: {c: {type: none}}}}", "the capability type is unknown: 'none'"),
    ],
)
def test_types_that_are_wrong(types: str, message: str, body: Body, problems: Problems) -> None:
    found = problems(f"{types}\n" + body(SERVERS))
    assert any(message in problem.message for problem in found), [str(problem) for problem in found]
    assert all(problem.line == 1 for problem in found)


@pytest.mark.parametrize(
    "version",
    ["tosca_simple_yaml_1.2", "tosca_simple_yaml_1_2_0", "TOSCA-Simple-YAML-1-2", "tosca_simple_profile_in_yaml_1_2"],
)
def test_versions_in_another_spelling(version: str, body: Body, vocabulary: Any) -> None:
    text = body(SERVERS).replace("tosca_simple_yaml_1_3", version)
    assert [problem.message for problem in load(text, vocabulary=vocabulary).warnings] == [
        f"tosca_definitions_version '{version}' is read as tosca_simple_yaml_1_2"
    ]


def test_a_tosca_2_file_gets_one_clear_answer(problems: Problems) -> None:
    (problem,) = problems("tosca_definitions_version: tosca_2_0\nservice_template: {node_templates: {}}\n")
    assert problem.message.startswith("this is a TOSCA 2.0 file, which is another language")
    assert (problem.line, problem.column) == (1, 28)


@pytest.mark.parametrize("key", ["inputs", "outputs", "node_templates", "policies"])
def test_a_part_of_the_topology_at_the_top_is_no_stray_key(key: str, problems: Problems, body: Body) -> None:
    (problem,) = problems(f"{key}: {{}}\n" + body(SERVERS))
    assert problem.message == f"'{key}' must be under 'topology_template'"


def test_a_name_that_is_given_too_is_not_what_a_stray_one_was_meant_to_be(load_text: Load) -> None:
    topology = load_text("node_templates: {a: {type: indigo.Compute, properties: {tags: {}, tag: 1}}}")
    assert [problem.message for problem in topology.warnings] == ["'a' has no property 'tag'"]
    assert topology.nodes["a"].properties["tag"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "tosca_definitions_version is missing"),
        ("a: 1\n", "there is no 'topology_template'"),
        ("tosca_definitions_version: tosca_2_0\ntopology_template: {}\n", "this is a TOSCA 2.0 file"),
        ("- a\n", "a template must be a mapping"),
        ("tosca_definitions_version: [x]\ntopology_template: []\n", "'topology_template' must be a mapping"),
        ("", "the file is empty"),
    ],
)
def test_files_that_are_no_templates(text: str, message: str, problems: Problems) -> None:
    found = problems(text)
    assert any(message in problem.message for problem in found)
    assert all(problem.hint for problem in found)


def test_paths_and_texts(tmp_path: Path, body: Body, vocabulary: Any) -> None:
    file = tmp_path / "pool.yaml"
    file.write_text(body(SERVERS))
    assert load(str(file), vocabulary=vocabulary).file == str(file)
    assert load(file, vocabulary=vocabulary).nodes.keys() == load(body(SERVERS), vocabulary=vocabulary).nodes.keys()
    with pytest.raises(TemplateError, match=r"absent\.yaml: there is no such file"):
        load(tmp_path / "absent.yaml", vocabulary=vocabulary)


def test_shared_defaults_are_not_mixed_up(load_text: Load) -> None:
    """Two nodes with a default list must not share one that somebody could change."""
    topology = load_text("node_templates: {a: {type: indigo.Compute}, b: {type: indigo.Compute}}")
    assert topology.nodes["a"].properties["tags"] is not topology.nodes["b"].properties["tags"]


def test_thousand_nodes_take_less_than_two_seconds(body: Body, vocabulary: Any) -> None:
    nodes = "".join(
        f"  s{n}: {{type: indigo.Compute}}\n"
        f"  w{n}:\n    type: test.Worker\n    properties: {{front_end_ip: {{get_attribute: [s{n}, state]}}}}\n"
        f"    requirements: [{{host: s{n}}}]\n"
        for n in range(500)
    )
    text = body("node_templates:\n" + nodes)
    started = time.process_time()
    assert len(load(text, vocabulary=vocabulary).nodes) == 1000
    assert time.process_time() - started < 2


def test_long_chains_do_not_overflow(load_text: Load) -> None:
    size = 3000
    nodes = "".join(
        f"  c{n}: {{type: Root, requirements: [{{dependency: c{n + 1}}}]}}\n"
        f"  p{n}: {{type: indigo.Compute, properties: {{instance_name: {{get_property: [p{n + 1}, "
        f"instance_name]}}}}}}\n"
        for n in range(size)
    )
    end = f"  c{size}: {{type: Root}}\n  p{size}: {{type: indigo.Compute, properties: {{instance_name: end}}}}\n"
    topology = load_text("node_templates:\n" + nodes + end)
    assert topology.nodes["p0"].properties["instance_name"] == "end"


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ("{default: 5}", 5),
        ("{default: 0.5}", 0.5),
        ("{default: true}", True),
        ("{default: [a, b]}", ["a", "b"]),
        ("{default: {a: 1}}", {"a": 1}),
        ("{default: text, description: words}", "text"),
        ("{required: false}", None),
    ],
)
def test_an_input_without_a_type_has_that_of_its_default(load_text: Load, declaration: str, value: Any) -> None:
    assert load_text(f"inputs: {{x: {declaration}}}\n{SERVERS}").inputs["x"] == value


@pytest.mark.parametrize(
    ("default", "value"),
    [
        ("{concat: [a, b]}", "ab"),
        ("{join: [[a, b], '-']}", "a-b"),
        ("{token: [a-b, '-', 1]}", "b"),
        ("{get_input: number}", 7),
        ("{get_input: names}", ["a", "b"]),
        ("{get_input: [names, 1]}", "b"),
        ("{get_property: [SELF, other]}", {"k": 1}),
        ("{concat: text}", {"concat": "text"}),
    ],
)
@pytest.mark.parametrize("kind", ["properties", "attributes"])
def test_a_definition_without_a_type_takes_what_the_function_of_its_default_gives(
    vocabulary: Vocabulary, default: str, value: Any, kind: str
) -> None:
    text = (
        "tosca_definitions_version: tosca_simple_yaml_1_3\n"
        "node_types:\n"
        "  lab.Other: {derived_from: tosca.nodes.Root, properties: {other: {default: {k: 1}}}}\n"
        f"  lab.Thing: {{derived_from: lab.Other, {kind}: {{x: {{default: {default}}}}}}}\n"
        "topology_template:\n"
        "  inputs: {number: {default: 7}, names: {default: [a, b]}}\n"
        "  node_templates: {box: {type: Compute}, thing: {type: lab.Thing}}\n"
        "  outputs: {x: {value: {get_attribute: [thing, x]}}}\n"
    )
    plan = make_plan(load(text.encode(), vocabulary=vocabulary)).to_dict()
    assert plan["outputs"]["x"]["value"] == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{value: 5}", 5),
        ("{value: {get_input: x}}", 7),
        ("{value: 5, description: words}", 5),
        ("{default: 5}", 5),
        ("{type: integer, default: 5}", 5),
        ("{type: integer, default: 5, value: 6}", 6),
        ("{value: {value: 5}}", {"value": 5}),
        ("{value: 5, more: 6}", {"value": 5, "more": 6}),
        ("{description: words}", {"description": "words"}),
    ],
)
def test_an_operations_input_may_be_a_definition_without_a_type(load_text: Load, written: str, value: Any) -> None:
    topology = load_text(
        f"""
        inputs: {{x: {{type: integer, default: 7}}}}
        node_templates:
          server:
            type: Compute
            interfaces: {{Standard: {{configure: {{implementation: a.b.c, inputs: {{argument: {written}}}}}}}}}
        """
    )
    assert topology.nodes["server"].operations[0].arguments == {"argument": value}
