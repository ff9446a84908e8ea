# SPDX-License-Identifier: Apache-2.0
"""Names of deployments. Pure."""

from __future__ import annotations

import re
import unicodedata

from indigo_paas.errors import BadInput

LONGEST = 40
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def default_name(stem: str) -> str:
    """Return a deployment's name made of a template's file stem: a DNS label of at most 40 characters."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    label = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-")
    return label or "deployment"


def is_valid(name: str) -> bool:
    """Say whether NAME is a DNS label of at most 40 characters."""
    return bool(_NAME.fullmatch(name))


def valid_name(name: str) -> str:
    """Return NAME; raise BadInput when it is no DNS label of at most 40 characters."""
    if is_valid(name):
        return name
    raise BadInput(
        f"{name!r} cannot name a deployment. "
        f"Use 1 to {LONGEST} lower-case letters, digits and hyphens, with a letter or digit at both ends, "
        f"as in {default_name(name)!r}."
    )
