# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a plan in three languages. Each takes the same scene; none needs another program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures import dot, mermaid, svg
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.scene import Scene, scene_of

LANGUAGES: Mapping[str, Callable[[Scene], str]] = {
    "svg": svg.render,
    "dot": dot.render,
    "mermaid": mermaid.render,
}


def draw(plan: Mapping[str, Any], language: str, title: str = "") -> str:
    """Return the picture of a plan as a text of "svg", "dot" or "mermaid".

    `title` is what stands above it. KeyError for another language.
    """
    return LANGUAGES[language](scene_of(plan, title))
