# SPDX-License-Identifier: Apache-2.0
"""The collection's own code, called in this process. The only file that imports it.

Its errors become this package's: what is wrong with the request is BadInput, the rest IndigoError.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.text import Masker

NAME = "ansible_collections.indigo.paas"

# First and last character of a value that is more than a plain scalar.
_ENCLOSED = {"[]", "{}", '""', "''"}


@functools.cache
def root() -> Path:
    """Return the directory of ansible_collections/indigo/paas, an entry of Ansible's collections path."""
    spec = importlib.util.find_spec(NAME)
    if spec is None or not spec.submodule_search_locations:
        raise IndigoError("The collection indigo.paas is missing. Install the package indigo-paas again.")
    return Path(next(iter(spec.submodule_search_locations))).parents[2]


def plan_template(
    template: Path,
    inputs: Mapping[str, Any],
    counts: Mapping[str, int] | None = None,
    removals: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return the plan of TEMPLATE as plain data; raise BadInput with all of the template's problems."""
    with _errors(Masker(inputs)):
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template

        plan: dict[str, Any] = plan_template(str(template), dict(inputs), counts, removals).to_dict()
        return plan


def read_inputs(path: Path) -> dict[str, Any]:
    """Return the inputs in the YAML file PATH by name; raise BadInput when it holds no mapping."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import document

        data = document.read(path).data
    if not isinstance(data, dict):
        raise BadInput(f"{path}:1:1: inputs must be a mapping. Write one 'name: value' a line.")
    return data


def parse_value(text: str) -> Any:
    """Return the value that TEXT of the option -i stands for: a YAML scalar, or what brackets or quotes hold.

    What is no YAML is text as it stands.
    """
    from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
    from ansible_collections.indigo.paas.plugins.module_utils.tosca import document, yaml_scalars

    if len(text) > 1 and text[0] + text[-1] in _ENCLOSED:
        with contextlib.suppress(TemplateError):
            return document.parse(text, "-i")
        return text
    return yaml_scalars.plain_scalar(text) if text else ""


def local_imports(template: Path) -> list[Path]:
    """Return the local files that TEMPLATE imports, and those that they import; URLs are not followed."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import document

        found: list[Path] = []
        waiting = [template]
        while waiting:
            path = waiting.pop()
            for name in _imported(document.read(path).data):
                file = Path(os.path.normpath(path.parent / name))
                if file.is_file() and file != template and file not in found:
                    found.append(file)
                    waiting.append(file)
        return found


def describe_sites(sites: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Ask SITES (options by name) what they have, all at once; one that is down is described as that."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=max(1, len(sites))) as pool:
        return list(pool.map(lambda name: _describe(name, sites[name]), sites))


def candidates(
    plan: Mapping[str, Any],
    descriptions: Sequence[Mapping[str, Any]],
    wanted: str | None = None,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Return which sites can hold PLAN, the best first: [{"site", "fits", "reasons"}]."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import brokering

        return list(brokering.candidates(plan, descriptions, wanted, name))


def choose_site(
    plan: Mapping[str, Any],
    descriptions: Sequence[Mapping[str, Any]],
    wanted: str | None = None,
    name: str | None = None,
) -> str:
    """Return the best site for PLAN; raise BadInput with the reasons of every site that cannot hold it."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils import brokering

        return str(brokering.choose(plan, descriptions, wanted, name))


def problem_text(problem: Mapping[str, Any]) -> str:
    """Return a warning of a plan as FILE:LINE:COLUMN: MESSAGE. HINT"""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem

    return str(Problem(**problem))


def declared_inputs(template: Path) -> set[str]:
    """Return the names of the inputs that TEMPLATE declares."""
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.tosca import document

        data = document.read(template).data
    topology = data.get("topology_template") if isinstance(data, dict) else None
    inputs = topology.get("inputs") if isinstance(topology, dict) else None
    return set(inputs) if isinstance(inputs, dict) else set()


def _imported(data: Any) -> Iterator[str]:
    """Yield the file names in the imports of a TOSCA document, in all the notations of TOSCA 1.0 to 1.3."""
    imports = data.get("imports") if isinstance(data, dict) else None
    for entry in imports if isinstance(imports, list) else ():
        items = [entry, *entry.values()] if isinstance(entry, dict) else [entry]
        for item in items:
            name = item.get("file") if isinstance(item, dict) else item
            if isinstance(name, str) and "://" not in name and "\0" not in name:
                yield name


def _describe(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    with _errors():
        from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site

        return dict(open_site(name, dict(options)).describe())


@contextlib.contextmanager
def _errors(masker: Masker | None = None) -> Iterator[None]:
    """Translate the collection's errors, without the secrets that MASKER knows."""
    from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, SiteError

    try:
        yield
    except PaasError as error:
        hide = (masker or Masker()).text
        fatal = isinstance(error, SiteError) and not error.bad_input
        raise (IndigoError if fatal else BadInput)(*map(hide, map(str, error.problems))) from error
