# SPDX-License-Identifier: Apache-2.0
"""The access token of a user for what a job runs: a file that only the service may read, renewed while the job goes on.

What is run is told where the file is, never what is in it: arguments, variables and logs are read by others.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from indigo_paas.errors import IndigoError
from indigo_paas.ground.paths import ACCESS_TOKEN_VARIABLE, Home, private_directory, write_private
from indigo_paas.service.identity.errors import IssuerUnavailable, NoRefreshToken
from indigo_paas.service.identity.tokens import Tokens, open_tokens
from indigo_paas.service.identity.verify import Verifier
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.store import Deployment, Job

# Seconds between two looks whether the token must be renewed, and those for which a job waits for the first one.
PAUSE = 5.0
PATIENCE = 60.0

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def provided(
    settings: ServiceSettings, job: Job, row: Deployment | None, is_over: Callable[[], object]
) -> Iterator[None]:
    """Keep an access token in the file that ACCESS_TOKEN_VARIABLE of this process names, for JOB of the deployment ROW.

    It is the owner's, whoever asked for the job; without one, that of whoever asked. Where there is none at all, there
    is no file, and the job goes on: only some sites want one. is_over: ends waiting for the first one. Without an
    issuer that exchanges tokens, nothing is done.
    """
    users = _users(settings, job, row)
    if not users:
        yield
        return
    verifier = Verifier(settings.identity)
    tokens = open_tokens(settings, verifier)
    assert tokens is not None
    file = Home(settings.home).access_token(job.id, job.starts)
    os.environ[ACCESS_TOKEN_VARIABLE] = str(file)
    try:
        with Kept(tokens, users, file).fresh(is_over):
            yield
    finally:
        del os.environ[ACCESS_TOKEN_VARIABLE]
        tokens.close()
        verifier.close()


class Kept:
    """FILE with an access token of the first of USERS (subject, issuer) of whom TOKENS has one."""

    def __init__(self, tokens: Tokens, users: Sequence[tuple[str, str]], file: Path) -> None:
        self._tokens = tokens
        self._users = users
        self._file = file
        self._written = ""
        self._told = ""
        self._over = threading.Event()

    @contextlib.contextmanager
    def fresh(self, is_over: Callable[[], object] = lambda: False) -> Iterator[None]:
        """Write the file, renew it before the token ends, and remove it in the end."""
        until = time.monotonic() + PATIENCE
        while not self._look() and time.monotonic() < until and not is_over():
            self._over.wait(PAUSE)
        thread = threading.Thread(target=self._renew, name="access token", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self._file.unlink(missing_ok=True)

    def _renew(self) -> None:
        while not self._over.wait(PAUSE):
            self._look()

    def _look(self) -> bool:
        """Bring the file up to date; say whether there is nothing to wait for."""
        try:
            self._bring(self._token())
        except NoRefreshToken as error:
            # One that ends soon would only hide from what runs why it is refused.
            self._file.unlink(missing_ok=True)
            self._written = ""
            self._tell(str(error))
            return True
        except (IndigoError, OSError) as error:
            self._tell(str(error))
            return not isinstance(error, IssuerUnavailable)
        self._told = ""
        return True

    def _bring(self, token: str) -> None:
        if token != self._written:
            private_directory(self._file.parent)
            write_private(self._file, token)
            self._written = token

    def _token(self) -> str:
        for user in self._users[:-1]:
            with contextlib.suppress(NoRefreshToken):
                return self._tokens.access_token(*user)
        return self._tokens.access_token(*self._users[-1])

    def _tell(self, what: str) -> None:
        if what != self._told:
            _log.warning("%s", what)
        self._told = what


def _users(settings: ServiceSettings, job: Job, row: Deployment | None) -> list[tuple[str, str]]:
    """Return whose token a job may have, (subject, issuer), the owner of the deployment first."""
    exchanging = {issuer.url for issuer in settings.identity.issuers if issuer.exchange}
    owner = [(row.owner_subject, row.owner_issuer)] if row else []
    users = dict.fromkeys([*owner, (job.subject, job.issuer)])
    return [user for user in users if user[1] in exchanging]
