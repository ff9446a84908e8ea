# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreements, metrics and data of sites, from their variables, from files, and from services that answer by HTTP."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates
from ansible_collections.indigo.paas.plugins.module_utils.evidence import gather, sources
from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites
from ansible_collections.indigo.paas.tests.unit.plugins.module_utils.evidence.conftest import (
    MARATHON,
    NOVA,
    ONE,
    RECAS,
    UPV,
    monitored,
    preferences,
    services,
)

NOW = datetime(2026, 6, 1)


def site(name="a", **more):
    return {
        "name": name,
        "available": True,
        "problem": None,
        "images": [],
        "references": [],
        "warnings": [],
        "capacity": {"cpus": 8, "memory": 8, "nodes": 8},
        "largest_node": {"cpus": 8, "memory": 8},
        "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
        **more,
    }


def gathered(*descriptions, now=NOW):
    return gather(descriptions, now)


def test_the_variables_of_a_site_are_enough():
    agreements = [{"id": "s", "weight": 2}, {"id": "old", "end_date": "2025-12-31"}]
    (found,) = gathered(site(agreements=agreements, metrics={"create_time": 5}, data=["run1"]))
    assert found["agreements"] == [{"id": "s", "weight": 2.0, "targets": []}]
    assert found["services"] == [{"id": "a", "metrics": {"create_time": 5}}]
    assert found["data"] == ["run1"]
    assert found["warnings"] == ["The agreement 'old' is not in force."]


def test_the_services_are_asked_for_the_rest(platform):
    recas = site("recas", provider=RECAS, service=NOVA, ranking=platform.ranking(), data=["run1"])
    upv = site("upv", provider=UPV, ranking=platform.ranking())
    first, second = gathered(recas, upv)
    assert [(one["id"], one["weight"]) for one in first["agreements"]] == [("sla-recas", 7.0)]
    assert first["services"] == [
        {"id": NOVA, "metrics": {"create_result": 1.0, "create_time": 10000.0, "inspect_time": 10000.0}}
    ]
    assert first["data"] == ["run1", "one.example.org"]
    assert [one["id"] for one in second["agreements"]] == ["sla-upv"]
    assert second["services"] == []
    assert [*first["warnings"], *second["warnings"]] == []
    assert platform.asked.count("/slam/preferences/my experiment") == 1


def test_a_service_counts_with_the_one_it_runs_on(platform):
    (found,) = gathered(site(provider=RECAS, service=MARATHON, ranking=platform.ranking()))
    assert [one["id"] for one in found["services"]] == [MARATHON, NOVA]
    assert [one["id"] for one in found["agreements"]] == ["sla-recas"]


def test_the_ranking_follows_what_the_services_say(platform):
    sites = [site("upv", provider=UPV), site("recas", provider=RECAS, service=NOVA)]
    found = candidates({"groups": []}, gathered(*({**one, "ranking": platform.ranking()} for one in sites)))
    assert [(one["site"], one["sla_weight"]) for one in found] == [("recas", 7.0), ("upv", 0.0)]
    values = {row["name"]: row["value"] for row in found[0]["terms"]}
    assert values["sla"] == pytest.approx(0.5)
    assert values["monitoring"] == pytest.approx(0.5)


def test_files_stand_for_the_services(tmp_path):
    documents = {
        "slam": {"me": preferences()},
        "cmdb": {RECAS: services(RECAS)},
        "monitoring": {RECAS: monitored(RECAS)},
    }
    ranking = {"customer": "me"}
    for kind, document in documents.items():
        ranking[kind] = str(tmp_path / f"{kind}.json")
        (tmp_path / f"{kind}.json").write_text(json.dumps(document))
    (found,) = gathered(site(provider=RECAS, service=NOVA, ranking=ranking))
    assert [one["weight"] for one in found["agreements"]] == [7.0]
    assert found["services"][0]["metrics"]["create_time"] == 10000.0
    assert found["data"] == ["one.example.org"]


def test_what_fails_for_a_moment_is_asked_again(platform):
    platform.faults = [500, 503]
    (found,) = gathered(site(provider=RECAS, ranking=platform.ranking(cmdb=None, monitoring=None)))
    assert [one["id"] for one in found["agreements"]] == ["sla-recas"]
    assert found["warnings"] == []
    assert len(platform.asked) == 3


@pytest.mark.parametrize(
    ("fault", "warning"),
    [
        ([500] * 9, "{url} answers 500 Internal Server Error."),
        ([401], "{url} answers 401 Unauthorized."),
        ([302], "{url} answers 302 Found."),
    ],
)
def test_a_service_that_fails_is_told_and_no_failure(platform, fault, warning):
    platform.faults = list(fault)
    one, two = gathered(*(site(name, ranking=platform.ranking(cmdb=None, monitoring=None)) for name in "ab"))
    url = f"{platform.url}/slam/preferences/my%20experiment"
    assert one["warnings"] == two["warnings"] == [warning.format(url=url)]
    assert one["agreements"] == []
    # It was asked for both sites together.
    assert len(platform.asked) <= sources.TRIES


def test_nobody_at_the_address(platform):
    platform.stop()
    (found,) = gathered(site(ranking=platform.ranking(cmdb=None, monitoring=None)))
    assert "does not answer" in found["warnings"][0]
    assert "Connection refused" in found["warnings"][0]


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (b"<html>", "What {url} holds cannot be read: Expecting value"),
        (b"[]", "What {url} holds is no JSON object."),
        (b" " * (sources.LARGEST + 1), "holds more than 8 MB."),
    ],
)
def test_an_answer_that_cannot_be_read_is_told(platform, content, warning):
    platform.overrides["preferences"] = content
    (found,) = gathered(site(ranking=platform.ranking(cmdb=None, monitoring=None)))
    assert warning.format(url=f"{platform.url}/slam/") in found["warnings"][0]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (None, "slam.yml cannot be read: No such file or directory."),
        ("- 1", "slam.yml holds is no mapping."),
        ("me: 1", "slam.yml holds for 'me' is no mapping."),
        ("me: [", "slam.yml holds cannot be read: "),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, text, warning):
    path = tmp_path / "slam.yml"
    if text is not None:
        path.write_text(text)
    (found,) = gathered(site(ranking={"customer": "me", "slam": str(path)}))
    assert warning in found["warnings"][0]


def test_an_agreement_that_cannot_be_read_is_told(platform):
    broken = preferences()
    broken["sla"][0]["end_date"] = "soon"
    platform.overrides["preferences"] = json.dumps(broken).encode()
    (found,) = gathered(site(provider=RECAS, ranking=platform.ranking(cmdb=None, monitoring=None)))
    assert found["warnings"] == ["The agreement 'sla-recas' does not count: 'soon' is no date such as 2026-12-31."]


def test_the_token_is_sent_to_the_service_alone(platform, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret\n")
    platform.wanted = "secret"
    (found,) = gathered(site(provider=RECAS, ranking=platform.ranking(token_file=str(token))))
    assert (platform.tokens, found["warnings"]) == ({"Bearer secret"}, [])
    token.write_text("secret of before\n")
    (refused,) = gathered(site(provider=RECAS, ranking=platform.ranking(token_file=str(token))))
    assert all(" answers 401 " in warning for warning in refused["warnings"])
    assert refused["warnings"] != []
    missing = site(ranking=platform.ranking(token_file=str(tmp_path / "none"), cmdb=None, monitoring=None))
    assert "cannot be read" in gathered(missing)[0]["warnings"][0]


def test_a_site_is_described_with_its_evidence(platform):
    options = {"type": "docker", "endpoint": "tcp://127.0.0.1:1", "provider": UPV, "ranking": platform.ranking()}
    (found,) = describe_sites({"upv": options}, NOW)
    assert found["available"] is False
    assert [one["id"] for one in found["agreements"]] == ["sla-upv"]


def test_without_sources_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(sources, "open_url", lambda *_args, **_keywords: pytest.fail("asked"))
    (found,) = gathered(site())
    assert (found["agreements"], found["services"], found["data"]) == ([], [], [])


def test_services_of_another_are_not_counted(platform):
    (found,) = gathered(site(provider=UPV, service=ONE, ranking=platform.ranking()))
    assert found["data"] == []
    assert [one["id"] for one in found["agreements"]] == ["sla-upv"]


@pytest.mark.parametrize(
    ("kind", "own"), [("com.amazonaws.ec2", True), ("com.microsoft.azure", True), ("org.openstack.nova", False)]
)
def test_the_catalogue_knows_services_on_the_user_s_own_account(tmp_path, kind, own):
    data = {"provider_id": "p", "type": "compute", "service_type": kind}
    (tmp_path / "cmdb").write_text(json.dumps({"p": {"rows": [{"doc": {"_id": "s", "data": data}}]}}))
    ranking = {"cmdb": str(tmp_path / "cmdb")}
    assert gathered(site(provider="p", ranking=ranking))[0]["own_account"] is own
    assert gathered(site(provider="p", service="other", ranking=ranking))[0]["own_account"] is False
    assert gathered(site(own_account=True))[0]["own_account"] is True
