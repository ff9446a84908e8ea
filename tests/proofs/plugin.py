# SPDX-License-Identifier: Apache-2.0
"""Leaves out the groups of tests that are proved, and writes down those that pass.

`--proofs=use` leaves out and writes, `--proofs=renew` runs everything and writes, `--group` picks groups by name.
Without these options pytest does what it always does. So it does where tests are chosen in another way (-k, -m,
paths): a part of a group proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any

import pytest

from tests.proofs import ledger
from tests.proofs.digest import Checkout, CheckoutError, digest, unknown_versions
from tests.proofs.groups import Group, Groups, GroupsError, read
from tests.proofs.record import Record
from tests.proofs.versions import versions

_LEFT_OUT = "left_out_groups"
_ARGUMENTS = "arguments"
_SELECTIONS = {
    "keyword": "-k",
    "markexpr": "-m",
    "lf": "--lf",
    "stepwise": "--sw",
    "deselect": "--deselect",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
}
_SOURCES = {
    pytest.Config.ArgsSource.ARGS: "a path",
    pytest.Config.ArgsSource.INVOCATION_DIR: "the folder in which pytest was started",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proofs", "the ledger of proofs, tests/proofs.yaml")
    group.addoption(
        "--proofs",
        choices=("off", "use", "renew"),
        default="off",
        help="use: leave out the groups of tests of which nothing changed since they passed, and write down those that "
        "pass; renew: leave none out, and write down those that pass; off: neither (the default)",
    )
    group.addoption(
        "--proofs-minutes",
        type=float,
        default=0,
        metavar="M",
        help="with --proofs=use: spend M minutes of tests on what is proved, beginning with what was longest ago",
    )
    group.addoption(
        "--group",
        action="append",
        default=[],
        metavar="NAME",
        help="run the tests of this group of tests/groups.yaml alone (can be given again)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        _do_as_told(config, config.workerinput)
        return
    try:
        _begin(config)
    except (GroupsError, ValueError) as error:
        raise pytest.UsageError(str(error)) from error


def _do_as_told(config: pytest.Config, told: dict[str, Any]) -> None:
    """Have the same tests as the process that started this one."""
    if _LEFT_OUT in told:
        config.args[:] = told[_ARGUMENTS]
        config.pluginmanager.register(LeavesOut(read(config.rootpath), told[_LEFT_OUT]))


def _begin(config: pytest.Config) -> None:
    names = config.option.group
    if config.option.proofs == "off" and not names:
        return
    part = _part(config)
    if part:
        config.pluginmanager.register(_Says(f"not used, for {part} chooses tests"))
        return
    groups = read(config.rootpath)
    asked = [groups[name] for name in names] or list(groups)
    if names:
        config.args[:] = dict.fromkeys(file for group in asked for file in group.files)
    run = Run(config, groups, asked)
    config.pluginmanager.register(run)
    config.pluginmanager.register(LeavesOut(groups, run.left_out))


def _part(config: pytest.Config) -> str | None:
    """Return the option that makes a run have only some of the tests."""
    if config.args_source in _SOURCES:
        return _SOURCES[config.args_source]
    # To pytest, --strict-config and --strict-markers are -o strict_config and -o strict_markers.
    if [each for each in config.option.override_ini or () if not each.startswith("strict_")]:
        return "-o"
    return next((shown for name, shown in _SELECTIONS.items() if getattr(config.option, name, None)), None)


class _Says:
    def __init__(self, text: str) -> None:
        self._text = text

    def pytest_report_header(self) -> str:
        return f"proofs: {self._text}"


class LeavesOut:
    """Deselects the tests of some groups, in each process that collects them."""

    def __init__(self, groups: Groups, left_out: Collection[str]) -> None:
        self._groups = groups
        self._left_out = frozenset(left_out)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        out = [item for item in items if self._groups.name_of(item.nodeid) in self._left_out]
        if out:
            config.hook.pytest_deselected(items=out)
            gone = set(out)
            items[:] = [item for item in items if item not in gone]


class Run:
    """What one run leaves out, sees and writes down; in the process to which the others report."""

    def __init__(self, config: pytest.Config, groups: Groups, asked: list[Group]) -> None:
        self._root = config.rootpath
        self._groups = groups
        self._mode = config.option.proofs
        self._checked = [group for group in asked if group.depends is not None]
        self._proofs = ledger.read(self._root)
        self._problem: str | None = None
        try:
            self._digests = self._digests_now()
        except CheckoutError as error:
            self._digests = {group.name: None for group in self._checked}
            self._problem = str(error)
        self._choice = ledger.choose(self._digests, self._proofs, config.option.proofs_minutes * 60)
        proved = self._choice.left_out if self._mode == "use" else frozenset()
        self.left_out = proved | {group.name for group in groups} - {group.name for group in asked}
        self._record = Record(groups)
        self._written: list[str] = []
        self._not_written: str | None = None

    def _digests_now(self) -> dict[str, str | None]:
        checkout = Checkout(self._root)
        return {group.name: digest(group, checkout, versions) for group in self._checked}

    def pytest_report_header(self) -> list[str]:
        if self._problem:
            return [f"proofs: no group is left out or written, for {self._problem}"]
        unknown = [line for group in self._checked for line in self._unknown(group)]
        if self._mode != "use":
            return ["proofs: no group is left out for being proved", *unknown]
        unproved = sorted(self._choice.unproved)
        return [
            *(f"proofs: left out: {name}, proved {self._proofs[name].time}" for name in sorted(self._choice.left_out)),
            *(f"proofs: runs again: {name}, proved {self._proofs[name].time}" for name in sorted(self._choice.again)),
            *([f"proofs: run, for they are not proved: {', '.join(unproved)}"] if unproved else []),
            *unknown,
        ]

    def _unknown(self, group: Group) -> Iterable[str]:
        names = unknown_versions(group, versions)
        if names:
            yield f"proofs: cannot be proved: {group.name}: the version of {', '.join(names)} is not known"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_LEFT_OUT] = sorted(self.left_out)
        node.workerinput[_ARGUMENTS] = node.config.args

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        self._record.collected(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self._record.not_collected(report.nodeid)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._record.collected(item.nodeid for item in session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._record.phase(report.nodeid, report.when, report.outcome, report.duration)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        passed = self._record.passed()
        # What was edited during the run was not what passed.
        try:
            after = self._digests_now() if passed and not self._problem else {}
            new = {
                name: ledger.Proof(self._digests.get(name), ledger.now(), math.ceil(seconds))
                for name, seconds in passed.items()
                if self._may_write(name, after)
            }
            if new:
                ledger.add(self._root, new, {group.name for group in self._groups})
            self._written = sorted(new)
        except (CheckoutError, ledger.LedgerError, OSError) as error:
            self._not_written = str(error)

    def _may_write(self, name: str, after: dict[str, str | None]) -> bool:
        if self._mode == "off" or self._problem:
            return False
        if name in self._digests:
            return self._digests[name] is not None and self._digests[name] == after[name]
        return self._mode == "renew"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        left_out = sorted(self._choice.left_out) if self._mode == "use" else []
        for name in left_out:
            terminalreporter.write_line(f"left out: {name}, proved {self._proofs[name].time}")
        if self._written:
            terminalreporter.write_line(f"proved now, in {ledger.FILE}: {', '.join(self._written)}")
        if self._not_written:
            terminalreporter.write_line(f"nothing is proved: {self._not_written}")
