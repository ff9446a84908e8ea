# SPDX-License-Identifier: Apache-2.0
"""Bad input: exit status 2, a message with file, line and remedy, and nothing made."""

from __future__ import annotations

import pathlib

import pytest

HEAD = """\
tosca_definitions_version: tosca_simple_yaml_1_0
imports:
  - indigo_custom_types: https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml
topology_template:
"""
SERVER = """\
    server:
      type: tosca.nodes.indigo.Compute
"""
# name -> (template, line of the fault, words that the message holds)
TEMPLATES = {
    "unknown type": (
        HEAD + "  node_templates:\n    a:\n      type: tosca.nodes.indigo.Compte\n",
        7,
        ["Compte", "Compute"],
    ),
    "unknown property": (
        HEAD + "  node_templates:\n" + SERVER + "      properties:\n        instance_nam: x\n",
        9,
        ["instance_nam", "instance_name"],
    ),
    "missing required input": (
        HEAD + "  inputs:\n    n:\n      type: integer\n  node_templates:\n" + SERVER,
        6,
        ["'n'", "n=..."],
    ),
    "input of the wrong type": (
        HEAD + "  inputs:\n    n:\n      type: integer\n      default: many\n  node_templates:\n" + SERVER,
        8,
        ["many", "whole number"],
    ),
    "constraint broken": (
        HEAD + "  inputs:\n    n:\n      type: integer\n      default: 9\n"
        "      constraints:\n        - less_than: 5\n  node_templates:\n" + SERVER,
        8,
        ["9", "5"],
    ),
    "requirement that points nowhere": (
        HEAD + "  node_templates:\n" + SERVER + "    wn:\n      type: tosca.nodes.SoftwareComponent\n"
        "      requirements:\n        - host: servr\n",
        11,
        ["servr", "server"],
    ),
    "dependency cycle": (
        HEAD + "  node_templates:\n" + SERVER + "    a:\n      type: tosca.nodes.SoftwareComponent\n"
        "      requirements:\n        - host: server\n        - dependency: b\n"
        "    b:\n      type: tosca.nodes.SoftwareComponent\n"
        "      requirements:\n        - host: server\n        - dependency: a\n",
        None,
        ["a -> b -> a"],
    ),
    "two nodes of the same name": (HEAD + "  node_templates:\n" + SERVER + SERVER, 8, ["server", "6"]),
    "unknown function": (
        HEAD
        + "  node_templates:\n"
        + SERVER
        + "  outputs:\n    x:\n      value: { get_atribute: [ server, private_address ] }\n",
        10,
        ["get_atribute", "get_attribute"],
    ),
    "import not found": (
        HEAD.replace("topology", "  - other.yaml\ntopology") + "  node_templates:\n" + SERVER,
        4,
        ["other.yaml"],
    ),
    "YAML syntax error": (HEAD + "  node_templates: [\n", None, []),
    "empty file": ("", None, ["empty"]),
    "YAML bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        None,
        [],
    ),
    "more than the site has": (
        HEAD
        + "  node_templates:\n"
        + SERVER
        + "      capabilities:\n        host:\n          properties:\n            num_cpus: 5000\n",
        None,
        ["local", "5000"],
    ),
}


def made(home: pathlib.Path) -> list[pathlib.Path]:
    deployments = home / "deployments"
    return list(deployments.iterdir()) if deployments.exists() else []


@pytest.mark.engine
@pytest.mark.parametrize("name", TEMPLATES)
def test_bad_template(indigo, tmp_path, name):
    text, line, words = TEMPLATES[name]
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    done = indigo("deploy", str(path), "--name", "test-bad", status=2)
    assert (f"bad.yaml:{line}:" if line else "") in done.stderr
    assert not [word for word in words if word not in done.stderr], done.stderr
    assert "Traceback" not in done.stderr
    assert made(indigo.home) == []
    assert indigo.json("list") == []


@pytest.mark.engine
def test_file_of_50_megabytes(indigo, tmp_path):
    path = tmp_path / "big.yaml"
    path.write_text("# padding\n" * 5_000_000)
    done = indigo("deploy", str(path), status=2)
    assert "big.yaml" in done.stderr
    assert made(indigo.home) == []


def test_unknown_site(indigo):
    done = indigo("deploy", "examples/htcondor_pool.yaml", "--site", "lokal", status=2)
    assert "lokal" in done.stderr
    assert "local" in done.stderr.replace("lokal", "")
    assert made(indigo.home) == []


def test_input_given_with_the_wrong_type(indigo):
    done = indigo("deploy", "examples/htcondor_pool.yaml", "-i", "wn_num=some", status=2)
    assert "wn_num" in done.stderr
    assert made(indigo.home) == []


def test_engine_not_running(indigo):
    done = indigo(
        "deploy",
        "examples/htcondor_pool.yaml",
        status=2,
        env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"},
    )
    assert "docker" in done.stderr.lower()
    assert "start" in done.stderr.lower() or "install" in done.stderr.lower()
    assert made(indigo.home) == []


def test_what_no_site_can_hold_is_planned_all_the_same(indigo):
    template, down = "examples/htcondor_pool.yaml", {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    told = indigo("plan", template, env=down)
    assert "local: cannot hold it" in told.stdout
    assert "No site can hold it" in told.stderr
    found = indigo.json("plan", template, env=down)
    assert found["site"] is None
    assert found["problems"]
    assert "docker.sock" in indigo("plan", template, "--site", "local", env=down, status=2).stderr
