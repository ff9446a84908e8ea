# SPDX-License-Identifier: Apache-2.0
"""The section [identity]: what is taken, and what is refused with file, key and what to do."""

from __future__ import annotations

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.service import settings

GOOD = """
[identity]
anonymous = true
leeway = 30
requests = "10/second"

[[identity.issuers]]
url = "https://iam.example.org/"
audience = ["paas", "https://wlcg.cern.ch/jwt/v1/any"]
admins = ["73f16d93-2441-4a50-88ff-85360d78c6b5"]
admin_groups = ["paas/admins"]
change_scopes = ["offline_access"]

[[identity.issuers]]
url = "https://aai.egi.eu/auth/realms/egi"
audience = []
client_id = "paas"
client_secret_file = "{secret}"
opaque_tokens = true
userinfo = true
"""

ONE = '[[identity.issuers]]\nurl = "https://iam.example.org/"\naudience = ["paas"]\n'


def read(tmp_path, text):
    file = tmp_path / "paas.toml"
    file.write_text(text)
    return settings.read(file, {}).identity


def test_all_of_it(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the client\n")
    secret.chmod(0o600)
    identity = read(tmp_path, GOOD.format(secret=secret))
    assert (identity.anonymous, identity.leeway, identity.requests) == (True, 30.0, "10/second")
    iam, egi = identity.issuers
    assert iam.audience == ("paas", "https://wlcg.cern.ch/jwt/v1/any")
    assert iam.change_scopes == ("offline_access",)
    assert egi.audience == ()
    assert egi.secret == "of the client"
    assert iam.secret == ""


def test_none_of_it(tmp_path):
    identity = read(tmp_path, "")
    assert identity.issuers == ()
    assert not identity.anonymous


def test_variables(tmp_path):
    file = tmp_path / "paas.toml"
    file.write_text(ONE)
    identity = settings.read(
        file, {"INDIGO_PAAS_IDENTITY_ANONYMOUS": "true", "INDIGO_PAAS_IDENTITY_ISSUERS": "x"}
    ).identity
    assert identity.anonymous
    assert [issuer.url for issuer in identity.issuers] == ["https://iam.example.org/"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[identity]\nanonymus = true", "identity.anonymus is no setting"),
        ("[identity]\nanonymous = 1", "identity.anonymous must be true or false"),
        ("[identity]\nissuers = 1", "identity.issuers must be a list of sections"),
        ("[identity]\nissuers = ['x']", "identity.issuers must be a list of sections"),
        ("[identity.issuers]\nurl = 'x'", r"Write \[\[identity.issuers\]\]"),
        ("[identity]\nleeway = -1", "identity.leeway must not be below 0"),
        ("[identity]\ntimeout = 0", "identity.timeout must be above 0"),
        ("[identity]\nrequests = '600'", "identity.requests must be a rate"),
        ("[identity]\nfailures = '0/minute'", "identity.failures must be a rate"),
        ("[identity]\nchanges = '5/fortnight'", "identity.changes must be a rate"),
        ("[[identity.issuers]]", r"identity.issuers\[1\].url is missing"),
        (f"{ONE}[[identity.issuers]]\n", r"identity.issuers\[2\].url is missing"),
        ("[[identity.issuers]]\nurl = 'https://a.example.org'", "audience is missing"),
        (ONE.replace("https", "http"), "url must begin with https://"),
        (ONE.replace("https://iam.example.org/", "iam.example.org"), "url must begin with https://"),
        (ONE.replace("https://iam", "https://user:secret@iam"), "url must begin with https://"),
        (ONE.replace("iam.example.org", "[::1"), "url must begin with https://"),
        (ONE.replace("org/", "org/" + "x" * 255), "url is longer than 255"),
        (ONE.replace('["paas"]', '"paas"'), "audience must be a list"),
        (ONE.replace('"paas"', '"paas", 7'), "audience must be a list of texts"),
        (ONE.replace('"paas"', '""'), "audience must be a list of texts"),
        (f"{ONE}algorithms = ['HS256']", "algorithms cannot have 'HS256'"),
        (f"{ONE}algorithms = ['none']", "algorithms cannot have 'none'"),
        (f"{ONE}algorithms = []", "algorithms must not be empty"),
        (f"{ONE}exchange = true", "exchange needs client_id and client_secret"),
        (f"{ONE}opaque_tokens = true\nclient_id = 'x'", "opaque_tokens needs client_id and client_secret"),
        (f"{ONE}check_revoked = true\nclient_secret = 'x'", "check_revoked needs client_id"),
        (f"{ONE}client_secret = 'x'\nclient_secret_file = 'y'", "client_secret and client_secret_file are both"),
        (f"{ONE}groups = ['x']", r"identity.issuers\[1\].groups is no setting"),
        (ONE + ONE, "identity.issuers has one url twice"),
        (
            "".join(
                ONE.replace("iam", name) + "opaque_tokens = true\nclient_id = 'x'\nclient_secret = 'y'\n"
                for name in "ab"
            ),
            "identity.issuers has opaque_tokens more than once",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    with pytest.raises(BadInput, match=said) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'paas.toml'}: ")
    assert "secret@" not in str(refused.value) or "user:secret" in text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost/realm", "http://[::1]:8080", "https://a.example.org"]
)
def test_urls_that_nobody_on_the_way_reads(tmp_path, url):
    assert read(tmp_path, ONE.replace("https://iam.example.org/", url)).issuers[0].url == url


def test_a_secret_is_not_shown(tmp_path):
    identity = read(tmp_path, f"{ONE}client_secret = 'hidden'")
    assert identity.issuers[0].secret == "hidden"
    assert "hidden" not in repr(identity)


def test_files_of_secrets(tmp_path):
    identity = read(tmp_path, f"{ONE}client_id = 'x'\nclient_secret_file = '{tmp_path}/secret'")
    with pytest.raises(BadInput, match="secret cannot be read: No such file"):
        _ = identity.issuers[0].secret
    (tmp_path / "secret").write_text("s")
    (tmp_path / "secret").chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        _ = identity.issuers[0].secret
    # A group of its own may read it, as where it is mounted for a service.
    (tmp_path / "secret").chmod(0o640)
    assert identity.issuers[0].secret == "s"
    (tmp_path / "secret").write_bytes(b"\xff")
    with pytest.raises(BadInput, match="is no text"):
        _ = identity.issuers[0].secret


def test_a_secret_of_the_wrong_type_is_not_shown(tmp_path):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, ONE + "client_secret = 12345\n")
    assert "client_secret must be text" in str(caught.value)
    assert "12345" not in str(caught.value)
