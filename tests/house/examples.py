# SPDX-License-Identifier: Apache-2.0
"""The YAML examples of a page, and what their comments say of them.

A comment at the end of a line tells what is said of that line (`# error: WORDS`, `# warning: WORDS`) or what an output
is (`# = JSON`). A line `# given: NAME=VALUE` gives an input. An example whose first line is `# NAME.yaml` is a file
that later examples import.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs

VERSION = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
NAME = "page"
_FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+\.ya?ml)\n")
_GIVEN = re.compile(r"# given: (\w+)=(\S+)$", re.MULTILINE)
_SAID = re.compile(r"# (error|warning): (.+)$")
_OUTPUT = re.compile(r"^ *(\w+): \{.*# = (.+)$")


@dataclasses.dataclass(frozen=True)
class Example:
    """One example: its text as a whole template, the line of the page before its first, and the files it may import.

    Of each file there are its text, and the line of the page before its first.
    """

    text: str
    offset: int
    added: int
    files: Mapping[str, tuple[str, int]]

    @property
    def said(self) -> list[tuple[int, str, str]]:
        """Return line of the page, severity and words of each comment that tells what is said, in imports too."""
        imported = [(*self.files[name], name) for name in self.files if name in self.text]
        found = (
            (self._line(number, file), _SAID.search(line))
            for text, _offset, file in (*imported, (self.text, 0, NAME))
            for number, line in enumerate(text.splitlines(), start=1)
        )
        return [(line, match[1], match[2]) for line, match in found if match]

    @property
    def values(self) -> dict[str, Any]:
        """Return the outputs whose value a comment tells."""
        found = (_OUTPUT.match(line) for line in self.text.splitlines())
        return {match[1]: json.loads(match[2]) for match in found if match}

    def plan(self, strict: bool = False) -> Plan:
        """Return the plan of the example. Raises TemplateError."""
        given = dict(_GIVEN.findall(self.text))
        return make_plan(load(self.text, given, name=NAME, resolver=self._resolve, strict=strict))

    def heard(self, strict: bool = False) -> list[tuple[int, str, str]]:
        """Return line of the page, severity and words of each problem that is told.

        Where there are errors, nothing is planned; so the warnings of the other lines are those of the template without
        them, which are not looked for.
        """
        try:
            problems = [Problem(**warning) for warning in self.plan(strict).warnings]
        except TemplateError as error:
            problems = error.problems
        return [
            (self._line(problem.line or 0, problem.file), problem.severity, f"{problem.message}. {problem.hint}")
            for problem in problems
        ]

    def _line(self, number: int, file: str | None) -> int:
        return number + self.files[file][1] if file in self.files else number - self.added + self.offset

    def _resolve(self, target: str, _importer: str) -> tuple[str, str] | None:
        return (target, self.files[target][0]) if target in self.files else None


def examples(page: str) -> list[Example]:
    """Return the examples of a page that are templates, in their order."""
    found = []
    files: dict[str, tuple[str, int]] = {}
    for match in _FENCE.finditer(page):
        name = _FILE.match(match[1])
        offset = page.count("\n", 0, match.start(1))
        if name is not None:
            files[name[1]] = (match[1], offset)
        else:
            text, added = _whole(match[1])
            found.append(Example(text, offset, added, dict(files)))
    return found


def _whole(text: str) -> tuple[str, int]:
    """Return an example as a template, and how many lines that adds above it."""
    if "tosca_definitions_version:" in text:
        return text, 0
    body = "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))
    return f"{VERSION}topology_template:\n{body}", 2


def shown_outputs(plan: Plan) -> dict[str, Any]:
    """Return the outputs on machines 10.0.0.1, 10.0.0.2, ..., where each fact NAME of a role is "the NAME"."""
    groups = [(group, index) for group in plan.groups for index in range(group["count"])]
    nodes = [
        {"name": f"{group['hostname']}-{index}", "group": group["group"], "index": index}
        | {"private_address": [f"10.0.0.{number}"], "public_address": []}
        for number, (group, index) in enumerate(groups, start=1)
    ]
    told: dict[str, Any] = {}
    for each in plan.components:
        for source in each["attributes"].values():
            fact, operation = source["fact"], str(source["operation"])
            told.setdefault(each["name"], {}).setdefault(operation, {})[fact] = f"the {fact}"
    return outputs(plan, {"nodes": nodes, "facts": {node["name"]: told for node in nodes}})
