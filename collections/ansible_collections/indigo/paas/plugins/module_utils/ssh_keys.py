# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH keys of deployments and nodes, and the list of hosts that a deployment knows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    HAS_CRYPTOGRAPHY = True
    _UNREADABLE: tuple[type[Exception], ...] = (ValueError, TypeError, UnsupportedAlgorithm)
except ImportError:
    HAS_CRYPTOGRAPHY = False
    _UNREADABLE = (ValueError, TypeError)


class KeyPair(NamedTuple):
    """An SSH key: private in OpenSSH's format, public as "TYPE BASE64"."""

    private: str
    public: str


def generate() -> KeyPair:
    """Return a new ed25519 key."""
    _require_cryptography()
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    return KeyPair(private.decode(), _public(key))


def ensure_key(path: str, comment: str = "") -> str:
    """Return the public half of the private key at PATH; a missing key is made (ed25519, mode 0600).

    The public key is "TYPE BASE64 COMMENT" and stands in PATH.pub too. A missing directory is made, 0700.
    Raises SiteError (bad_input) where PATH cannot be used.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        if not os.path.exists(path):
            _install(path, generate().private)
        os.chmod(path, 0o600)
        public = f"{public_key(path)} {comment}".strip()
        write_if_different(f"{path}.pub", public + "\n", 0o644)
    except OSError as error:
        raise SiteError(f"The SSH key {path} cannot be used: {error.strerror or error}", bad_input=True) from error
    return public


def public_key(path: str) -> str:
    """Return the public half, "TYPE BASE64", of the private key at PATH.

    Raises OSError, and SiteError (bad_input) where PATH holds no key that can be read.
    """
    _require_cryptography()
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        return _public(serialization.load_ssh_private_key(content, password=None))
    except _UNREADABLE as error:
        raise SiteError(
            f"{path} does not hold a private SSH key that can be read",
            hint="Name another key without a passphrase, or remove the file to have a new key made.",
            bad_input=True,
        ) from error


def known_hosts(nodes: Iterable[Mapping[str, Any]]) -> str:
    """Return the lines of an SSH known_hosts file for NODES (dicts of a site's nodes)."""
    lines = set()
    for node in nodes:
        host, port = node["ansible_host"], node["ansible_port"]
        address = host if port == 22 else f"[{host}]:{port}"
        if host:
            lines |= {f"{address} {key}" for key in node["host_keys"]}
    return "".join(f"{line}\n" for line in sorted(lines))


def write_if_different(path: str, text: str, mode: int = 0o600) -> bool:
    """Put TEXT in the file at PATH at once or not at all; return whether that changed it."""
    try:
        with open(path, encoding="utf-8") as stream:
            if stream.read() == text:
                return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    os.replace(_written_beside(path, text, mode), path)
    return True


def _install(path: str, text: str) -> None:
    """Put TEXT in the new file PATH; a file that another process put there first stays."""
    temporary = _written_beside(path, text, 0o600)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)


def _written_beside(path: str, text: str, mode: int) -> str:
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or ".")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def _public(private: Any) -> str:
    key = private.public_key()
    written: bytes = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return written.decode()


def _require_cryptography() -> None:
    if not HAS_CRYPTOGRAPHY:
        raise SiteError(
            "SSH keys cannot be made: the Python library cryptography is missing",
            hint="Install cryptography beside Ansible, of which it is a dependency.",
            bad_input=True,
        )
