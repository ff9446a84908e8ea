# SPDX-License-Identifier: Apache-2.0
"""Runs every template of tosca-parser's tests through tosca-parser and through our loader."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import load, make_plan, open_template
from tests.tosca_parser import sdist, theirs

SUFFIXES = (".yaml", ".yml", ".zip", ".csar")
PLANS, WARNS, REFUSES = "plans", "warns", "refuses"
EXAMPLES: dict[str, Any] = {
    "integer": 1,
    "float": 1.0,
    "boolean": True,
    "version": "1.0",
    "timestamp": "2026-01-01T00:00:00Z",
    "range": [1, 2],
    "scalar-unit.size": "1 GB",
    "scalar-unit.time": "1 h",
    "scalar-unit.frequency": "1 GHz",
    "list": [],
    "map": {},
    "PortDef": 3306,
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What both say of one file: `taken` is tosca-parser's word, `answer` ours, with the problems that we tell.

    `of_types` is a file without a topology_template: we are asked by a template that imports it.
    """

    path: str
    taken: bool
    answer: str
    problems: tuple[Problem, ...]
    of_types: bool

    @property
    def kind(self) -> str:
        """Return the directory of the file, which is named after a feature."""
        return self.path.rpartition("/")[0].partition("/")[0] or "(top)"

    @property
    def differs(self) -> bool:
        """Say whether one takes what the other refuses."""
        return self.taken == (self.answer == REFUSES)


def verdicts() -> list[Verdict]:
    """Return the verdicts on all files, by path. Raises registry.Unreachable."""
    source = sdist.directory()
    root = source / sdist.TEMPLATES
    files = sorted(path for path in root.rglob("*") if path.suffix in SUFFIXES)
    inputs = {path: needed_inputs(path) for path in files}
    said = theirs.verdicts(source, {str(path): given for path, given in inputs.items()})
    return [_verdict(path, root, inputs[path], not said[str(path)]) for path in files]


def _verdict(path: pathlib.Path, root: pathlib.Path, inputs: dict[str, Any], taken: bool) -> Verdict:
    of_types = "topology_template" not in _data(path)
    answer, problems = _ask_importing(path) if of_types else _ask(path, inputs)
    return Verdict(path.relative_to(root).as_posix(), taken, answer, tuple(_told(problems, root)), of_types)


def _ask(template: pathlib.Path, inputs: dict[str, Any]) -> tuple[str, list[Problem]]:
    try:
        plan = make_plan(load(template, inputs))
    except TemplateError as error:
        return REFUSES, error.problems
    warnings = [Problem(**warning) for warning in plan.warnings]
    return (WARNS if warnings else PLANS), warnings


def _ask_importing(types: pathlib.Path) -> tuple[str, list[Problem]]:
    with tempfile.TemporaryDirectory() as draft:
        template = pathlib.Path(draft, "template.yaml")
        template.write_text(
            "tosca_definitions_version: tosca_simple_yaml_1_3\n"
            f"imports: ['{types}']\n"
            "topology_template: {node_templates: {server: {type: tosca.nodes.Compute}}}\n"
        )
        return _ask(template, {})


def _told(problems: Iterable[Problem], root: pathlib.Path) -> Iterator[Problem]:
    """Yield problems that name no path of this machine."""
    for problem in problems:
        texts = {name: getattr(problem, name) for name in ("file", "message", "hint")}
        short = {name: text and text.replace(f"{root}/", "") for name, text in texts.items()}
        yield dataclasses.replace(problem, **short)


def _data(path: pathlib.Path) -> Mapping[str, Any]:
    """Return the template of a file or an archive; what cannot be read counts as a template."""
    try:
        data = open_template(path)[0].data
    except TemplateError:
        data = None
    return data if isinstance(data, dict) else {"topology_template": {}}


def needed_inputs(path: pathlib.Path) -> dict[str, Any]:
    """Return a value for each input without default that fits its type and its constraints."""
    body = _data(path).get("topology_template")
    declared = (body.get("inputs") if isinstance(body, dict) else None) or {}
    return {
        name: _example(schema)
        for name, schema in declared.items()
        if isinstance(schema, dict) and "default" not in schema
    }


def _example(schema: dict[str, Any]) -> Any:
    for constraint in schema.get("constraints") or []:
        ((operator, bound),) = constraint.items()
        if operator in ("valid_values", "in_range"):
            return bound[0]
        if operator in ("equal", "greater_or_equal"):
            return bound
    return EXAMPLES.get(str(schema.get("type")), "x")
