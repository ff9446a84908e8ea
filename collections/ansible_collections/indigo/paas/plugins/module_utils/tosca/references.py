# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names inside functions mean: SELF, HOST, SOURCE, TARGET, and the names of the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft, DraftRelationship, Scope, Templates
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    SELF,
    UNKNOWN,
    Call,
    FunctionError,
    State,
    follow,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.inputs import Inputs
from ansible_collections.indigo.paas.plugins.module_utils.tosca.lifecycle import ON_TARGET
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.run_attributes import RunAttributes
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import ADDRESSES, COMPUTE

# A property of a node template, found.
BOUND = "bound_property"
# A property that is asked for as an attribute: what is not in it may appear when the node runs.
REFLECTED = "reflected_property"

# What a function may call a node; where one has no meaning, it may be the name of a node template.
KEYWORDS = ("SELF", "HOST", "SOURCE", "TARGET")

# An attribute that has a value from the beginning, by default or by assignment.
ASSIGNED = "assigned_attribute"


class Slot(NamedTuple):
    """A property, or an attribute: of a node template or relationship, perhaps of a capability of it."""

    entity: str
    capability: str | None
    name: str
    is_attribute: bool = False


class _Attribute(NamedTuple):
    """An attribute that a function means, and the path into its value."""

    draft: Draft
    capability: str | None
    name: str
    rest: list[Any]


class _Unreadable(Exception):
    """A function names what cannot be read, and its own problems are reported already."""


class References:
    """Binds the functions of a template to its nodes and relationships; what points nowhere goes to the report."""

    def __init__(self, templates: Templates, runs: RunAttributes, inputs: Inputs, report: Report) -> None:
        """Take the templates, and which of their attributes are given by what runs."""
        self._nodes = templates.nodes
        self._entities: Mapping[str, Draft] = {**templates.relationships, **templates.nodes}
        self._written = templates.written
        self._incomplete = templates.incomplete
        self._runs = runs
        self._inputs = inputs
        self._report = report
        self._uses: dict[str, list[DraftRelationship]] = {}
        for relationship in templates.relationships.values():
            if relationship.template is not None:
                self._uses.setdefault(relationship.template, []).append(relationship)

    def state(self, scope: Scope) -> State:
        """Return the handlers for `functions.evaluate` that insert inputs and bind everything else.

        get_property becomes BOUND [entity, capability or null, property, path...], a get_attribute that names a
        property becomes REFLECTED with the same arguments, and ASSIGNED where the attribute has a value that nothing
        which runs can change; other get_attribute and get_operation_output keep their form with the entity's name.
        What cannot be bound is reported and stays.
        """
        handlers = {
            "get_input": self._input,
            "get_property": self._property,
            "get_attribute": self._attribute,
            "get_artifact": self._artifact,
            "get_operation_output": self._operation_output,
        }
        return {name: self._guarded(handler, scope) for name, handler in handlers.items()}

    def _guarded(self, handler: Any, scope: Scope) -> Any:
        def handle(arguments: list[Any], at: Location) -> Any:
            try:
                _check_names(arguments, at)
                return handler(scope, arguments, at)
            except _Unreadable:
                return UNKNOWN
            except FunctionError as error:
                self._report.add("function", str(error), at, error.hint)
                return UNKNOWN

        return handle

    def _input(self, _scope: Scope, arguments: list[Any], at: Location) -> Any:
        name, *path = arguments
        if name in self._inputs.unusable:
            raise _Unreadable
        if not isinstance(name, str) or name not in self._inputs.values:
            near = did_you_mean(name, self._inputs.values, what="inputs")
            hint = f"{near} Or declare it under 'inputs', or give it a value."
            raise FunctionError(f"get_input names '{str(name)[:80]}', which is no input of the template", at, hint)
        value = self._inputs.values[name]
        return follow(value, path, at, f"the input '{name}'") if value is not None else None

    def _property(self, scope: Scope, arguments: list[Any], at: Location) -> Any:
        for draft in self._candidates(scope, arguments, at):
            slot = self._slot(draft, arguments[1:], hosting=scope.means_host(arguments[0]))
            if slot is not None:
                return Call(BOUND, slot, at)
        raise self._nothing("get_property", "property", scope, arguments, at)

    def _attribute(self, scope: Scope, arguments: list[Any], at: Location) -> Any:
        for draft in self._candidates(scope, arguments, at):
            found = self._attribute_of(draft, arguments[1:])
            slot = self._slot(draft, arguments[1:])
            if found is not None and (slot is None or self._has_value(found)):
                own = scope.means_host(arguments[0]) and draft.type.is_a(COMPUTE)
                return self._bound_attribute(found, own, at)
            if slot is not None:
                return Call(REFLECTED, slot, at)
        raise self._nothing("get_attribute", "attribute", scope, arguments, at)

    def _has_value(self, found: _Attribute) -> bool:
        """Say whether anything gives an attribute a value; a property of its name does only where nothing else."""
        return self._runs.gives(*found[:3]) or found.draft.gives_attribute(found.capability, found.name)

    def _bound_attribute(self, found: _Attribute, own: bool, at: Location) -> Call:
        """Return the call for an attribute; `own` says that it is that of the machine on which it is asked for."""
        draft, capability, name, rest = found
        if not self._runs.gives(draft, capability, name) and draft.gives_attribute(capability, name):
            return Call(ASSIGNED, [draft.name, capability, name, *rest], at)
        path = [*([] if capability is None else [capability]), name]
        if own:
            return Call("get_attribute", [{SELF: draft.name}, *path, *rest], at)
        first = self._first_of(draft, name) if capability is None and not rest else []
        return Call("get_attribute", self._propagated([draft.name, *path, *(rest or first)]), at)

    def _artifact(self, scope: Scope, arguments: list[Any], at: Location) -> Any:
        draft = next(self._candidates(scope, arguments, at))
        artifacts = draft.artifacts()
        artifact = artifacts.get(str(arguments[1]))
        artifact = artifact.get("file") if isinstance(artifact, Mapping) else artifact
        if not isinstance(artifact, str):
            hint = did_you_mean(arguments[1], artifacts, what="artifacts")
            raise FunctionError(f"get_artifact: '{draft.name}' has no artifact '{arguments[1]}'", at, hint)
        return artifact

    def _operation_output(self, scope: Scope, arguments: list[Any], at: Location) -> Call:
        draft = next(self._candidates(scope, arguments, at))
        name: str | None = draft.name
        if isinstance(draft, DraftRelationship):
            name = draft.target if arguments[2] in ON_TARGET else draft.source
            if name is None:
                raise FunctionError(f"no requirement makes {draft.called}, so nothing runs for it", at)
        return Call("get_operation_output", [name, *arguments[1:]], at)

    def _candidates(self, scope: Scope, arguments: list[Any], at: Location) -> Iterator[Draft]:
        """Yield what the first argument may mean: for HOST, all nodes under this one, nearest first."""
        keyword = arguments[0]
        name = scope.entity(keyword) if isinstance(keyword, str) else None
        if name is None and keyword in KEYWORDS and scope.relationship is not None:
            raise _Unreadable  # a relationship template that no requirement names has no ends
        if name is None and keyword in KEYWORDS and keyword not in self._written:
            raise FunctionError(f"{keyword} has no meaning here", at, "Name a node template.")
        name = keyword if name is None else name
        if name in self._written and name not in self._nodes:
            raise _Unreadable
        if not isinstance(name, str) or name not in self._entities:
            hint = did_you_mean(name, self._names(), what="node templates")
            raise FunctionError(f"'{str(name)[:80]}' is no node template", at, hint)
        draft = self._entities[name]
        if not scope.means_host(keyword):
            if name == keyword:
                self._tell_uses(name, at)
            yield draft
            return
        _check_host(draft, at)
        for _step in range(len(self._nodes)):
            if draft.host is None:
                return
            draft = self._nodes[draft.host]
            yield draft

    def _names(self) -> Iterator[str]:
        """Yield the names that the template gives to its nodes and relationships."""
        yield from self._written
        for name, draft in self._entities.items():
            if not isinstance(draft, DraftRelationship) or draft.source is None or draft.template == name:
                yield name

    def _tell_uses(self, name: str, at: Location) -> None:
        """Report that a name stands for several relationships, which may differ in their ends and attributes."""
        uses = () if name in self._nodes else self._uses.get(name, ())
        if len(uses) > 1:
            message = f"'{name}' is one relationship for each of {len(uses)} requirements"
            others = ", ".join(f"'{use.source}'" for use in uses[1:4])
            hint = (
                f"The function reads that of {uses[0].called}, not that of {others}. "
                "Write a relationship template for each use."
            )
            self._report.add("not-supported", message, at, hint)

    def _slot(self, draft: Draft, path: list[Any], hosting: bool = False) -> list[Any] | None:
        """Return [node, capability, property, rest of path...] for a path from a node, else None."""
        first, *rest = path
        if first in draft.type.properties or first in draft.given(None):
            return [draft.name, None, first, *rest]
        if isinstance(first, str) and rest and (rest[0] in draft.known(first) or rest[0] in draft.given(first)):
            return [draft.name, first, *rest]
        if hosting and "host" in draft.type.capabilities:
            return self._slot(draft, ["host", *path])
        found = (self._slot(target, way) for target, way in self._through(draft, first, rest))
        return next((slot for slot in found if slot is not None), None)

    def _attribute_of(self, draft: Draft, path: list[Any]) -> _Attribute | None:
        first, *rest = path
        if first in draft.type.attributes or first in draft.given_attributes(None):
            return _Attribute(draft, None, first, rest)
        of_capability = {*draft.known_attributes(first), *draft.given_attributes(first)} if rest else ()
        if isinstance(first, str) and rest[:1] and rest[0] in of_capability:
            return _Attribute(draft, first, rest[0], rest[1:])
        found = (self._attribute_of(target, way) for target, way in self._through(draft, first, rest))
        return next((attribute for attribute in found if attribute is not None), None)

    def _propagated(self, attribute: list[Any]) -> list[Any]:
        """Return the address of an endpoint as that of the machine under it (TOSCA 1.3, 5.5.6: ip_address)."""
        draft: Draft | None = self._entities[attribute[0]]
        if attribute[-1] != "ip_address" or len(attribute) != 3:
            return attribute
        for _step in range(len(self._nodes)):
            if draft is None or draft.type.is_a(COMPUTE):
                break
            draft = self._nodes.get(draft.host) if draft.host else None
        return [draft.name, "endpoint", "ip_address"] if draft is not None else attribute

    def _first_of(self, draft: Draft, attribute: str) -> list[int]:
        """Return [0] for an address that the type calls one text: here it is a list over the machines."""
        single = draft.type.is_a(COMPUTE) and attribute in ADDRESSES
        return [0] if single and draft.type.attributes[attribute].type == "string" else []

    def _through(self, draft: Draft, name: Any, rest: list[Any]) -> Iterator[tuple[Draft, list[Any]]]:
        """Yield where a path through a requirement may lead: the capability that meets it, then the node itself."""
        definition = draft.type.requirements.get(name) if isinstance(name, str) else None
        for requirement in draft.requirements if rest else ():
            if requirement.name == name:
                target = self._nodes[requirement.node]
                wanted = requirement.capability or (definition.capability if definition is not None else None)
                for capability, offered in target.type.capabilities.items():
                    if capability in (wanted, name) or (wanted is not None and offered.type.is_a(wanted)):
                        yield target, [capability, *rest]
                yield target, rest

    def _nothing(self, function: str, what: str, scope: Scope, arguments: list[Any], at: Location) -> FunctionError:
        names: list[str] = []
        for draft in self._candidates(scope, arguments, at):
            if self._incomplete or (isinstance(draft, DraftRelationship) and draft.broken):
                raise _Unreadable
            if arguments[1] in draft.required and arguments[1] not in (found.name for found in draft.requirements):
                raise _Unreadable
            names += [*draft.type.properties, *draft.type.capabilities]
            names += draft.type.attributes if what == "attribute" else []
        plural = "attributes" if what == "attribute" else "properties"
        hint = did_you_mean(arguments[1], names, what=plural)
        path = ".".join(str(step)[:80] for step in arguments[1:])
        return FunctionError(f"{function}: {self._called(scope, arguments[0])} has no {what} '{path}'", at, hint)

    def _called(self, scope: Scope, written: Any) -> str:
        """Return how a message calls what the first argument means, of which a type may hold only a keyword."""
        shown = f"'{str(written)[:80]}'"
        meant = self._entities.get(scope.entity(written) or "") if isinstance(written, str) else None
        if meant is None:
            return shown
        if scope.means_host(written):
            return f"{shown} of the node {meant.called}"
        return f"{shown} ({meant.called if isinstance(meant, DraftRelationship) else f'the node {meant.called}'})"


def _check_host(draft: Draft, at: Location) -> None:
    """Raise what a function with HOST deserves when the node runs on none."""
    if draft.host is not None:
        return
    if "host" in draft.required:
        raise _Unreadable
    message = f"HOST has no meaning here: '{draft.name}' runs on no node"
    hint = f"Name a node template, or add `- host: ...` to the requirements of '{draft.name}'."
    raise FunctionError(message, at, hint)


def _check_names(arguments: list[Any], at: Location) -> None:
    if not all(isinstance(argument, (str, int)) for argument in arguments):
        raise FunctionError("the arguments must be names and numbers", at, "Write them as plain text.")
