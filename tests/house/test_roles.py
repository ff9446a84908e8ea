# SPDX-License-Identifier: Apache-2.0
"""Roles keep their contract: entry points, typed arguments, types that map to arguments."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

PLACES = sorted(
    path
    for path in (pathlib.Path(__file__).parents[2] / "collections/ansible_collections/indigo/paas/roles").iterdir()
    if path.is_dir()
)
# One that implements no type is a helper of those that do.
ROLES = [path for path in PLACES if (path / "meta/tosca.yml").is_file()]
HELPERS = [path for path in PLACES if path not in ROLES]
FQCN = "indigo.paas."


def load(path: pathlib.Path):
    return yaml.safe_load(path.read_text())


def argument_names(role: pathlib.Path, entry_point: str = "main") -> set[str]:
    return set(load(role / "meta/argument_specs.yml")["argument_specs"][entry_point]["options"])


@pytest.fixture(params=ROLES, ids=lambda path: path.name)
def role(request) -> pathlib.Path:
    return request.param


@pytest.fixture(params=PLACES, ids=lambda path: path.name)
def any_role(request) -> pathlib.Path:
    return request.param


@pytest.mark.parametrize("entry_point", ["main", "check", "tell", "drain", "clean"])
def test_has_the_entry_point_and_describes_it(role, entry_point):
    assert (role / "tasks" / f"{entry_point}.yml").is_file()
    assert entry_point in load(role / "meta/argument_specs.yml")["argument_specs"]


def test_a_helper_has_arguments_and_nothing_to_do_with_templates():
    assert HELPERS
    for helper in HELPERS:
        assert argument_names(helper)
        assert not (helper / "meta/paas.yml").exists()


def test_defaults_are_those_of_the_argument_specs(any_role):
    role = any_role
    options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    specified = {name: option["default"] for name, option in options.items() if "default" in option}
    assert load(role / "defaults/main.yml") == specified


def test_arguments_carry_the_role_s_name(any_role):
    assert not [name for name in argument_names(any_role) if not name.startswith(f"{any_role.name}_")]


def operations(role: pathlib.Path):
    types = load(role / "meta/tosca.yml")["node_types"]
    for type_name, node_type in types.items():
        for interface in node_type.get("interfaces", {}).values():
            for name, operation in interface.items():
                if isinstance(operation, dict):
                    yield f"{type_name}.{name}", operation


def test_types_name_roles_of_the_collection_and_their_arguments(role):
    """A type may be made of several roles; it lies with one of them."""
    found = list(operations(role))
    assert FQCN + role.name in [operation["implementation"] for _name, operation in found]
    for name, operation in found:
        other = role.with_name(operation["implementation"].removeprefix(FQCN))
        assert other in ROLES, name
        assert set(operation.get("inputs", {})) <= argument_names(other), name


FITTING = {
    "string": {"str", "path"},
    "integer": {"int", "str", "float"},
    "float": {"float", "str"},
    "boolean": {"bool"},
    "list": {"list"},
    "map": {"dict"},
    "scalar-unit.size": {"bytes"},
}


def test_properties_have_the_types_of_the_arguments_that_they_feed(role):
    properties = {
        name: schema["type"]
        for node_type in load(role / "meta/tosca.yml")["node_types"].values()
        for name, schema in node_type.get("properties", {}).items()
    }
    for where, operation in operations(role):
        other = role.with_name(operation["implementation"].removeprefix(FQCN))
        options = load(other / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
        for argument, value in operation.get("inputs", {}).items():
            name = value["get_property"][-1] if isinstance(value, dict) and "get_property" in value else None
            if name in properties:
                fitting = FITTING[properties[name]] | {"raw"}
                assert options[argument].get("type", "str") in fitting, f"{where}: {argument} of {name}"


def test_attributes_come_from_variables_that_the_role_sets(role):
    tasks = "".join(path.read_text() for path in (role / "tasks").glob("*.yml"))
    for name, operation in operations(role):
        for fact in operation.get("outputs", {}):
            assert re.search(rf"^\s+{fact}:", tasks, re.MULTILINE), f"{name}: {fact} is set nowhere"


def test_templates_and_tasks_use_only_declared_variables(any_role):
    role = any_role
    declared = argument_names(role)
    text = "".join(
        path.read_text()
        for path in [*role.glob("tasks/*.yml"), *role.glob("templates/*"), *role.glob("handlers/*.yml")]
    )
    set_here = set(re.findall(rf"^\s+({role.name}_\w+):", text, re.MULTILINE))
    set_here |= set(re.findall(rf"register: ({role.name}_\w+)", text))
    vars_file = role / "vars/main.yml"
    set_here |= set(load(vars_file) or {}) if vars_file.is_file() else set()
    used = set(re.findall(rf"(?<![\w.&*]){role.name}_\w+", re.sub(r"#.*", "", text)))
    prefixes = ("indigo.paas.",)
    assert not {name for name in used - declared - set_here if not name.startswith(prefixes)}


def paas(role: pathlib.Path) -> dict:
    return load(role / "meta/paas.yml")


def test_paths_on_the_controller_are_for_operators(role):
    options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    paths = {name for name, option in options.items() if "path" in (option.get("type"), option.get("elements"))}
    tasks = "".join(path.read_text() for path in (role / "tasks").glob("*.yml"))
    copied = set(re.findall(rf"src: \"\{{\{{ ({role.name}_\w+) \}}\}}\"", tasks))
    assert paths | copied <= set(paas(role)["operator_arguments"]) <= set(options)


def test_no_type_feeds_an_argument_for_operators(role):
    fed = {name for _where, operation in operations(role) for name in operation.get("inputs", {})}
    assert not fed & set(paas(role)["operator_arguments"])


def test_outputs_are_declared_and_set_by_the_role(role):
    declared = set(paas(role)["outputs"])
    mapped = {name for _where, operation in operations(role) for name in operation.get("outputs", {})}
    tasks = "".join(path.read_text() for path in (role / "tasks").glob("*.yml"))
    assert mapped <= declared
    assert not declared & argument_names(role)
    assert [name for name in declared if not re.search(rf"^\s+{name}:", tasks, re.MULTILINE)] == []


INSTALLS = [role for role in ROLES if "install" in load(role / "meta/argument_specs.yml")["argument_specs"]]


def test_a_role_can_be_installed_into_an_image():
    assert [role.name for role in INSTALLS]


@pytest.mark.parametrize("role", INSTALLS, ids=lambda path: path.name)
class TestInstall:
    """`install` knows nothing of the deployment, and what an image holds of it is no secret."""

    @staticmethod
    def options(role: pathlib.Path, entry_point: str) -> dict:
        return load(role / "meta/argument_specs.yml")["argument_specs"][entry_point]["options"]

    @staticmethod
    def tasks(role: pathlib.Path) -> str:
        """Return all that the entry point may run."""
        found, waiting = {}, ["install.yml"]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = (role / "tasks" / name).read_text()
                waiting += re.findall(r"[\w-]+\.yml", found[name])
        return "".join(found.values())

    def test_its_arguments_are_those_of_main(self, role):
        whole = self.options(role, "main")
        for name, option in self.options(role, "install").items():
            assert option == whole[name]

    def test_none_of_its_arguments_is_secret(self, role):
        assert not [name for name, option in self.options(role, "install").items() if option.get("no_log")]

    def test_it_reads_no_other_argument(self, role):
        used = set(re.findall(rf"(?<![\w.]){role.name}_\w+", re.sub(r"#.*", "", self.tasks(role))))
        assert used & argument_names(role) <= set(self.options(role, "install"))

    def test_main_includes_it(self, role):
        assert "include_tasks: install.yml" in (role / "tasks/main.yml").read_text()
