# SPDX-License-Identifier: Apache-2.0
"""The progress of a run: a live view on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from indigo_paas.ground.progress import Event, Kind, Progress, Step
from indigo_paas.ground.text import clean, line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from indigo_paas.engine.work import Observer

# From here on a task is worth a line of its own (seconds).
LONG_TASK = 2.0
# A step that has nothing to say for as long is announced; a fast one is told when it is done (seconds).
SLOW_STEP = 1.0
# After as long without a line there is one more, whatever goes on (seconds).
LONGEST_SILENCE = 5.0

# What goes on before the first step begins.
_BEFORE = "Check what is asked for"

_NODES = 4
_PROGRESS_LINES = 3
_TROUBLE = {
    Kind.FAILED: "failed",
    Kind.UNREACHABLE: "cannot be reached",
    Kind.WARNING: "warning",
    Kind.ERROR: "error",
}


@contextlib.contextmanager
def display(stream: IO[str], verbosity: int) -> Iterator[Observer]:
    """Show a run on STREAM: live on a terminal, what Ansible prints with a VERBOSITY, lines elsewhere."""
    if verbosity:
        yield Raw(stream)
    elif stream.isatty():
        with Live(stream) as live:
            yield live
    else:
        yield Lines(stream)


class _Display:
    """What every display has."""

    def stopping(self) -> str:
        """Return "": only signals stop a command."""
        return ""


class Raw(_Display):
    """What Ansible prints, made inert."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def event(self, event: Event, progress: Progress) -> None:
        if event.kind is Kind.WARNING and progress.step is None:
            print(f"warning: {clean(event.text)}", file=self._stream, flush=True)

    def output(self, text: str) -> None:
        if text:
            print(clean(text.replace("\r\n", "\n")), file=self._stream, flush=True)

    def tick(self, progress: Progress) -> None:
        return


class Lines(_Display):
    """Steps, long tasks and trouble, a line each with the seconds since the start."""

    def __init__(self, stream: IO[str], clock: Callable[[], float] = time.time) -> None:
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._step: Event | None = None
        self._task_told: float | None = None
        self._last = self._started

    def event(self, event: Event, progress: Progress) -> None:
        if event.kind is Kind.STEP:
            self._step = event
            return
        if event.kind is Kind.STEP_DONE:
            self._step = None
        text = _event_line(event)
        if text:
            self._tell_step()
            self._print(event.time, text)

    def output(self, text: str) -> None:
        return

    def tick(self, progress: Progress) -> None:
        """Announce a step and a task that take long, and then say from time to time what goes on."""
        now = self._clock()
        if self._step and now - self._step.time > SLOW_STEP:
            self._tell_step()
        began = progress.task_started
        if progress.task and now - began > LONG_TASK and self._task_told != began:
            self._task_told = began
            self._tell_step()
            self._print(now, f"  {_doing(progress)} ...")
        elif now - self._last >= LONGEST_SILENCE:
            self._tell_step()
            self._tell_more(now, progress)

    def _tell_more(self, now: float, progress: Progress) -> None:
        if progress.step:
            seconds = now - (progress.task_started if progress.task else progress.step.started)
            self._print(now, f"  {_doing(progress)} ..." + (f" {seconds:.0f} s" if seconds > LONG_TASK else ""))
        elif not progress.steps:
            self._print(now, f"{_BEFORE} ...")

    def _tell_step(self) -> None:
        if self._step:
            self._print(self._step.time, f"{line(self._step.step)} ...")
            self._step = None

    def _print(self, moment: float, text: str) -> None:
        seconds = f"{max(0.0, moment - self._started):6.1f} s"
        print(f"[{seconds}] {text}", file=self._stream, flush=True)
        self._last = self._clock()


class Live(_Display):
    """Steps with their durations; under the one that runs its task, the nodes, and what plugins say."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._console: Console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._progress = Progress()
        self._started = time.time()
        self._said: deque[str] = deque(maxlen=_PROGRESS_LINES)
        self._live = RichLive(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=6,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._said.clear()
        self._live.stop()

    def event(self, event: Event, progress: Progress) -> None:
        self._progress = progress
        if event.kind in (Kind.STEP, Kind.TASK, Kind.STEP_DONE):
            self._said.clear()
        elif event.kind is Kind.PROGRESS:
            self._said.append(line(event.text))
        elif event.kind in _TROUBLE:
            self._console.print(_event_line(event), style="yellow" if event.kind is Kind.WARNING else "red")

    def output(self, text: str) -> None:
        return

    def tick(self, progress: Progress) -> None:
        self._progress = progress

    def _render(self) -> RenderableType:
        from rich.console import Group

        now = time.time()
        steps = list(self._progress.steps) or [Step(_BEFORE, self._started)]
        rows: list[Any] = [self._step_row(step, now) for step in steps]
        return Group(*rows, *self._task_rows(now))

    def _step_row(self, step: Step, now: float) -> Any:
        from rich.text import Text

        done, doing = ("*", ">") if self._console.options.ascii_only else ("\u2713", "\u25b8")
        seconds = step.seconds if step.over else max(0.0, now - step.started)
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(f"{done if step.over else doing} ", style="green" if step.over else "cyan")
        row.append(f"{line(step.name):<40.80}", style="" if step.over else "bold")
        row.append(f" {seconds:7.1f} s", style="dim" if step.over else "")
        row.append(f"  {step.changed} changed" if step.changed else "", style="yellow")
        return row

    def _task_rows(self, now: float) -> list[Any]:
        from rich.text import Text

        progress = self._progress
        rows = []
        if progress.task:
            seconds = max(0.0, now - progress.task_started)
            text = f"    {_doing(progress)}  {seconds:.0f} s"
            rows.append(Text(text, style="dim", no_wrap=True, overflow="ellipsis"))
        rows += [Text(f"    {said}", style="dim", no_wrap=True, overflow="ellipsis") for said in list(self._said)]
        return rows


def _event_line(event: Event) -> str:
    """Return EVENT as a line for a person; "" for what is not worth one."""
    match event.kind:
        case Kind.STEP_DONE:
            changed = f", {event.text}" if event.text else ""
            return f"{line(event.step)}: done in {event.seconds:.1f} s{changed}"
        case Kind.TASK_DONE if (event.seconds or 0) >= LONG_TASK:
            return f"  {line(event.task)}: {event.seconds:.1f} s"
        case Kind.PROGRESS:
            return f"  {line(event.text)}"
        case Kind.WARNING | Kind.ERROR:
            return f"  {_TROUBLE[event.kind]}: {line(event.text)}"
        case Kind.FAILED | Kind.UNREACHABLE:
            return f"  {line(event.task)}: {_TROUBLE[event.kind]}: {line(event.node)}: {line(event.text)}"
    return ""


def _doing(progress: Progress) -> str:
    """Return what is being done, on which nodes: the task, or the step where no task is known."""
    step = progress.step
    doing = progress.task or (step.name if step else "")
    tries = f", {line(progress.tries)}" if progress.tries else ""
    return f"{line(doing)}{_on(list(progress.working))}{tries}"


def _on(nodes: list[str]) -> str:
    """Return the nodes that work, as the end of a sentence; the controller needs no mention."""
    named = [line(node) for node in nodes if node != "localhost"]
    more = f" and {len(named) - _NODES} more" if len(named) > _NODES else ""
    return f" on {', '.join(named[:_NODES])}{more}" if named else ""
