# SPDX-License-Identifier: Apache-2.0
"""Runs as jobs of AWX or Automation Controller, over its API (version 2)."""

from __future__ import annotations

from indigo_paas.runner.awx.controller import Controller
from indigo_paas.runner.awx.settings import Awx, Templates

__all__ = ["Awx", "Controller", "Templates"]
