# SPDX-License-Identifier: Apache-2.0
"""What is kept of users' tokens. What is secret in it comes encrypted, and goes so."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from indigo_paas.store.database import Database
from indigo_paas.store.rows import OPEN
from indigo_paas.store.schema import deployments, jobs, tokens, values

# client id, issuer, subject.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class SealedToken:
    """The tokens of one user, from one issuer to one client. Times are epoch seconds.

    sealed: they themselves, encrypted. expires: when the access token does; lifetime: for how many seconds it was good
    when it was got. exchanged: when the refresh token was got.
    """

    sealed: str
    expires: float
    lifetime: float
    exchanged: float


class SealedTokens:
    """The tokens of all users; each function is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: Key) -> SealedToken | None:
        query = select(tokens.c.sealed, tokens.c.expires, tokens.c.lifetime, tokens.c.exchanged).where(_is(key))
        with self._database.reading() as connection:
            found = connection.execute(query).one_or_none()
        return SealedToken(*found) if found else None

    def put(self, key: Key, token: SealedToken) -> None:
        """Write TOKEN, over the one that is there if there is one."""
        try:
            self._write(key, token)
        except IntegrityError:
            # Another process has made the row since it was looked for.
            self._write(key, token)

    def remove(self, key: Key, sealed: str | None = None) -> None:
        """Remove the token, unless SEALED is given and it is another by now."""
        wanted = _is(key) if sealed is None else and_(_is(key), tokens.c.sealed == sealed)
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(wanted))

    def touch(self, key: Key) -> None:
        """Note that a request relies on the token now."""
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(_is(key)).values(used=time.time()))

    def remove_unused(self, before: float) -> None:
        """Remove the tokens of users without deployments and open jobs, on which no request relied since BEFORE."""
        owned = exists().where(
            deployments.c.owner_subject == tokens.c.subject, deployments.c.owner_issuer == tokens.c.issuer
        )
        asked = exists().where(
            jobs.c.subject == tokens.c.subject, jobs.c.issuer == tokens.c.issuer, jobs.c.state.in_(OPEN)
        )
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(tokens.c.used < before, ~owned, ~asked))

    def lease(self, key: Key, now: float, until: float) -> bool:
        """Say whether the token is the caller's alone UNTIL then, of all that ask for it this way at NOW."""
        query = update(tokens).where(_is(key), tokens.c.leased <= now).values(leased=until)
        with self._database.writing() as connection:
            return connection.execute(query).rowcount == 1

    def release(self, key: Key, until: float) -> None:
        """Give back what was leased UNTIL then."""
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(_is(key), tokens.c.leased == until).values(leased=0.0))

    def all(self) -> list[tuple[Key, str]]:
        """Return what is sealed of every user."""
        query = select(tokens.c.client_id, tokens.c.issuer, tokens.c.subject, tokens.c.sealed)
        with self._database.reading() as connection:
            return [((row[0], row[1], row[2]), row[3]) for row in connection.execute(query)]

    def replace(self, key: Key, old: str, new: str) -> None:
        """Write NEW where OLD is still what is sealed."""
        with self._database.writing() as connection:
            connection.execute(update(tokens).where(_is(key), tokens.c.sealed == old).values(sealed=new))

    def _write(self, key: Key, token: SealedToken) -> None:
        client_id, issuer, subject = key
        with self._database.writing() as connection:
            written = {**values(token), "used": time.time()}
            if connection.execute(update(tokens).where(_is(key)).values(**written)).rowcount:
                return
            named = {"client_id": client_id, "issuer": issuer, "subject": subject, "leased": 0.0}
            connection.execute(insert(tokens).values(**named, **written))


def _is(key: Key) -> ColumnElement[bool]:
    client_id, issuer, subject = key
    return and_(tokens.c.client_id == client_id, tokens.c.issuer == issuer, tokens.c.subject == subject)
