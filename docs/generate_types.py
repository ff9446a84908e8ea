# SPDX-License-Identifier: Apache-2.0
"""Writes docs/types.md and docs/types/ from the vocabulary: `make types`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import read
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Operation, Schema, Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import (
    Vocabulary,
    default_vocabulary,
    shipped_files,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import scalar_text

DOCS = Path(__file__).resolve().parent
SECTIONS = {
    "node_types": "Nodes",
    "relationship_types": "Relationships",
    "capability_types": "Capabilities",
    "data_types": "Data",
    "policy_types": "Policies",
    "artifact_types": "Artifacts",
}
NOTICE = "<!-- Made by `make types` from the vocabulary; change that instead. -->"
LONG = 60

Page = Iterator[str]
Sections = Mapping[str, Any]


def pages() -> dict[str, str]:
    """Return the text of every page by its path under docs/."""
    vocabulary = default_vocabulary()
    families: dict[str, Sections] = {}
    for file in shipped_files():
        families[family(file)] = joined(families.get(family(file)), read(file).data)
    made = {f"types/{name}.md": "\n".join(family_page(name, found, vocabulary)) for name, found in families.items()}
    return {"types.md": "\n".join(index(families, vocabulary)), **made}


def joined(first: Sections | None, second: Sections) -> Sections:
    """Return the sections of a file of the base vocabulary with those of the role of that name; its types count."""
    found: dict[str, Any] = {**second, **(first or {})}
    for kind in SECTIONS:
        # Where a role holds only interfaces, what the base vocabulary says of the type is told.
        new = {name: body for name, body in (second.get(kind) or {}).items() if body.keys() != {"interfaces"}}
        found[kind] = {**(found.get(kind) or {}), **new}
    return found


def family(file: Path) -> str:
    """Return what a file's page is called: the file, or the role whose types it holds."""
    return file.parents[1].name if file.parent.name == "meta" else file.stem


def index(families: Mapping[str, Sections], vocabulary: Vocabulary) -> Page:
    """Yield the lines of the table of all types."""
    yield from (NOTICE, "# Types", "")
    yield "What a template may use, besides TOSCA's own types. Published templates find all that they import here."
    for name in sorted(families):
        document = families[name]
        yield from ("", f"## [{name}](types/{name}.md)", "", document["description"], "")
        yield from ("| type | is |", "| --- | --- |")
        for kind in SECTIONS:
            for each in document.get(kind) or {}:
                found = type_of(vocabulary, kind, each)
                yield f"| [{each}](types/{name}.md#{anchor(each)}) | {cell(found.description)} |"
    yield ""


def family_page(name: str, document: Sections, vocabulary: Vocabulary) -> Page:
    """Yield the lines of the types of one family."""
    yield from (NOTICE, f"# {name}", "", document["description"], "", "[All types](../types.md)")
    for kind, title in SECTIONS.items():
        if document.get(kind):
            yield from ("", f"## {title}")
            for each in document[kind]:
                yield from type_part(type_of(vocabulary, kind, each), document[kind][each])
    yield ""


def type_of(vocabulary: Vocabulary, kind: str, name: str) -> Type:
    """Return a type; TemplateError when it is not well formed."""
    report = Report()
    found = vocabulary.find(kind, name, NOWHERE, report)
    report.raise_errors()
    assert found is not None
    return found


def type_part(found: Type, written: Mapping[str, Any]) -> Page:
    """Yield the lines of one type: what it adds to the type that it is derived from."""
    yield from ("", f"### {found.name}", "", found.description)
    if len(found.ancestors) > 1:
        yield from ("", f"Derived from `{found.ancestors[1]}`.")
    yield from properties({name: found.properties[name] for name in written.get("properties") or {}})
    yield from attributes({name: found.attributes[name] for name in written.get("attributes") or {}})
    yield from capabilities(found, written.get("capabilities") or {})
    yield from requirements(found)
    yield from implementations(found.operations.values())
    yield from artifacts(found.artifacts)


def properties(schemas: Mapping[str, Schema]) -> Page:
    """Yield the table of properties."""
    if schemas:
        yield from ("", "| property | type | default | meaning |", "| --- | --- | --- | --- |")
    for name, schema in schemas.items():
        yield f"| {name} | {cell(type_text(schema))} | {cell(default_text(schema))} | {cell(meaning(schema))} |"


def attributes(schemas: Mapping[str, Schema]) -> Page:
    """Yield the table of attributes."""
    if schemas:
        yield from ("", "| attribute | type | meaning |", "| --- | --- | --- |")
    for name, schema in schemas.items():
        yield f"| {name} | {cell(type_text(schema))} | {cell(schema.description)} |"


def capabilities(found: Type, written: Iterable[str]) -> Page:
    """Yield the list of what others may be hosted on or connected to."""
    names = [f"`{name}` ({found.capabilities[name].type.name})" for name in written]
    if names:
        yield from ("", f"Offers {', '.join(names)}.")


def requirements(found: Type) -> Page:
    """Yield the list of what the type needs."""
    names = [
        f"`{name}` ({target.node or target.capability})"
        for name, target in found.requirements.items()
        if target.minimum > 0 and not target.dropped
    ]
    if names:
        yield from ("", f"Needs {', '.join(names)}.")


def implementations(operations: Iterable[Operation]) -> Page:
    """Yield what brings the type up."""
    known = [operation for operation in operations if operation.implementation]
    for operation in known:
        target = operation.implementation or ""
        if "://" in target:
            yield from ("", f"Published implementation of `{operation.name}`: [{target.rpartition('/')[2]}]({target}).")
        else:
            yield from ("", f"The role `{target}` does `{operation.name}`.")


def artifacts(written: Mapping[str, Any]) -> Page:
    """Yield the roles and collections that the implementations need."""
    names = [f"`{body['file']}`" for body in written.values() if "AnsibleGalaxy" in body["type"]]
    if names:
        yield from ("", f"The implementation needs {', '.join(names)}.")


def type_text(schema: Schema) -> str:
    """Return a type as text, such as "list of string"."""
    short = schema.type.removeprefix("tosca.datatypes.")
    return f"{short} of {type_text(schema.entry)}" if schema.entry is not None else short


def default_text(schema: Schema) -> str:
    """Return a default as text, whether it is needed when there is none."""
    if schema.default is None:
        return "**needed**" if schema.required else ""
    default = plain(schema.default)
    if isinstance(default, (dict, list)):
        text = str(default) if default else ("{}" if isinstance(default, dict) else "[]")
    else:
        text = scalar_text(default)
    return f"`{text}`" if text and "\n" not in text and len(text) <= LONG else ("empty" if not text else "see the file")


def meaning(schema: Schema) -> str:
    """Return the description with the constraints."""
    limits = [f"{operator}: {plain(bound)}" for limit in schema.constraints for operator, bound in limit.items()]
    return " ".join([schema.description, *(f"`{limit}`" for limit in limits)])


def cell(text: str) -> str:
    """Return a text as a cell of a Markdown table holds it."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def anchor(name: str) -> str:
    """Return the anchor that a heading gets."""
    return name.lower().replace(".", "")


def main() -> None:
    """Write all pages, and delete those that are no more."""
    written = pages()
    (DOCS / "types").mkdir(exist_ok=True)
    for old in (DOCS / "types").glob("*.md"):
        if f"types/{old.name}" not in written:
            old.unlink()
    for name, text in written.items():
        (DOCS / name).write_text(text)


if __name__ == "__main__":
    main()
