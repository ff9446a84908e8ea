# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that Ansible reads: a user's texts marked as unsafe, our own expressions as templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

try:
    import yaml
except ImportError:
    yaml = cast("Any", None)

# Expressions stay on one line: folded in quotes they are hard to read.
WIDTH = 100_000
# How a task begins; what is inside of one is indented more.
_TASK = "    - name: "
_STR = "tag:yaml.org,2002:str"


class Unsafe(str):
    """A text that Ansible must never take for a template."""

    __slots__ = ()


class Template(str):
    """An expression of our own, which Ansible evaluates."""

    __slots__ = ()


def dump(data: Any, comment: str = "") -> str:
    """Return data as a YAML document with a comment at its head; lines of the comment begin with '# '.

    Texts are quoted where they have to be, Unsafe ones tagged when they could be templates, Template ones in double
    quotes.
    """
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return "---\n" + head + _text(data)


def playbook(parts: Sequence[tuple[str, Any]]) -> str:
    """Return plays as a playbook, in parts with a comment above each; empty lines between plays and tasks."""
    written = []
    for comment, items in parts:
        head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
        written.append(head + "\n".join(_spaced(_text([item])) for item in items))
    return "---\n" + "\n".join(written)


def _spaced(play: str) -> str:
    """Return a play with an empty line before each task but the first."""
    lines = play.splitlines(keepends=True)
    tasks = [number for number, line in enumerate(lines) if line.startswith(_TASK)]
    return "".join("\n" + line if number in tasks[1:] else line for number, line in enumerate(lines))


def _text(data: Any) -> str:
    text: str = yaml.dump(
        data, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False, indent=2
    )
    return text


def _dumper() -> Any:
    class Dumper(yaml.SafeDumper):
        """Indents lists below their key, writes nothing as an alias."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
            return super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(Unsafe, lambda dumper, text: _unsafe(dumper, str(text)))
    Dumper.add_representer(Template, lambda dumper, text: dumper.represent_scalar(_STR, str(text), style='"'))
    return Dumper


def is_harmless(text: str) -> bool:
    """Say whether Ansible takes a text for data even without a tag: nothing in it begins or configures Jinja."""
    return "{" not in text and "#jinja2" not in text


def _unsafe(dumper: Any, text: str) -> Any:
    """Return a user's text: literal where it has lines that YAML can keep, else on one line."""
    lines = text.split("\n")
    plain_lines = len(lines) > 1 and all(line.isprintable() and line.strip() == line for line in lines[:-1])
    literal = "|" if plain_lines and lines[0] else None
    if is_harmless(text):
        return dumper.represent_scalar(_STR, text, style=literal or (None if text.isprintable() else '"'))
    return dumper.represent_scalar("!unsafe", text, style=literal or '"')
