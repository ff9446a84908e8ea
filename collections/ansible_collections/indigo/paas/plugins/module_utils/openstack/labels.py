# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How what a deployment has in a cloud is marked, in the same call that makes it, and found again."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.indigo.paas.plugins.module_utils.labels import (
    CPUS,
    DEPLOYMENT,
    GROUP,
    HOST_KEY,
    HOSTNAME,
    INDEX,
    LABEL,
    MEMORY,
    PUBLIC,
    VOLUME,
)

__all__ = [
    "CPUS",
    "DEPLOYMENT",
    "GROUP",
    "HOSTNAME",
    "HOST_KEY",
    "INDEX",
    "KEY",
    "LABEL",
    "MEMORY",
    "NAME",
    "PUBLIC",
    "VOLUME",
    "belongs",
    "description",
    "keypair_name",
    "read_description",
    "read_identity",
    "thing_name",
]

KEY = LABEL + "key"

NAME = "indigo-paas"


def description(deployment: str, group: str | None = None, index: int | None = None) -> str:
    """Return the description that marks a thing of the network service as DEPLOYMENT's, or as one node's."""
    words = [f"{DEPLOYMENT}={deployment}"]
    if group is not None:
        words += [f"{GROUP}={group}", f"{INDEX}={index}"]
    return " ".join(words)


def read_description(text: str | None) -> dict[str, str]:
    """Return the labels in a description; none where it is somebody else's."""
    pairs = (word.partition("=") for word in (text or "").split())
    found = {name: value for name, equals, value in pairs if equals and name.startswith(LABEL)}
    return found if DEPLOYMENT in found else {}


def thing_name(deployment: str, part: str | None = None) -> str:
    """Return the name of a thing of DEPLOYMENT; the dot stands in no deployment's name, so it tells them apart."""
    return f"{NAME}.{deployment}.{part}" if part else f"{NAME}.{deployment}"


def keypair_name(deployment: str) -> str:
    """Return the name of DEPLOYMENT's keypair, which may hold no dot."""
    return f"{NAME}-{deployment}"


def belongs(metadata: Mapping[str, str] | None, deployment: str | None) -> bool:
    """Return whether METADATA marks a node's thing of DEPLOYMENT, or of any where that is None."""
    metadata = metadata or {}
    complete = GROUP in metadata and metadata.get(INDEX, "").isdigit()
    found = metadata.get(DEPLOYMENT)
    return complete and found is not None and deployment in (None, found)


def read_identity(text: str | None) -> tuple[str, int] | None:
    """Return the (group, index) of the node that a description marks a thing as; None where it is no node's."""
    found = read_description(text)
    if GROUP not in found or not found.get(INDEX, "").isdigit():
        return None
    return found[GROUP], int(found[INDEX])
