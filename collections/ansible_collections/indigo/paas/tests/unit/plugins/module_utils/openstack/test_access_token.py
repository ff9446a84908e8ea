# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import json
import threading

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import api
from ansible_collections.indigo.paas.plugins.module_utils.sites.openstack import OpenStackSite

FEDERATED = "/v3/OS-FEDERATION/identity_providers/iam/protocols/openid/auth"


class Keystone(http.server.BaseHTTPRequestHandler):
    """Answers what keystoneauth asks with the token of a user of an OpenID provider, and keeps it in `seen`.

    A token that is not in `good` is refused.
    """

    def do_GET(self):
        url = f"http://127.0.0.1:{self.server.server_port}/v3/"
        self.answer(200, {"version": {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": url}]}})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        if self.headers.get("Authorization") not in self.server.good:
            self.answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": "The token has expired."}})
            return
        body = {"methods": ["token"], "expires_at": "2999-01-01T00:00:00.000000Z", "user": {"id": "u", "name": "u"}}
        self.answer(201, {"token": body}, {"X-Subject-Token": "of the cloud"})

    def answer(self, status, document, headers=()):
        body = json.dumps(document).encode()
        self.send_response(status)
        told = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**dict(headers), **told}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        return


@pytest.fixture
def keystone():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keystone)
    server.seen, server.good = [], {"Bearer of.the.user", "Bearer another"}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def clouds(tmp_path):
    def write(url="http://127.0.0.1:1", kind=api.ACCESS_TOKEN_TYPE, **more):
        federated = {"identity_provider": "iam", "protocol": "openid"} if kind == api.ACCESS_TOKEN_TYPE else {}
        auth = {"auth_url": f"{url}/v3", **federated, **more}
        file = tmp_path / "clouds.yaml"
        file.write_text(json.dumps({"clouds": {"cloud": {"auth_type": kind, "auth": auth}}}))
        return str(file)

    return write


@pytest.fixture
def token(tmp_path):
    file = tmp_path / "token"
    file.write_text("of.the.user\n")
    return file


def test_the_cloud_is_asked_with_the_token_in_the_file(keystone, clouds, token):
    clouds_file = clouds(f"http://127.0.0.1:{keystone.server_port}")
    connection = api.connect("site", "cloud", clouds_file, None, str(token))
    assert connection.session.get_token() == "of the cloud"
    assert keystone.seen[0] == (FEDERATED, "Bearer of.the.user")
    # Each connection reads it anew: it is replaced before it ends.
    token.write_text("another")
    api.connect("site", "cloud", clouds_file, None, str(token)).session.get_token()
    assert keystone.seen[-1][1] == "Bearer another"


def test_a_token_that_has_run_out_is_told(keystone, clouds, token):
    token.write_text("of.yesterday")
    clouds_file = clouds(f"http://127.0.0.1:{keystone.server_port}")
    site = OpenStackSite("site", {"cloud": "cloud", "clouds_file": clouds_file, "access_token_file": str(token)})
    description = site.describe()
    assert not description["available"]
    assert "The token has expired" in description["problem"]
    assert "an access token may have run out" in description["problem"]
    assert len(keystone.seen) == 1


def test_a_token_of_clouds_yaml_goes_first(clouds, token):
    connection = api.connect("site", "cloud", clouds(access_token="own"), None, str(token))
    assert connection.config.auth["access_token"] == "own"


def test_a_cloud_that_wants_none_is_told_none(clouds, token):
    clouds_file = clouds(
        kind="v3applicationcredential", application_credential_id="i", application_credential_secret="s"
    )
    assert "access_token" not in api.connect("site", "cloud", clouds_file, None, str(token)).config.auth


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "needs the access token of a user"),
        ("/nowhere/token", "there is none in /nowhere/token: No such file or directory"),
    ],
)
def test_without_a_token_the_site_says_what_to_do(clouds, file, said):
    with pytest.raises(SiteError, match=said) as raised:
        api.connect("site", "cloud", clouds(), None, file)
    assert raised.value.bad_input


def test_the_site_says_it_too_and_finds_the_file_of_the_service(clouds, token, monkeypatch):
    site = OpenStackSite("site", {"cloud": "cloud", "clouds_file": clouds()})
    monkeypatch.setenv("INDIGO_PAAS_ACCESS_TOKEN_FILE", "/nowhere/token")
    assert "there is none in /nowhere/token" in site.describe()["problem"]
    monkeypatch.setenv("INDIGO_PAAS_ACCESS_TOKEN_FILE", str(token))
    monkeypatch.setattr(api.Project, "prepare", lambda self: None)
    assert site._open(None)._connection.config.auth["access_token"] == "of.the.user"
