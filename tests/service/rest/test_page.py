# SPDX-License-Identifier: Apache-2.0
"""docs/rest-api.md names what there is."""

from __future__ import annotations

import dataclasses
import re

from indigo_paas import collection
from indigo_paas.service.settings import Callbacks, Neighbours, Rest
from indigo_paas.source import Template


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
    body = app.openapi()["paths"]["/deployments"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    examples = body["examples"]
    assert examples
    for example in examples:
        plan = collection.plan_template(Template.of_text(example["template"]), example["parameters"])
        assert [group["count"] for group in plan["groups"]] == [2]
        assert not plan["warnings"]
