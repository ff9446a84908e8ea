# SPDX-License-Identifier: Apache-2.0
"""Templates from elsewhere than a file: standard input and http(s) URLs, each within a size and a time.

Planning reads no network: it is given the bytes, their name, and a function that finds what they import.
"""

from __future__ import annotations

import sys
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from indigo_paas.errors import BadInput
from indigo_paas.templates import collection

MAX_BYTES = 50_000_000
STDIN = "-"

# Of what a template imports and of the importer's name: the name and the bytes of the file.
Resolver = Callable[[str, str], tuple[str, bytes]]


@dataclass(frozen=True)
class Source:
    """A template that is no file: its bytes, the name by which errors call it, and how its imports are found."""

    data: bytes
    name: str
    resolve: Resolver | None = None


def is_elsewhere(template: str) -> bool:
    """Say whether TEMPLATE, as a user writes it, is standard input or a URL and no path."""
    return template == STDIN or template.lower().startswith(("http://", "https://"))


def read(template: str, stdin: IO[bytes] | None = None) -> Source:
    """Return the template that is standard input ("-") or a URL; raise BadInput when it cannot be had."""
    if template == STDIN:
        data = (stdin or sys.stdin.buffer).read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadInput(f"standard input: larger than {MAX_BYTES / 1_000_000:g} MB, which is the limit.")
        return Source(data, "<stdin>")
    return Source(collection.read_url(template), template, resolve)


def resolve(target: str, importer: str) -> tuple[str, bytes]:
    """Return name and bytes of what the template at the URL IMPORTER imports as TARGET."""
    url = urllib.parse.urljoin(importer, target)
    return url, collection.read_url(url)
