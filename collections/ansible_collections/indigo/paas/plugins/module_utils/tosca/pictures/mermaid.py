# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene in the language of Mermaid, which Git hosts show inside Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.scene import Box, Part, Scene

_CLASSES = (
    "classDef part fill:#ffffff,stroke:#8794a8,color:#1d2939",
    "classDef external fill:#ffffff,stroke:#8794a8,color:#1d2939,stroke-dasharray:4 3",
    "classDef machines fill:#eef3fa,stroke:#8794a8,color:#1d2939",
    "classDef application fill:#fff4dd,stroke:#c79a3a,color:#1d2939",
)
_PLAIN = frozenset(" ,.-_/:+=@")
_LIST_MARK = re.compile(r"(?<=^)[-+](?=\s)|(?<=^\d)\.(?=\s)|(?<=^\d\d)\.(?=\s)")
_LONGEST = 300


def quoted(text: str) -> str:
    """Return a text as a Mermaid string: all but letters, digits and a few signs as the code of the character.

    So nothing in it is Mermaid, HTML, Markdown (the beginning of a list included) or a link.
    """
    coded = "".join(map(_coded, _printable(text))).replace("://", "#58;//")
    return '"' + _LIST_MARK.sub(lambda mark: f"#{ord(mark.group())};", coded) + '"'


def _printable(text: str) -> str:
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"
    return "".join(char if char.isprintable() else " " for char in short).strip()


def _coded(char: str) -> str:
    return char if char.isalnum() or char in _PLAIN else f"#{ord(char)};"


def render(scene: Scene) -> str:
    """Return the scene as a flowchart with a subgraph for each group of machines."""
    lines = ["---", f"title: {json.dumps(_printable(scene.title))}", "---"] if scene.title else []
    lines += ["flowchart LR"]
    for box in scene.boxes:
        lines += _application(box) if box.is_application else _machines(box)
    lines += [f"  {arrow.source} --> {arrow.target}" for arrow in scene.arrows]
    lines += [f"  {line}" for line in _CLASSES]
    return "\n".join([*lines, ""])


def _machines(box: Box) -> Iterator[str]:
    yield f"  subgraph {box.key}[{_lines(f'{box.count} x {box.title}', *box.lines)}]"
    for part in box.parts:
        yield f"    {part.key}[{_part(part)}]:::{'external' if part.external else 'part'}"
    yield "  end"
    yield f"  class {box.key} machines"


def _application(box: Box) -> Iterator[str]:
    yield f"  {box.key}([{_lines(box.title, *box.lines)}]):::application"


def _part(part: Part) -> str:
    return _lines(part.title, part.note, *(["its own playbook"] if part.external else []))


def _lines(*texts: str) -> str:
    """Return texts as one Mermaid string with a line break between them."""
    return '"' + "<br/>".join(quoted(text)[1:-1] for text in texts if text) + '"'
