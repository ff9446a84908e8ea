# SPDX-License-Identifier: Apache-2.0
"""Jobs that run: ansible-runner with a project, an inventory and extra variables, each as AWX gives it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys
from collections.abc import Callable
from typing import Any

import yaml

from tests.awx.controller import Data, Job

_OF_RUNNER = ("runner_ident", "pid")
_INVENTORY = "#!{python}\nprint({text!r})\n"


class Unsafe(yaml.SafeDumper):
    """Writes all text as AWX writes extra variables of a launch: as text that is no template."""


Unsafe.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


class Real:
    """Runs playbooks. project: directory of the playbooks. inventory: as ansible-inventory --list prints it.

    environment: of ansible-playbook. trusting: whether AWX is set up to take extra variables for templates.
    """

    def __init__(
        self, place: pathlib.Path, project: pathlib.Path, inventory: Data, environment: dict[str, str], trusting: bool
    ) -> None:
        self._place = place
        self._project = project
        self.inventory = inventory
        self._environment = {
            # What AWX has Ansible do.
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
            **environment,
        }
        self._dumper = yaml.SafeDumper if trusting else Unsafe

    def __call__(self, job: Job, write: Callable[[Data], None]) -> str:
        from ansible_runner import Runner, RunnerConfig

        place = self._place / f"job-{job.id}"
        self._prepare(place, job)
        config = RunnerConfig(
            private_data_dir=str(place), ident=str(job.id), playbook=job.template.playbook, quiet=True
        )
        config.prepare()

        def keep(event: dict[str, Any]) -> bool:
            # What the database of AWX makes of an event.
            made = json.loads(json.dumps({key: event[key] for key in event if key not in _OF_RUNNER}, default=str))
            write({**made, "created": f"{made['created'][:26]}Z"})
            return False

        state, _code = Runner(config, event_handler=keep, cancel_callback=job.cancelled.is_set).run()
        return str(state)

    def _prepare(self, place: pathlib.Path, job: Job) -> None:
        shutil.copytree(self._project, place / "project")
        inventory = place / "inventory" / "hosts"
        inventory.parent.mkdir()
        inventory.write_text(_INVENTORY.format(python=sys.executable, text=json.dumps(self.inventory)))
        inventory.chmod(0o700)
        env = place / "env"
        env.mkdir(mode=0o700)
        (env / "extravars").write_text(yaml.dump(job.extra_vars, Dumper=self._dumper))
        (env / "envvars").write_text(yaml.safe_dump({**self._environment, "TMPDIR": str(place)}))
