# SPDX-License-Identifier: Apache-2.0
"""Another number of nodes in the text of a template, the rest of it as it was. Pure."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from indigo_paas.errors import BadInput

_COUNT, _REMOVALS = "count", "removal_list"
# Machines are called by their templates, with "-" in place of "_".
_PUNCTUATION = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Rewritten:
    """The text that asks for other numbers, and the inputs that do."""

    text: str
    inputs: Mapping[str, int]


def scaled(text: str, counts: Mapping[str, int], removals: Mapping[str, Sequence[str]]) -> Rewritten:
    """Return what asks for COUNTS nodes, by node template, and for the resources REMOVALS (uuids) to go.

    A count that is the value of an input, which nothing else uses, is changed by that input. Raises BadInput where the
    text is written in a way that cannot be changed with certainty.
    """
    inputs = {}
    for group, count in counts.items():
        name = _own_input(text, group)
        if name:
            inputs[name] = count
        else:
            text = _put(text, [*_place(text, group), _COUNT], count)
    for group, uuids in removals.items():
        text = _put(text, [*_place(text, group), _REMOVALS], list(uuids))
    return Rewritten(text, inputs)


def group_of(text: str, name: str) -> str:
    """Return the node template that NAME, of a node template, of its machines or of what they host, stands for."""
    nodes = _nodes(_data(text))
    plain = {_PUNCTUATION.sub("-", each.lower()): each for each in nodes}
    found = name if name in nodes else plain.get(_PUNCTUATION.sub("-", name.lower()))
    seen: set[str] = set()
    while found is not None and (host := _host(nodes[found])) in nodes and found not in seen:
        seen.add(found)
        found = host
    if found is None:
        raise BadInput(f"There is no node group {name!r}. There is {', '.join(nodes) or 'none'}.")
    return found


def _own_input(text: str, group: str) -> str | None:
    """Return the input that is the count of GROUP and nothing else."""
    data = _data(text)
    count = _at(data, [*_place(text, group), _COUNT])
    name = count.get("get_input") if isinstance(count, dict) and len(count) == 1 else None
    # An input by its path is none that a parameter could set.
    return name if isinstance(name, str) and list(_asked_inputs(data)).count(name) == 1 else None


def _place(text: str, group: str) -> list[str]:
    """Return the keys to the mapping that holds the count of GROUP, or shall."""
    node = ["topology_template", "node_templates", group]
    data = _data(text)
    scalable = [*node, "capabilities", "scalable"]
    short = _at(data, scalable)
    if isinstance(short, dict) and "properties" not in short and short.keys() & {_COUNT, _REMOVALS}:
        return scalable
    return [*scalable, "properties"]


def _put(text: str, keys: Sequence[str], value: Any) -> str:
    """Return TEXT with VALUE at KEYS; what is missing on the way is made."""
    wanted = copy.deepcopy(_data(text))
    inner = wanted
    for key in keys[:-1]:
        inner[key] = inner[key] if isinstance(inner.get(key), dict) else {}
        inner = inner[key]
    inner[keys[-1]] = value
    # What an anchor marks is said at other places, too, which may not change.
    is_shared = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))
    changed = None if is_shared else _spliced(text, keys, value)
    if changed is None or _data(changed, lenient=True) != wanted:
        raise BadInput(
            f"The template is written in a way in which {'.'.join(keys[2:])} cannot be changed for you. "
            "Change it in a file, and give that with 'indigo-paas update --template'."
        )
    return changed


def _spliced(text: str, keys: Sequence[str], value: Any) -> str | None:
    """Return TEXT with VALUE in place of what is at KEYS, or behind a new key; None where there is no place for it."""
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(keys):
        if not isinstance(node, yaml.MappingNode):
            return None
        found = next((item for name, item in reversed(node.value) if name.value == key), None)
        if found is None or (_is_empty(found) and depth < len(keys) - 1):
            return _inserted(text, node, found, keys[depth:], value)
        node = found
    if node is None:
        return None
    start, end = _span(node)
    return f"{text[:start]}{json.dumps(value)}{text[end:]}"


def _inserted(
    text: str, mapping: yaml.MappingNode, empty: yaml.Node | None, keys: Sequence[str], value: Any
) -> str | None:
    """Return TEXT with VALUE at KEYS below MAPPING, in place of what is EMPTY there or before its first key."""
    if empty is not None:
        written = _flow(keys[1:], value)
        start, end = empty.start_mark.index, empty.end_mark.index
        return f"{text[:start]}{' ' if start == end else ''}{written}{text[end:]}"
    if not mapping.value:
        return None
    first = mapping.value[0][0].start_mark
    entry = f"{keys[0]}: {_flow(keys[1:], value)}"
    between = ", " if mapping.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{entry}{between}{text[first.index :]}"


def _flow(keys: Sequence[str], value: Any) -> str:
    """Return VALUE below KEYS on one line."""
    written = json.dumps(value)
    for key in reversed(keys):
        written = f"{{ {key}: {written} }}"
    return written


def _span(node: yaml.Node) -> tuple[int, int]:
    """Return where NODE begins and ends, without the comments and blank lines behind it."""
    last: yaml.Node = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        item = last.value[-1]
        last = item[1] if isinstance(item, tuple) else item
    return node.start_mark.index, last.end_mark.index


def _is_empty(node: yaml.Node) -> bool:
    return (isinstance(node, yaml.MappingNode) and not node.value) or node.tag == "tag:yaml.org,2002:null"


def _data(text: str, lenient: bool = False) -> Any:
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if lenient:
            return None
        raise BadInput(f"The template that the server keeps cannot be read: {' '.join(str(error).split())}.") from None
    return data if isinstance(data, dict) else {}


def _nodes(data: Mapping[str, Any]) -> dict[str, Any]:
    found = _at(data, ["topology_template", "node_templates"])
    return found if isinstance(found, dict) else {}


def _at(data: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _host(node: Any) -> str | None:
    """Return what hosts the node template NODE."""
    requirements = node.get("requirements") if isinstance(node, dict) else None
    for requirement in requirements if isinstance(requirements, list) else []:
        host = requirement.get("host") if isinstance(requirement, dict) else None
        host = host.get("node") if isinstance(host, dict) else host
        if isinstance(host, str):
            return host
    return None


def _asked_inputs(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "get_input":
                yield str(value[0] if isinstance(value, list) and value else value)
            yield from _asked_inputs(value)
    elif isinstance(data, list):
        for item in data:
            yield from _asked_inputs(item)
