# SPDX-License-Identifier: Apache-2.0
"""The section [execution.awx] of the service's settings."""

from __future__ import annotations

import pathlib

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.runner.awx import Awx, Controller
from indigo_paas.service.settings import read

WHOLE = """\
[execution]
by = "awx"
[execution.awx]
url = "https://awx.example.org"
api = "/api/controller/v2"
token_file = "/etc/awx-token"
ca_file = "/etc/ca.pem"
organization = "Physics"
poll = 1
[execution.awx.templates]
deploy = "Make clusters"
"""


def test_all_of_it(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "paas.toml"
    file.write_text(WHOLE)
    settings = read(file, {"INDIGO_PAAS_HOME": str(tmp_path), "INDIGO_PAAS_EXECUTION_AWX_PATIENCE": "60"})
    awx = settings.execution.awx
    assert (awx.url, awx.api, awx.organization) == ("https://awx.example.org", "/api/controller/v2", "Physics")
    assert (awx.token_file, awx.ca_file) == (pathlib.Path("/etc/awx-token"), pathlib.Path("/etc/ca.pem"))
    assert (awx.poll, awx.patience) == (1.0, 60.0)
    names = awx.templates.by_playbook()
    assert names["indigo.paas.deploy"] == "Make clusters"
    assert names["indigo.paas.power"] == "Service: power"
    assert isinstance(settings.engine().execution, Controller)


def test_every_playbook_of_a_deployment_has_a_job_template(collection: pathlib.Path) -> None:
    named = {name.rpartition(".")[2] for name in Awx().templates.by_playbook()}
    # One of a single service runs on an inventory of its own; `request` comes before each of the rest; the service
    # prepares no images.
    services = {path.name for path in (collection / "roles").iterdir()}
    assert named == {path.stem for path in (collection / "playbooks").glob("*.yml")} - services - {"request", "prepare"}


def test_a_token_may_come_from_the_environment(tmp_path: pathlib.Path) -> None:
    environment = {
        "INDIGO_PAAS_HOME": str(tmp_path),
        "INDIGO_PAAS_EXECUTION_BY": "awx",
        "INDIGO_PAAS_EXECUTION_AWX_URL": "https://awx.example.org",
        "INDIGO_PAAS_EXECUTION_AWX_TOKEN": "very-secret",
    }
    settings = read(environment=environment)
    assert settings.execution.awx.token == "very-secret"
    assert "very-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('by = "awx"', 'by = "tower"'), 'execution.by must be "here", "nodes" or "awx", not \'tower\'.'),
        (('url = "https://awx.example.org"', ""), 'execution.awx.url must say where AWX is, because by is "awx".'),
        (('token_file = "/etc/awx-token"', ""), "execution.awx.token_file must name the file of a token"),
        (("poll = 1", 'token = "x"'), "execution.awx.token_file must name the file of a token, or token be one"),
        (("https://awx", "http://awx"), "execution.awx.url must begin with https://"),
        (("https://awx", "awx"), "execution.awx.url must be one such as https://awx.example.org"),
        (("https://awx", "https://me:geheim@awx"), "execution.awx.url must hold no password"),
        (("org", "org:x"), "execution.awx.url is none: "),
        (("/api/controller/v2", "v2"), "execution.awx.api must be a path"),
        (("poll = 1", "poll = 0"), "execution.awx.poll must be more than 0 seconds."),
        (("poll = 1", "pause = 0"), "execution.awx.pause is no setting."),
        (("Make clusters", " "), "execution.awx.templates.deploy must be the name of a job template."),
        (("deploy =", "deplete ="), "execution.awx.templates.deplete is no setting."),
    ],
)
def test_what_is_wrong_is_named(tmp_path: pathlib.Path, change: tuple[str, str], said: str) -> None:
    file = tmp_path / "paas.toml"
    assert change[0] in WHOLE
    file.write_text(WHOLE.replace(*change, 1))
    with pytest.raises(BadInput) as raised:
        read(file, {"INDIGO_PAAS_HOME": str(tmp_path)})
    assert str(raised.value).startswith(f"{file}: {said}")
    assert "geheim" not in str(raised.value)
