# SPDX-License-Identifier: Apache-2.0
"""The ledger tests/proofs.yaml: of which digest each group passed last, when, and in how many seconds."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

FILE = "tests/proofs.yaml"
_TIME = "%Y-%m-%d %H:%M"
_HEAD = """\
# SPDX-License-Identifier: Apache-2.0
# When each group of tests/groups.yaml passed last, and of what. Only runs of the tests write it:
# `make test-group G=NAME` proves one group, `make test-all` all of them.
"""


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
    """Return the proofs by group; none where there is no ledger. ValueError where it is damaged."""
    path = root / FILE
    document = yaml.safe_load(path.read_text()) if path.exists() else None
    return {name: _proof(entry) for name, entry in (document or {}).items()}


def _proof(entry: Mapping[str, object]) -> Proof:
    digest, passed, seconds = entry["digest"], str(entry["passed"]), entry["seconds"]
    if not isinstance(seconds, int) or not isinstance(digest, (str, type(None))) or len(entry) != 3:
        raise ValueError(f"{FILE}: this is no proof: {entry}")
    return Proof(digest, datetime.datetime.strptime(passed, _TIME), seconds)


def write(root: pathlib.Path, proofs: Mapping[str, Proof]) -> None:
    """Write the proofs in the order of their names."""
    entries = {
        name: {"digest": proof.digest, "passed": proof.time, "seconds": proof.seconds}
        for name, proof in sorted(proofs.items())
    }
    path = root / FILE
    beside = path.with_suffix(".new")
    beside.write_text(_HEAD + yaml.safe_dump(entries, sort_keys=False))
    beside.replace(path)


def choose(digests: Mapping[str, str | None], proofs: Mapping[str, Proof], seconds: float) -> Choice:
    """Choose by the digests that the groups have now, where `seconds` may be spent on what is proved already.

    Those that were proved longest ago come first, as many as fit. The first of all runs even where it does not fit, or
    it never would; with 0 seconds none does.
    """
    proved = [name for name, digest in digests.items() if _holds(digest, proofs.get(name))]
    oldest = sorted(proved, key=lambda name: (proofs[name].passed, name))
    again = _that_fit(oldest, proofs, seconds)
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
