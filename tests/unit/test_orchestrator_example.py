# SPDX-License-Identifier: Apache-2.0
"""examples/orchestrator.yaml: what becomes of its inputs, and which are refused."""

from __future__ import annotations

import json
import pathlib

import pytest

from indigo_paas import cli

TEMPLATE = str(pathlib.Path(__file__).parents[2] / "examples/orchestrator.yaml")
ISSUER = ["-i", "issuer=https://iam.example.org/"]


def test_the_role_gets_the_issuer_and_hides_the_secrets(capsys):
    sites = ["-i", 'sites={"far": {"type": "docker"}}', "-i", 'site_secrets={"file": "correct-horse"}']
    assert cli.run(["plan", TEMPLATE, *ISSUER, *sites, "-i", "certificate_key=battery-staple", "--json"]) == 0
    told = capsys.readouterr().out
    assert "correct-horse" not in told
    assert "battery-staple" not in told
    (component,) = json.loads(told)["components"]
    (part,) = component["operations"]
    assert part["role"] == "indigo.paas.orchestrator"
    issuer = {"url": "https://iam.example.org/", "audience": ["paas"], "admins": []}
    assert part["arguments"]["orchestrator_settings"] == {"identity": {"issuers": [issuer]}}
    assert part["arguments"]["orchestrator_sites"] == {"far": {"type": "docker"}}


def test_nobody_is_let_in_by_default(capsys):
    assert cli.run(["plan", TEMPLATE]) == 2
    assert "issuer" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["/etc/passwd.whl", "-r /etc/passwd"])
def test_a_template_names_no_file_of_the_controller(package, capsys):
    assert cli.run(["plan", TEMPLATE, *ISSUER, "-i", f"package={package}"]) == 2
    assert "property 'package' of 'orchestrator'" in capsys.readouterr().err
