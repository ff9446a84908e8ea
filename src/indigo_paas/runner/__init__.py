# SPDX-License-Identifier: Apache-2.0
"""Playbooks run by ansible-runner, here or elsewhere, or by AWX. Only this package knows them."""

from __future__ import annotations

from indigo_paas.runner.awx import Awx, Controller
from indigo_paas.runner.environment import own
from indigo_paas.runner.job import Execution, Job
from indigo_paas.runner.local import Here
from indigo_paas.runner.nodes import Node, Nodes

__all__ = ["Awx", "Controller", "Execution", "Here", "Job", "Node", "Nodes", "own"]
