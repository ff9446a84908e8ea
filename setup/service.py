# SPDX-License-Identifier: Apache-2.0
"""Writes the skeleton of a service, setup/service/, into the collection under a new name: `make service NAME=x`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SKELETON = ROOT / "setup" / "service"
COLLECTION = "collections/ansible_collections/indigo/paas"
README, GROUPS, TESTS_PAGE = f"{COLLECTION}/README.md", "tests/groups.yaml", "docs/tests.md"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Their variables are the playbooks', Ansible's and molecule's own.
RESERVED = ("ansible", "inventory", "molecule", "paas")
LONGEST = 30
NEXT = """\
The service {name} is there, and does something small: it installs a package, writes a file and reads it.
  1. Look at one step on real nodes:  make scenario NAME={name} DO=converge   (then verify, destroy)
  2. Make it yours:                   {collection}/roles/{name}/
     its TOSCA type, {type}, is in meta/tosca.yml there; after a change of it: make types
     what is tried of it:             {collection}/molecule/{name}/
     what is told of it:              {collection}/changelogs/fragments/{name}.yml, and two lines of its README.md
  3. Hold it against its contract:    .venv/bin/pytest tests/house/test_roles.py
  4. Try all of it:                   make test
docs/add-a-service.md says what each file is for."""


class Refused(Exception):
    """There cannot be a service of that name."""


def type_name(name: str) -> str:
    """Return the name of the TOSCA type of the service NAME."""
    return f"tosca.nodes.indigo.{_camel(name)}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def check(name: str, root: Path) -> None:
    """Raise Refused where NAME cannot name a role, or where something of that name is there already."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise Refused(
            f"{name!r} cannot name a role: at most {LONGEST} lower-case letters, digits and single underscores, with a "
            "letter first, as in 'my_service'"
        )
    if name.split("_")[0] in RESERVED:
        raise Refused(
            f"{name!r} cannot name a role here: variables that begin with {name.split('_')[0]}_ are not its own"
        )
    for path in sorted({*_written(name), f"{COLLECTION}/roles/{name}", f"{COLLECTION}/molecule/{name}"}):
        if (root / path).exists():
            raise Refused(f"there is {path} already")
    named = re.compile(rf"^  {re.escape(type_name(name))}:", re.MULTILINE)
    for file in sorted((root / COLLECTION).glob("tosca/*.yaml")) + sorted(
        (root / COLLECTION).glob("roles/*/meta/tosca.yml")
    ):
        if named.search(file.read_text()):
            raise Refused(f"{file.relative_to(root)} has the type {type_name(name)} already; choose another name")


def renamed(text: str, name: str) -> str:
    """Return what the skeleton says, of the service NAME."""
    return text.replace("MyService", _camel(name)).replace("myservice", name)


def _written(name: str) -> dict[str, str]:
    """Return the text of each file of the service NAME, by its path from the root."""
    files = (file for file in sorted(SKELETON.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)
    return {
        f"{COLLECTION}/{renamed(file.relative_to(SKELETON).as_posix(), name)}": renamed(file.read_text(), name)
        for file in files
    }


def with_row(page: str, heading: str, row: str) -> str:
    """Return a page with one more row in the table under a heading, after all others that name something of ours."""
    before, found, rest = page.partition(f"\n{heading}\n")
    section, next_heading, after = rest.partition("\n## ")
    lines = section.split("\n")
    last = max(number for number, line in enumerate(lines) if line.startswith("|"))
    lines.insert(last + 1, row)
    return before + found + "\n".join(lines) + next_heading + after


def with_playbook(groups: str, playbook: str) -> str:
    """Return tests/groups.yaml with one more playbook that no deployment runs."""
    last = list(re.finditer(r'^( *- "!)\S+/playbooks/\w+\.yml"\n', groups, re.MULTILINE))[-1]
    return f'{groups[: last.end()]}{last[1]}{playbook}"\n{groups[last.end() :]}'


def with_table(page: str, table: str) -> str:
    """Return a page with a table in place of the one that has the same first line."""
    first = table.partition("\n")[0]
    before, _old, rest = page.partition(f"{first}\n")
    _old, blank, after = rest.partition("\n\n")
    return before + table + blank + after


def changed(name: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the files that name every service, with NAME in them."""
    readme = with_row(
        texts[README],
        "## Playbooks",
        f"| `indigo.paas.{name}` | sets up the service {name} on hosts that exist already |",
    )
    return {
        README: with_row(readme, "## Roles", f"| `indigo.paas.{name}` | the service {name} |"),
        GROUPS: with_playbook(texts[GROUPS], f"{COLLECTION}/playbooks/{name}.yml"),
    }


def write(root: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def run(root: Path, *arguments: str) -> str:
    """Run Python on what is in this checkout, and return what it prints."""
    here = os.pathsep.join(str(root / folder) for folder in ("", "src", "collections"))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": here},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(f"the files are written, but this failed: {' '.join(arguments)}")
    return done.stdout.rstrip("\n")


def main() -> None:
    """Write the files of a service, and all that names every service."""
    name = " ".join(sys.argv[1:])
    try:
        check(name, ROOT)
        write(ROOT, changed(name, {path: (ROOT / path).read_text() for path in (README, GROUPS)}))
        write(ROOT, _written(name))
        run(ROOT, "docs/generate_types.py")
        page = with_table((ROOT / TESTS_PAGE).read_text(), run(ROOT, "-m", "tests.proofs", "changes"))
        write(ROOT, {TESTS_PAGE: page})
    except Refused as error:
        sys.exit(f"service: {error}")
    print(NEXT.format(name=name, collection=COLLECTION, type=type_name(name)))


if __name__ == "__main__":
    main()
