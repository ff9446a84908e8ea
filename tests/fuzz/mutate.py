# SPDX-License-Identifier: Apache-2.0
"""Changes that keep a template YAML, so that they get past the parser: parts replaced, removed, moved and added."""

from __future__ import annotations

import itertools
import pathlib
import random
from collections.abc import Iterator
from typing import Any

import yaml

WORDS = [
    line.strip()[1:-1].rstrip(":")
    for line in (pathlib.Path(__file__).parent / "tosca.dict").read_text().splitlines()
    if line.startswith('"')
]
# Aliases let a small file have places without end.
MAX_PLACES = 10_000
SCALARS: list[Any] = [None, True, 0, -1, 2**70, 1.5, "", "x", "4 GB", "{{ 1 }}", [], {}]


def mutate(data: bytes, limit: int, seed: int) -> bytes | None:
    """Return other YAML of at most LIMIT bytes; None when DATA is none."""
    chance = random.Random(seed)
    try:
        tree = yaml.safe_load(data[1:].decode())
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(tree, dict) or not tree:
        return None
    for _change in range(chance.randint(1, 3)):
        _change_one(tree, chance)
    try:
        text = yaml.safe_dump(tree, sort_keys=False, width=1000).encode()
    except (yaml.YAMLError, RecursionError):
        return None
    found = bytes([chance.randrange(8)]) + text
    return found if len(found) <= limit else None


def _change_one(tree: dict[Any, Any], chance: random.Random) -> None:
    places = list(itertools.islice(_places(tree), MAX_PLACES))
    if not places:
        return
    parent, key = chance.choice(places)
    action = chance.randrange(5)
    if action == 0:
        del parent[key]
    elif action == 1:
        other, name = chance.choice(places)
        parent[key] = (
            other[name] if not isinstance(other[name], (dict, list)) else yaml.safe_load(yaml.safe_dump(other[name]))
        )
    elif action == 2 and isinstance(parent, dict):
        parent[chance.choice(WORDS)] = _value(chance)
    elif action == 3:
        parent[key] = {chance.choice(WORDS): parent[key]}
    else:
        parent[key] = _value(chance)


def _value(chance: random.Random) -> Any:
    call = {chance.choice(WORDS): [chance.choice(WORDS), chance.choice(WORDS), 0]}
    return chance.choice([*SCALARS, chance.choice(WORDS), chance.choice(WORDS), call])


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        if depth < 30:
            yield from _places(item, depth + 1)
