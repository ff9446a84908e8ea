# SPDX-License-Identifier: Apache-2.0
"""Writes docs/tosca-parser-templates.md from the verdicts and from what differences.yaml says about them."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import yaml

from tests.tosca_parser.compare import PLANS, REFUSES, WARNS, Verdict
from tests.tosca_parser.sdist import VERSION

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tosca-parser-templates.md"
REASONS = pathlib.Path(__file__).parent / "differences.yaml"

HEAD = f"""<!-- Made by `python -m tests.tosca_parser`; the explanations are in differences.yaml there. -->
# tosca-parser's templates

The OpenStack project's tosca-parser has templates for its own tests: right ones, and wrong ones
that it must refuse. This page says what indigo.paas answers to each of them. tosca-parser {VERSION} is asked with its
own code and without a network; inputs without a default get a value that fits. Files that hold only types are
imported by a template with one machine.

```console
$ .venv/bin/python -m tests.tosca_parser
```

gets the templates from the package registry, once, and writes this page. A test holds it.
"""


def explanations() -> dict[str, str]:
    """Return what explains the answer to a file, by its path."""
    written = yaml.safe_load(REASONS.read_text())
    return {path: written["reasons"][name] for path, name in written["files"].items()}


def page(verdicts: list[Verdict]) -> str:
    """Return the text of the page."""
    reasons = explanations()
    parts = [
        HEAD,
        "## Numbers\n",
        _numbers(verdicts),
        "\n## tosca-parser takes it, indigo.paas refuses it\n",
        _explained([verdict for verdict in verdicts if verdict.differs and verdict.taken], reasons),
        "\n## tosca-parser refuses it, indigo.paas takes it\n",
        _explained([verdict for verdict in verdicts if verdict.differs and not verdict.taken], reasons),
        "\n## Both refuse it\n",
        _refused([verdict for verdict in verdicts if not verdict.taken and not verdict.differs], reasons),
        "\n## Both take it, indigo.paas with warnings\n",
        _warned([verdict for verdict in verdicts if verdict.taken and verdict.answer == WARNS]),
    ]
    return "\n".join(parts) + "\n"


def _numbers(verdicts: list[Verdict]) -> str:
    head = ["directory", "files", "tosca-parser takes", "planned", "with warnings", "refused"]
    head += ["tosca-parser refuses", "planned", "with warnings", "refused"]
    kinds = sorted({verdict.kind for verdict in verdicts})
    rows = [_count(kind, [verdict for verdict in verdicts if verdict.kind == kind]) for kind in kinds]
    return _table(head, [*rows, _count("all", verdicts)])


def _count(kind: str, verdicts: list[Verdict]) -> list[str]:
    row = [kind, str(len(verdicts))]
    for taken in (True, False):
        found = [verdict.answer for verdict in verdicts if verdict.taken is taken]
        row += [str(len(found)), *(str(found.count(answer)) for answer in (PLANS, WARNS, REFUSES))]
    return row


def _explained(verdicts: list[Verdict], reasons: Mapping[str, str]) -> str:
    rows = [[f"`{verdict.path}`", _first(verdict), reasons.get(verdict.path, "NOT EXPLAINED")] for verdict in verdicts]
    return _table(["file", "indigo.paas says", "why"], rows)


def _refused(verdicts: list[Verdict], reasons: Mapping[str, str]) -> str:
    rows = [[f"`{verdict.path}`", _first(verdict), reasons.get(verdict.path, "")] for verdict in verdicts]
    return _table(["file", "indigo.paas says", "remark"], rows)


def _warned(verdicts: list[Verdict]) -> str:
    return _table(["file", "indigo.paas says"], [[f"`{verdict.path}`", _first(verdict)] for verdict in verdicts])


def _first(verdict: Verdict) -> str:
    """Return the first problem, with its place, and how many there are more."""
    if not verdict.problems:
        return verdict.answer
    problem = verdict.problems[0]
    file = (problem.file or "").rpartition("/")[2]
    place = f"{file}:{problem.line}" if problem.line else file
    more = f" (and {len(verdict.problems) - 1} more)" if len(verdict.problems) > 1 else ""
    return f"{place}: {problem.message}{more}".replace("|", "\\|")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
