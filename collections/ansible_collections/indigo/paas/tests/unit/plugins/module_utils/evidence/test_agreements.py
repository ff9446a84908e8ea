# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import datetime

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.evidence.agreements import (
    in_force,
    of_provider,
    read_agreement,
    read_date,
)
from ansible_collections.indigo.paas.plugins.module_utils.evidence.catalogue import own_and_parents
from ansible_collections.indigo.paas.tests.unit.plugins.module_utils.evidence.conftest import (
    NOVA,
    ONE,
    RECAS,
    UPV,
    preferences,
)


def test_both_forms_of_date_are_read():
    assert read_date("31.12.2026+23:59:59") == datetime(2026, 12, 31, 23, 59, 59)
    assert read_date("2026-12-31") == datetime(2026, 12, 31)
    assert read_date("2026-12-31T10:00:00") == datetime(2026, 12, 31, 10)
    assert read_date(None) is None


def test_a_date_with_an_offset_is_told_in_utc():
    assert read_date("2026-12-31T23:30:00-05:00") == datetime(2027, 1, 1, 4, 30)
    assert read_date("2026-12-31T10:00:00Z") == datetime(2026, 12, 31, 10)


@pytest.mark.parametrize(
    ("start", "end", "now", "counts"),
    [
        (None, None, "2026-06-01", True),
        ("2026-01-01", "2026-12-31", "2026-06-01", True),
        ("2026-01-01", "2026-12-31", "2025-06-01", False),
        ("2026-01-01", "2026-12-31", "2027-01-01", False),
    ],
)
def test_an_agreement_counts_while_it_is_in_force(start, end, now, counts):
    agreement = read_agreement({"id": "s", "start_date": start, "end_date": end})
    assert in_force(agreement, read_date(now)) is counts


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("sla", "it must be a dictionary with an id"),
        ({"weight": 1}, "it must be a dictionary with an id"),
        ({"id": "s", "weight": "heavy"}, "its weight must be a number, not 'heavy'"),
        ({"id": "s", "end_date": "soon"}, "'soon' is no date such as 2026-12-31"),
        ({"id": "s", "targets": {}}, None),
        ({"id": "s", "targets": "all"}, "its targets must be a list"),
        ({"id": "s", "targets": [{}]}, "each of its targets must be a dictionary with a type"),
        (
            {"id": "s", "targets": [{"type": "public_ip", "restrictions": {"user_limit": -1}}]},
            "'user_limit' of its target 'public_ip' must be a number of 0 or more, not -1",
        ),
        (
            {"id": "s", "targets": [{"type": "public_ip", "restrictions": {"user_limit": True}}]},
            "'user_limit' of its target 'public_ip' must be a number of 0 or more, not True",
        ),
    ],
)
def test_what_is_no_agreement(entry, message):
    if message is None:
        assert read_agreement(entry)["targets"] == []
        return
    with pytest.raises(ValueError, match="^") as caught:
        read_agreement(entry)
    assert str(caught.value) == message


def ids_and_weights(document, provider, services=()):
    return [(entry["id"], entry["weight"]) for entry in of_provider(document, provider, services)]


def test_the_agreements_with_a_provider():
    answer = preferences()
    assert ids_and_weights(answer, RECAS) == [("sla-recas", 7)]
    assert ids_and_weights(answer, UPV, [ONE]) == [("sla-upv", 0)]
    assert ids_and_weights(answer, UPV, [NOVA]) == []
    assert ids_and_weights(answer, "another") == []


def test_a_preference_for_an_agreement_that_is_not_listed_counts_for_nothing():
    answer = preferences()
    answer["sla"] = []
    assert of_provider(answer, RECAS, [NOVA]) == []


@pytest.mark.parametrize("answer", [{}, {"sla": None}, {"sla": [7]}, {"sla": [{"provider": RECAS, "services": 7}]}])
def test_an_answer_that_is_something_else_holds_no_agreement(answer):
    assert of_provider(answer, RECAS, []) == []


def test_of_several_preferences_for_an_agreement_the_highest_counts():
    document = preferences()
    priority = document["preferences"][0]["preferences"][0]["priority"]
    priority += [{"sla_id": "sla-recas", "service_id": NOVA, "weight": weight} for weight in (9, 3)]
    (entry,) = of_provider(document, RECAS, [NOVA])
    assert entry["weight"] == 9


def test_without_a_service_all_that_compute_count_and_no_other():
    known = [{"id": name, "kind": kind, "parent": None} for name, kind in (("a", "compute"), ("b", "storage"))]
    assert own_and_parents(known, None) == ["a"]
