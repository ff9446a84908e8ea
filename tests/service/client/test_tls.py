# SPDX-License-Identifier: Apache-2.0
"""A server behind TLS: trusted by those who know its authority, and by nobody else."""

from __future__ import annotations

import pytest

from indigo_paas import cli
from indigo_paas.client import Unreachable
from tests.certificates import certificate_in
from tests.service.client.lively import app_of, served


@pytest.fixture
def certificate(tmp_path):
    return certificate_in(tmp_path)


@pytest.fixture
def server(desk, tmp_path, certificate):
    authority, key = map(str, certificate)
    with served(app_of(desk, tmp_path), ssl_certfile=authority, ssl_keyfile=key) as url:
        yield url


def test_the_client(connect, server, certificate):
    with pytest.raises(Unreachable, match="INDIGO_PAAS_CA_FILE") as caught:
        connect(url=server).info()
    assert caught.value.hopeless
    assert connect(url=server, ca_file=certificate[0]).info().name == "indigo-paas"


@pytest.mark.parametrize("variable", ["INDIGO_PAAS_CA_FILE", "ORCHENT_CAFILE"])
def test_the_command(server, certificate, monkeypatch, capsys, variable):
    monkeypatch.setenv("INDIGO_PAAS_TOKEN", "alice")
    assert cli.run(["--url", server, "list"]) == 1
    assert "certificate" in capsys.readouterr().err.lower()
    monkeypatch.setenv(variable, str(certificate[0]))
    assert cli.run(["--url", server, "list"]) == 0
