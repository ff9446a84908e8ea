# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook's plays as the files of roles: pure, from text to text.

The header of a play (hosts, connection, ...) is left out: where it runs is decided by the stage. Its sections become
one list of tasks, its variables those of a role. The text is handled as YAML nodes, so that tags, styles and anchors
stay as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem, did_you_mean

try:
    import yaml
except ImportError:
    yaml = cast("Any", None)

# The name of the files in tasks/, handlers/ and vars/ of a role that is made of a play.
ENTRY = "paas_playbook"
ARGUMENTS = "paas_arguments"
MAX_BYTES = 2_000_000

_DIRECTORY = "paas_playbook_dir"
_ROLES = "paas_roles"
_PLAY_VARS = "paas_play_vars"
_ROLE_NAME = "paas_role_name"

_SECTIONS = ("pre_tasks", "roles", "tasks", "post_tasks")
# Where and how a play runs is the stage's affair.
_HEADER = {
    "name",
    "hosts",
    "connection",
    "gather_facts",
    "gather_subset",
    "gather_timeout",
    "fact_path",
    "any_errors_fatal",
    "remote_user",
    "user",
    "port",
    "strategy",
    "order",
    "force_handlers",
    "max_fail_percentage",
    "become",
}
_FOR_HANDLERS = (
    "become_user",
    "become_method",
    "become_flags",
    "become_exe",
    "environment",
    "module_defaults",
    "collections",
    "no_log",
    "throttle",
    "timeout",
    "debugger",
    "diff",
    "check_mode",
)
_FOR_TASKS = (*_FOR_HANDLERS, "tags", "run_once", "ignore_errors", "ignore_unreachable")
_PLAY_KEYS = {*_HEADER, *_FOR_TASKS, *_SECTIONS, "handlers", "vars"}
_REFUSED = {
    "import_playbook": "Name the tasks of the other playbook in this one, or give it an operation of its own.",
    "include": "Name the tasks of the other playbook in this one, or give it an operation of its own.",
    "vars_prompt": "Make it an input of the operation.",
    "vars_files": "Write the variables under `vars`, or load them by a task with ansible.builtin.include_vars.",
    "serial": "Remove it: a stage runs on all its nodes together.",
}
# What an entry under `roles` says as a task; everything else there is a variable of the role.
_ROLE_KEYWORDS = {
    *_FOR_HANDLERS,
    "become",
    "tags",
    "when",
    "run_once",
    "ignore_errors",
    "ignore_unreachable",
    "delegate_to",
    "delegate_facts",
    "any_errors_fatal",
    "connection",
    "port",
    "remote_user",
}
# Inside a role these have a value of Ansible's own, which no variable of a play overrides.
_SHADOWED = ("role_name",)
# Where a text is an expression without braces.
_EXPRESSIONS = ("when", "changed_when", "failed_when", "until", "that", "var")
# What a file of tasks holds when it cannot stay as it is.
_CONVERTED = (b"_role", b"role_name", b"playbook_dir")
_PREFIXES = ("ansible.builtin.", "ansible.legacy.")
_BLOCKS = ("block", "rescue", "always")
_JINJA = re.compile(r"\{[{%]")
_INSIDE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PLAYBOOK_DIR = re.compile(r"\bplaybook_dir\b")
_PAIR = re.compile(r"(\w+)=([^\s'\"]+)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# Of the name of a role: the path of its directory, the name itself where Ansible finds it, None for an unknown role.
FindRole = Callable[[str], "str | None"]


@dataclass(frozen=True)
class Surroundings:
    """What the plays of one playbook are given.

    roles      the directories of the roles that were fetched for it, by the names that playbooks use
    find_role  finds every role that a playbook may name, those among them
    variables  names of the operation's arguments; at run time their values are in the dictionary paas_arguments
    directory  the directory that stands for that of the playbook
    extra      further variables, with text that may be Jinja
    """

    roles: Mapping[str, str]
    find_role: FindRole
    variables: Iterable[str]
    directory: str
    extra: Mapping[str, str]


def roles_of(text: bytes, file: str, given: Surroundings) -> list[dict[str, bytes]]:
    """Return for each play of a playbook the files of a role, by path in its directory.

    The entry point is ENTRY, in tasks/, vars/ and handlers/. `file` is how errors call the playbook. PaasError with all
    that cannot be run so.
    """
    converter = _Converter(file, given)
    made = [converter.play(play) for play in _plays(text, file)]
    if converter.problems:
        raise PaasError(converter.problems)
    return made


def tasks_of(text: bytes, file: str, given: Surroundings) -> bytes:
    """Return a file of tasks that a playbook includes, with the roles that it names as `roles_of` finds them.

    What is no list of tasks, or names no role and no place, stays as it is.
    """
    if not any(word in text for word in _CONVERTED):
        return text
    try:
        node = _compose(text, file)
    except PaasError:
        return text
    if not isinstance(node, yaml.SequenceNode) or not all(isinstance(task, yaml.MappingNode) for task in node.value):
        return text
    converter = _Converter(file, given)
    converter.tasks(node)
    _redirect(node, _shadowed(given.variables))
    if converter.problems:
        raise PaasError(converter.problems)
    return _serialize(node)


def redirected(text: bytes, given: Surroundings) -> bytes:
    """Return a template or a file of variables that finds its playbook's directory and arguments where they now are."""
    names = _shadowed(given.variables)
    # Latin-1 has a character for each byte, so that what is no UTF-8 stays as it is.
    return _renamed(text.decode("latin-1"), names).encode("latin-1")


def _compose(text: bytes, file: str) -> Any:
    if yaml is None:
        raise PaasError("PyYAML is not installed for this Python", hint="Install it: pip install PyYAML.")
    if len(text) > MAX_BYTES:
        raise PaasError(f"larger than {MAX_BYTES // 1_000_000} MB, which is the limit for one playbook", file=file)
    try:
        return yaml.compose(text.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        raise PaasError(f"YAML syntax error: {error.problem}", file=file, hint="Correct it.", **place) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        shown = " ".join(str(error).split())[:200]
        raise PaasError(f"this is not YAML: {shown}", file=file, hint="Correct it.") from error


def _plays(text: bytes, file: str) -> list[Any]:
    node = _compose(text, file)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise PaasError("this is no playbook", file=file, hint="A playbook is a list of plays.")
    wrong = [each for each in node.value if not isinstance(each, yaml.MappingNode)]
    if wrong:
        raise PaasError([_problem(file, each, "this is no play", "A play is a mapping.") for each in wrong])
    return list(node.value)


def _serialize(node: Any) -> bytes:
    return yaml.serialize(
        node, Dumper=yaml.SafeDumper, allow_unicode=True, width=1_000_000, explicit_start=True
    ).encode()


class _Converter:
    """Converts the plays of one file; what is wrong goes to `problems`."""

    def __init__(self, file: str, given: Surroundings) -> None:
        self._file = file
        self._given = given
        self.problems: list[Problem] = []
        self._done: set[int] = set()

    def play(self, play: Any) -> dict[str, bytes]:
        """Return the files of the role that a play becomes."""
        fields = dict(self._fields(play))
        self._check_keys(play)
        _redirect(play, _shadowed([*self._given.variables, *self._variables(fields.get("vars"))]))
        tasks = self._all_tasks(fields)
        handlers = self._list(fields, "handlers")
        common = {key: fields[key] for key in _FOR_TASKS if key in fields}
        if handlers is not None:
            self.tasks(handlers)
            self._complete(handlers, {key: common[key] for key in _FOR_HANDLERS if key in common})
        files = {
            "tasks": _seq([_map({**common, "block": tasks})] if tasks.value else []),
            "vars": self._vars(fields.get("vars")),
            "handlers": handlers or _seq([]),
        }
        return {f"{directory}/{ENTRY}.yml": _serialize(node) for directory, node in files.items()}

    def tasks(self, node: Any) -> None:
        """Make the tasks of a list run the roles that they name from where these are."""
        for task in node.value:
            if id(task) in self._done:
                continue
            self._done.add(id(task))
            if not isinstance(task, yaml.MappingNode):
                self._wrong(task, "this is no task", "A task is a mapping.")
                continue
            for key, value in list(self._fields(task)):
                short = _without_prefix(key)
                if key in _BLOCKS and isinstance(value, yaml.SequenceNode):
                    self.tasks(value)
                elif short in ("include_role", "import_role"):
                    self._role_task(task, key, value)
                elif key == "include":
                    self._wrong(value, "Ansible no longer has 'include'", "Write include_tasks.")

    def _fields(self, node: Any) -> Iterator[tuple[str, Any]]:
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, value

    def _check_keys(self, play: Any) -> None:
        for key, _value in play.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "a mapping"
            if _without_prefix(name) in _REFUSED:
                self._wrong(key, f"'{name}' cannot be run on the nodes of a stage", _REFUSED[_without_prefix(name)])
            elif name not in _PLAY_KEYS:
                self._wrong(key, f"'{name}' is no part of a play", did_you_mean(name, _PLAY_KEYS, what="parts"))

    def _list(self, fields: Mapping[str, Any], section: str) -> Any:
        """Return a section of a play; None when it is absent, empty, or none."""
        node = fields.get(section)
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null")):
            return None
        if isinstance(node, yaml.SequenceNode):
            return node
        return self._wrong(node, f"'{section}' is no list", "Write one '- ' an entry.")

    def _all_tasks(self, fields: Mapping[str, Any]) -> Any:
        """Return the tasks of all sections in their order; handlers run where Ansible runs them in a play."""
        sections = {section: self._section(fields, section) for section in _SECTIONS}
        groups = [sections["pre_tasks"], [*sections["roles"], *sections["tasks"]], sections["post_tasks"]]
        return _seq([task for group in groups if group for task in [*group, _flush()]])

    def _section(self, fields: Mapping[str, Any], section: str) -> list[Any]:
        """Return the tasks of one section of a play."""
        node = self._list(fields, section)
        if node is None:
            return []
        if section == "roles":
            return [task for entry in node.value if (task := self._role_entry(entry)) is not None]
        self.tasks(node)
        return list(node.value)

    def _complete(self, handlers: Any, common: Mapping[str, Any]) -> None:
        """Give handlers what holds for their play: a handler can have no block around it."""
        for handler in handlers.value:
            if isinstance(handler, yaml.MappingNode):
                own = {key for key, _value in self._fields(handler)}
                handler.value += [(_text(key), value) for key, value in common.items() if key not in own]

    def _role_entry(self, entry: Any) -> Any:
        """Return the task that runs an entry under `roles`."""
        if isinstance(entry, yaml.ScalarNode):
            fields: dict[str, Any] = {"role": entry}
        elif isinstance(entry, yaml.MappingNode):
            fields = dict(self._fields(entry))
        else:
            return self._wrong(entry, "this is no role", "Write '- role: NAME'.")
        name = fields.pop("role", None) or fields.pop("name", None)
        if not isinstance(name, yaml.ScalarNode):
            return self._wrong(entry, "this entry names no role", "Write '- role: NAME'.")
        fields.pop("name", None)
        variables = {key: value for key, value in fields.items() if key not in (*_ROLE_KEYWORDS, "vars")}
        own = fields.get("vars")
        if isinstance(own, yaml.MappingNode):
            variables = {**dict(self._fields(own)), **variables}
        target = self._target(name, variables)
        if target is None:
            return None
        # A role whose name is known is imported, as Ansible does with `roles`: its tags and conditions go to each task.
        action = "ansible.builtin.include_role" if _JINJA.search(name.value) else "ansible.builtin.import_role"
        keywords = {key: value for key, value in fields.items() if key in _ROLE_KEYWORDS}
        task = {"name": _text(f"Run the role {name.value}"), action: _map({"name": target}), **keywords}
        return _map({**task, "vars": _map(variables)} if variables else task)

    def _role_task(self, task: Any, action: str, value: Any) -> None:
        """Make a task that runs a role run it from where it is."""
        value = self._arguments_of(task, action, value)
        name = next((node for key, node in self._fields(value) if key in ("name", "role")), None)
        if not isinstance(name, yaml.ScalarNode):
            self._wrong(value, f"'{action}' names no role", "Write 'name: NAME' below it.")
            return
        variables: dict[str, Any] = {}
        target = self._target(name, variables)
        if target is not None:
            kept = [(key, node) for key, node in value.value if node is not name]
            value.value = [(_text("name"), target), *kept]
            self._add_vars(task, variables)

    def _arguments_of(self, task: Any, action: str, value: Any) -> Any:
        """Return the arguments of a task as a mapping; "name=x tasks_from=y" becomes one."""
        if isinstance(value, yaml.MappingNode):
            return value
        written = _PAIR.findall(value.value) if isinstance(value, yaml.ScalarNode) else []
        made = _map({name: _text(text) for name, text in written})
        task.value = [(key, made if node is value else node) for key, node in task.value]
        made.start_mark = value.start_mark
        for _key, node in made.value:
            node.start_mark = value.start_mark
        return made

    def _add_vars(self, task: Any, variables: Mapping[str, Any]) -> None:
        own = next((node for key, node in self._fields(task) if key == "vars"), None)
        if not variables:
            return
        if isinstance(own, yaml.MappingNode):
            own.value += [(_text(key), node) for key, node in variables.items()]
        else:
            task.value.append((_text("vars"), _map(variables)))

    def _target(self, name: Any, variables: dict[str, Any]) -> Any:
        """Return what names a role for Ansible; for a name that is an expression, add it to `variables`.

        Such a name can choose among the roles that were fetched for the playbook, and nothing else.
        """
        if _JINJA.search(name.value):
            variables[_ROLE_NAME] = name
            return _text(f"{{{{ {_ROLES}[{_ROLE_NAME}] }}}}")
        found = self._given.find_role(name.value)
        if found is not None:
            return _text(found)
        hint = (
            "Add it to the artifacts of its node, with the type tosca.artifacts.AnsibleGalaxy.role"
            f"{_role_names(self._given.roles)}."
        )
        return self._wrong(name, f"the role '{name.value[:100]}' is not here", hint)

    def _vars(self, own: Any) -> Any:
        """Return the variables of the role: the play's, and over them the operation's arguments."""
        if own is not None and not isinstance(own, yaml.MappingNode):
            self._wrong(own, "'vars' is no mapping", "Write 'name: value' below it.")
        play = self._variables(own)
        arguments = [name for name in self._given.variables if _VARIABLE.match(name)]
        both = {name: play[name] for name in arguments if name in play}
        values = {name: _text(_argument(name, name in both)) for name in arguments}
        extra = {name: _text(text) for name, text in self._given.extra.items()}
        roles = {name: _unsafe(path) for name, path in self._given.roles.items()}
        ours = {_DIRECTORY: _unsafe(self._given.directory), _ROLES: _map(roles), _PLAY_VARS: _map(both)}
        variables = {**extra, **play, **values, **ours}
        return _map({_ours(name) if name in _SHADOWED else name: value for name, value in variables.items()})

    def _variables(self, own: Any) -> dict[str, Any]:
        return dict(self._fields(own)) if isinstance(own, yaml.MappingNode) else {}

    def _wrong(self, node: Any, message: str, hint: str) -> None:
        self.problems.append(_problem(self._file, node, message, hint))


def _argument(name: str, has_default: bool) -> str:
    """Return the expression for an argument; where it has no value, the play's own variable stands."""
    value = f"{ARGUMENTS}['{name}']"
    return f"{{{{ {value} | default({_PLAY_VARS}['{name}']) }}}}" if has_default else f"{{{{ {value} }}}}"


def _ours(name: str) -> str:
    return f"paas_argument_{name}"


def _shadowed(variables: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds those of the variables that Ansible hides inside a role; None where there are none."""
    found = sorted({name for name in variables if name in _SHADOWED})
    return re.compile(rf"\b({'|'.join(found)})\b") if found else None


def _renamed(text: str, shadowed: re.Pattern[str] | None, *, expression: bool = False) -> str:
    """Return a text whose expressions read our names; `expression` says that all of it is one."""
    text = _PLAYBOOK_DIR.sub(_DIRECTORY, text)
    if shadowed is None:
        return text

    def rename(found: re.Match[str]) -> str:
        return shadowed.sub(lambda name: _ours(name[0]), found[0])

    return shadowed.sub(lambda name: _ours(name[0]), text) if expression else _INSIDE.sub(rename, text)


def _redirect(node: Any, shadowed: re.Pattern[str] | None) -> None:
    """Make all texts of a node find the directory and the arguments of the playbook where they now are."""
    waiting, seen = [(node, False)], set()
    while waiting:
        each, expression = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, yaml.ScalarNode):
            each.value = _renamed(each.value, shadowed, expression=expression)
        elif isinstance(each, yaml.SequenceNode):
            waiting += [(part, expression) for part in each.value]
        else:
            for key, value in each.value:
                waiting += [(key, False), (value, getattr(key, "value", None) in _EXPRESSIONS)]


def _flush() -> Any:
    return _map({"name": _text("Run the handlers"), "ansible.builtin.meta": _text("flush_handlers")})


def _role_names(roles: Iterable[str]) -> str:
    names = ", ".join(sorted(roles)[:10])
    return f"; there is {names}" if names else ""


def _without_prefix(key: str) -> str:
    return next((key.removeprefix(prefix) for prefix in _PREFIXES if key.startswith(prefix)), key)


def _problem(file: str, node: Any, message: str, hint: str) -> Problem:
    return Problem(message, file, node.start_mark.line + 1, node.start_mark.column + 1, hint)


def _text(text: str) -> Any:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


def _unsafe(text: str) -> Any:
    return yaml.ScalarNode("!unsafe", text, style='"')


def _seq(nodes: Iterable[Any]) -> Any:
    return yaml.SequenceNode("tag:yaml.org,2002:seq", list(nodes), flow_style=False)


def _map(fields: Mapping[str, Any]) -> Any:
    pairs = [(_text(key), value) for key, value in fields.items()]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=False)
