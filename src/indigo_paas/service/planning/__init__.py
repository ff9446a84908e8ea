# SPDX-License-Identifier: Apache-2.0
"""Users' templates, read and planned in processes of their own: whatever one does, the service goes on."""

from __future__ import annotations

from indigo_paas.service.planning.planner import Planner
from indigo_paas.service.planning.plans import Changed, Planned

__all__ = ["Changed", "Planned", "Planner"]
