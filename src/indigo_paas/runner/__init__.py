# SPDX-License-Identifier: Apache-2.0
"""Playbooks run by ansible-runner, here or elsewhere, or by AWX. Only this package knows them.

What runs them elsewhere is imported from `nodes` and `awx` by those who ask for it: most commands run here.
"""

from __future__ import annotations

from indigo_paas.runner.environment import own
from indigo_paas.runner.job import Execution, Job
from indigo_paas.runner.local import Here

__all__ = ["Execution", "Here", "Job", "own"]
