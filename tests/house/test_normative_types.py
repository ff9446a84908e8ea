# SPDX-License-Identifier: Apache-2.0
"""The normative types of TOSCA Simple Profile 1.0 to 1.3 are known under all their names; docs/language.md lists them.

`python -m tests.house.test_normative_types` writes the table of the page anew.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.tosca import default_vocabulary, load, vocabulary
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import definitions
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import PREFIXES

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "language.md"
TYPES = yaml.safe_load(pathlib.Path(__file__).with_name("normative_types.yaml").read_text())
VERSIONS = ("1.0", "1.1", "1.2", "1.3")
BEGIN = "<!-- Made by `python -m tests.house.test_normative_types`. -->\n"
END = "\n<!-- Until here. -->"
TITLES = {
    "node_types": "Nodes",
    "capability_types": "Capabilities",
    "relationship_types": "Relationships",
    "interface_types": "Interfaces",
    "data_types": "Data",
    "artifact_types": "Artifacts",
    "group_types": "Groups",
    "policy_types": "Policies",
}
# Not normative, but in the standard: what tosca-parser has besides.
EXAMPLES_OF_THE_STANDARD = frozenset(
    (
        "tosca.nodes.network.FloatingIP",
        "tosca.nodes.Container.Application.Docker",
        "tosca.capabilities.Container.Docker",
        "tosca.artifacts.Deployment.Image.Container.Docker",
        "tosca.artifacts.Deployment.Image.VM.ISO",
        "tosca.artifacts.Deployment.Image.VM.QCOW2",
        "tosca.artifacts.template.Jinja2",
        "tosca.artifacts.template.Twig",
        "tosca.policies.Monitoring",
        "tosca.policies.Reservation",
    )
)
NAMED = [(kind, name) for kind, types in TYPES.items() for name in types]


def short_name(kind: str, name: str) -> str:
    """Return the shorthand name of a type."""
    return TYPES[kind][name].get("short", name.removeprefix(PREFIXES[kind]))


def spellings(kind: str, name: str) -> list[str]:
    """Return all names of a type: in full, shorthand, and qualified."""
    end = name.removeprefix(PREFIXES[kind])
    return list(dict.fromkeys([name, end, f"tosca:{end}", short_name(kind, name), f"tosca:{short_name(kind, name)}"]))


def found(kind: str, written: str) -> Any:
    """Return the type that a name means, whose definition is without fault."""
    report = Report()
    result = default_vocabulary().find(kind, written, NOWHERE, report)
    assert (report.errors, report.warnings) == ([], [])
    return result


@pytest.mark.parametrize(("kind", "name"), NAMED)
def test_a_type_is_known_under_all_its_names(kind: str, name: str) -> None:
    meant = TYPES[kind][name].get("same", name)
    assert {found(kind, written).name for written in spellings(kind, name)} == {meant}


def test_an_editor_knows_all_these_names() -> None:
    for kind, name in NAMED:
        meant = TYPES[kind][name].get("same", name)
        assert {*spellings(kind, name)} <= {*vocabulary.spellings(kind, meant)}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_template_may_derive_from_every_type_of_its_version(version: str) -> None:
    derived = {
        kind: {
            f"my.{number}": {"derived_from": written}
            for number, written in enumerate(
                written for name in types if is_in(kind, name, version) for written in spellings(kind, name)
            )
        }
        for kind, types in TYPES.items()
    }
    head = f"tosca_definitions_version: tosca_simple_yaml_{version.replace('.', '_')}\n"
    template = {"topology_template": {"node_templates": {"box": {"type": "Compute"}}}, **derived}
    assert load(head + yaml.safe_dump(template)).warnings == ()


def is_in(kind: str, name: str, version: str) -> bool:
    """Say whether a version of the standard has a type under a name."""
    body = TYPES[kind][name]
    return body["since"] <= version <= body.get("until", VERSIONS[-1])


def test_the_lists_have_every_normative_type_of_the_parser() -> None:
    theirs = {name for kind, types in definitions().items() if kind in PREFIXES for name in types}
    ours = {name for _kind, name in NAMED}
    assert theirs - ours == EXAMPLES_OF_THE_STANDARD


def table() -> str:
    """Return the table of all normative types."""
    lines = ["| Type | Also written | Versions |", "| --- | --- | --- |"]
    for kind, title in TITLES.items():
        lines.append(f"| **{title}** | | |")
        for name, body in TYPES[kind].items():
            others = ", ".join(f"`{written}`" for written in spellings(kind, name)[1:])
            first, last = body["since"], body.get("until", VERSIONS[-1])
            same = f", same as `{body['same']}`" if "same" in body else ""
            lines.append(f"| `{name}`{same} | {others} | {first if first == last else f'{first} to {last}'} |")
    return "\n".join(lines)


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.partition(BEGIN)[2].partition(END)[0] == table()


def write() -> None:
    """Write the table into the page."""
    text = PAGE.read_text()
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    PAGE.write_text(re.sub(pattern, lambda _found: BEGIN + table() + END, text, flags=re.DOTALL))


if __name__ == "__main__":
    write()
