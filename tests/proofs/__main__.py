# SPDX-License-Identifier: Apache-2.0
"""Tells of the groups of tests: `python -m tests.proofs list`, `which PATH...`, `changes`, `seconds`."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterable, Sequence

from . import ledger
from .digest import Checkout, digest
from .groups import Groups, read
from .versions import versions

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = "collections/ansible_collections/indigo/paas/"
EXAMPLES = (
    f"{COLLECTION}roles/htcondor/tasks/main.yml",
    f"{COLLECTION}roles/orchestrator/tasks/main.yml",
    f"{COLLECTION}playbooks/deploy.yml",
    f"{COLLECTION}plugins/module_utils/sites/base.py",
    f"{COLLECTION}plugins/module_utils/sites/openstack.py",
    f"{COLLECTION}plugins/module_utils/tosca/pictures/svg.py",
    "src/indigo_paas/work.py",
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
    which.add_argument("paths", nargs="+", metavar="PATH", help="a file, by its path from the root")
    verbs.add_parser("changes", help="the table of docs/tests.md: which groups run after which change")
    verbs.add_parser("seconds", help="the table of docs/measurements.md: what each group took when it passed last")
    given = parser.parse_args()
    lines = {
        "list": lambda: listed(ROOT),
        "which": lambda: depending(Checkout(ROOT), read(ROOT), given.paths),
        "changes": lambda: changes(Checkout(ROOT), read(ROOT)),
        "seconds": lambda: seconds(ledger.read(ROOT)),
    }
    print("\n".join(lines[given.verb]()))


def listed(root: pathlib.Path) -> list[str]:
    """Return a line for each group: always, proved (since when, in how many seconds), or not proved."""
    checkout, proofs = Checkout(root), ledger.read(root)
    lines = []
    for group in read(root):
        proof = proofs.get(group.name)
        now = digest(group, checkout, versions) if group.depends is not None else None
        if group.depends is None:
            state = "always runs"
        elif proof is not None and now == proof.digest:
            state = f"proved {proof.time}"
        else:
            state = "not proved"
        lines.append(f"{group.name:28} {state:28} {f'{proof.seconds} s' if proof else ''}".rstrip())
    return lines


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
