# SPDX-License-Identifier: Apache-2.0
"""Removal lists of a template's text: which resources they name, and the text without them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from indigo_paas.errors import BadInput

_NAME = "removal_list"

# A byte order mark, which some editors put first and YAML's places do not count.
_MARK = "\ufeff"


@dataclass(frozen=True)
class Removal:
    """A removal list: of which node template, the texts in it, and where it is written (line and column from 1)."""

    group: str
    uuids: Sequence[str]
    line: int
    column: int


def taken_out(text: str) -> tuple[str, list[Removal]]:
    """Return TEXT with each removal list of its node templates empty, the rest as it was, and these lists.

    What is no list of texts stays, and so does a text that is no YAML: planning says what is wrong with it.
    """
    if text.startswith(_MARK):
        rest, removals = taken_out(text.removeprefix(_MARK))
        return _MARK + rest, removals
    removals, spans = [], []
    for group, node in _properties(_composed(text)):
        if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
            removals.append(_removal(group, [item.value for item in node.value], node))
            spans.append(_span(node))
    return _without(text, spans), removals


def of_inputs(
    text: str, inputs: Mapping[str, Any], declared: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Removal]]:
    """Return INPUTS with those empty that TEXT gives to removal lists (get_input), and these lists.

    declared: the template's inputs, whose defaults count too. What is no list of texts stays: planning says what is
    wrong with it. A value that was done stays done, whatever the next update leaves out.
    """
    emptied, removals = dict(inputs), []
    for group, node in _properties(_composed(text.removeprefix(_MARK))):
        name = _input_of(node)
        value = None if name is None else inputs.get(name, _default(declared.get(name)))
        if name and isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            removals.append(_removal(group, value, node))
            emptied[name] = []
    return emptied, removals


def nodes_of(removals: Sequence[Removal], nodes: Mapping[str, tuple[str, str]], name: str) -> dict[str, list[str]]:
    """Return the nodes that REMOVALS name, by node template.

    nodes: node template and node's name by uuid of resource; the name is "" where there is no node yet. Raises BadInput
    for what is no resource of the node template, with its place in the template called NAME.
    """
    found: dict[str, list[str]] = {}
    problems = []
    for removal in removals:
        for uuid in removal.uuids:
            group, node = nodes.get(uuid, ("", ""))
            if group != removal.group:
                problems.append(
                    f"{name}:{removal.line}:{removal.column}: {uuid[:80]!r} is no resource of {removal.group!r}. "
                    "A removal_list holds uuids of its resources."
                )
            elif node:
                found.setdefault(group, []).append(node)
    if problems:
        raise BadInput(*problems)
    return found


def _composed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _removal(group: str, uuids: Sequence[str], node: yaml.Node) -> Removal:
    return Removal(group, uuids, node.start_mark.line + 1, node.start_mark.column + 1)


def _input_of(node: yaml.Node) -> str | None:
    """Return the name of the input whose value NODE is, None where it is something else."""
    items = list(_items(node))
    if len(items) != 1 or items[0][0] != "get_input":
        return None
    said = items[0][1]
    if isinstance(said, yaml.SequenceNode) and len(said.value) == 1:
        said = said.value[0]
    return said.value if isinstance(said, yaml.ScalarNode) else None


def _default(declaration: Any) -> Any:
    return declaration.get("default") if isinstance(declaration, Mapping) else None


def _properties(root: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """Yield each node template with what is written as its removal list."""
    templates = _at(_at(root, "topology_template"), "node_templates")
    for key, body in _items(templates):
        scalable = _at(_at(body, "capabilities"), "scalable") or _at(body, "scalable")
        for place in (_at(scalable, "properties"), scalable):
            found = _at(place, _NAME)
            if found is not None:
                yield key, found


def _items(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, value


def _at(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of KEY, the last one of several as YAML readers take it."""
    return next((value for name, value in reversed(list(_items(node))) if name == key), None)


def _span(node: yaml.SequenceNode) -> tuple[int, int]:
    """Return where the list begins and ends, without the comments and blank lines behind its last item."""
    end = node.end_mark if node.flow_style or not node.value else node.value[-1].end_mark
    return node.start_mark.index, end.index


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return TEXT with an empty list at each of SPANS.

    One of several lines may begin in the column of its key, where only a list of that form may stand: hence the blank.
    """
    for start, end in sorted(set(spans), reverse=True):
        text = f"{text[:start]}{'[]' if text[start] == '[' else ' []'}{text[end:]}"
    return text
