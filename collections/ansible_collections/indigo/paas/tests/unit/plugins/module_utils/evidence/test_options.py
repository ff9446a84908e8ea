# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.evidence import option_problems


def problems(**options):
    whole = {"agreements": [], "metrics": {}, "ranking": {}, **options}
    return [str(problem) for problem in option_problems("a", whole)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"agreements": [{"id": "s"}, {}]}, "Site 'a', agreement 2: it must be a dictionary with an id"),
        ({"metrics": {"create_tim": 1}}, "Site 'a': metrics have no 'create_tim'. Did you mean 'create_time'?"),
        (
            {"metrics": {"create_time": "fast"}},
            "Site 'a': 'create_time' of metrics must be a number of 0 or more, not 'fast'",
        ),
        ({"ranking": {"slma": "x"}}, "Site 'a': site_ranking has no key 'slma'. Did you mean 'slam'?"),
        ({"ranking": {"cmdb": 7}}, "Site 'a': cmdb of site_ranking must be text, not 7"),
        (
            {"ranking": {"slam": "x"}},
            "Site 'a': site_ranking names slam without a customer. "
            "Set customer to the name by which SLAM knows whom the deployments are for.",
        ),
        (
            {"ranking": {"weights": {"cost": -1}}},
            "Site 'a': 'cost' of weights of site_ranking must be a number of 0 or more, not -1",
        ),
        (
            {"ranking": {"weights": {"costs": 1}}},
            "Site 'a': weights of site_ranking have no 'costs'. Did you mean 'cost'?",
        ),
        (
            {"ranking": {"scales": {"price": 0}}},
            "Site 'a': 'price' of scales of site_ranking must be a number above 0, not 0",
        ),
        (
            {"ranking": {"factors": {"moon": True}}},
            "Site 'a': 'moon' of factors of site_ranking must be a number of 0 or more, not True",
        ),
        (
            {"ranking": {"weights": ["cost"]}},
            "Site 'a': weights of site_ranking must be a dictionary, not ['cost']",
        ),
        ({"ranking": {"require": "sla"}}, "Site 'a': require of site_ranking must be a list of sla, data"),
    ],
)
def test_what_is_wrong_is_told(options, message):
    assert problems(**options) == [message]


def test_what_is_right_is_taken():
    ranking = {
        "customer": "me",
        "slam": "/slam.json",
        "weights": {"cost": 0},
        "scales": {"sla": 5},
        "factors": {"disk": 1},
        "require": ["data"],
    }
    assert problems(agreements=[{"id": "s"}], metrics={"create_time": 3, "cpus_total": 4}, ranking=ranking) == []
