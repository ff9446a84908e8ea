# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: what FastAPI makes of the routes, less what never happens."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

# What FastAPI answers by itself to wrong requests; here they get 400.
_NEVER = "422"
_ITS_SCHEMAS = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI) -> None:
    """Make APP give the document."""
    make = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _cleaned(make())
        return app.openapi_schema

    # FastAPI's own way to another document is to put a function in this one's place.
    app.openapi = document  # type: ignore[method-assign]


def _cleaned(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop(_NEVER, None)
            _say_that_errors_are_json(operation["responses"])
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
    for name in _ITS_SCHEMAS:
        document["components"]["schemas"].pop(name, None)
    return document


def _say_that_errors_are_json(responses: dict[str, Any]) -> None:
    """What is wrong is told as JSON, also by routes whose other answers are something else."""
    for status, response in responses.items():
        if int(status) >= 400 and "content" in response:
            [schema] = response["content"].values()
            response["content"] = {"application/json": schema}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the SCHEMA of a parameter that may be left out: there is no way to write null in a URL or a header."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **kinds[0]}
