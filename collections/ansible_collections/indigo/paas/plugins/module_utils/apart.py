# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls in processes of their own, which can be ended whatever they wait for."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem, SiteError

Say = Callable[[str], None]
Call = Callable[[Say], Any]


def run_apart(
    calls: Mapping[str, Call], say: Callable[[str, str], None], seconds: float | None = None
) -> dict[str, Any]:
    """Run CALLS at once, each in a process of its own; return what each returned, or the SiteError that ended it.

    calls     by name; each gets a function that takes a line for people
    say       called here with the name and each such line
    seconds   a call that takes longer is killed, and its SiteError says so; None for no limit

    What a call returns, and what it raises, travels by pickle; what it changes in memory is lost.
    When this function is left early, whatever the reason, the processes are killed.
    """
    context = multiprocessing.get_context("fork")
    pipes: dict[Connection, str] = {}
    processes = []
    answers: dict[str, Any] = {}
    try:
        for name, call in calls.items():
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(call, theirs))
            process.start()
            theirs.close()
            processes.append(process)
            pipes[mine] = name
        _listen(pipes, answers, say, seconds)
    finally:
        for process in processes:
            process.kill()
            process.join()
    late = SiteError(f"It was not done after {seconds:.10g} s" if seconds else "Its process was ended")
    return {name: answers.get(name, late) for name in calls}


def _listen(
    pipes: dict[Connection, str], answers: dict[str, Any], say: Callable[[str, str], None], seconds: float | None
) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    while pipes:
        ready = wait(list(pipes), None if end is None else max(0.0, end - time.monotonic()))
        if not ready:
            return
        for pipe in cast("list[Connection]", ready):
            name = pipes[pipe]
            try:
                kind, value = pipe.recv()
            except EOFError:
                answers.setdefault(name, SiteError("Its process ended without an answer"))
                del pipes[pipe]
                continue
            if kind == "line":
                say(name, value)
            else:
                answers[name] = value
                del pipes[pipe]


def _work(call: Call, pipe: Connection) -> None:
    lock = threading.Lock()

    def tell(kind: str, value: Any) -> None:
        with lock:
            pipe.send((kind, value))

    try:
        answer = call(lambda line: tell("line", line))
    except PaasError as error:
        answer = SiteError([_plain(problem) for problem in error.problems], bad_input=getattr(error, "bad_input", True))
    except Exception as error:
        answer = SiteError(f"An unexpected error: {type(error).__name__}: {error}")
    tell("answer", answer)


def _plain(problem: Problem) -> Problem:
    """Return PROBLEM without what a subclass adds to it and cannot travel."""
    return Problem(problem.message, problem.file, problem.line, problem.column, problem.hint, problem.severity)
