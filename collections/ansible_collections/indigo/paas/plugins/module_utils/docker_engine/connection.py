# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of an engine, and what is said when it does not answer."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.endpoint import SSH, Endpoint
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import (
    HAS_DOCKER,
    DockerException,
    RequestException,
    docker,
)
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.tunnel import Tunnel
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError

ENGINE_TIMEOUT = 120  # seconds for one answer
FIRST_ANSWER_TIMEOUT = 8  # seconds


class Connection:
    """The way to one engine, opened when it is first needed.

    connections   how many calls there may be at a time
    """

    def __init__(self, site: str, endpoint: Endpoint, connections: int) -> None:
        self._site = site
        self._endpoint = endpoint
        self._connections = connections
        self._tunnel: Tunnel | None = None

    def client(self, timeout: int = ENGINE_TIMEOUT) -> Any:
        """Return a low-level client, each of whose calls is given TIMEOUT seconds.

        Raises SiteError where no engine answers or the library is missing.
        """
        if not HAS_DOCKER:
            raise SiteError(
                f"Site '{self._site}' needs the Python library docker",
                hint="Install it beside Ansible: pip install docker.",
                bad_input=True,
            )
        url = self._url()
        try:
            client = _client_class()(
                base_url=url,
                version="auto",
                timeout=FIRST_ANSWER_TIMEOUT,
                max_pool_size=self._connections,
                tls=self._tls(),
            )
        except (DockerException, RequestException) as error:
            raise no_engine(self._endpoint, error) from error
        client.timeout = timeout
        return client

    def _url(self) -> str:
        if self._endpoint.scheme != SSH:
            return self._endpoint.url
        if self._tunnel is None:
            self._tunnel = Tunnel(self._site, self._endpoint)
        return f"unix://{self._tunnel.socket}"

    def _tls(self) -> Any:
        endpoint = self._endpoint
        if not endpoint.uses_tls:
            return False
        require_files(self._site, endpoint)
        pair = (endpoint.certificate, endpoint.private_key or "") if endpoint.certificate else None
        return docker.tls.TLSConfig(client_cert=pair, ca_cert=endpoint.ca, verify=endpoint.verify)


def _client_class() -> type:
    """Return the library's class of clients, mended: its own forgets our authority where REQUESTS_CA_BUNDLE is set."""

    class Client(docker.APIClient):
        def merge_environment_settings(
            self, url: str | bytes | None, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            return super().merge_environment_settings(
                url, proxies, stream, self.verify if verify is None else verify, cert
            )

    return Client


def require_files(site: str, endpoint: Endpoint) -> None:
    """Raise SiteError (bad_input) where a file that ENDPOINT names cannot be read."""
    problems = [
        Problem(f"Site '{site}': the {what} {path} cannot be read", hint=f"Correct {option}.")
        for what, option, path in (
            ("authority's certificate", "site_tls_ca", endpoint.ca),
            ("certificate", "site_tls_cert", endpoint.certificate),
            ("private key", "site_tls_key", endpoint.private_key),
        )
        if path and not (os.path.isfile(path) and os.access(path, os.R_OK))
    ]
    if problems:
        raise SiteError(problems, bad_input=True)


def no_engine(endpoint: Endpoint, error: Exception) -> SiteError:
    """Return what is said where ERROR came in place of the first answer."""
    text = str(error)
    if endpoint.is_local:
        return _no_local_engine(endpoint.url, text)
    if endpoint.scheme == SSH:
        return SiteError(
            f"No container engine answers at {endpoint.socket} of {endpoint.url}",
            hint="The user who logs in there must be allowed to use it: root, or a member of the group docker.",
            bad_input=True,
        )
    if "certificate verify failed" in text:
        return SiteError(
            f"The certificate of the engine at {endpoint.url} is not trusted: {_reason(text)}",
            hint="Name its authority in site_tls_ca, and write the endpoint with a host that the certificate names.",
            bad_input=True,
        )
    if "HTTP request to an HTTPS server" in text:
        return SiteError(
            f"The engine at {endpoint.url} speaks TLS only",
            hint="Name its authority in site_tls_ca, and a certificate for us in site_tls_cert and site_tls_key.",
            bad_input=True,
        )
    if endpoint.uses_tls and ("alert" in text or "bad certificate" in text):
        return SiteError(
            f"The engine at {endpoint.url} does not let us in: {_reason(text)}",
            hint="Name a certificate of its own authority in site_tls_cert and site_tls_key.",
            bad_input=True,
        )
    return SiteError(
        f"No container engine answers at {endpoint.url}: {_reason(text)}",
        hint="Compare the address and the port, and look at the firewall.",
    )


def _no_local_engine(url: str, text: str) -> SiteError:
    if "Permission denied" in text:
        return SiteError(
            f"The container engine at {url} may not be used by this user",
            hint="Add the user to the group docker, or run as root.",
            bad_input=True,
        )
    return SiteError(
        f"No container engine answers at {url}",
        hint="Start it (systemctl start docker), or install one with setup/engine.sh.",
        bad_input=True,
    )


def _reason(text: str) -> str:
    """Return the innermost words of a chain of errors that the HTTP library wrote into one."""
    known = ("certificate verify failed: ", "alert ", "[Errno ")
    start = next((text.rindex(mark) + len(mark) * (mark != "[Errno ") for mark in known if mark in text), 0)
    return text[start:].rstrip("'\")>] ").split(" (_ssl.c")[0][:200]
