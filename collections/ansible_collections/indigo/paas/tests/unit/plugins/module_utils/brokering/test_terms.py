# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import terms
from ansible_collections.indigo.paas.plugins.module_utils.brokering.terms import UNKNOWN

EMPTY = {"cpus": 0, "memory": 0, "nodes": 0}


def agreement(*targets, name="s", weight=0):
    return {"id": name, "weight": weight, "targets": [{"type": kind, "restrictions": r} for kind, r in targets]}


def value(term):
    return pytest.approx(term.value)


@pytest.mark.parametrize(
    ("agreements", "expected", "because"),
    [
        ([], 0.0, "no agreement"),
        ([agreement()], 0.0, "0 points of s"),
        ([agreement(("public_ip", {"total_guaranteed": 10, "total_limit": 90}))], 0.5, "100 points of s"),
        ([agreement(("computing_time", {"total_guaranteed": 6000}))], 0.5, "100 points of s"),
        (
            [
                agreement(("computing_time", {"user_limit": 3000})),
                agreement(("public_ip", {"user_limit": 50}), name="t"),
            ],
            0.5,
            "100 points of s, t",
        ),
        # An unknown target must not borrow the factor of the one before it.
        (
            [agreement(("public_ip", {"total_limit": 100}), ("moon", {"total_limit": 1000}))],
            0.5,
            "100 points of s; moon not counted",
        ),
    ],
)
def test_what_agreements_promise(agreements, expected, because):
    found = terms.sla({"agreements": agreements})
    assert (found.value, found.because) == (pytest.approx(expected), because)


def test_the_operator_may_count_further_targets():
    site = {"agreements": [agreement(("disk", {"total_limit": 100}))], "ranking": {"factors": {"disk": 0.25}}}
    assert terms.sla(site).value == pytest.approx(0.2)
    site["ranking"]["scales"] = {"sla": 25}
    assert terms.sla(site).value == pytest.approx(0.5)


def test_the_weightiest_agreement_gives_the_weight():
    assert terms.sla_weight({}) == 0
    assert terms.sla_weight({"agreements": [agreement(weight=1), agreement(weight=4)]}) == 4


def service(**metrics):
    return {"services": [{"id": "s", "metrics": metrics}]}


@pytest.mark.parametrize(
    ("description", "expected", "because"),
    [
        ({}, UNKNOWN, "not monitored"),
        (service(), UNKNOWN, "not monitored"),
        (service(create_result=1), UNKNOWN, "not monitored"),
        (service(create_result=0, create_time=1), 0.0, "s: making a machine failed"),
        (service(create_result=1, create_time=10_000), 0.5, "s: create 10 s"),
        (
            service(create_time=10_000, inspect_time=10_000, delete_time=10_000),
            0.5,
            "s: create 10 s, inspect 10 s, delete 10 s",
        ),
        # A probe that took no time at all was not measured: it must not divide by zero, nor win.
        (service(create_time=0, inspect_time=10_000), 0.5, "s: inspect 10 s"),
        (service(create_time=30_000, delete_time=90_000), (100 / 4 + 10 / 10) / 110, "s: create 30 s, delete 90 s"),
        (service(cpus_total=4, cpus_used=1, mem_total=4096, mem_used=3072), 0.5, "s: 75% of cpus, 25% of mem free"),
    ],
)
def test_what_monitoring_says(description, expected, because):
    found = terms.monitoring(description)
    assert (found.value, found.because) == (pytest.approx(expected), because)


def test_a_service_and_the_one_it_runs_on_count_alike():
    both = {"services": [{"id": "a", "metrics": {"create_time": 10_000}}, {"id": "b", "metrics": {"create_result": 0}}]}
    assert terms.monitoring(both).value == pytest.approx(0.25)


@pytest.mark.parametrize(("price", "expected"), [(None, 1.0), (0, 1.0), (0.1, 0.5), (0.3, 0.25)])
def test_what_it_costs(price, expected):
    assert terms.cost({"price": price}).value == pytest.approx(expected)


def test_data_at_the_site():
    wanted = [{"name": "run1", "providers": []}, {"name": "run2", "providers": ["one.example.org"]}]
    assert terms.data({"data": []}, {}).value == UNKNOWN
    assert terms.data({"data": wanted}, {"data": []}) == (0.0, "serves none of 2")
    assert terms.data({"data": wanted}, {"data": ["RUN1"]}) == (0.5, "serves run1 of 2")
    assert terms.data({"data": wanted}, {"data": ["run1", "one.example.org"]}).value == 1.0


def test_what_is_free():
    capacity = {"cpus": 10, "memory": 10, "nodes": 10}
    assert terms.use({"capacity": capacity, "used": {**EMPTY, "memory": 4}}) == (0.6, "40% of its memory in use")
    assert terms.use({"capacity": capacity, "used": {**EMPTY, "memory": 40}}).value == 0.0
    assert terms.use({"capacity": EMPTY, "used": EMPTY}) == (0.0, "no capacity")
