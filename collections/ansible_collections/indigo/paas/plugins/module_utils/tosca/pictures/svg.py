# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene as SVG: one file that every browser shows, without scripts, links or fonts of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.layout import Edge, Item, Layout, lay_out
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.scene import Arrow, Box, Part, Scene
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.typesetting import fitted, text_width, wrapped

_FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"
_INK, _QUIET, _LINE, _PAPER = "#1d2939", "#5b6779", "#b8c2d0", "#ffffff"
_HEADER, _BODY = "#24476b", "#f3f6fa"
_APP_HEADER, _APP_BODY = "#8a5a00", "#fff8e8"
# Okabe and Ito's colours without yellow and black, darkened: for people with any colour vision.
_ARROWS = ("#0b6aa2", "#b9540a", "#0a7d5c", "#a6467f", "#8a6d00", "#3d7ea6", "#7a4fb0")

_MARGIN, _PAD = 28.0, 12.0
_NARROWEST, _WIDEST = 190.0, 340.0
_HEADER_HEIGHT, _LINE_HEIGHT, _PART_HEIGHT, _PART_GAP = 34.0, 17.0, 42.0, 14.0
_GUTTER = 14.0
_TITLE, _HEADING, _TEXT, _SMALL = 20.0, 14.0, 11.5, 10.5


@dataclass(frozen=True)
class _Shape:
    """A box with its size, its inner arrows, and how far below its top each of its keys is."""

    box: Box
    width: float
    height: float
    inner: tuple[tuple[str, str], ...]
    rows: Mapping[str, float]


def render(scene: Scene) -> str:
    """Return the scene as an SVG document; all texts in it are escaped, and cut where they are too long."""
    owner = {part.key: box.key for box in scene.boxes for part in box.parts} | {box.key: box.key for box in scene.boxes}
    shapes = {box.key: _shape(box, scene.arrows, owner) for box in scene.boxes}
    outer = [arrow for arrow in scene.arrows if owner[arrow.source] != owner[arrow.target]]
    layout = _place(shapes, outer, owner)
    head = _head(scene, max(layout.width, 420.0))
    body = [*_boxes(shapes, layout), *_arrows(outer, shapes, layout, owner)]
    top = _MARGIN + head.height
    foot = _outputs(scene, max(layout.width, 420.0), top + layout.height + 34)
    width = max(layout.width, 420.0) + 2 * _MARGIN
    height = top + layout.height + foot.height + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{_FONT}">',
            f"<title>{_text(scene.title or 'Plan')}</title>",
            f"<desc>{_text(_description(scene))}</desc>",
            f'<rect width="100%" height="100%" fill="{_PAPER}"/>',
            _defs(),
            *head.lines,
            f'<g transform="translate({_MARGIN:g} {top:.1f})">',
            *body,
            "</g>",
            *foot.lines,
            "</svg>",
            "",
        ]
    )


@dataclass(frozen=True)
class _Strip:
    """Lines of SVG over the whole width, and their height."""

    lines: Sequence[str]
    height: float


def _head(scene: Scene, width: float) -> _Strip:
    lines: list[str] = []
    y = _MARGIN
    if scene.title:
        y += _TITLE
        lines.append(_written(scene.title, _MARGIN, y, _TITLE, width, bold=True))
        y += 8
    for line in wrapped(scene.description, _TEXT + 0.5, width, 3):
        y += _TEXT + 5
        lines.append(_written(line, _MARGIN, y, _TEXT + 0.5, width, _QUIET))
    legend = _legend(scene)
    if legend:
        y += _TEXT + 7
        lines.append(_written(legend, _MARGIN, y, _SMALL, width, _QUIET))
    return _Strip(lines, y - _MARGIN + (22 if lines else 0))


def _legend(scene: Scene) -> str:
    told = ["An arrow points to what is needed."] if scene.arrows else []
    if any(box.count == 0 for box in scene.boxes):
        told.append("Dashed: none at first.")
    return " ".join(told)


def _outputs(scene: Scene, width: float, top: float) -> _Strip:
    if not scene.outputs:
        return _Strip([], 0.0)
    lines = [_written("What you are told at the end", _MARGIN, top, _HEADING - 1, width, bold=True)]
    names = max(min(text_width(name, _TEXT, True), 220.0) for name, _value in scene.outputs)
    y = top + 6
    for name, value in scene.outputs:
        y += _LINE_HEIGHT + 1
        lines.append(_written(name, _MARGIN, y, _TEXT, 222.0, bold=True))
        lines.append(_written(value, _MARGIN + names + 18, y, _TEXT, width - names - 18, _QUIET))
    return _Strip(lines, y - top + 34)


def _shape(box: Box, arrows: Sequence[Arrow], owner: Mapping[str, str]) -> _Shape:
    inner = _reduced(
        [
            (arrow.source, arrow.target)
            for arrow in arrows
            if owner[arrow.source] == owner[arrow.target] == box.key and arrow.source != arrow.target
        ]
    )
    box = replace(box, parts=_ordered(box.parts, inner))
    gutter = _gutter(_far(box, inner))
    texts = [text_width(box.title, _HEADING, True) + (text_width(_count(box), _HEADING, True) + 26)]
    texts += [text_width(line, _TEXT) for line in box.lines]
    for part in box.parts:
        tag = text_width("own playbook", 9) + 22 if part.external else 0.0
        texts += [max(text_width(part.title, 12.5, True), text_width(part.note, _SMALL) + tag) + 20 + gutter]
    width = min(max(_NARROWEST, *texts) + 2 * _PAD, _WIDEST + gutter)
    y = _HEADER_HEIGHT + 8 + len(box.lines) * _LINE_HEIGHT + 6
    rows = {box.key: _HEADER_HEIGHT / 2}
    for part in box.parts:
        rows[part.key] = y + _PART_HEIGHT / 2
        y += _PART_HEIGHT + _PART_GAP
    return _Shape(box, width, y + (_PAD - _PART_GAP if box.parts else 2), inner, rows)


def _reduced(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the pairs without those that follow from the others: a needs b, b needs c, so a needs c."""
    targets: dict[str, list[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, []).append(target)

    def reaches(source: str, goal: str, without: tuple[str, str]) -> bool:
        seen, waiting = {source}, [source]
        while waiting:
            here = waiting.pop()
            for target in targets.get(here, ()):
                if (here, target) != without and target not in seen:
                    if target == goal:
                        return True
                    seen.add(target)
                    waiting.append(target)
        return False

    return tuple(pair for pair in pairs if not reaches(*pair, without=pair))


def _ordered(parts: Sequence[Part], inner: Sequence[tuple[str, str]]) -> tuple[Part, ...]:
    """Return the parts with what is needed above what needs it; else they keep their order."""
    by_key = {part.key: part for part in parts}
    found: dict[str, Part] = {}
    while len(found) < len(by_key):
        left = [key for key in by_key if key not in found]
        free = [key for key in left if not any(a == key and b in left for a, b in inner)]
        last = next(reversed(found), None)
        follows = [key for key in free if (key, last) in inner]
        key = (follows or free or left)[0]
        found[key] = by_key[key]
    return tuple(found.values())


def _far(box: Box, inner: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the inner arrows that do not just go to the part above: they need room at the side."""
    above = {(low.key, high.key) for high, low in zip(box.parts, box.parts[1:], strict=False)}
    return [pair for pair in inner if pair not in above]


def _gutter(far: Sequence[tuple[str, str]]) -> float:
    return (12 + _GUTTER * min(len(far), 3)) if far else 0.0


def _place(shapes: Mapping[str, _Shape], outer: Sequence[Arrow], owner: Mapping[str, str]) -> Layout:
    """Return the layout of all boxes; those that no arrow touches stand in rows below the others."""
    linked = {owner[key] for arrow in outer for key in (arrow.source, arrow.target)}
    applications = sum(shape.box.is_application for shape in shapes.values())
    items = {
        key: Item(shape.width, shape.height, 0, max(applications - 1, 0))
        if shape.box.is_application
        else Item(shape.width, shape.height, applications)
        for key, shape in shapes.items()
        if key in linked
    }
    edges = [
        Edge(
            owner[arrow.source],
            owner[arrow.target],
            shapes[owner[arrow.source]].rows[arrow.source],
            shapes[owner[arrow.target]].rows[arrow.target],
        )
        for arrow in outer
    ]
    layout = lay_out(items, edges)
    return _with_rows(layout, {key: shape for key, shape in shapes.items() if key not in linked})


def _with_rows(layout: Layout, alone: Mapping[str, _Shape]) -> Layout:
    """Return the layout with more boxes below it, in rows that are about as wide."""
    gap = 28.0
    limit = max(layout.width, 960.0)
    places = dict(layout.places)
    x, y, row, width = 0.0, layout.height + (gap + 10 if layout.height else 0.0), 0.0, layout.width
    for key, shape in alone.items():
        if x and x + shape.width > limit:
            x, y, row = 0.0, y + row + gap, 0.0
        places[key] = (x, y)
        x, row = x + shape.width + gap, max(row, shape.height)
        width = max(width, x - gap)
    return Layout(places, layout.bends, width, y + row if alone else layout.height)


def _boxes(shapes: Mapping[str, _Shape], layout: Layout) -> Iterator[str]:
    for key, shape in shapes.items():
        x, y = layout.places[key]
        yield f'<g transform="translate({x:.1f} {y:.1f})">'
        yield f"<title>{_text(_spoken(shape.box))}</title>"
        yield from _frame(shape)
        yield from _content(shape)
        yield "</g>"


def _frame(shape: _Shape) -> Iterator[str]:
    box = shape.box
    header, body = (_APP_HEADER, _APP_BODY) if box.is_application else (_HEADER, _BODY)
    w, h = shape.width, shape.height
    dashes = ' stroke-dasharray="5 4"' if box.count == 0 else ""
    for step in range(min((box.count or 1) - 1, 2), 0, -1):
        # The sheets behind it: there are several of these machines.
        yield (
            f'<rect x="{step * 5}" y="{-step * 5}" width="{w:.1f}" height="{h:.1f}" rx="9" fill="{body}" '
            f'stroke="{_LINE}"/>'
        )
    yield f'<rect width="{w:.1f}" height="{h:.1f}" rx="9" fill="{body}" stroke="{_LINE}"{dashes}/>'
    yield (
        f'<path d="M0 {_HEADER_HEIGHT:g} V9 Q0 0 9 0 H{w - 9:.1f} Q{w:.1f} 0 {w:.1f} 9 V{_HEADER_HEIGHT:g} Z" '
        f'fill="{header}"{" opacity=" + chr(34) + "0.62" + chr(34) if box.count == 0 else ""}/>'
    )


def _content(shape: _Shape) -> Iterator[str]:
    box, inside = shape.box, shape.width - 2 * _PAD
    count = _count(box)
    size, weight = (_SMALL, 400) if box.is_application else (_HEADING, 700)
    badge = text_width(count, size, True) + 14
    yield _written(box.title, _PAD, 22, _HEADING, inside - badge, "#ffffff", bold=True)
    yield (
        f'<text x="{shape.width - _PAD:.1f}" y="22" font-size="{size:g}" font-weight="{weight}" fill="#ffffff" '
        f'text-anchor="end">{_text(count)}</text>'
    )
    y = _HEADER_HEIGHT + 8
    for line in box.lines:
        y += _LINE_HEIGHT
        yield _written(line, _PAD, y - 4, _TEXT, inside, _QUIET)
    gutter = _gutter(_far(box, shape.inner))
    for part in box.parts:
        yield from _part(part, shape.rows[part.key] - _PART_HEIGHT / 2, inside, gutter)
    yield from _inner_arrows(shape)


def _part(part: Part, y: float, inside: float, gutter: float) -> Iterator[str]:
    dashes = ' stroke-dasharray="4 3"' if part.external else ""
    width = inside - gutter
    yield (
        f'<rect x="{_PAD + gutter:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_PART_HEIGHT:g}" rx="6" '
        f'fill="{_PAPER}" stroke="{_LINE}"{dashes}/>'
    )
    x = _PAD + gutter + 10
    yield _written(part.title, x, y + 18, 12.5, width - 18, bold=True)
    tag = text_width("own playbook", 9) + 22 if part.external else 0.0
    yield _written(part.note, x, y + 33, _SMALL, width - 18 - tag, _QUIET)
    if part.external:
        yield (
            f'<text x="{_PAD + gutter + width - 9:.1f}" y="{y + 33:.1f}" font-size="9" font-style="italic" '
            f'fill="{_APP_HEADER}" text-anchor="end">own playbook</text>'
        )


def _inner_arrows(shape: _Shape) -> Iterator[str]:
    """Draw what the components of one box need of each other: between neighbours, else at their left."""
    far = _far(shape.box, shape.inner)
    edge = _PAD + _gutter(far)
    for source, target in shape.inner:
        if (source, target) not in far:
            start, end = shape.rows[source] - _PART_HEIGHT / 2, shape.rows[target] + _PART_HEIGHT / 2
            yield _path(f"M{edge + 24:.1f} {start:.1f} V{end + 1:.1f}", 0)
    for number, (source, target) in enumerate(far):
        reach = edge - _GUTTER * (1 + number % 3)
        start, end = shape.rows[source] + 6, shape.rows[target] + 8
        turn = 8 if end > start else -8
        yield _path(
            f"M{edge:.1f} {start:.1f} H{reach + 8:.1f} Q{reach:.1f} {start:.1f} {reach:.1f} {start + turn:.1f} "
            f"V{end - turn:.1f} Q{reach:.1f} {end:.1f} {reach + 8:.1f} {end:.1f} H{edge - 1:.1f}",
            number % len(_ARROWS),
        )


def _path(course: str, colour: int) -> str:
    return (
        f'<path d="{course}" fill="none" stroke="{_ARROWS[colour]}" stroke-width="1.6" stroke-linecap="round" '
        f'marker-end="url(#head{colour})"/>'
    )


def _arrows(
    outer: Sequence[Arrow], shapes: Mapping[str, _Shape], layout: Layout, owner: Mapping[str, str]
) -> Iterator[str]:
    colours = {key: index % len(_ARROWS) for index, key in enumerate(dict.fromkeys(arrow.target for arrow in outer))}
    for arrow, bends in zip(outer, layout.bends, strict=True):
        points = _points(arrow, bends, shapes, layout, owner)
        yield _path(_curve(points), colours[arrow.target])


def _points(
    arrow: Arrow,
    bends: Sequence[tuple[float, float]],
    shapes: Mapping[str, _Shape],
    layout: Layout,
    owner: Mapping[str, str],
) -> list[tuple[float, float]]:
    source, target = owner[arrow.source], owner[arrow.target]
    (x1, y1), (x2, y2) = layout.places[source], layout.places[target]
    leaves, arrives = y1 + shapes[source].rows[arrow.source], y2 + shapes[target].rows[arrow.target]
    right_1, right_2 = x1 + shapes[source].width, x2 + shapes[target].width
    start, end = _inset(arrow.source, shapes[source]), _inset(arrow.target, shapes[target])
    if x1 < x2:
        outer = [(right_1, leaves), *bends, (x2, arrives)]
        inner = (right_1 - start[1], leaves), (x2 + end[0], arrives)
    elif x1 > x2:
        outer = [(x1, leaves), *bends, (right_2, arrives)]
        inner = (x1 + start[0], leaves), (right_2 - end[1], arrives)
    else:
        outer = [(max(right_1, right_2) + 34, (leaves + arrives) / 2)]
        inner = (right_1 - start[1], leaves), (right_2 - end[1], arrives)
    points = [inner[0], *outer, inner[1]]
    return [point for index, point in enumerate(points) if not index or point != points[index - 1]]


def _inset(key: str, shape: _Shape) -> tuple[float, float]:
    """Return how far inside its box's left and right edge an arrow ends: a part is inside, a box is not."""
    if key == shape.box.key:
        return 0.0, 0.0
    return _PAD + _gutter(_far(shape.box, shape.inner)), _PAD


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Return a smooth path through the points, which leaves and arrives level."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
        if y1 == y2:
            path += f" H{x2:.1f}"
            continue
        half = (x2 - x1) / 2
        path += f" C{x1 + half:.1f} {y1:.1f} {x2 - half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return path


def _defs() -> str:
    heads = "".join(
        f'<marker id="head{index}" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0.8 L10 5 L0 9.2 Z" fill="{colour}"/></marker>'
        for index, colour in enumerate(_ARROWS)
    )
    return f"<defs>{heads}</defs>"


def _written(
    text: str, x: float, y: float, size: float, width: float, colour: str = _INK, *, bold: bool = False
) -> str:
    """Return one line of text no wider than `width`; one that is cut is whole in its tooltip."""
    shown = fitted(text, size, width, bold)
    whole = f"<title>{_text(text)}</title>" if shown.endswith("\u2026") else ""
    weight = ' font-weight="700"' if bold else ""
    style = f'font-size="{size:g}" fill={quoteattr(colour)}{weight}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{whole}{_text(shown)}</text>'


def _count(box: Box) -> str:
    return "application" if box.count is None else f"\u00d7 {box.count}"


def _spoken(box: Box) -> str:
    return f"{box.title}: {_count(box).removeprefix(chr(0xD7)).strip()}. {'; '.join(box.lines)}"


def _description(scene: Scene) -> str:
    machines = [f"{box.count} x {box.title}" for box in scene.boxes if not box.is_application]
    return f"{scene.description} Machines: {', '.join(machines) or 'none'}.".strip()


def _text(text: str) -> str:
    """Return a text as XML: control characters, which XML has no way to write, become spaces."""
    return escape("".join(char if char.isprintable() else " " for char in text))
