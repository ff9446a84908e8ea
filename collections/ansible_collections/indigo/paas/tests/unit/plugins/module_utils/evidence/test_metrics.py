# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.evidence.metrics import metric_name, of_services
from ansible_collections.indigo.paas.tests.unit.plugins.module_utils.evidence.conftest import (
    MARATHON,
    NOVA,
    ONE,
    RECAS,
    UPV,
    metric,
    monitored,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("create_result", "create_result"),
        ("OCCI Create VM availability", "create_result"),
        ("create_response_time", "create_time"),
        ("OCCI CreateVM Response Time", "create_time"),
        ("Inspect VM Response Time", "inspect_time"),
        ("run_response_time", "inspect_time"),
        ("delete response time", "delete_time"),
        ("delete_result", None),
        ("master.cpus_total", "cpus_total"),
        ("master/gpus_used", "gpus_used"),
        ("master.mem_used", "mem_used"),
        ("uptime", None),
        ("pruned time", None),
    ],
)
def test_names_of_metrics(text, name):
    assert metric_name(text) == name


def test_what_was_not_measured_is_not_zero():
    assert of_services(monitored(RECAS)) == {
        NOVA: {"create_result": 1.0, "create_time": 10000.0, "inspect_time": 10000.0},
        MARATHON: {"create_result": 0.0},
    }
    assert of_services(monitored(UPV)) == {ONE: {}}


@pytest.mark.parametrize("answer", [{}, {"result": None}, {"result": {"groups": [7]}}, {"result": {"groups": 7}}])
def test_an_answer_that_is_something_else_holds_no_metrics(answer):
    assert of_services(answer) == {}


def test_values_that_are_no_numbers_are_left_out():
    answer = monitored(RECAS)
    machine = answer["result"]["groups"][0]["paasMachines"][0]
    machine["services"][0]["paasMetrics"] = [
        metric("create_result", value) for value in ("many", None, float("nan"), -1, float("inf"))
    ]
    assert of_services(answer)[NOVA] == {}
