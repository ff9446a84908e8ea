# SPDX-License-Identifier: Apache-2.0
"""Tells of the groups of tests: `python -m tests.proofs list`, `which PATH...`, `changes`, `seconds`."""

from __future__ import annotations

import argparse
import os
import pathlib
from collections.abc import Iterable, Sequence

from tests.proofs import ledger
from tests.proofs.digest import Checkout, CheckoutError, digest, unknown_versions
from tests.proofs.groups import Group, Groups, GroupsError, read
from tests.proofs.versions import versions

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = "collections/ansible_collections/indigo/paas/"
EXAMPLES = (
    f"{COLLECTION}roles/htcondor/tasks/main.yml",
    f"{COLLECTION}roles/orchestrator/tasks/main.yml",
    f"{COLLECTION}playbooks/deploy.yml",
    f"{COLLECTION}plugins/module_utils/sites/base.py",
    f"{COLLECTION}plugins/module_utils/sites/openstack.py",
    f"{COLLECTION}plugins/module_utils/tosca/pictures/svg.py",
    "src/indigo_paas/engine/work.py",
    "src/indigo_paas/service/desk.py",
    "tests/cli/test_life.py",
    "tests/service/identity/issuer.py",
    "docs/command.md",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="each group, and whether it is proved")
    which = verbs.add_parser("which", help="the groups that run when one of these files changes")
    which.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder of the checkout")
    verbs.add_parser("changes", help="the table of docs/tests.md: which groups run after which change")
    verbs.add_parser("seconds", help="the table of docs/measurements.md: what each group took when it passed last")
    given = parser.parse_args()
    lines = {
        "list": lambda: listed(ROOT),
        "which": lambda: which_run(Checkout(ROOT), read(ROOT), given.paths),
        "changes": lambda: changes(Checkout(ROOT), read(ROOT)),
        "seconds": lambda: seconds(ledger.read(ROOT)),
    }
    try:
        print("\n".join(lines[given.verb]()))
    except (CheckoutError, GroupsError, ValueError) as error:
        parser.error(str(error))


def listed(root: pathlib.Path) -> list[str]:
    """Return a line for each group: always, proved (since when, in how many seconds), or not proved."""
    checkout, proofs = Checkout(root), ledger.read(root)
    return [_listed(group, checkout, proofs.get(group.name)) for group in read(root)]


def _listed(group: Group, checkout: Checkout, proof: ledger.Proof | None) -> str:
    seconds = f"{proof.seconds} s" if proof else ""
    return f"{group.name:28} {seconds:>8}  {_state(group, checkout, proof)}"


def _state(group: Group, checkout: Checkout, proof: ledger.Proof | None) -> str:
    if group.depends is None:
        return "always runs"
    unknown = unknown_versions(group, versions)
    if unknown:
        return f"not proved: the version of {', '.join(unknown)} is not known"
    if proof is None:
        return "not proved"
    if digest(group, checkout, versions) != proof.digest:
        return f"not proved: something changed since {proof.time}"
    return f"proved {proof.time}"


def which_run(checkout: Checkout, groups: Groups, paths: Iterable[str]) -> list[str]:
    """Return the names of the groups that run after a change of these files and of all files in these folders.

    Paths are from where the command was given, or else from the root. ValueError for one of which there is no file.
    """
    return depending(checkout, groups, [name for path in paths for name in _files(checkout, path)])


def _files(checkout: Checkout, path: str) -> list[str]:
    root = checkout.root
    places = dict.fromkeys(os.path.normpath(base / path) for base in (pathlib.Path.cwd(), root))
    within = [pathlib.Path(place).relative_to(root) for place in places if pathlib.Path(place).is_relative_to(root)]
    for place in map(str, within):
        found = [name for name in checkout.files if place == "." or name == place or name.startswith(f"{place}/")]
        if found:
            return found
    if not within:
        raise ValueError(f"{path} is outside of the checkout {root}: no group depends on it")
    if any((root / place).exists() for place in within):
        raise ValueError(f"git ignores {path}, or has no file in it: no group depends on it")
    raise ValueError(f"there is no {path}, neither here nor from the root {root}")


def depending(checkout: Checkout, groups: Groups, paths: Sequence[str]) -> list[str]:
    """Return the names of the groups that run after a change of one of the files."""
    asked = set(paths)
    return [group.name for group in groups if group.depends is None or asked & set(checkout.files_of(group))]


def changes(checkout: Checkout, groups: Groups) -> list[str]:
    """Return the table of which groups run after a change of each of some files; those that always run are left out."""
    checked = Groups(group for group in groups if group.depends is not None)
    rows = [(path, depending(checkout, checked, [path])) for path in EXAMPLES]
    return [
        "| a line changes in | groups | these run |",
        "| --- | --- | --- |",
        *(f"| `{_short(path)}` | {len(names)} | {', '.join(names) or 'none'} |" for path, names in rows),
    ]


def _short(path: str) -> str:
    return path.removeprefix(COLLECTION)


def seconds(proofs: dict[str, ledger.Proof]) -> list[str]:
    """Return the table of what each group took, the longest first."""
    rows = sorted(proofs.items(), key=lambda item: -item[1].seconds)
    return [
        "| group | s | passed |",
        "| --- | --- | --- |",
        *(f"| {name} | {proof.seconds} | {proof.time} |" for name, proof in rows),
        f"| all | {sum(proof.seconds for proof in proofs.values())} | {_span(proofs.values())} |",
    ]


def _span(proofs: Iterable[ledger.Proof]) -> str:
    times = sorted(proof.time for proof in proofs)
    return f"{times[0]} to {times[-1]}" if times else ""


if __name__ == "__main__":
    main()
