# SPDX-License-Identifier: Apache-2.0
"""Secrets that are stored encrypted, with keys from a file."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from indigo_paas.errors import BadInput
from indigo_paas.service.identity.settings import read_private

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Unreadable(Exception):
    """What is sealed was not sealed with a key of the file, or for something else."""


class Seal:
    """Encrypts with the first of KEYS (Fernet's), decrypts with any. keys: at least one."""

    def __init__(self, keys: list[Fernet]) -> None:
        self._first = keys[0]
        self._all = MultiFernet(keys)

    def close(self, what: Mapping[str, Any], owner: tuple[str, ...]) -> str:
        """Return WHAT (JSON-able) encrypted so that it opens for OWNER only."""
        return self._first.encrypt(json.dumps([list(owner), dict(what)]).encode()).decode()

    def open(self, sealed: str, owner: tuple[str, ...]) -> dict[str, Any]:
        """Return what was SEALED for OWNER. Raises Unreadable."""
        try:
            written_for, what = json.loads(self._all.decrypt(sealed.encode()))
        except InvalidToken:
            raise Unreadable from None
        # Whoever may write the database must not give one user's tokens to another.
        if tuple(written_for) != owner:
            raise Unreadable
        return dict(what)

    def renewed(self, sealed: str) -> str | None:
        """Return what is SEALED with an older key under the first one, None when it is, or when it cannot be read."""
        with contextlib.suppress(InvalidToken):
            self._first.decrypt(sealed.encode())
            return None
        with contextlib.suppress(InvalidToken):
            return self._all.rotate(sealed.encode()).decode()
        return None


def seal_of(file: Path) -> Seal:
    """Return the seal with the keys in FILE, one a line, the newest first; make it with one where it is missing.

    Raises BadInput with the file and the line.
    """
    if not file.exists():
        _make(file)
    lines = read_private(file, _OTHERS).splitlines()
    keys = [_key(text.strip(), f"{file}:{number}") for number, text in enumerate(lines, 1) if _counts(text)]
    if not keys:
        raise BadInput(f"{file} has no key. Take it away and a new one is made, or put back what was in it.")
    return Seal(keys)


def _counts(text: str) -> bool:
    return bool(text.strip()) and not text.lstrip().startswith("#")


def _key(text: str, where: str) -> Fernet:
    try:
        return Fernet(text)
    except ValueError:
        raise BadInput(f"{where}: this is no key. A key is 32 bytes as 44 characters of URL-safe base64.") from None


def _make(file: Path) -> None:
    """Make FILE with a new key, unless another process has been faster."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=file.parent, prefix=f".{file.name}.") as draft:
            draft.write(Fernet.generate_key() + b"\n")
            draft.flush()
            os.fsync(draft.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, file)
    except OSError as error:
        raise BadInput(f"{file} cannot be made: {error.strerror}.") from None
