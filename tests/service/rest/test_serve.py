# SPDX-License-Identifier: Apache-2.0
"""The installed command, as a server of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess

import httpx
import pytest

from tests.cli.conftest import TEMPLATE


@pytest.fixture
def server(indigo):
    indigo.env |= {"INDIGO_PAAS_IDENTITY_ANONYMOUS": "true"}
    process = indigo.start("serve", "--port", "0", "--workers", "0", stdout=subprocess.DEVNULL)
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
            yield process, found[1], said
            break
    else:
        pytest.fail("".join(said))
    process.kill()
    process.wait()


def test_it_serves_and_ends_in_good_order(server):
    process, url, said = server
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/info", headers={"X-Request-ID": "first"}).status_code == 200
        assert client.get("/deployments").json()["page"]["totalElements"] == 0
        assert client.post("/deployments", json={"template": "wrong"}).status_code == 400
    process.send_signal(signal.SIGTERM)
    said += process.stderr.readlines()
    assert process.wait(60) == 0
    log = [json.loads(line) for line in said if line.startswith("{")]
    assert [(line["route"], line["status"], line["subject"]) for line in log] == [
        ("/info", 200, None),
        ("/deployments", 200, "anonymous"),
        ("/deployments", 400, "anonymous"),
    ]
    assert log[0]["request_id"] == "first"
    assert not [line for line in said if "Traceback" in line]


def test_an_open_stream_does_not_hold_it(server):
    process, url, _ = server
    with httpx.Client(base_url=url, timeout=60) as client:
        made = client.post("/deployments", json={"template": TEMPLATE}).json()["uuid"]
        with client.stream("GET", f"/deployments/{made}/events?follow=true") as stream:
            lines = stream.iter_lines()
            assert next(lines)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def test_all_wrong_settings_are_told(indigo, tmp_path):
    file = tmp_path / "paas.toml"
    file.write_text(
        'lager = 1\n[rest]\nlargest_body = "much"\nbody = 1\n[jobs]\nworkers = "few"\n[planning]\nnodes = 0.5\n'
    )
    said = indigo("serve", "--config", str(file), status=2).stderr.splitlines()
    assert [line.removeprefix(f"{file}: ").split(" ")[0] for line in said] == [
        "lager",
        "jobs.workers",
        "planning.nodes",
        "rest.body",
        "rest.largest_body",
    ]


def test_a_wrong_setting_is_told(indigo, tmp_path):
    file = tmp_path / "paas.toml"
    file.write_text('[rest]\nlargest_body = "much"\n')
    done = indigo("serve", "--config", str(file), status=2)
    assert done.stderr == f"{file}: rest.largest_body must be a whole number, not 'much'.\n"
