# SPDX-License-Identifier: Apache-2.0
"""What goes over the line to an execution node.

To the node: a `Header` as JSON on one line; what ansible-runner transmits; then a line every BEAT seconds until the end
of the run: an empty one, or a new access token as JSON. Its end, or SILENCE without a line, ends the run. From the
node: what ansible-runner's worker tells.
"""

from __future__ import annotations

from dataclasses import dataclass

from indigo_paas import __version__
from indigo_paas.runner.job import Job

BEAT = 5.0
SILENCE = 60.0

# ansible-runner's name of the run, which is that of the directory that comes back, and of the deployment's files there.
IDENT = "ansible"
STATE = "state"


@dataclass(frozen=True)
class Header:
    """What a node has to know beside what ansible-runner tells it; the fields are those of `Job`.

    access_token: of the user for whom it runs, None where there is none.
    """

    version: str
    deployment: str
    run: str
    external: bool
    lenient: bool
    access_token: str | None = None

    @classmethod
    def of(cls, job: Job, access_token: str | None) -> Header:
        return cls(__version__, job.deployment, job.run, job.external, job.lenient, access_token)
