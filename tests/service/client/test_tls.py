# SPDX-License-Identifier: Apache-2.0
"""A server behind TLS: trusted by those who know its authority, and by nobody else."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from indigo_paas import cli
from indigo_paas.client import Unreachable
from tests.service.client.lively import app_of, served


@pytest.fixture
def certificate(tmp_path):
    """The files of a certificate for 127.0.0.1 that vouches for itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of a test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "ca.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


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
