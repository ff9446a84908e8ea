# SPDX-License-Identifier: Apache-2.0
"""What is in the ledger, and what a run does by it."""

from __future__ import annotations

import datetime
import pathlib
import re
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proofs import ledger
from tests.proofs.groups import Groups, read
from tests.proofs.ledger import LedgerError, Proof, choose
from tests.proofs.record import Record

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = datetime.datetime(2026, 1, 1)


def proof(digest: str | None = "a", day: int = 0, seconds: int = 60) -> Proof:
    return Proof(digest, DAY + datetime.timedelta(days=day), seconds)


def test_the_ledger_of_this_checkout():
    groups = {group.name: group for group in read(ROOT)}
    for name, entry in ledger.read(ROOT).items():
        assert name in groups
        assert (entry.digest is None) == (groups[name].depends is None)
        assert entry.digest is None or re.fullmatch("[0-9a-f]{16}", entry.digest)
        assert entry.seconds >= 0


@pytest.fixture
def root(tmp_path):
    (tmp_path / "tests").mkdir()
    return tmp_path


def test_it_reads_back_what_it_writes(root):
    proofs = {"one": proof(), "always": proof(None, 3, 7)}
    ledger.add(root, proofs, proofs)
    assert ledger.read(root) == proofs


def test_what_is_written_comes_beside_what_there_is_of_groups_that_there_are(root):
    ledger.add(root, {"old": proof(), "gone": proof(), "same": proof("a")}, ["old", "gone", "same"])
    ledger.add(root, {"same": proof("b")}, ["old", "same"])
    assert ledger.read(root) == {"old": proof(), "same": proof("b")}
    assert [path.name for path in (root / "tests").iterdir()] == ["proofs.yaml"]


def test_several_processes_write_at_the_same_time(root):
    names = [f"group-{number}" for number in range(24)]
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(write_one, [(root, name, names) for name in names]))
    assert sorted(ledger.read(root)) == sorted(names)


def write_one(told):
    root, name, names = told
    ledger.add(root, {name: proof()}, names)


def test_there_may_be_no_ledger(tmp_path):
    assert ledger.read(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [
        "one: {digest: a, passed: 2026-01-01 10:00, seconds: many}",
        "one: {digest: 5, passed: 2026-01-01 10:00, seconds: 5}",
        "one: {digest: a, passed: soon, seconds: 5}",
        "one: {digest: a, passed: 2026-01-01 10:00, seconds: 5, skipped: 1}",
        "one: {digest: a, seconds: 5}",
        "one: two",
        "one:",
        "[one]",
        "one: {digest: [a}",
        "\0",
    ],
)
def test_a_damaged_ledger_is_refused(root, text):
    (root / ledger.FILE).write_text(text)
    with pytest.raises(LedgerError, match=r"tests/proofs.yaml: .* delete it"):
        ledger.read(root)


def test_a_merge_that_is_not_resolved_is_told_with_its_line(root):
    entry = "  digest: {}\n  passed: 2026-01-01 10:00\n  seconds: 5\n"
    text = f"one:\n<<<<<<< HEAD\n{entry.format('a')}=======\n{entry.format('b')}>>>>>>> other\n"
    (root / ledger.FILE).write_text(text)
    with pytest.raises(LedgerError, match=r"line \d+: this is no YAML; is it a merge"):
        ledger.read(root)


def test_what_changed_runs_and_what_did_not_is_left_out():
    choice = choose(
        {"same": "a", "changed": "b", "new": "c", "unknown": None},
        {"same": proof(), "changed": proof(), "unknown": proof(None)},
        0,
    )
    assert choice.left_out == {"same"}
    assert choice.unproved == {"changed", "new", "unknown"}


def test_the_oldest_run_again_as_far_as_they_fit():
    proofs = {"old": proof(day=1), "long": proof(day=2, seconds=200), "young": proof(day=3), "youngest": proof(day=4)}
    digests = dict.fromkeys(proofs, "a")
    assert choose(digests, proofs, 120).again == {"old", "young"}
    assert choose(digests, proofs, 0).again == set()


def test_a_time_to_come_counts_as_long_ago():
    day = (ledger.now() - DAY).days + 2
    proofs = {"old": proof(day=1), "to come": proof(day=day)}
    assert choose(dict.fromkeys(proofs, "a"), proofs, 60).again == {"to come"}


def test_the_oldest_runs_again_even_if_it_never_fits():
    proofs = {"old": proof(day=1, seconds=1000), "young": proof(day=3)}
    assert choose(dict.fromkeys(proofs, "a"), proofs, 60).again == {"old"}


names = st.text("abcdef", min_size=1, max_size=2)
digests = st.dictionaries(names, st.none() | st.sampled_from("xy"))
proofs = st.dictionaries(
    names, st.builds(proof, st.none() | st.sampled_from("xy"), st.integers(0, 9), st.integers(0, 99))
)


@given(digests, proofs, st.integers(0, 300))
def test_each_group_has_one_fate(digests, proofs, seconds):
    choice = choose(digests, proofs, seconds)
    assert sorted([*choice.left_out, *choice.again, *choice.unproved]) == sorted(digests)
    for name in choice.left_out | choice.again:
        assert digests[name] == proofs[name].digest is not None
    assert len(choice.again) <= 1 or sum(proofs[name].seconds for name in choice.again) <= seconds


GROUPS = Groups(list(read(ROOT)))
TESTS = ("tests/cli/test_a.py::test_a", "tests/cli/test_a.py::test_b")


def record(*outcomes: tuple[str, str, str]) -> dict[str, float]:
    kept = Record(GROUPS)
    kept.collected(TESTS)
    for nodeid, when, outcome in outcomes:
        kept.phase(nodeid, when, outcome, 0.5)
    return kept.passed()


def phases(nodeid: str, call: str = "passed", teardown: str = "passed") -> list[tuple[str, str, str]]:
    return [(nodeid, "setup", "passed"), (nodeid, "call", call), (nodeid, "teardown", teardown)]


def test_a_group_passes_when_all_its_tests_do():
    assert record(*phases(TESTS[0]), *phases(TESTS[1])) == {"command": 3.0}


@pytest.mark.parametrize(
    "second",
    [
        [],
        phases(TESTS[1], call="failed"),
        phases(TESTS[1], call="skipped"),
        phases(TESTS[1], teardown="failed"),
        phases(TESTS[1])[:2],
    ],
    ids=["not come to", "failed", "skipped", "torn down badly", "ended before"],
)
def test_a_group_does_not_pass(second):
    assert record(*phases(TESTS[0]), *second) == {}
