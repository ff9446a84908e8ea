# SPDX-License-Identifier: Apache-2.0
"""How many statements a request sends to the database: as many with a thousand deployments as with ten."""

from __future__ import annotations

from fastapi.testclient import TestClient

from indigo_paas.service.app import make_app
from indigo_paas.service.settings import read
from tests.queries import queries
from tests.service.stored import fill

FEW, MANY = 10, 1000


def counts(tmp_path, url: str, stored: int) -> dict[str, int]:
    """Return the number of statements of each kind of request, with STORED deployments."""
    names = fill(url, stored)
    settings = read(
        environment={
            "INDIGO_PAAS_HOME": str(tmp_path),
            "INDIGO_PAAS_DATABASE": url,
            "INDIGO_PAAS_IDENTITY_ANONYMOUS": "true",
        }
    )
    found = {}
    with TestClient(make_app(settings), client=("127.0.0.1", 1), base_url="http://127.0.0.1:8080") as client:
        # What is looked at once, such as the version of the store.
        client.get("/deployments")
        for path in (
            "/deployments?size=10",
            "/deployments?size=10&page=0&sort=name,desc",
            "/deployments?size=5",
            f"/deployments/{names[0]}",
            f"/deployments/{names[0]}/resources",
        ):
            with queries() as sent:
                assert client.get(path).status_code == 200
            found[path.replace(names[0], "ID")] = len(sent)
    return found


def test_the_number_of_statements_does_not_grow(tmp_path, url):
    few = counts(tmp_path, url, FEW)
    assert counts(tmp_path, url, MANY) == few
    assert few["/deployments?size=5"] == few["/deployments?size=10"]
    assert max(few.values()) <= 4
    assert few["/deployments/ID"] == 1
