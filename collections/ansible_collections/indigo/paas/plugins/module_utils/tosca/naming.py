# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Ansible and DNS take, made from any text: always the same, unless two texts want one name."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

# Names that mean something else to Ansible or to this collection.
RESERVED_GROUPS = frozenset(
    ("all", "ungrouped", "localhost", "paas_asked", "paas_leased", "paas_leaving", "paas_nodes", "paas_sites")
)
MAX_GROUP = 60
# A DNS label has at most 63 characters (RFC 1035), and a node's name ends in "-<index>".
MAX_HOSTNAME = 50


def group_names(names: Iterable[str]) -> dict[str, str]:
    """Return a safe and unique Ansible group name for each text: [A-Za-z_][A-Za-z0-9_]{0,59}."""
    return _unique({name: name for name in names}, _group_slug, "_", MAX_GROUP, RESERVED_GROUPS)


def host_names(wishes: Mapping[str, str]) -> dict[str, str]:
    """Return for each key a safe and unique DNS label, like the wished text, at most 50 characters."""
    return _unique(wishes, _host_slug, "-", MAX_HOSTNAME, frozenset())


def _unique(
    wishes: Mapping[str, str], slug: Callable[[str], str], joiner: str, limit: int, reserved: frozenset[str]
) -> dict[str, str]:
    """Give each key the slug of its wish; of several that want one, only the key that is it gets it."""
    slugs = {key: slug(wish) for key, wish in wishes.items()}
    wanted = Counter(text.lower() for text in slugs.values())
    # Of two that differ in the size of letters alone, the first of the alphabet, whatever their order is.
    exact = {text.lower(): key for key, text in sorted(slugs.items(), reverse=True) if key == text}
    taken = set(reserved)
    result: dict[str, str] = {}
    for key, text in slugs.items():
        folded = text.lower()
        if folded not in reserved and (wanted[folded] == 1 or exact.get(folded) == key):
            result[key] = text
            taken.add(folded)
    for key, text in slugs.items():
        if key not in result:
            result[key] = _with_hash(key, text, joiner, limit, taken)
            taken.add(result[key].lower())
    return {key: result[key] for key in wishes}


def _with_hash(key: str, text: str, joiner: str, limit: int, taken: set[str]) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(6, len(digest)):
        name = f"{text[: limit - length - 1].rstrip('-_')}{joiner}{digest[:length]}"
        if len(name) <= limit and name.lower() not in taken:
            return name
    raise AssertionError("two names with one SHA-256")


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _group_slug(text: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9_]+", "_", _ascii(text))[:MAX_GROUP]
    if not slug.strip("_"):
        return "group"
    return slug if not slug[0].isdigit() else f"_{slug}"[:MAX_GROUP]


def _host_slug(text: str) -> str:
    label = re.sub(r"[^a-z0-9]+", "-", _ascii(text).lower())[:MAX_HOSTNAME].strip("-")
    return label or "node"
