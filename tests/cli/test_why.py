# SPDX-License-Identifier: Apache-2.0
"""plan --why says by what the sites were compared."""

from __future__ import annotations


def test_the_table_is_printed_when_it_is_asked_for(command):
    told = command("plan", str(command.template), "--why").stdout
    assert "Why, in this order" in told
    assert "    use: 1.000 x 1 = 1.000 (0% of its cpus in use)" in told
    assert "Why" not in command("plan", str(command.template)).stdout


def test_programs_get_the_terms_always(command):
    (found,) = command.json("plan", str(command.template))["candidates"]
    assert (found["site"], found["rank"]) == ("here", 1)
    assert [term["name"] for term in found["terms"]] == ["sla", "monitoring", "cost", "data", "use"]
