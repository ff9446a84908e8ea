# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever uses the published types finds them here: same names, types, defaults and ancestors.

published_types.json holds what was published, the older releases included. What differs here is in DEVIATIONS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.tosca import Vocabulary, default_vocabulary
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import read
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Schema, Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import (
    PREFIXES,
    is_of_role,
    load_vocabulary,
    shipped_files,
)

PUBLISHED = json.loads((Path(__file__).parent / "published_types.json").read_text())
KINDS = ("data_types", "capability_types", "relationship_types", "node_types", "policy_types")

OPTIONAL = "published as needed without a default, and left out by the templates that were published with it"
NUMBER = "published as a text, which is no number"
TEXT = "published as a number, which is no text"
SPELLING = "an older spelling; with a default it would overrule the right one"
DEVIATIONS = {
    "tosca.datatypes.indigo.AnsibleTask output required": "many tasks print nothing",
    "tosca.datatypes.indigo.AnsibleTask state required": "not known before the task has run",
    "tosca.datatypes.indigo.CtxtTask tasks required": "a machine without tasks has none",
    "tosca.nodes.indigo.Batch.Job environment required": OPTIONAL,
    "tosca.nodes.indigo.Grid.Job inputsandbox required": OPTIONAL,
    "tosca.nodes.indigo.Grid.Job outputsandbox required": OPTIONAL,
    "tosca.nodes.indigo.SparkMesos spark_cores_max default": NUMBER,
    "tosca.nodes.indigo.SparkMesos spark_driver_cores default": NUMBER,
    "tosca.nodes.indigo.SparkMesos spark_executor_cores default": NUMBER,
    "tosca.nodes.indigo.Container.Application.Docker priviliged default": SPELLING,
    "tosca.nodes.indigo.Container.Application.Docker.Chronos priviliged default": SPELLING,
    "tosca.nodes.DODAS.HelmInstall.HTCondorCMS cms_config_mysquid_port default": TEXT,
    "tosca.nodes.DODAS.JupyterVM jupyter_port default": TEXT,
    "tosca.nodes.DODAS.ml_infn jupyter_port default": TEXT,
    "tosca.nodes.DODAS.HelmInstall.HTCondorCMS status default": "an attribute has no value before it is set",
}


def found(vocabulary: Vocabulary, kind: str, name: str) -> Type:
    report = Report()
    built = vocabulary.find(kind, name, NOWHERE, report)
    report.raise_errors()
    assert built is not None
    return built


def entry_of(schema: Schema) -> Any:
    if schema.entry is None:
        return None
    nested = entry_of(schema.entry)
    return schema.entry.type if nested is None else {"type": schema.entry.type, "entry_schema": nested}


def shape(schema: Schema) -> dict[str, Any]:
    """Return a schema in the form of the file of published types."""
    return {
        "type": schema.type,
        "required": schema.required,
        "default": plain(schema.default),
        "entry_schema": entry_of(schema),
        "constraints": [plain(constraint) for constraint in schema.constraints],
    }


def published_shape(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a published schema with what it leaves out."""
    return {"required": True, "default": None, "entry_schema": None, "constraints": [], **definition}


def differences(kind: str, name: str) -> Iterator[str]:
    """Yield what differs in the properties and attributes of a type, as in DEVIATIONS."""
    ours = found(default_vocabulary(), kind, name)
    published = PUBLISHED[kind][name]
    for section, schemas in (("properties", ours.properties), ("attributes", ours.attributes)):
        for field, definition in published.get(section, {}).items():
            if field not in schemas:
                yield f"{name} {field} missing"
                continue
            wanted, have = published_shape(definition), shape(schemas[field])
            many_lines = isinstance(have["default"], str) and "\n" in have["default"]
            yield from (
                f"{name} {field} {key}"
                for key in wanted
                if have[key] != wanted[key] and not (key == "default" and many_lines)
            )


CASES = [(kind, name) for kind in KINDS for name in PUBLISHED[kind]]


def test_the_list_of_published_types_is_whole() -> None:
    assert {kind: len(names) for kind, names in PUBLISHED.items()} == {
        "data_types": 5,
        "capability_types": 14,
        "artifact_types": 4,
        "relationship_types": 4,
        "node_types": 95,
        "policy_types": 3,
    }


def test_every_type_is_defined_once_and_every_file_says_what_it_holds() -> None:
    documents = [read(file).data for file in shipped_files()]
    types = [each for document in documents for kind in PREFIXES for each in (document.get(kind) or {}).items()]
    whole = [name for name, definition in types if definition.keys() != {"interfaces"}]
    assert sorted(whole) == sorted(set(whole))
    assert all(document["description"] for document in documents)


def test_a_type_that_a_role_implements_lies_with_the_role() -> None:
    base = [file for file in shipped_files() if not is_of_role(str(file))]
    assert [file.name for file in base if "implementation: indigo.paas." in file.read_text()] == []


def test_all_types_that_ship_are_well_formed() -> None:
    load_vocabulary(shipped_files())


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_properties_and_attributes(kind: str, name: str) -> None:
    assert sorted(set(differences(kind, name)) - DEVIATIONS.keys()) == []


def test_every_deviation_is_one() -> None:
    assert DEVIATIONS.keys() == {difference for case in CASES for difference in differences(*case)}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_ancestors(kind: str, name: str) -> None:
    parent = PUBLISHED[kind][name].get("derived_from")
    assert parent is None or found(default_vocabulary(), kind, name).is_a(parent)


@pytest.mark.parametrize("name", PUBLISHED["node_types"])
def test_capabilities_and_requirements(name: str) -> None:
    ours = found(default_vocabulary(), "node_types", name)
    published = PUBLISHED["node_types"][name]
    for capability, kind in published.get("capabilities", {}).items():
        assert ours.capabilities[capability].type.is_a(kind)
    for requirement, wanted in published.get("requirements", {}).items():
        have = ours.requirements[requirement]
        assert {"capability": have.capability, "node": have.node, "relationship": have.relationship} == wanted


@pytest.mark.parametrize("name", PUBLISHED["artifact_types"])
def test_artifact_types(name: str) -> None:
    assert default_vocabulary().full_name("artifact_types", name) == name


def test_every_type_and_property_is_explained() -> None:
    vocabulary = default_vocabulary()
    mute = []
    for kind in KINDS:
        for name in vocabulary.own_names(kind):
            ours = found(vocabulary, kind, name)
            fields = {**ours.properties, **ours.attributes}.items()
            mute += [name] * (not ours.description)
            mute += [f"{name} {field}" for field, schema in fields if is_ours(schema) and not schema.description]
    assert mute == []


def is_ours(schema: Schema) -> bool:
    return schema.at.file is not None


def test_an_implementation_outside_is_published(published_implementations: list[str]) -> None:
    hosts = ("https://raw.githubusercontent.com/indigo-dc/", "https://raw.githubusercontent.com/dodas-ts/")
    assert len(published_implementations) > 50
    assert [each for each in published_implementations if not each.startswith(hosts)] == []


@pytest.fixture
def published_implementations() -> list[str]:
    vocabulary = default_vocabulary()
    operations = [
        operation
        for kind in ("node_types", "relationship_types")
        for name in vocabulary.own_names(kind)
        for operation in found(vocabulary, kind, name).operations.values()
    ]
    return [each.implementation for each in operations if each.implementation and "://" in each.implementation]


def test_artifacts_are_roles_collections_or_images() -> None:
    vocabulary = default_vocabulary()
    for name in vocabulary.own_names("node_types"):
        for artifact, body in found(vocabulary, "node_types", name).artifacts.items():
            kind = vocabulary.full_name("artifact_types", body["type"])
            assert kind is not None, f"{name} {artifact}"
            assert body["file"] or kind.endswith("Container.Docker"), f"{name} {artifact}"
