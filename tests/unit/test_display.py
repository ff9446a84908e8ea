# SPDX-License-Identifier: Apache-2.0
"""Progress as lines and as a live view."""

from __future__ import annotations

import io

from indigo_paas.cli._display import Lines, Live, Raw, display
from indigo_paas.ground.progress import Event, Kind, Progress, Step


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def lines(*events, progress=None):
    stream = io.StringIO()
    shown = Lines(stream, Clock())
    for event in events:
        shown.event(event, progress or Progress())
    return stream.getvalue().splitlines()


def test_a_fast_step_is_one_line():
    assert lines(Event(101, Kind.STEP, "Plan"), Event(102, Kind.STEP_DONE, "Plan", seconds=1.0)) == [
        "[   2.0 s] Plan: done in 1.0 s"
    ]


def test_a_long_step_and_a_long_task_are_announced_while_they_run():
    stream, clock = io.StringIO(), Clock()
    shown = Lines(stream, clock)
    progress = Progress(
        steps=[Step("Set up", 100)],
        task="htcondor: Install",
        task_started=100,
        working=["n0", "localhost", "n1"],
    )
    shown.event(Event(100, Kind.STEP, "Set up"), progress)
    shown.tick(progress)
    assert stream.getvalue() == ""
    clock.now = 101.5
    shown.tick(progress)
    assert stream.getvalue().splitlines() == ["[   0.0 s] Set up ..."]
    clock.now = 103
    shown.tick(progress)
    shown.tick(progress)
    assert stream.getvalue().splitlines()[1:] == ["[   3.0 s]   htcondor: Install on n0, n1 ..."]


def test_nothing_is_silent_for_long():
    stream, clock = io.StringIO(), Clock()
    shown = Lines(stream, clock)
    progress = Progress(steps=[Step("Check", 100)], task="web: Ask", task_started=100, working=["n0"])
    for second in range(100, 116):
        clock.now = second
        if second == 109:
            progress.tries = "try 3 of 30"
        shown.tick(progress)
    assert stream.getvalue().splitlines() == [
        "[   3.0 s]   web: Ask on n0 ...",
        "[   8.0 s]   web: Ask on n0 ... 8 s",
        "[  13.0 s]   web: Ask on n0, try 3 of 30 ... 13 s",
    ]


def test_many_short_tasks_are_not_silent_either():
    stream, clock = io.StringIO(), Clock()
    shown = Lines(stream, clock)
    progress = Progress(steps=[Step("Set up", 100)])
    for number in range(14):
        clock.now = 100 + number
        progress.task, progress.task_started, progress.working = f"web: Part {number}", 100 + number, []
        shown.tick(progress)
    assert stream.getvalue().splitlines() == ["[   5.0 s]   web: Part 5 ...", "[  10.0 s]   web: Part 10 ..."]


def test_the_time_before_the_first_step_is_not_silent():
    stream, clock = io.StringIO(), Clock()
    shown = Lines(stream, clock)
    clock.now = 106
    shown.tick(Progress())
    shown.tick(Progress(steps=[Step("Plan", 100, over=True)]))
    assert stream.getvalue().splitlines() == ["[   6.0 s] Check what is asked for ..."]


def test_a_step_of_which_no_task_is_known_is_not_silent():
    stream, clock = io.StringIO(), Clock()
    shown = Lines(stream, clock)
    progress = Progress(steps=[Step("Set up", 100)])
    shown.event(Event(100, Kind.STEP, "Set up"), progress)
    for second in range(100, 112):
        clock.now = second
        shown.tick(progress)
    assert stream.getvalue().splitlines() == [
        "[   0.0 s] Set up ...",
        "[   7.0 s]   Set up ... 7 s",
    ]


def test_trouble_and_progress_come_under_their_step():
    told = lines(
        Event(100, Kind.STEP, "Make"),
        Event(101, Kind.PROGRESS, "Make", text="building the image"),
        Event(102, Kind.FAILED, "Make", "Make the nodes", "localhost", "no disk\nleft"),
        Event(102, Kind.STEP_DONE, "Make", text="1 changed", seconds=2.0),
    )
    assert told == [
        "[   0.0 s] Make ...",
        "[   1.0 s]   building the image",
        "[   2.0 s]   Make the nodes: failed: localhost: no disk left",
        "[   2.0 s] Make: done in 2.0 s, 1 changed",
    ]


def test_short_tasks_are_not_worth_a_line():
    assert lines(Event(100, Kind.TASK_DONE, "S", "t", seconds=0.5)) == []
    assert lines(Event(100, Kind.TASK_DONE, "S", "t", seconds=2.5)) == ["[   0.0 s]   t: 2.5 s"]


def test_hostile_text_is_inert():
    (told,) = lines(Event(100, Kind.WARNING, text="\x1b]0;x\x07[red]{{ 1 }}"))
    assert told == "[   0.0 s]   warning: \\x1b]0;x\\x07[red]{{ 1 }}"
    stream = io.StringIO()
    Raw(stream).output("\x1b[2J\r\nnext")
    assert stream.getvalue() == "\\x1b[2J\nnext\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_live_view_shows_steps_task_and_nodes(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with display(stream, 0) as shown:
        assert isinstance(shown, Live)
        progress = Progress(steps=[Step("Plan [bold]x", 1, 1.25, 3, True)])
        shown.event(Event(1, Kind.WARNING, text="[red]look out\x1b[2J"), progress)
        shown.tick(progress)
    assert "Plan [bold]x" in stream.getvalue()
    assert "1.2 s  3 changed" in stream.getvalue()
    assert "warning: [red]look out\\x1b[2J" in stream.getvalue()


def test_the_display_fits_the_stream():
    with display(io.StringIO(), 0) as shown:
        assert isinstance(shown, Lines)
    with display(Terminal(), 1) as shown:
        assert isinstance(shown, Raw)
