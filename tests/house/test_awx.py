# SPDX-License-Identifier: Apache-2.0
"""awx/configure.yml is held against the options that the published modules of AWX document."""

from __future__ import annotations

import ast
import functools
import pathlib
import zipfile
from typing import Any

import pytest
import yaml

from tests import registry

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The last release of the package ansible that holds the collection awx.awx.
VERSION = "11.13.0"
MODULES = "ansible_collections/awx/awx/plugins/modules/"


class Loader(yaml.SafeLoader):
    """Reads !unsafe as text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def tasks() -> list[tuple[str, dict[str, Any]]]:
    (play,) = yaml.load((ROOT / "awx" / "configure.yml").read_text(), Loader=Loader)
    return [(key, value) for task in play["tasks"] for key, value in task.items() if key.startswith("awx.awx.")]


@functools.cache
def options(module: str) -> dict[str, dict[str, Any]]:
    """Return the documented options of a module by name; skip, with the registry's words, where it cannot be had."""
    try:
        archive = registry.archive("ansible", VERSION)
    except registry.Unreachable as error:
        pytest.skip(f"the modules of AWX cannot be had: {error}")
    with zipfile.ZipFile(archive) as source:
        code = ast.parse(source.read(f"{MODULES}{module}.py"))
    (text,) = (
        ast.literal_eval(node.value)
        for node in code.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION"
    )
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["options"]
    return found


def test_there_is_something_to_check() -> None:
    assert {name for name, _given in tasks()} >= {"awx.awx.project", "awx.awx.job_template", "awx.awx.credential"}


@pytest.mark.parametrize(("name", "given"), tasks())
def test_a_task_gives_a_module_what_it_takes(name: str, given: dict[str, Any]) -> None:
    known = options(name.rpartition(".")[2])
    assert set(given) <= set(known)
    assert {option for option, schema in known.items() if schema.get("required")} <= set(given)
    for option, value in given.items():
        schema = known[option]
        if isinstance(value, str) and "{{" in value:
            continue
        assert value in schema.get("choices", [value])
        assert isinstance(value, {"list": list, "dict": dict, "bool": bool, "int": int}.get(schema["type"], str))
