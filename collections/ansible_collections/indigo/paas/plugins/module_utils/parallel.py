# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doing one thing to many, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def each(function: Callable[[Item], Answer], items: Iterable[Item], workers: int) -> list[Answer]:
    """Return FUNCTION's answers for ITEMS, in order, at most WORKERS at a time.

    A SiteError of one item does not stop the others; when all are done, one SiteError tells them all.
    Any other exception stops what has not begun.
    """
    items = list(items)
    if not items:
        return []
    with ThreadPoolExecutor(max_workers=min(workers, len(items))) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            return _collect(futures)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _collect(futures: list[Any]) -> list[Any]:
    answers: list[Any] = []
    problems: list[Problem] = []
    bad_input = True
    for future in futures:
        try:
            answers.append(future.result())
        except SiteError as error:
            problems += error.problems
            bad_input = bad_input and error.bad_input
    if problems:
        raise SiteError(problems, bad_input=bad_input)
    return answers
