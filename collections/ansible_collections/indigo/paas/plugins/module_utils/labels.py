# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels by which sites whose machines carry labels with any name find their nodes again."""

from __future__ import annotations

LABEL = "indigo.paas."
DEPLOYMENT = LABEL + "deployment"
GROUP = LABEL + "group"
INDEX = LABEL + "index"
HOSTNAME = LABEL + "hostname"
HOST_KEY = LABEL + "host_key"
CPUS = LABEL + "cpus"
MEMORY = LABEL + "memory"
GPUS = LABEL + "gpus"
PUBLIC = LABEL + "public"
VOLUME = LABEL + "volume"
NETWORK = LABEL + "network"
KNOWN_BY = LABEL + "known_by"
