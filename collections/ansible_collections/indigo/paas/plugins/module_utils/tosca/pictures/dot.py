# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene in Graphviz's language DOT."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.scene import Box, Part, Scene

_HEAD = (
    "rankdir=LR",
    "compound=true",
    "nodesep=0.35",
    "ranksep=1.1",
    'fontname="Helvetica"',
    'node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, color="#8794a8", fillcolor="white"]',
    'edge [color="#55637a", arrowsize=0.7]',
)
_MACHINES = 'style="rounded,filled", color="#8794a8", fillcolor="#eef3fa", fontsize=12, margin=14'
_APPLICATION = 'shape=component, fillcolor="#fff4dd", color="#c79a3a"'
_NO_PART = 'shape=plaintext, style="", label="nothing is installed", fontcolor="#7a8699"'
_LONGEST = 300


def quoted(text: str) -> str:
    """Return a text as a DOT string, in which it means nothing but itself.

    A backslash is doubled, because it begins escapes in labels, and so is what an HTML entity begins with.
    """
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"
    safe = "".join(char if char.isprintable() else " " for char in short)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") + '"'


def render(scene: Scene) -> str:
    """Return the scene as a directed graph with a cluster for each group of machines."""
    boxes = {box.key: box for box in scene.boxes}
    lines = ["digraph plan {"]
    lines += [f"  {line};" for line in _HEAD]
    if scene.title:
        lines.append(f"  label={quoted(scene.title)}; labelloc=t; fontsize=16;")
    for box in scene.boxes:
        lines += _application(box) if box.is_application else _machines(box)
    for arrow in scene.arrows:
        clusters = [
            f"{end}=cluster_{key}"
            for end, key in (("ltail", arrow.source), ("lhead", arrow.target))
            if key in boxes and not boxes[key].is_application
        ]
        attributes = f" [{', '.join(clusters)}]" if clusters else ""
        lines.append(f"  {_anchor(arrow.source, boxes)} -> {_anchor(arrow.target, boxes)}{attributes};")
    return "\n".join([*lines, "}", ""])


def _anchor(key: str, boxes: dict[str, Box]) -> str:
    """Return the node that an arrow ends at: DOT has no arrows between clusters, only ones that stop at them."""
    box = boxes.get(key)
    if box is None or box.is_application:
        return key
    return box.parts[0].key if box.parts else f"{key}_empty"


def _machines(box: Box) -> Iterator[str]:
    label = _lines(f"{box.count} x {box.title}", *box.lines)
    yield f"  subgraph cluster_{box.key} {{"
    yield f"    label={label}; {_MACHINES};"
    for part in box.parts:
        yield f"    {part.key} [label={_part(part)}];"
    if not box.parts:
        yield f"    {box.key}_empty [{_NO_PART}];"
    yield "  }"


def _application(box: Box) -> Iterator[str]:
    yield f"  {box.key} [label={_lines(box.title, *box.lines)}, {_APPLICATION}];"


def _part(part: Part) -> str:
    return _lines(part.title, part.note, *(["its own playbook"] if part.external else []))


def _lines(*texts: str) -> str:
    """Return texts as one DOT string with a line break between them."""
    return '"' + "\\n".join(quoted(text)[1:-1] for text in texts if text) + '"'
