# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to OpenNebula's API, with a time limit, with patience for what passes, and errors that say what to do."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any, cast
from xml.parsers.expat import ExpatError

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

if TYPE_CHECKING:
    import pyone
    import requests
    from pyone import (
        OneActionException,
        OneAuthenticationException,
        OneAuthorizationException,
        OneException,
        OneNoExistsException,
    )

    HAS_PYONE: bool
else:
    try:
        import pyone
        import requests
        from pyone import (
            OneActionException,
            OneAuthenticationException,
            OneAuthorizationException,
            OneException,
            OneNoExistsException,
        )

        HAS_PYONE = True
    except ImportError:
        HAS_PYONE = False

        class OneException(Exception):
            """Stands for the library's class where the library is missing."""

        class OneActionException(OneException):
            """Stands for the library's class where the library is missing."""

        class OneAuthenticationException(OneException):
            """Stands for the library's class where the library is missing."""

        class OneAuthorizationException(OneException):
            """Stands for the library's class where the library is missing."""

        class OneNoExistsException(OneException):
            """Stands for the library's class where the library is missing."""


TIMEOUT = 60  # seconds for one call
TRIES = 4
PAUSE = 1.0  # seconds before the second try; each further one waits twice as long
QUOTA = re.compile(r"limit of \S+ reached for \S+ quota")
PASSING = (429, 500, 502, 503, 504)

# Filters of pools: what the user owns, and all that he may use.
OWN, USABLE = -3, -2
ALL = (-1, -1)
NOT_DONE = -1


class Unreachable(Exception):
    """The call did not come through, or its answer was lost."""


class Client:
    """OpenNebula at ENDPOINT, as the user of the file AUTH_FILE (user:password).

    `calls` counts what was asked.
    """

    def __init__(self, site: str, endpoint: str, auth_file: str, verify: bool = True) -> None:
        self._site = site
        self.endpoint = endpoint
        self._verify = verify
        self.calls = 0
        if not HAS_PYONE:
            hint = "Install it beside Ansible: pip install pyone."
            raise SiteError(f"Site '{site}' needs the Python library pyone", hint=hint, bad_input=True)
        self._server = pyone.OneServer(endpoint, session=_session(site, auth_file), https_verify=verify)
        # The library's own transport waits for ever.
        transport = self._server("transport")
        transport.request = self._post
        self._parse = transport.parse_response

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return the answer to a METHOD that changes nothing; what passes is tried again. Raises SiteError."""
        pause = PAUSE
        for attempt in range(1, TRIES + 1):
            try:
                return self._call(method, *arguments)
            except Unreachable as error:
                if attempt == TRIES:
                    raise self._unreachable(error) from error
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def change(self, method: str, *arguments: Any) -> Any:
        """Return the answer to a METHOD that changes something, asked once.

        Raises Unreachable where nobody knows whether it was done: look before you ask again. Raises SiteError.
        """
        return self._call(method, *arguments)

    def delete(self, method: str, *arguments: Any) -> None:
        """Call a METHOD that may be repeated and that is done where its object does not exist. Raises SiteError."""
        try:
            self.ask(method, *arguments)
        except SiteError as error:
            if not isinstance(error.__cause__, OneNoExistsException):
                raise

    def _call(self, method: str, *arguments: Any) -> Any:
        function = self._server
        for name in method.split("."):
            function = getattr(function, name)
        self.calls += 1
        try:
            return function(*arguments)
        except OneException as error:
            raise self._refused(method, error) from error

    def _post(self, _host: str, _handler: str, body: bytes, verbose: bool = False) -> Any:
        headers = {"Content-Type": "text/xml"}
        try:
            answer = requests.post(
                self.endpoint, data=body, headers=headers, verify=self._verify, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unreachable(_reason(error)) from error
        if answer.status_code in PASSING:
            raise Unreachable(f"it answers {answer.status_code} {answer.reason}")
        if answer.status_code != 200:
            raise SiteError(
                f"Site '{self._site}': {self.endpoint} answers {answer.status_code} {answer.reason}",
                hint="site_endpoint must be the URL of OpenNebula's XML-RPC API, such as http://one.example.org:2633/RPC2.",
                bad_input=True,
            )
        try:
            return self._parse(answer)
        except ExpatError as error:
            raise SiteError(
                f"Site '{self._site}': what {self.endpoint} answers is not OpenNebula's XML-RPC", bad_input=True
            ) from error

    def _unreachable(self, error: Exception) -> SiteError:
        return SiteError(
            f"Site '{self._site}': OpenNebula does not answer at {self.endpoint}: {error}",
            hint="See that oned runs, and that this machine may reach it.",
        )

    def _refused(self, method: str, error: Exception) -> SiteError:
        if isinstance(error, OneAuthenticationException):
            return SiteError(
                f"Site '{self._site}': OpenNebula does not know the user of site_auth_file",
                hint="The file must hold one line, USER:PASSWORD or USER:TOKEN; a token may have run out.",
                bad_input=True,
            )
        said = " ".join(str(error).split())
        hint = remedy(said) if isinstance(error, OneAuthorizationException) or QUOTA.search(said) else None
        return SiteError(f"Site '{self._site}': {method} failed: {said:.400}", hint=hint)


def remedy(said: str) -> str:
    """Return what to do where OpenNebula SAID this: it has one refusal for quotas, rights and what is restricted."""
    if QUOTA.search(said):
        return "It is a quota: ask for more, or destroy what is not needed."
    if "restricted attribute" in said:
        return (
            "Only an administrator may set it, and nodes have interfaces, disks and a context of their own: take it "
            "out of the template."
        )
    if "CREATE TEMPLATE" in said:
        return (
            "Nodes of a `template:` say more than it does. To OpenNebula that is a new template, which the user may "
            "not create: ask the administrator for this right, or configure the image with `image:`."
        )
    return "Ask the administrator for this right."


def is_wrong_state(error: SiteError) -> bool:
    """Return whether ERROR says that the object is not in a state in which that can be done; a quota is none."""
    return isinstance(error.__cause__, OneActionException) and not QUOTA.search(str(error))


def _session(site: str, auth_file: str) -> str:
    path = os.path.expanduser(auth_file)
    try:
        with open(path, encoding="utf-8") as stream:
            session = stream.readline().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it holds no text"
        raise SiteError(
            f"Site '{site}': the credentials in {path} cannot be read: {reason}",
            hint="Name in site_auth_file a file with one line, USER:PASSWORD.",
            bad_input=True,
        ) from error
    if ":" not in session:
        raise SiteError(f"Site '{site}': {path} does not hold USER:PASSWORD", bad_input=True)
    return session


def _reason(error: Exception) -> str:
    """Return the innermost reason of ERROR: what lies around it is the library's own bookkeeping."""
    while error.__context__ is not None:
        error = cast(Exception, error.__context__)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
