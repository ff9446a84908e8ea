# SPDX-License-Identifier: Apache-2.0
"""Each field of a node group is honoured, warned of or refused by each type of site: at doubles, without any engine."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.sites import site_types
from tests.sites.conformance import probes
from tests.sites.conformance.doubles import DOUBLES

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "add-a-cloud.md"


def test_each_type_of_site_has_a_double():
    assert {kind for kind, _double in DOUBLES.values()} == set(site_types())


def test_each_field_has_a_probe():
    fields = {f"{begin}{field.name}" for begin, kind in probes.CLASSES.items() for field in dataclasses.fields(kind)}
    parts = {begin.removesuffix(".") for begin in probes.CLASSES}
    assert fields - parts == {*probes.PROBES, *probes.EVERYWHERE, *probes.NAMES} - parts


@pytest.mark.parametrize("double", DOUBLES)
def test_nothing_is_dropped_without_a_word(double):
    found = {field: probes.verdict(DOUBLES[double][1], field) for field in probes.PROBES}
    assert [field for field, what in found.items() if what == probes.DROPPED] == []


def test_the_page_shows_what_sites_do():
    page = PAGE.read_text()
    for table in (probes.fields_table(), probes.table()):
        assert table in page, f"python -m tests.sites.conformance prints:\n{table}"


@pytest.mark.parametrize("double", DOUBLES)
@pytest.mark.parametrize("port", [{}, {"source": 99999}, {"source": 80, "protocol": "igmp"}])
def test_a_port_that_is_none_is_refused_everywhere(double, port):
    told = probes.outcome(DOUBLES[double][1], {"ports": [{"name": "web", **port}]})
    assert (told.refusal or "").startswith("The port 'web' of 'wn': ")


@pytest.mark.parametrize("double", DOUBLES)
def test_what_is_refused_and_what_is_not_heeded_is_told_with_its_reason(double):
    kind = DOUBLES[double][1]
    for field in probes.PROBES:
        told = probes.outcome(kind, probes.PROBES[field][1])
        reasons = [told.refusal] if told.refusal else sorted(told.warnings)
        assert all("'" in reason and ":" in reason for reason in reasons if "heed" in reason), reasons
