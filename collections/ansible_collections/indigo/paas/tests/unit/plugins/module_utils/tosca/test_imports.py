# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import load

Problems = Callable[..., list[Problem]]
TYPES = "node_types: {my.Machine: {derived_from: tosca.nodes.indigo.Compute}}\n"
TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_0
imports:
  - IMPORT
topology_template: {node_templates: {a: {type: my.Machine}}}
"""


def write(directory: Path, entry: str) -> Path:
    file = directory / "template.yaml"
    file.write_text(TEMPLATE.replace("IMPORT", entry))
    return file


@pytest.mark.parametrize(
    "entry", ["types.yaml", "name: types.yaml", "{file: types.yaml}", "{name: {file: types.yaml}}", "./types.yaml"]
)
def test_every_way_to_write_an_import(entry: str, tmp_path: Path, vocabulary: Any) -> None:
    (tmp_path / "types.yaml").write_text(TYPES)
    assert load(write(tmp_path, entry), vocabulary=vocabulary).nodes["a"].is_compute


def test_imports_of_imports_and_of_each_other(tmp_path: Path, vocabulary: Any) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.yaml").write_text("imports: [two.yaml]\n")
    (tmp_path / "sub" / "two.yaml").write_text("imports: [one.yaml, ../template.yaml]\n" + TYPES)
    assert load(write(tmp_path, "sub/one.yaml"), vocabulary=vocabulary).nodes["a"].is_compute


@pytest.mark.parametrize(
    "url",
    [
        "https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml",
        "https://raw.githubusercontent.com/indigo-dc/tosca-types/dodas_roll/custom_types.yaml",
        "https://raw.githubusercontent.com/dodas-ts/dodas-apps/master/tosca-types/dodas_types.yml",
        "https://raw.githubusercontent.com/DODAS-TS/dodas-templates/master/tosca-types/dodas_types.yml",
        "https://github.com/indigo-dc/tosca-types/raw/master/custom_types.yaml",
    ],
)
def test_published_types_ship_with_the_collection(url: str, tmp_path: Path, vocabulary: Any) -> None:
    file = write(tmp_path, f"indigo_custom_types: {url}")
    file.write_text(file.read_text().replace("my.Machine", "tosca.nodes.indigo.Compute"))
    assert load(file, vocabulary=vocabulary).nodes["a"].is_compute


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("absent.yaml", "import not found: 'absent.yaml'", "There is no file"),
        ("https://example.org/t.yaml", "import not found: 'https://example.org/t.yaml'", "Nothing is fetched"),
        ("http://169.254.169.254/latest", "import not found", "Nothing is fetched"),
        ("[]", "an import must name a file", "Write"),
        ("{}", "an import must name a file", "Write"),
        (".", "this is a directory", "Give the path"),
    ],
)
def test_imports_that_are_wrong(entry: str, message: str, hint: str, tmp_path: Path, problems: Problems) -> None:
    found = [problem for problem in problems(write(tmp_path, entry)) if message in problem.message]
    assert found
    assert hint in (found[0].hint or "")
    assert found[0].line in (3, None)


def test_imported_file_that_is_wrong_is_named(tmp_path: Path, problems: Problems) -> None:
    (tmp_path / "types.yaml").write_text("node_types:\n  a: {derived_from: b}\n  a: {}\n")
    found = problems(write(tmp_path, "types.yaml"))
    assert any(problem.file.endswith("types.yaml") and problem.line == 3 for problem in found)


def test_a_text_has_no_files_beside_it(problems: Problems) -> None:
    found = problems(TEMPLATE.replace("IMPORT", "/etc/passwd"))
    assert "import not found: '/etc/passwd'" in found[0].message


def test_imports_must_be_a_list(problems: Problems) -> None:
    found = problems(TEMPLATE.replace("  - IMPORT", "  a: b"))
    assert found[0].message == "'imports' must be a list"
    assert found[0].line == 3


def resolve(target: str, importer: str) -> tuple[str, str] | None:
    """A site with two files; one of them is broken, and one is not allowed."""
    files = {"types.yaml": "imports: [more.yaml]\n", "more.yaml": TYPES, "broken.yaml": "a: 'b\n"}
    if target == "secret.yaml":
        raise TemplateError("this may not be read", file=target, hint="Ask for it.")
    return (f"https://example.org/{target}", files[target]) if target in files else None


def test_a_resolver_finds_the_imports_of_a_text(vocabulary: Any) -> None:
    text = TEMPLATE.replace("IMPORT", "types.yaml")
    topology = load(text, vocabulary=vocabulary, resolver=resolve, name="https://example.org/t.yaml")
    assert topology.nodes["a"].is_compute


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("absent.yaml", "https://example.org/t.yaml:3:5: import not found: 'absent.yaml'"),
        ("broken.yaml", "https://example.org/broken.yaml:"),
        ("secret.yaml", "secret.yaml: this may not be read. Ask for it."),
    ],
)
def test_what_a_resolver_does_not_find(target: str, message: str, vocabulary: Any) -> None:
    text = TEMPLATE.replace("IMPORT", target)
    with pytest.raises(TemplateError) as caught:
        load(text, vocabulary=vocabulary, resolver=resolve, name="https://example.org/t.yaml")
    assert message in str(caught.value)


def test_a_resolver_is_not_asked_for_the_imports_of_a_file(tmp_path: Path, vocabulary: Any) -> None:
    with pytest.raises(TemplateError, match="import not found"):
        load(write(tmp_path, "types.yaml"), vocabulary=vocabulary, resolver=resolve)


def test_an_import_from_a_repository(tmp_path: Path, problems: Problems) -> None:
    file = write(tmp_path, "{file: a.yaml, repository: here}")
    file.write_text("repositories: {here: {url: 'https://example.org/x/'}}\n" + file.read_text())
    assert "import not found: 'https://example.org/x/a.yaml'" in problems(file)[0].message


HEADED = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
DEFAULT = "node_types: {my.Machine: {derived_from: Compute, properties: {p: {type: integer, default: NUMBER}}}}\n"


def types_file(directory: Path, name: str, number: int) -> None:
    (directory / name).write_text(HEADED + DEFAULT.replace("NUMBER", str(number)))


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("tosca_definitions_version: tosca_simple_yaml_9\n", "tosca_definitions_version 'tosca_simple_yaml_9' is", 1),
        ("tosca_definitions_version: tosca_2_0\n", "this is a TOSCA 2.0 file", 1),
        (HEADED + "data_typess: {}\n", "'types.yaml' has the unknown key 'data_typess'", 2),
    ],
)
def test_an_imported_file_is_read_as_strictly_as_a_template(
    text: str, message: str, line: int, tmp_path: Path, problems: Problems
) -> None:
    (tmp_path / "types.yaml").write_text(text + TYPES)
    (found,) = problems(write(tmp_path, "types.yaml"))
    assert message in found.message
    assert (found.file, found.line) == (str(tmp_path / "types.yaml"), line)


def test_an_import_without_a_version_is_for_lenient_readers_only(tmp_path: Path, vocabulary: Any) -> None:
    (tmp_path / "types.yaml").write_text(TYPES)
    template = write(tmp_path, "types.yaml")
    assert load(template, vocabulary=vocabulary).warnings == ()
    with pytest.raises(TemplateError, match="tosca_definitions_version is missing"):
        load(template, vocabulary=vocabulary, strict=True)


def test_a_type_of_the_template_wins_over_an_imported_one(tmp_path: Path, vocabulary: Any) -> None:
    types_file(tmp_path, "types.yaml", 1)
    template = write(tmp_path, "types.yaml")
    template.write_text(template.read_text() + DEFAULT.replace("NUMBER", "3"))
    topology = load(template, vocabulary=vocabulary)
    assert topology.nodes["a"].properties["p"] == 3
    (warning,) = topology.warnings
    assert warning.message == f"the type 'my.Machine' is in '{tmp_path / 'types.yaml'}' too, otherwise"
    assert warning.line == 5
    with pytest.raises(TemplateError, match="is in .* too, otherwise"):
        load(template, vocabulary=vocabulary, strict=True)


def test_of_two_imported_types_the_first_counts(tmp_path: Path, vocabulary: Any) -> None:
    types_file(tmp_path, "one.yaml", 1)
    types_file(tmp_path, "two.yaml", 2)
    for first, second, number in (("one", "two", 1), ("two", "one", 2)):
        topology = load(write(tmp_path, f"{first}.yaml\n  - {second}.yaml"), vocabulary=vocabulary)
        assert topology.nodes["a"].properties["p"] == number
        assert [f"/{second}.yaml' too, otherwise" in warning.message for warning in topology.warnings] == [True]


def test_the_same_type_twice_is_no_conflict(tmp_path: Path, vocabulary: Any) -> None:
    types_file(tmp_path, "one.yaml", 1)
    types_file(tmp_path, "two.yaml", 1)
    assert load(write(tmp_path, "one.yaml\n  - two.yaml"), vocabulary=vocabulary).warnings == ()


def test_a_template_may_bring_another_type_than_the_shipped_one(tmp_path: Path, vocabulary: Any) -> None:
    types_file(tmp_path, "types.yaml", 1)
    for file in (tmp_path / "types.yaml", write(tmp_path, "types.yaml")):
        file.write_text(file.read_text().replace("my.Machine", "tosca.nodes.indigo.Compute"))
    topology = load(tmp_path / "template.yaml", vocabulary=vocabulary)
    assert topology.nodes["a"].properties["p"] == 1
    assert topology.warnings == ()


@pytest.mark.parametrize("name", ["site.my.Machine", "site:my.Machine", "my.Machine"])
def test_a_namespace_prefix_may_stand_before_the_names_of_the_file(name: str, tmp_path: Path, vocabulary: Any) -> None:
    types_file(tmp_path, "types.yaml", 1)
    template = write(tmp_path, "{file: types.yaml, namespace_prefix: site}")
    template.write_text(template.read_text().replace("type: my.Machine", f"type: '{name}'"))
    topology = load(template, vocabulary=vocabulary)
    assert topology.nodes["a"].type.name == "my.Machine"
    assert topology.warnings == ()


def test_a_file_may_have_several_prefixes_and_types_be_derived_through_them(tmp_path: Path, vocabulary: Any) -> None:
    types_file(tmp_path, "types.yaml", 1)
    entry = "{n: {file: types.yaml, namespace_prefix: one}}\n  - {file: types.yaml, namespace_prefix: two}"
    template = write(tmp_path, entry)
    own = "node_types: {x.A: {derived_from: one.my.Machine}, x.B: {derived_from: 'two:my.Machine'}}\n"
    nodes = "{a: {type: x.A}, b: {type: x.B}, c: {type: two.my.Machine}}"
    template.write_text(template.read_text().replace("{a: {type: my.Machine}}", nodes) + own)
    assert {node.properties["p"] for node in load(template, vocabulary=vocabulary).nodes.values()} == {1}


def test_a_prefix_does_not_keep_types_of_one_name_apart(tmp_path: Path, problems: Problems) -> None:
    types_file(tmp_path, "one.yaml", 1)
    types_file(tmp_path, "two.yaml", 2)
    entry = "{file: one.yaml, namespace_prefix: one}\n  - {file: two.yaml, namespace_prefix: two}"
    (found,) = problems(write(tmp_path, entry))
    assert found.message == f"the type 'my.Machine' is in '{tmp_path / 'two.yaml'}' too, otherwise"
    assert found.hint == "A namespace_prefix does not keep them apart here: rename one."


@pytest.mark.parametrize("prefix", ["tosca", "[x]", "''"])
def test_a_prefix_that_cannot_be(prefix: str, tmp_path: Path, problems: Problems) -> None:
    types_file(tmp_path, "types.yaml", 1)
    (found,) = problems(write(tmp_path, f"{{file: types.yaml, namespace_prefix: {prefix}}}"))
    assert "namespace_prefix" in found.message
    assert found.line == 3
