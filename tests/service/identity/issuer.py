# SPDX-License-Identifier: Apache-2.0
"""A real OpenID provider on this machine (the npm package oidc-provider), and keys whose private halves tests have."""

from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests import registry

PACKAGE, VERSION = "oidc-provider", "9.13.3"
AUDIENCE = "paas"
SCOPES = "openid profile email groups offline_access"

USERS = {
    "alice": {"password": "a", "groups": ["cms", "cms/admins"], "email": "alice@example.org"},
    "bob": {"password": "b", "groups": ["atlas"], "email": "bob@example.org"},
    "root": {"password": "r", "groups": ["paas/admins"], "email": "root@example.org"},
}
# What tokens are got with; what the service is; one that may not ask for what lasts.
USER_CLIENT, SERVICE_CLIENT, WEAK_CLIENT = ("user", "user secret"), ("service", "s%3A&+ x"), ("weak", "weak secret")
CLIENTS = [
    {"id": USER_CLIENT[0], "secret": USER_CLIENT[1], "scope": SCOPES},
    {"id": SERVICE_CLIENT[0], "secret": SERVICE_CLIENT[1], "scope": SCOPES},
    {"id": WEAK_CLIENT[0], "secret": WEAK_CLIENT[1], "scope": "openid profile"},
]


class SigningKey:
    """A key pair with the name KID for the algorithm ALG."""

    def __init__(self, kid: str, alg: str = "RS256") -> None:
        self.kid, self.alg = kid, alg
        self.private = _private(alg)
        self.pem = self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def jwk(self, private: bool = False) -> dict[str, Any]:
        key = self.private if private else self.private.public_key()
        algorithm = jwt.get_algorithm_by_name(self.alg)
        plain = {name: value for name, value in algorithm.to_jwk(key, as_dict=True).items() if name != "key_ops"}
        return {**plain, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a JWT with CLAIMS; parts of its HEADER that are None are left out."""
        whole = {"kid": self.kid, "typ": "at+jwt", **header}
        said = {name: value for name, value in whole.items() if value is not None}
        # The library would not encode all that a test wants to be refused.
        return jwt.PyJWS().encode(json.dumps(claims).encode(), self.private, self.alg, said)


def _private(alg: str) -> Any:
    if alg.startswith(("RS", "PS")):
        return rsa.generate_private_key(65537, 2048)
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}[alg])


class OpenIDProvider:
    """The provider's process. Its first key is `key`: with it a test signs what the provider itself would not."""

    def __init__(self, process: subprocess.Popen[str], key: SigningKey) -> None:
        self.process, self.key = process, key
        setup = {"keys": [key.jwk(private=True)], "users": USERS, "clients": CLIENTS}
        self.url: str = self.tell(**setup)["issuer"]

    def tell(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the provider ended with {self.process.wait(10)}"
        return dict(json.loads(line))

    def count(self, path: str) -> int:
        return int(self.tell(count=path)["count"])

    def rotate(self, *keys: SigningKey) -> None:
        """Sign with the first of KEYS from now on."""
        self.tell(keys=[key.jwk(private=True) for key in keys])
        self.key = keys[0]

    def grant(self, client: tuple[str, str], **form: str) -> httpx.Response:
        user, password = map(urllib.parse.quote_plus, client)
        return httpx.post(f"{self.url}/token", data=form, auth=(user, password))

    def token(
        self, name: str = "alice", scope: str = SCOPES, client: tuple[str, str] = USER_CLIENT, **more: str
    ) -> str:
        """Return an access token of the user NAME, as the provider makes it."""
        password = str(USERS[name]["password"])
        got = self.grant(client, grant_type="password", username=name, password=password, scope=scope, **more)
        assert got.status_code == 200, got.text
        return str(got.json()["access_token"])

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Return the claims of a good token; those CHANGED to None are left out."""
        now = int(time.time())
        good = {
            "iss": self.url,
            "sub": "alice",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "jti": "1",
            "scope": "openid",
        }
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Let the provider take connections, and answer none."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running(key: SigningKey) -> Iterator[OpenIDProvider]:
    """Start a provider that signs with KEY, and end it."""
    with tempfile.TemporaryDirectory() as place:
        # A module finds packages above the directory where it lies itself.
        pathlib.Path(place, "node_modules").symlink_to(installed() / "node_modules")
        script = shutil.copy(pathlib.Path(__file__).with_name("provider.mjs"), place)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(["node", str(script)], text=True, **pipes)
        try:
            yield OpenIDProvider(process, key)
        finally:
            process.kill()
            process.wait()


def installed() -> pathlib.Path:
    """Return the directory of the provider's packages, which are got once."""
    place = registry.CACHE / f"{PACKAGE}-{VERSION}"
    if not place.is_dir():
        registry.CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=registry.CACHE) as draft:
            made = pathlib.Path(draft, "got")
            made.mkdir()
            _install(made)
            registry.keep(made, place)
    return place


def _install(made: pathlib.Path) -> None:
    if not shutil.which("node") or not shutil.which("npm"):
        raise registry.Unreachable(
            "node and npm are needed for the tests of identity: install them (Debian: nodejs, npm)."
        )
    (made / "package.json").write_text('{"private": true, "type": "module"}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
    if done.returncode:
        raise registry.Unreachable(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """Return a JWT with any header, any claims and any signature."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
