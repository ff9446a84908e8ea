# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where artifacts lie below a directory: readable relative paths that no name can lead out of.

Different sources never share a path in the cache.
"""

from __future__ import annotations

import hashlib
import urllib.parse

LONGEST = 100
_DIGEST = 12
# What stays readable in a name; the rest is written as %XX.
_PLAIN = "+,@="


def component(text: str) -> str:
    """Return a text as the name of one file: no separator, no control character, never "." or "..", bounded."""
    name = urllib.parse.quote(text, safe=_PLAIN, errors="surrogatepass")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if not name:
        return "%"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - _DIGEST - 1]}%{_digest(text)}"


def below(*texts: str) -> str:
    """Return the relative path that is made of texts, one a level."""
    return "/".join(map(component, texts))


def playbook_of_url(url: str) -> str:
    """Return where the playbook at a URL lies: playbooks/HOST/PATH.

    A query is in the name as a digest, for it may hold a token. User and password play no part.
    """
    return "/".join(["playbooks", *_url_parts(url)])


def playbook_beside(path: str, directory: int) -> str:
    """Return where a playbook lies whose path is relative to a file of the template.

    `directory` counts the directories of such files from 0: equal paths beside different files are different playbooks.
    """
    top = "_beside" if not directory else f"_beside-{directory + 1}"
    parts = ["_up" if part == ".." else component(part) for part in path.split("/") if part not in ("", ".")]
    return "/".join(["playbooks", top, *parts])


def cached(kind: str, source: str, version: str | None) -> str:
    """Return where a role or a collection lies in the cache; `kind` is "roles" or "collections".

    `source` is a name on Galaxy, or a URL.
    """
    parts = _url_parts(source) if "://" in source else [component(source)]
    if version is not None:
        parts[-1] += f",{component(version)}"
    return "/".join([kind, *parts])


def _url_parts(url: str) -> list[str]:
    """Return host and path of a URL as names of directories; the host tells schemes other than https apart."""
    scheme, rest = url.split("://", 1)
    rest, _hash, _fragment = rest.partition("#")
    rest, _mark, query = rest.partition("?")
    host, _slash, path = rest.partition("/")
    host = host.rpartition("@")[2].lower()
    names = [host] if scheme.lower() == "https" else [host, scheme.lower()]
    parts = [component(",".join(filter(None, names)))]
    parts += [component(part) for part in path.strip("/").split("/")]
    if query:
        parts[-1] += f"%{_digest(query)}"
    return parts


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]
