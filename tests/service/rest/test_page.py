# SPDX-License-Identifier: Apache-2.0
"""docs/rest-api.md names what there is."""

from __future__ import annotations

import dataclasses
import re

from indigo_paas.ground import status
from indigo_paas.service.settings import Callbacks, Neighbours, Rest
from indigo_paas.templates import collection
from indigo_paas.templates.source import Template


def test_the_page_names_every_resource(app, root):
    page = (root / "docs" / "rest-api.md").read_text()
    for path in app.openapi()["paths"]:
        last = path.replace("{id}", "ID").replace("{rid}", "RID").rsplit("/", 1)[-1]
        assert re.search(rf"[`/]{last}[`?/]", page), path


def test_the_page_names_every_setting(root):
    page = (root / "docs" / "rest-api.md").read_text()
    for kind in Rest, Callbacks, Neighbours:
        for field in dataclasses.fields(kind):
            assert re.search(rf"`({kind.__name__.lower()}\.)?{field.name}`", page), field.name


def test_the_examples_of_the_document_can_be_deployed(app):
    bodies = [body for body in _bodies(app.openapi()) if "template" in body["properties"]]
    assert len(bodies) == 2
    for example in [example for body in bodies for example in body["examples"]]:
        plan = collection.plan_template(Template.of_text(example["template"]), example["parameters"])
        assert [group["count"] for group in plan["groups"]] == [2]
        assert not plan["warnings"]


def test_the_service_takes_every_example_of_a_body(app, client, desk, made):
    desk.change(made["uuid"], status=status.CREATE_COMPLETE)
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            for example in _body(operation).get("examples", ()):
                answer = client.request(method, path.replace("{id}", made["uuid"]), json=example)
                assert answer.is_success, (method, path, answer.text)


def _bodies(document):
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    return [body for body in map(_body, operations) if body]


def _body(operation):
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
