# SPDX-License-Identifier: Apache-2.0
"""The service with a collection of small playbooks and one site that is always there, as processes of their own.

fake.py supervisor: does jobs until a signal. fake.py job NUMBER START: does one. fake.py indigo-paas ARGUMENTS: is
the command. $FAKE_COLLECTIONS is the directory of
the collection that `tests.cli.fake.write` made.
"""

from __future__ import annotations

import os
import pathlib
import sys

# The command as a program.
COMMAND = (sys.executable, __file__, "indigo-paas")


def pretend() -> None:
    """Put the fakes in place, in this process."""
    from indigo_paas.templates import collection
    from tests.cli.fake import DESCRIPTION

    collection.root = lambda: pathlib.Path(os.environ["FAKE_COLLECTIONS"])
    if os.environ.get("FAKE_SILENCE"):
        from indigo_paas.runner import worker

        worker.SILENCE = float(os.environ["FAKE_SILENCE"])
    collection.describe_sites = lambda sites: [] if os.environ.get("FAKE_NO_SITE") else [DESCRIPTION]


def main(arguments: list[str]) -> int:
    """Be the supervisor or a job."""
    pretend()
    if arguments[0] == "job":
        from indigo_paas.service import job

        return job.main(arguments[1:])
    from indigo_paas import cli
    from indigo_paas.service import worker

    # Several supervisors here may be of several hosts.
    worker.Supervisor.__init__.__defaults__ = ((sys.executable, __file__, "job"), os.environ.get("FAKE_HOST"))
    return cli.run(arguments[1:] if arguments[0] == "indigo-paas" else ["worker"])


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))
    sys.exit(main(sys.argv[1:]))
