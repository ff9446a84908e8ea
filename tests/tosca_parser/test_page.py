# SPDX-License-Identifier: Apache-2.0
"""docs/tosca-parser-templates.md is what the templates of tosca-parser really get for an answer."""

from __future__ import annotations

import functools
import re

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import load
from tests import registry
from tests.tosca_parser import sdist
from tests.tosca_parser.compare import REFUSES, Verdict, needed_inputs, verdicts
from tests.tosca_parser.page import PAGE, explanations, page

pytestmark = pytest.mark.slow


@functools.cache
def found() -> list[Verdict]:
    """Return the verdicts; skip, with the registry's words, where the templates cannot be had."""
    try:
        return verdicts()
    except registry.Unreachable as error:
        pytest.skip(f"tosca-parser's templates cannot be had: {error}")


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(found()), "run python -m tests.tosca_parser"


def test_each_difference_is_explained() -> None:
    reasons = explanations()
    assert [verdict.path for verdict in found() if verdict.differs and verdict.path not in reasons] == []
    assert set(reasons) <= {verdict.path for verdict in found()}


def test_each_refusal_has_a_place_and_says_what_to_do() -> None:
    refused = [verdict for verdict in found() if verdict.answer == REFUSES]
    assert len(refused) > 50
    for verdict in refused:
        for problem in verdict.problems:
            assert problem.message, verdict.path
            assert problem.file, verdict.path
            assert problem.hint, (verdict.path, problem.message)
            assert problem.line or problem.file.endswith((".zip", ".csar")), (verdict.path, problem.message)


def test_a_strict_reader_refuses_what_is_said_to_be_lenient() -> None:
    reasons = explanations()
    lenient = [path for path, reason in reasons.items() if "`--strict` refuses it" in reason]
    root = sdist.directory() / sdist.TEMPLATES if found() else None
    assert len(lenient) > 3
    for path in lenient:
        template = root / path
        if "topology_template" not in template.read_bytes().decode("utf-8", "replace") and path.endswith("yaml"):
            assert not re.search("^tosca_definitions_version", template.read_text(), re.MULTILINE)
            continue
        with pytest.raises(TemplateError):
            load(template, needed_inputs(template), strict=True)
