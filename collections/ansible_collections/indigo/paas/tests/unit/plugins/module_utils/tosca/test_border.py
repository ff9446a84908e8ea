# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not pass from a template to a role or a playbook, or back, is refused before anything exists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import find_role

HTCONDOR = """
tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    box: { type: tosca.nodes.indigo.Compute }
    front:
      type: tosca.nodes.indigo.LRMS.FrontEnd.HTCondor
      requirements: [ { host: box } ]
      interfaces:
        Standard:
          configure:
            INPUTS
"""
NODE = "indigo.nodes.Orchestrator"
SERVICE = """
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  lab.Orchestrator:
    derived_from: BASE
    attributes: { x: { type: string } }
    interfaces:
      Standard:
        configure:
          implementation: IMPLEMENTATION
          INPUTS
topology_template:
  node_templates:
    box: { type: tosca.nodes.indigo.Compute }
    one: { type: lab.Orchestrator, requirements: [ { host: box } ] }
"""


def refused(text: str) -> list[Problem]:
    with pytest.raises(TemplateError) as caught:
        make_plan(load(dedent(text)))
    return caught.value.problems


def service(inputs: str, implementation: str = "indigo.paas.orchestrator", base: str = "SoftwareComponent") -> str:
    text = SERVICE.replace("INPUTS", inputs).replace("IMPLEMENTATION", implementation)
    return text.replace("BASE", base if base.startswith("indigo") else f"tosca.nodes.{base}")


@pytest.mark.parametrize(
    "name",
    [
        "ansible_ssh_extra_args",
        "ansible_connection",
        "ansible_python_interpreter",
        "Ansible_ssh_executable",
        "paas_ssh_key",
        "__htcondor_tokens_dir",
        "environment",
        "hostvars",
        "item",
        "vars",
        "become",
    ],
)
@pytest.mark.parametrize("implementation", ["indigo.paas.orchestrator", "play.yml", "https://example.org/play.yml"])
def test_a_reserved_name_is_no_argument_and_no_output(name: str, implementation: str) -> None:
    for part in (f"inputs: {{ {name}: x }}", f"outputs: {{ {name}: [SELF, x] }}"):
        (problem,) = refused(service(part, implementation))
        assert f"'{name}' is a name that Ansible or indigo.paas keeps to itself" in problem.message
        assert problem.line == 11


@pytest.mark.parametrize("name", ["a-b", "a b", "ａ", "1", "é", "'a\\n'"])
def test_what_is_no_name_is_no_argument(name: str) -> None:
    for implementation in ("indigo.paas.orchestrator", "play.yml"):
        (problem,) = refused(service(f"inputs: {{ {name}: x }}", implementation))
        assert "is no name of a variable" in problem.message


def test_only_what_a_role_declares_is_an_argument() -> None:
    (problem,) = refused(HTCONDOR.replace("INPUTS", "inputs: { htcondor_pol_name: x }"))
    assert "the role 'indigo.paas.htcondor' has no argument 'htcondor_pol_name'" in problem.message
    assert problem.hint == "Did you mean 'htcondor_pool_name'?"
    assert problem.line == 12


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        (HTCONDOR.replace("INPUTS", "inputs: { htcondor_token_file: /etc/shadow }"), "htcondor_token_file"),
        (service("inputs: { orchestrator_wheel: /etc/shadow }"), "orchestrator_wheel"),
        (service("inputs: { orchestrator_wheel: { get_property: [SELF, package] } }", base=NODE), "orchestrator_wheel"),
    ],
)
def test_an_argument_for_operators_comes_from_no_template(text: str, argument: str) -> None:
    messages = [problem.message for problem in refused(text)]
    assert any(f"'{argument}' of the role" in message and "is for operators" in message for message in messages)


def test_a_property_constrains_its_argument_however_that_is_given() -> None:
    for base in (NODE, "SoftwareComponent"):
        problems = refused(
            service("inputs: { orchestrator_package: -r /etc/passwd, orchestrator_port: 70000 }", base=base)
        )
        assert any("orchestrator_port" in problem.message and "in_range" in problem.message for problem in problems)
        assert any("orchestrator_package" in problem.message and "pattern" in problem.message for problem in problems)


@pytest.mark.parametrize("name", ["htcondor_token_file", "site_password", "orchestrator_settings", "anything"])
def test_only_what_a_role_declares_is_an_output(name: str) -> None:
    (problem,) = refused(service(f"outputs: {{ {name}: [SELF, x] }}"))
    assert f"declares no output '{name}'" in problem.message


def test_an_unknown_role_is_refused() -> None:
    (problem,) = refused(service("inputs: {}", "indigo.paas.orchestratr"))
    assert "the collection indigo.paas has no role 'orchestratr'" in problem.message
    assert problem.hint == "Did you mean 'orchestrator'?"
    (problem,) = refused(service("inputs: {}", "no.such.role"))
    assert "the role 'no.such.role' is not installed" in problem.message
    assert problem.hint == (
        "Install its collection: ansible-galaxy collection install no.such. "
        "Or set ANSIBLE_COLLECTIONS_PATH, if it lies in a folder of yours."
    )


@pytest.fixture
def own_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def write(specs: str | None, paas: str | None = None) -> None:
        meta = tmp_path / "ansible_collections" / "own" / "lab" / "roles" / "thing" / "meta"
        meta.mkdir(parents=True)
        if specs is not None:
            (meta / "argument_specs.yml").write_text(specs)
        if paas is not None:
            (meta / "paas.yml").write_text(paas)

    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    return write


SPECS = """
argument_specs:
  main:
    options:
      thing_mode: { type: str, choices: [fast, slow] }
      thing_file: { type: path }
      thing_deep: { type: list, elements: dict, options: { file: { type: path } } }
      ansible_user: { type: str }
"""


def test_a_role_without_argument_specs_is_refused(own_role: Callable[..., None]) -> None:
    own_role(None)
    (problem,) = refused(service("inputs: {}", "own.lab.thing"))
    assert "does not say which arguments it takes" in problem.message


def test_paths_are_for_operators_where_the_role_does_not_say_otherwise(own_role: Callable[..., None]) -> None:
    own_role(SPECS)
    assert find_role("own.lab.thing").operator == {"thing_file", "thing_deep"}


def test_a_role_says_what_is_for_operators(own_role: Callable[..., None]) -> None:
    own_role(
        SPECS, "operator_arguments: []\noutputs: [thing_url, ansible_user, thing_mode, 1]\none_per_machine: true\n"
    )
    role = find_role("own.lab.thing")
    assert (role.operator, role.outputs, role.one_per_machine) == (frozenset(), {"thing_url"}, True)


def test_a_choice_is_checked_before_anything_runs(own_role: Callable[..., None]) -> None:
    own_role(SPECS)
    (problem,) = refused(service("inputs: { thing_mode: fats }", "own.lab.thing"))
    assert "'thing_mode' cannot be 'fats'" in problem.message
    (problem,) = refused(service("inputs: { ansible_user: root }", "own.lab.thing"))
    assert "keeps to itself" in problem.message


TYPES = """
argument_specs:
  main:
    options:
      thing_name: { type: str }
      thing_count: { type: int }
      thing_share: { type: float }
      thing_on: { type: bool }
      thing_size: { type: bytes }
      thing_any: { type: raw }
      thing_list: { type: list, elements: int }
      thing_parts:
        type: list
        elements: dict
        options: { mode: { type: str, choices: [fast, slow] }, place: { type: dict } }
"""


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("thing_name: [a]", "'thing_name' must be a text, not a list", "as str"),
        ("thing_count: many", "'thing_count' must be a whole number, not 'many'", "as int"),
        ("thing_count: true", "'thing_count' must be a whole number, not 'True'", "as int"),
        ("thing_share: { a: 1 }", "'thing_share' must be a number, not a mapping", "as float"),
        ("thing_on: perhaps", "'thing_on' must be true or false, not 'perhaps'", "as bool"),
        ("thing_size: big", "'thing_size' must be a size such as 2 GB, not 'big'", "as bytes"),
        ("thing_list: { a: 1 }", "'thing_list' must be a list, not a mapping", "as list"),
        ("thing_list: [1, two]", "'thing_list' each of it must be a whole number, not 'two'", "as int"),
        ("thing_parts: [{ mood: fast }]", "'thing_parts' each of it has no key 'mood'", "'mode'"),
        ("thing_parts: [{ mode: fats }]", "'thing_parts' each of it its 'mode' cannot be 'fats'", "fast, slow"),
        ("thing_parts: [{ place: [1] }]", "its 'place' must be a mapping, not a list", "as dict"),
        ("thing_cuont: 1", "has no argument 'thing_cuont'", "'thing_count'"),
    ],
)
def test_types_of_arguments_are_checked_before_anything_runs(
    own_role: Callable[..., None], given: str, message: str, hint: str
) -> None:
    own_role(TYPES, "operator_arguments: []\n")
    (problem,) = refused(service(f"inputs: {{ {given} }}", "own.lab.thing"))
    assert message in problem.message
    assert hint in (problem.hint or "")
    assert problem.line


@pytest.mark.parametrize(
    "given",
    [
        "thing_name: 1",
        "thing_count: '5'",
        "thing_on: 'yes'",
        "thing_on: 1",
        "thing_any: { a: [1] }",
        "thing_list: '1,2'",
        "thing_list: 7",
        "thing_parts: [{ mode: slow, place: { x: 1 } }]",
        "thing_count: { get_attribute: [box, tosca_id] }",
    ],
)
def test_what_a_role_takes_passes(own_role: Callable[..., None], given: str) -> None:
    own_role(TYPES, "operator_arguments: []\n")
    make_plan(load(dedent(service(f"inputs: {{ {given} }}", "own.lab.thing"))))


@pytest.mark.parametrize(
    ("written", "size"), [("2 GB", 2 * 10**9), ("1.5 GiB", 3 * 2**29), ("4096", 4096 * 10**6), (4096, 4096)]
)
def test_a_size_is_handed_over_as_bytes(own_role: Callable[..., None], written: object, size: int) -> None:
    own_role(TYPES, "operator_arguments: []\n")
    plan = make_plan(load(dedent(service(f"inputs: {{ thing_size: {written!r} }}", "own.lab.thing"))))
    assert plan.components[0]["operations"][0]["arguments"] == {"thing_size": size}


def test_a_template_gives_a_playbook_what_its_type_declares() -> None:
    text = service("inputs: { colour: red }", "play.yml")
    more = text.replace(
        "[ { host: box } ] }",
        "[ { host: box } ], interfaces: { Standard: { configure: { inputs: { colur: blue } } } } }",
    )
    (problem,) = refused(more)
    assert "declares no input 'colur'" in problem.message
    assert problem.hint == "Did you mean 'colour'?"


WRONG_ELSEWHERE = "    other: { type: tosca.nodes.indigo.Compte }\n"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("inputs: { orchestrator_prot: 1 }", "has no argument 'orchestrator_prot'"),
        ("outputs: { nothing: [ SELF, x ] }", "declares no output 'nothing'"),
    ],
)
def test_names_are_told_with_what_is_wrong_elsewhere(inputs: str, message: str) -> None:
    found = refused(f"{service(inputs)}{WRONG_ELSEWHERE}")
    assert len(found) == 2
    assert sum(message in problem.message for problem in found) == 1


def test_a_role_that_is_not_there_is_told_with_what_is_wrong_elsewhere() -> None:
    found = refused(f"{service('inputs: {}', 'no.such.role')}{WRONG_ELSEWHERE}")
    assert [("no.such.role" in problem.message, "Compte" in problem.message) for problem in found] == [
        (True, False),
        (False, True),
    ]
