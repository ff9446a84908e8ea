# SPDX-License-Identifier: Apache-2.0
"""The service as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from indigo_paas import __version__
from indigo_paas.service import answers, openapi
from indigo_paas.service.desk import Desk
from indigo_paas.service.identity import guard
from indigo_paas.service.identity.tokens import open_tokens
from indigo_paas.service.metrics import Metrics
from indigo_paas.service.middleware import Envelope, LimitedBody, Proxied, TidyPath, networks
from indigo_paas.service.routes import about, deployments, events, operations, resources
from indigo_paas.service.settings import ServiceSettings

_TAGS = [
    {"name": "deployments", "description": "What a TOSCA template is turned into."},
    {"name": "details", "description": "What is known of one deployment."},
    {"name": "resources", "description": "The nodes of a deployment."},
    {"name": "about", "description": "What the service says of itself."},
    {"name": "operations", "description": "For those who operate the service."},
]


def make_app(settings: ServiceSettings, desk: Desk | None = None) -> FastAPI:
    """Return the application. Raises BadInput for wrong settings.

    desk: what does all that is asked for; by default that of SETTINGS.
    """
    app = FastAPIOffline(
        title="indigo.paas Orchestrator",
        version=__version__,
        summary="Turns TOSCA templates into running services; speaks as the INDIGO Orchestrator does.",
        openapi_tags=_TAGS,
        docs_url="/docs",
        redoc_url=None,
        static_url="/docs/assets",
        # Without it the page asks a server elsewhere whether the document is valid.
        swagger_ui_parameters={"validatorUrl": None},
        redirect_slashes=False,
        lifespan=_closing,
    )
    app.state.settings = settings
    app.state.desk = desk or Desk(settings)
    app.state.metrics = Metrics(app.state.desk.counts)
    app.state.streams = events.Streams(settings.rest.streams, settings.rest.streams_per_user)
    guard.install(app, settings.identity)
    app.state.tokens = open_tokens(settings, app.state.guard.verifier)
    routers = [part.router for part in (deployments, resources, events, about, operations)]
    for router in routers:
        app.include_router(router)
    answers.install(app, [route for router in routers for route in router.routes])
    openapi.install(app)
    _surround(app, settings)
    return app


@contextlib.asynccontextmanager
async def _closing(app: FastAPI) -> AsyncIterator[None]:
    """Get ready, and let go of the database and of the issuers' connections at the end."""
    app.state.desk.start()
    yield
    app.state.guard.close()
    if app.state.tokens:
        app.state.tokens.close()
    app.state.desk.close()


def _surround(app: FastAPI, settings: ServiceSettings) -> None:
    """Put around APP what happens with every request; the last one is the outermost."""
    layers: list[tuple[Any, dict[str, Any]]] = [
        (LimitedBody, {"largest": settings.rest.largest_body, "seconds": settings.rest.request_seconds}),
        (TidyPath, {}),
        (Proxied, {"trusted": networks(settings.server.forwarded_from)}),
        (Envelope, {"metrics": app.state.metrics}),
    ]
    for layer, arguments in layers:
        app.add_middleware(layer, **arguments)
