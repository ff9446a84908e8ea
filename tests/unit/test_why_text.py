# SPDX-License-Identifier: Apache-2.0
"""Why a site was chosen, as text; and the worked example of the documentation, number by number."""

from __future__ import annotations

import re
from datetime import datetime

import yaml

from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates
from ansible_collections.indigo.paas.plugins.module_utils.evidence import gather, option_problems
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import COMMON_OPTIONS, read_options
from indigo_paas.cli._why_text import why_lines

NOW = datetime(2026, 6, 1)
CAPACITY = {"cpus": 64, "memory": 256_000_000_000, "nodes": 64}
PLAN = {
    "groups": [{"name": "wn_server", "count": 4, "size": {"cpus": 2, "memory": 4_000_000_000}, "image": {}}],
    "data": [{"name": "run1", "providers": [], "required": False}],
}


def description(name, options, used=0):
    plain = {key.removeprefix("site_"): value for key, value in options.items() if key != "site_type"}
    given = read_options(name, COMMON_OPTIONS, plain)
    assert option_problems(name, given) == []
    return {
        **given,
        "name": name,
        "available": True,
        "problem": None,
        "images": [{"name": "debian-13"}],
        "references": [],
        "capacity": CAPACITY,
        "largest_node": {"cpus": 8, "memory": 32_000_000_000},
        "used": {"cpus": used, "memory": 0, "nodes": 0, "deployments": {}},
    }


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_worked_example_is_right(root):
    text = (root / "docs/how-a-site-is-chosen.md").read_text()
    group = yaml.safe_load(blocks(text, "yaml")[0])["paas_sites"]
    sites = [
        description(name, {**group["vars"], **options}, used={"upv": 32}.get(name, 0))
        for name, options in group["hosts"].items()
    ]
    told = "\n".join(why_lines(candidates(PLAN, gather(sites, NOW)))) + "\n"
    assert told in blocks(text, "text")


def test_the_table_is_whole_and_harmless():
    sites = [description("a", {}), {**description("b", {}), "available": False, "problem": "It is \x1b[2Jdown."}]
    lines = list(why_lines(candidates(PLAN, sites)))
    assert lines[1].split()[:2] == ["rank", "site"]
    assert [line.split()[:2] for line in lines[2:4]] == [["1", "a"], ["-", "b"]]
    assert "    data: 0.000 x 1 = 0.000 (serves none of 1)" in lines
    assert any(line.startswith("    cannot hold it: It is") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_site_with_nodes_of_the_deployment_says_so():
    site = description("a", {})
    site["used"]["deployments"]["p"] = {"cpus": 0, "memory": 0, "nodes": 0}
    assert "    the deployment has nodes there" in list(why_lines(candidates(PLAN, [site], deployment="p")))


def test_no_sites_no_table():
    assert list(why_lines([])) == []
