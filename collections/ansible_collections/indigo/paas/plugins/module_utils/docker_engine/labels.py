# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels by which things of an engine are found again."""

from __future__ import annotations

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
    "GPUS",
    "GROUP",
    "HOSTNAME",
    "HOST_KEY",
    "INDEX",
    "LABEL",
    "MEMORY",
    "PUBLIC",
    "VOLUME",
]

GPUS = LABEL + "gpus"
