# SPDX-License-Identifier: Apache-2.0
"""indigo-paas worker"""

from __future__ import annotations

from pathlib import Path

import click

from indigo_paas.cli import _service
from indigo_paas.runner.settings import Settings


@click.command("worker", short_help="Do the jobs of the service, without its REST API.")
@_service.config_option
@_service.workers_option
@click.pass_obj
def command(settings: Settings, config: Path | None, workers: int | None) -> None:
    """Do what users ask of the service with 'indigo-paas serve', on this host.

    Several hosts share a database and the home directory. Stopping a worker leaves its running jobs alone: the next
    one sees to them.

    \b
    Example:
      indigo-paas worker --workers 4
    """
    _service.log_to_stderr()
    said = _service.settings_of(settings, config, workers)
    with _service.until_a_signal() as stop, _service.supervised(said):
        stop.wait()
