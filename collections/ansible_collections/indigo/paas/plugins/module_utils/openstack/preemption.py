# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preemptible servers, which a cloud may take back: OpenStack has no word for them, so each cloud has its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean

KEYS = ("extra_specs", "metadata", "scheduler_hints")

Words = dict[str, str]


@dataclass(frozen=True)
class Preemption:
    """How a cloud is told that it may take a server back; false where it cannot be told.

    extra_specs       those of the flavors that are for preemptible servers, and for no others
    metadata          of the server
    scheduler_hints   for it
    """

    extra_specs: Words = field(default_factory=dict)
    metadata: Words = field(default_factory=dict)
    scheduler_hints: Words = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.extra_specs or self.metadata or self.scheduler_hints)

    def has(self, extra_specs: Mapping[str, Any]) -> bool:
        """Return whether a flavor with EXTRA_SPECS is for preemptible servers."""
        wanted = self.extra_specs.items()
        return bool(wanted) and all(str(extra_specs.get(name)) == value for name, value in wanted)


NO_PREEMPTION = Preemption()


def read(site: str, option: Mapping[str, Any]) -> Preemption:
    """Return what SITE's OPTION preemptible says. Raises SiteError (bad_input) with all that is wrong with it."""
    problems = [
        Problem(f"Site '{site}': preemptible has no key '{key}'", hint=did_you_mean(str(key), KEYS, what="keys"))
        for key in option
        if key not in KEYS
    ]
    problems += [
        Problem(f"Site '{site}': preemptible.{key} must be a dictionary of texts")
        for key in KEYS
        if not isinstance(option.get(key, {}), dict) or any(map(_is_nested, option.get(key, {}).values()))
    ]
    if problems:
        raise SiteError(problems, bad_input=True)
    return Preemption(**{key: {str(name): _text(value) for name, value in option[key].items()} for key in option})


def _is_nested(value: Any) -> bool:
    return value is None or isinstance(value, (dict, list))


def _text(value: Any) -> str:
    # YAML makes truth values of what OpenStack has as text.
    return str(value).lower() if isinstance(value, bool) else str(value)
