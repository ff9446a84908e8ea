# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine is: on this machine, at a TCP port with or without TLS, or behind an SSH server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError

LOCAL = ("unix", "npipe", "http+docker", "http+unix")
TCP = ("tcp", "http", "https")
SSH = "ssh"
DEFAULT_SOCKET = "/var/run/docker.sock"
TLS_OPTIONS = ("tls_ca", "tls_cert", "tls_key")
SSH_OPTIONS = ("key", "known_hosts")

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """An engine's place.

    url          as the operator wrote it
    scheme       "unix", "npipe", "tcp", "http", "https" or "ssh"
    host         the engine's host; empty where that is this machine
    port         as written; None where it is not
    user         who logs in at an "ssh" engine; None leaves it to ssh
    socket       path of the engine's socket on its host, at an "ssh" engine
    ca, certificate, private_key   paths of PEM files; None where there is none
    verify       whether the engine's certificate is checked
    ssh_key, known_hosts           paths; None leaves them to ssh
    """

    url: str
    scheme: str
    host: str = ""
    port: int | None = None
    user: str | None = None
    socket: str = DEFAULT_SOCKET
    ca: str | None = None
    certificate: str | None = None
    private_key: str | None = None
    verify: bool = True
    ssh_key: str | None = None
    known_hosts: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the engine is this machine's, so that its networks are too."""
        return self.scheme in LOCAL

    @property
    def is_encrypted(self) -> bool:
        """Whether what is said to the engine can be read by nobody else."""
        return self.is_local or self.scheme == SSH or self.uses_tls

    @property
    def uses_tls(self) -> bool:
        return self.scheme == "https" or any((self.ca, self.certificate, self.private_key))


def read_endpoint(site: str, options: Options, environment: Mapping[str, str]) -> Endpoint:
    """Return the endpoint that the OPTIONS of SITE say, or DOCKER_HOST of the ENVIRONMENT, or this machine's.

    Raises SiteError (bad_input) with all that is wrong.
    """
    url = options["endpoint"] or environment.get("DOCKER_HOST") or default_endpoint()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SiteError(f"Site '{site}': the endpoint '{url}' is no URL: {error}", bad_input=True) from error
    problems = [*_url_problems(site, url, parts), *_option_problems(site, options, parts.scheme)]
    if problems:
        raise SiteError(problems, bad_input=True)
    return Endpoint(
        url=url,
        scheme=parts.scheme,
        host="" if parts.scheme in LOCAL else parts.hostname or "",
        port=port,
        user=parts.username,
        socket=parts.path if parts.path.strip("/") and parts.scheme == SSH else DEFAULT_SOCKET,
        ssh_key=_path(options["key"]),
        known_hosts=_path(options["known_hosts"]),
        **(_tls(options, environment) if parts.scheme in TCP else {}),
    )


def default_endpoint() -> str:
    """Return the URL of this machine's engine: root's socket, or that of a rootless engine."""
    rootless = os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "docker.sock")
    return f"unix://{rootless if os.path.exists(rootless) and not os.path.exists(DEFAULT_SOCKET) else DEFAULT_SOCKET}"


def _url_problems(site: str, url: str, parts: SplitResult) -> Iterator[Problem]:
    if parts.password:
        yield Problem(f"Site '{site}': its endpoint holds a password", hint="Log in with a key: name it in site_key.")
    elif parts.scheme not in (*LOCAL, *TCP, SSH):
        yield Problem(
            f"Site '{site}': the endpoint '{url}' is of no known kind",
            hint="Write unix://PATH, tcp://HOST:PORT or ssh://USER@HOST.",
        )
    elif parts.scheme not in LOCAL and not parts.hostname:
        yield Problem(f"Site '{site}': the endpoint '{url}' names no host", hint="Write tcp://HOST:PORT or ssh://HOST.")
    elif parts.scheme in TCP and not parts.port:
        yield Problem(
            f"Site '{site}': the endpoint '{url}' names no port", hint="An engine with TLS commonly has port 2376."
        )


def _option_problems(site: str, options: Options, scheme: str) -> Iterator[Problem]:
    if bool(options["tls_cert"]) != bool(options["tls_key"]):
        given, missing = ("tls_cert", "tls_key") if options["tls_cert"] else ("tls_key", "tls_cert")
        yield Problem(f"Site '{site}' has the option '{given}' without '{missing}'", hint="Give both.")
    wrong = [name for name in TLS_OPTIONS if options[name] and scheme not in TCP]
    wrong += [name for name in SSH_OPTIONS if options[name] and scheme != SSH]
    for name in wrong:
        kind = "tcp://" if name in TLS_OPTIONS else "ssh://"
        yield Problem(
            f"Site '{site}': the option '{name}' is of no use, for its endpoint is not {kind}", hint="Leave it out."
        )


def _tls(options: Options, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the options say of TLS, or where they name no endpoint, Docker's own variables."""
    if not options["endpoint"] and ("DOCKER_TLS_VERIFY" in environment or environment.get("DOCKER_CERT_PATH")):
        folder = environment.get("DOCKER_CERT_PATH") or os.path.join(os.path.expanduser("~"), ".docker")
        names = {"ca": "ca.pem", "certificate": "cert.pem", "private_key": "key.pem"}
        files = {part: os.path.join(folder, name) for part, name in names.items()}
        return {**files, "verify": bool(environment.get("DOCKER_TLS_VERIFY"))}
    return {
        "ca": _path(options["tls_ca"]),
        "certificate": _path(options["tls_cert"]),
        "private_key": _path(options["tls_key"]),
        "verify": options["tls_verify"],
    }


def _path(text: str | None) -> str | None:
    return os.path.expanduser(text) if text else None
