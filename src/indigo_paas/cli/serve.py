# SPDX-License-Identifier: Apache-2.0
"""indigo-paas serve"""

from __future__ import annotations

from pathlib import Path

import click

from indigo_paas.cli import _service
from indigo_paas.runner.settings import Settings


@click.command("serve", short_help="Serve the REST API of the INDIGO Orchestrator.")
@_service.config_option
@click.option("--host", metavar="ADDRESS", help="Address to listen on; by default 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; by default 8080.")
@_service.workers_option
@click.pass_obj
def command(settings: Settings, config: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve deployments to users over HTTP, as the INDIGO Orchestrator does, and do what they ask for.

    \b
    Examples:
      indigo-paas serve
      indigo-paas serve --config /etc/indigo-paas.toml --workers 4
    """
    uvicorn = _service.require_uvicorn()
    from indigo_paas.service.app import make_app
    from indigo_paas.service.connections import patient

    _service.log_to_stderr()
    said = _service.settings_of(settings, config, workers, host, port)
    app = make_app(said)
    # The app itself says which proxies it trusts, and writes the access log.
    quiet = {"access_log": False, "proxy_headers": False, "server_header": False}
    # The server raises the signal that ended it once more, which must not end the process before the supervisor.
    with _service.supervised(said), _service.until_a_signal():
        protocol = patient(said.rest.request_seconds)
        uvicorn.run(app, host=said.server.host, port=said.server.port, http=protocol, **quiet)
