# SPDX-License-Identifier: Apache-2.0
"""A template as an Ansible project of its own: for a site, or for hosts that exist."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indigo_paas import __version__, runner
from indigo_paas.engine import sites, verbs, work
from indigo_paas.errors import BadInput, Problem
from indigo_paas.ground import names
from indigo_paas.ground.masking import is_secret
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import collection
from indigo_paas.templates.source import Template

MANIFEST = ".indigo-paas.json"

_ADDRESSES = ("private_address", "public_address")
# What ansible-inventory adds by itself.
_MAGIC = ("ansible_local", "ansible_facts")
_UNSAFE, _VAULT = "__ansible_unsafe", "__ansible_vault"

Variables = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """What became of the files of a project: paths, relative to its directory."""

    made: list[str]
    changed: list[str]
    removed: list[str]


def for_site(
    settings: Settings, template: Template, inputs: Mapping[str, Any], name: str | None = None, site: str | None = None
) -> tuple[dict[str, str], Sequence[Problem]]:
    """Return the files of the project that makes TEMPLATE's nodes at SITE, and why they may not fit there.

    Without a site the best is taken; raises BadInput with the reasons of all when none can hold the nodes.
    """
    planned = verbs.plan(settings, template, inputs, [site] if site else [])
    chosen = planned.site or site or _any_site(planned)
    if chosen is None:
        raise BadInput(*planned.problems)
    if len(planned.placement) > 1:
        raise BadInput(
            f"Its nodes would go to several sites ({', '.join(planned.placement)}), and a project is for one: "
            "name it with --site."
        )
    listing = _listing(work.sites_source(settings))
    found = listing["_meta"]["hostvars"].get(chosen, {})
    options = {key: _own(value) for key, value in found.items() if key.startswith(sites.PREFIX)}
    target = {"site": chosen, "options": options}
    files = _translated(planned.plan, template, inputs, target, name)
    return files, planned.problems


def _any_site(planned: verbs.Planned) -> str | None:
    """Return the first site for what asks for no machines, which any can hold."""
    return planned.candidates[0]["site"] if planned.candidates and not planned.plan["groups"] else None


def for_hosts(
    template: Template, inputs: Mapping[str, Any], inventory: Path, name: str | None = None
) -> dict[str, str]:
    """Return the files of the project that sets up TEMPLATE's services on the hosts of INVENTORY.

    Its groups, named as the template's groups of machines, say what each host is.
    """
    if not inventory.exists():
        raise BadInput(f"There is no inventory at {inventory}.")
    plan = collection.plan_template(template, inputs)
    listing = _listing(inventory)
    hosts = {group["group"]: _members(listing, group["group"]) for group in plan["groups"]}
    empty = [group["group"] for group in plan["groups"] if group["count"] and not hosts[group["group"]]]
    if empty:
        raise BadInput(
            f"{inventory} has no hosts in {', '.join(empty)}. Its groups say what each host is: {', '.join(hosts)}."
        )
    for group in plan["groups"]:
        group["count"] = len(hosts[group["group"]])
    return _translated(plan, template, inputs, {"hosts": hosts}, name)


def write(files: Mapping[str, str], directory: Path) -> Written:
    """Write FILES into DIRECTORY; what is there already and the same is not touched.

    Raises BadInput, and writes nothing, when the directory holds what this command did not write, where it
    would have to write, or what was changed since.
    """
    before = _manifest(directory)
    touched = [path for path in files if _text(directory / path) != files[path]]
    _refuse_foreign(directory, touched, before)
    written = Written(
        made=[path for path in touched if not (directory / path).exists()],
        changed=[path for path in touched if (directory / path).exists()],
        removed=[path for path in before if path not in files and _is_ours(directory, path, before)],
    )
    for path in touched:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(files[path], encoding="utf-8")
    for path in written.removed:
        (directory / path).unlink()
    manifest = json.dumps({"files": {path: _digest(text) for path, text in sorted(files.items())}}, indent=2) + "\n"
    if _text(directory / MANIFEST) != manifest:
        (directory / MANIFEST).write_text(manifest, encoding="utf-8")
    return written


def _translated(
    plan: dict[str, Any], template: Template, inputs: Mapping[str, Any], target: Mapping[str, Any], name: str | None
) -> dict[str, str]:
    masker = collection.masker(template, {**plan["inputs"], **inputs})

    def hides(called: str, value: Any) -> bool:
        if isinstance(value, Mapping) and _VAULT in value:
            return True
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return bool(value != "" and _names_secret(called)) or masker.holds(str(value))
        return isinstance(value, Mapping) and masker.holds(json.dumps(value))

    return collection.translate(plan, target, names.valid_name(name or template.deployment_name()), __version__, hides)


def _names_secret(name: str) -> bool:
    return is_secret(name) and not name.endswith(("_file", "_path"))


def _listing(source: Path) -> dict[str, Any]:
    """Return what ansible-inventory tells of SOURCE, variables of groups in those of hosts."""
    environment = {**runner.own(), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    command = ["ansible-inventory", "-i", str(source), "--list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"The inventory {source} cannot be read: {sites.why(done.stderr or done.stdout)}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _members(listing: Mapping[str, Any], group: str) -> dict[str, Variables]:
    """Return the hosts of GROUP with the variables that say how they are reached."""
    variables = listing["_meta"]["hostvars"]
    return {
        host: {
            name: _own(value)
            for name, value in variables.get(host, {}).items()
            if (name.startswith("ansible_") and name not in _MAGIC) or name in _ADDRESSES
        }
        for host in sites.hosts_of(listing, group)
    }


def _own(value: Any) -> Any:
    """Return a variable of an inventory: what its author wrote as a template stays one, the rest is data."""
    if isinstance(value, dict):
        if _UNSAFE in value:
            return value[_UNSAFE]
        return value if _VAULT in value else {key: _own(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_own(item) for item in value]
    return collection.expression(value) if isinstance(value, str) and ("{{" in value or "{%" in value) else value


def _manifest(directory: Path) -> dict[str, str]:
    """Return the digests of the files that an earlier call wrote into DIRECTORY, by their paths."""
    text = _text(directory / MANIFEST)
    if text is None:
        return {}
    with contextlib.suppress(ValueError, AttributeError):
        files = json.loads(text).get("files")
        if isinstance(files, dict) and all(_is_inside(path) for path in files):
            return files
    raise BadInput(f"{directory / MANIFEST} is not what this command writes. Choose another directory.")


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _refuse_foreign(directory: Path, touched: list[str], before: Mapping[str, str]) -> None:
    if directory.exists() and not directory.is_dir():
        raise BadInput(f"{directory} is no directory.")
    if not before and directory.exists() and any(directory.iterdir()):
        raise BadInput(
            f"{directory} is not empty, and not a project that this command wrote. Choose another directory."
        )
    edited = [path for path in touched if (directory / path).exists() and not _is_ours(directory, path, before)]
    if edited:
        raise BadInput(
            f"These files in {directory} were changed by hand: {', '.join(edited)}. "
            "Move them away, or write into another directory and compare."
        )


def _is_ours(directory: Path, path: str, before: Mapping[str, str]) -> bool:
    text = _text(directory / path)
    return text is not None and before.get(path) == _digest(text)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
