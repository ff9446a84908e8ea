# SPDX-License-Identifier: Apache-2.0
"""The command indigo-paas. Each of its commands is a file of its own in this package."""

from __future__ import annotations

from indigo_paas.cli._main import main, run

__all__ = ["main", "run"]
