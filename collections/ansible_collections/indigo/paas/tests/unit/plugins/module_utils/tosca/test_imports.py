# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
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
