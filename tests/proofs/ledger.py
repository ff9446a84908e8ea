# SPDX-License-Identifier: Apache-2.0
"""The ledger tests/proofs.yaml: of which digest each group passed last, when, and in how many seconds."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import pathlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml

FILE = "tests/proofs.yaml"
_TIME = "%Y-%m-%d %H:%M"
_HEAD = """\
# SPDX-License-Identifier: Apache-2.0
# When each group of tests/groups.yaml passed last, and of what. Only runs of the tests write it:
# `make test-group G=NAME` proves one group, `make test-all` all of them.
---
"""


class LedgerError(ValueError):
    """The ledger cannot be read."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{FILE}: {problem}. Mend it, or delete it: then every group runs, and is written anew")


@dataclass(frozen=True)
class Proof:
    """One group that passed.

    digest   of all that the group depends on; None for a group that always runs
    passed   when, in UTC
    seconds  what its tests took together, one after the other
    """

    digest: str | None
    passed: datetime.datetime
    seconds: int

    @property
    def time(self) -> str:
        return self.passed.strftime(_TIME)


@dataclass(frozen=True)
class Choice:
    """What a run does with each group that has a proof to lose.

    Each is a set of names: `left_out` is proved; `again` is proved and runs nevertheless, because that was longest ago;
    `unproved` has no proof, or depends on what has changed since.
    """

    left_out: frozenset[str]
    again: frozenset[str]
    unproved: frozenset[str]


def read(root: pathlib.Path) -> dict[str, Proof]:
    """Return the proofs by group; none where there is no ledger. LedgerError where it is damaged."""
    path = root / FILE
    try:
        document = yaml.safe_load(path.read_bytes()) if path.exists() else None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise LedgerError(f"{line}this is no YAML; is it a merge that is not resolved?") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise LedgerError("this is no YAML") from error
    if not isinstance(document or {}, dict):
        raise LedgerError("this is no mapping of groups to proofs")
    return {name: _proof(name, entry) for name, entry in (document or {}).items()}


def _proof(name: str, entry: object) -> Proof:
    try:
        if isinstance(entry, dict) and entry.keys() == {"digest", "passed", "seconds"}:
            digest, seconds = entry["digest"], entry["seconds"]
            passed = datetime.datetime.strptime(str(entry["passed"]), _TIME)
            if isinstance(digest, (str, type(None))) and isinstance(seconds, int) and isinstance(name, str):
                return Proof(digest, passed, seconds)
    except ValueError:
        pass
    raise LedgerError(f"the entry of {name} is no proof: {entry}")


def add(root: pathlib.Path, proofs: Mapping[str, Proof], groups: Collection[str]) -> None:
    """Write proofs beside those that are in the ledger; of these, those of GROUPS stay. LedgerError as for `read`.

    Other runs may do the same at the same time.
    """
    with _alone(root):
        kept = {name: proof for name, proof in read(root).items() if name in groups}
        _write(root, kept | dict(proofs))


@contextlib.contextmanager
def _alone(root: pathlib.Path) -> Iterator[None]:
    """Wait until no other process changes the ledger."""
    # The folder is what is locked: the ledger itself is replaced, and a file for the lock would lie about.
    folder = os.open((root / FILE).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _write(root: pathlib.Path, proofs: Mapping[str, Proof]) -> None:
    """Write the proofs in the order of their names, in one step."""
    entries = {
        name: {"digest": proof.digest, "passed": proof.time, "seconds": proof.seconds}
        for name, proof in sorted(proofs.items())
    }
    path = root / FILE
    beside = path.with_suffix(".new")
    beside.write_text(_HEAD + yaml.safe_dump(entries, sort_keys=False))
    beside.replace(path)


def now() -> datetime.datetime:
    """Return the time of a proof that is made now."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)


def choose(digests: Mapping[str, str | None], proofs: Mapping[str, Proof], seconds: float) -> Choice:
    """Choose by the digests that the groups have now, where `seconds` may be spent on what is proved already.

    Those that were proved longest ago come first, as many as fit. The first of all runs even where it does not fit, or
    it never would; with 0 seconds none does. A time to come is of another clock and tells nothing: it counts as the
    longest ago.
    """
    present = now()

    def age(name: str) -> tuple[bool, datetime.datetime, str]:
        return proofs[name].passed <= present, proofs[name].passed, name

    proved = [name for name, digest in digests.items() if _holds(digest, proofs.get(name))]
    again = _that_fit(sorted(proved, key=age), proofs, seconds)
    return Choice(frozenset(proved) - again, again, frozenset(digests) - frozenset(proved))


def _holds(digest: str | None, proof: Proof | None) -> bool:
    return digest is not None and proof is not None and proof.digest == digest


def _that_fit(names: Iterable[str], proofs: Mapping[str, Proof], seconds: float) -> frozenset[str]:
    chosen: set[str] = set()
    left = seconds
    for name in names if seconds > 0 else ():
        if proofs[name].seconds <= left or not chosen:
            chosen.add(name)
            left -= proofs[name].seconds
    return frozenset(chosen)
