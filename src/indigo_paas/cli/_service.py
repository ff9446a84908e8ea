# SPDX-License-Identifier: Apache-2.0
"""What the commands of the service share."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indigo_paas.errors import IndigoError
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.service.settings import ServiceSettings

config_option = click.option(
    "--config",
    envvar="INDIGO_PAAS_CONFIG",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="TOML file with the settings of the service.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(0, 1000), help="How many jobs are done at a time on this host; by default 2."
)


def settings_of(
    settings: Settings,
    config: Path | None,
    workers: int | None = None,
    host: str | None = None,
    port: int | None = None,
) -> ServiceSettings:
    """Return the settings in the file CONFIG and the environment; the options of the command line win over both."""
    from indigo_paas.service.settings import read

    said = read(config, home=_chosen_home(settings), sites=settings.sites, database=settings.database)
    jobs = said.jobs if workers is None else dataclasses.replace(said.jobs, workers=workers)
    server = dataclasses.replace(
        said.server, host=host or said.server.host, port=said.server.port if port is None else port
    )
    return dataclasses.replace(said, jobs=jobs, server=server)


@contextlib.contextmanager
def supervised(settings: ServiceSettings) -> Iterator[None]:
    """Do the jobs of the service meanwhile, in a thread: signals are the main thread's.

    Raises IndigoError at once where the database cannot be used.
    """
    from indigo_paas.engine import work
    from indigo_paas.service.worker import Supervisor

    with work.opened(settings.engine(), make=True):
        pass
    stop = threading.Event()
    thread = threading.Thread(target=Supervisor(settings).run, args=[stop], name="supervisor")
    if settings.jobs.workers:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if settings.jobs.workers:
            thread.join()


def require_uvicorn() -> Any:
    """Return the module uvicorn; raise IndigoError where what serves is not installed."""
    import importlib

    try:
        importlib.import_module("fastapi")
        return importlib.import_module("uvicorn")
    except ModuleNotFoundError as error:
        raise IndigoError(
            f"The Python package {error.name} is missing: install indigo-paas[service] to serve."
        ) from None


def log_to_stderr() -> None:
    """Write what the service has to say to stderr."""
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # Each of its lines is a JSON object, and is to stay one.
    access = logging.getLogger("indigo_paas.service.access")
    access.propagate = False
    access.addHandler(logging.StreamHandler())


@contextlib.contextmanager
def until_a_signal() -> Iterator[threading.Event]:
    """Give an event that is set by SIGINT and SIGTERM."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda _number, _frame: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _chosen_home(settings: Settings) -> Path | None:
    """Return the home that the command line or the environment chose; None where it is the default one."""
    from indigo_paas.ground.paths import home

    return None if settings.home == home() else settings.home.root
