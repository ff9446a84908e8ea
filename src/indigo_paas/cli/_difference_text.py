# SPDX-License-Identifier: Apache-2.0
"""What a command would change, as text that reads like a diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from indigo_paas.ground.text import counted, line, show

_SIGNS = {"create": "+", "keep": " ", "change": "~", "remove": "-"}
_NODE_WORDS = {
    "create": ("+", "new"),
    "repair": ("~", "repaired"),
    "remove": ("-", "drained and deleted"),
    "keep": (" ", "stay"),
}
_OF_NEW_NODES = ("size", "image", "network", "networks", "volumes", "hostname", "type")
_LONGEST = 120
_NAMED_NODES = 8

Data = Mapping[str, Any]


def difference_lines(difference: Data) -> Iterator[str]:
    """Yield the lines of a difference as `collection.plan_diff` gives it: + is new, ~ changes, - goes."""
    if not difference["changed"]:
        yield "Nothing changes."
        return
    yield from _section("Inputs", difference["inputs"], _value)
    yield from _section("Nodes", difference["groups"], _group, with_kept=True)
    yield from _section("Services", difference["components"], _item)
    yield from _section("Applications", difference["applications"], _item)
    yield from _section("Outputs", difference["outputs"], _value)


def _section(title: str, items: Sequence[Data], lines_of: Any, with_kept: bool = False) -> Iterator[str]:
    shown = [item for item in items if with_kept or item["change"] != "keep"]
    if shown:
        yield f"{title}:"
    for item in shown:
        for text in lines_of(item):
            yield text.rstrip()


def _value(item: Data) -> Iterator[str]:
    sign = _SIGNS[item["change"]]
    if item["change"] == "change":
        yield f"  {sign} {line(item['name'])}: {_shown(item['old'])} -> {_shown(item['new'])}"
    else:
        yield f"  {sign} {line(item['name'])}: {_shown(item['old' if item['change'] == 'remove' else 'new'])}"


def _group(item: Data) -> Iterator[str]:
    old, new = item["old_count"], item["new_count"]
    counts = f"{old} -> {new} nodes" if old != new else counted(new, "node")
    yield f"  {_SIGNS[item['change']]} {line(item['name'])}: {counts}"
    for what, (sign, word) in _NODE_WORDS.items():
        names = item["nodes"][what]
        if names and item["change"] != "keep":
            more = f" and {len(names) - _NAMED_NODES} more" if len(names) > _NAMED_NODES else ""
            yield f"      {sign} {', '.join(map(line, names[:_NAMED_NODES]))}{more}: {word}"
    stay = bool(item["nodes"]["keep"])
    for field in item["fields"]:
        yield _field(field) + (" (nodes that exist stay as they are)" if stay and _made_with(field) else "")


def _made_with(field: Data) -> bool:
    """Say whether nodes get what a field says only when they are made."""
    return str(field["name"]).partition(".")[0] in (
        "size",
        "image",
        "network",
        "networks",
        "volumes",
        "hostname",
        "type",
    )


def _item(item: Data) -> Iterator[str]:
    yield f"  {_SIGNS[item['change']]} {line(item['name'])}" + (f" on {line(item['group'])}" if "group" in item else "")
    for field in item["fields"]:
        yield _field(field)


def _field(field: Data) -> str:
    sign = "+" if field["old"] is None else "-" if field["new"] is None else "~"
    value = {
        "+": lambda: _shown(field["new"]),
        "-": lambda: _shown(field["old"]),
        "~": lambda: f"{_shown(field['old'])} -> {_shown(field['new'])}",
    }[sign]()
    return f"      {sign} {line(field['name'])}: {value}"


def _shown(value: Any) -> str:
    from indigo_paas.templates import collection

    text = line(show(value) if isinstance(value, str) else collection.phrase("value", value)) or '""'
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
