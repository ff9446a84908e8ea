# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What implements an operation: a role of a collection, or a playbook from elsewhere with the roles that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, OperationCall, Topology

_ROLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){2}\Z", re.ASCII)
_PLAYBOOK_URL = re.compile(r"https?://\S+\Z", re.IGNORECASE)
_YAML = (".yml", ".yaml")
_SCRIPTS = (".sh", ".py", ".rb", ".pl", ".ps1", ".bat", ".jar", ".war")
# A role as Ansible Galaxy names it, or its repository; then perhaps a comma and its version.
_ROLE_TO_INSTALL = re.compile(r"([\w-]+\.[\w-]+|git\+\S+?)(,\S+)?\Z", re.ASCII)
_OWN = "indigo.paas."
_GALAXY_ROLE = "AnsibleGalaxy.role"
_GALAXY_COLLECTION = "AnsibleGalaxy.collection"


def is_role(implementation: str) -> bool:
    """Say whether an implementation names a role: namespace.collection.role, and no file of that shape."""
    return _ROLE.match(implementation) is not None and not implementation.lower().endswith((*_YAML, *_SCRIPTS))


def is_playbook(implementation: str) -> bool:
    """Say whether an implementation is the URL or the path of a playbook."""
    path = implementation.lower().partition("?")[0]
    if path.endswith(_YAML):
        return True
    return _PLAYBOOK_URL.match(implementation) is not None and not path.endswith(_SCRIPTS)


def external(
    call: OperationCall, artifacts: Mapping[str, Any], others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what runs an operation that no role implements, as plain data.

    "playbook" is a URL, or a path that is relative to the directory of "defined_in", the file that names it.
    "galaxy_roles" and "collections" are what must be installed before, as ansible-galaxy names them: the artifacts of
    such types, and the dependencies of the implementation.
    "files" are other artifacts, [{"file", "defined_in", "line", "column", "required"}]: paths as written, relative to
    the directory of the file that names them. Required are those that a dependency or an argument names; for these
    `others` has the artifacts of all nodes, by their files.
    """
    needed = [*artifacts.values(), *(_artifact(name, artifacts) for name in call.dependencies)]
    return {
        "playbook": call.implementation,
        "defined_in": call.at.file,
        "line": call.at.line,
        "column": call.at.column,
        "galaxy_roles": _files(needed, _GALAXY_ROLE),
        "collections": _files(needed, _GALAXY_COLLECTION),
        "files": _brought(call, artifacts, others or {}),
    }


def is_installed(artifact: Any) -> bool:
    """Say whether an artifact is a role or a collection that is installed for playbooks."""
    kind = str(artifact.get("type", "")) if isinstance(artifact, Mapping) else ""
    return kind.endswith((_GALAXY_ROLE, _GALAXY_COLLECTION))


def by_file(artifacts: Iterable[Any]) -> dict[str, Any]:
    """Return artifacts by their files, the first of each."""
    found: dict[str, Any] = {}
    for artifact in artifacts:
        found.setdefault(_file(artifact), artifact)
    return found


def _brought(call: OperationCall, artifacts: Mapping[str, Any], others: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the files that an operation may look for, those that it names before the others."""
    own = by_file(artifacts.values())
    named = [text for text in _texts(dict(call.arguments)) if text in own or text in others]
    needed = [artifacts.get(each, each) if isinstance(each, str) else each for each in call.dependencies]
    needed += [own[text] if text in own else others[text] for text in named]
    found: dict[str, dict[str, Any]] = {}
    for artifact, required in (*((each, True) for each in needed), *((each, False) for each in own.values())):
        file = _file(artifact)
        if file != call.implementation and _is_file(artifact, required):
            at = value_place(artifact, "file") if isinstance(artifact, Mapping) else call.at
            at = at if at.file else call.at
            where = {"defined_in": at.file, "line": at.line, "column": at.column}
            found.setdefault(file, {"file": file, **where, "required": required})
    return list(found.values())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _file(artifact: Any) -> str:
    file = artifact.get("file") if isinstance(artifact, Mapping) else artifact
    return file if isinstance(file, str) else ""


def _is_file(artifact: Any, is_named: bool) -> bool:
    """Say whether an artifact is a file beside the template: no role, no image, nothing from a repository or a URL."""
    file = _file(artifact)
    if not file or "://" in file:
        return False
    if not isinstance(artifact, Mapping):
        is_role = _ROLE_TO_INSTALL.match(file) is not None and not file.lower().endswith((*_YAML, *_SCRIPTS))
        return not is_role or "/" in file
    kind = str(artifact.get("type", ""))
    if artifact.get("repository") or ".Deployment.Image" in kind or is_installed(artifact):
        return False
    return is_named or ".Implementation." not in kind


def operations(topology: Topology) -> Iterator[tuple[NodeTemplate, OperationCall]]:
    """Yield each operation of a topology with the node that it is for, those of relationships among them."""
    for node in topology.nodes.values():
        requirements = (call for requirement in node.requirements for call in requirement.operations)
        for call in (*node.operations, *requirements):
            yield node, call


def foreign(topology: Topology) -> list[tuple[NodeTemplate, OperationCall]]:
    """Return the operations that are implemented by anything but a role of this collection."""
    return [(node, call) for node, call in operations(topology) if not _is_own(call.implementation)]


def _is_own(implementation: str) -> bool:
    return is_role(implementation) and implementation.startswith(_OWN)


def _artifact(dependency: Any, artifacts: Mapping[str, Any]) -> Any:
    """Return the artifact that a dependency is or names; a name of no artifact is a role, or else a file."""
    if not isinstance(dependency, str):
        return dependency
    is_file = dependency.lower().endswith((*_YAML, *_SCRIPTS))
    role = {"file": dependency, "type": _GALAXY_ROLE} if _ROLE_TO_INSTALL.match(dependency) and not is_file else None
    return artifacts.get(dependency, role)


def _files(artifacts: Iterable[Any], kind: str) -> list[str]:
    """Return the files of the artifacts of a type, each once."""
    found = []
    for artifact in artifacts:
        if isinstance(artifact, Mapping) and str(artifact.get("type", "")).endswith(kind):
            file = artifact.get("file")
            found += [file] if isinstance(file, str) and file else []
    return list(dict.fromkeys(found))
