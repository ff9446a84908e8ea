# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of plans: what is in them, and that no name in a template is more than a name in any language."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca import pictures
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures import dot, mermaid
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.scene import scene_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert('x')</script>",
    '"]; click n0 call alert() %% "',
    "a\\",
    'a\\" -> b; //',
    "\\N \\G &quot;&#34; &amp;",
    "```\n---\ntitle: x",
    "end\x00\x1b[31m\u202e\u2028\ud800",
    "1. one",
    "- two",
    "https://evil.example/<b>",
    "]]> <!-- -->",
    "#quot; #59; ;",
    "x" * 5000,
)


def group(name: str, count: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "group": "g",
        "hostname": "h",
        "type": "tosca.nodes.indigo.Compute",
        "count": count,
        "size": {"cpus": 2, "memory": 4_000_000_000, "disk": None, "gpus": 0, "instance_type": None},
        "image": {"image": None, "type": "linux", "distribution": "debian", "version": "13", "architecture": None},
        "network": {"public": True, "name": None, "dns_name": None},
        "ports": [],
        "volumes": [],
        **more,
    }


def component(name: str, on: str, *requires: str, kind: str = "tosca.nodes.indigo.Thing") -> dict[str, Any]:
    return {"name": name, "type": kind, "group": on, "requires": list(requires), "properties": {}, "operations": []}


def application(name: str, *requires: str, **more: Any) -> dict[str, Any]:
    kind = "tosca.nodes.indigo.Container.Application.Docker.Marathon"
    return {"name": name, "type": kind, "requires": list(requires), "properties": {}, "artifacts": {}, **more}


POOL = {
    "description": "A pool",
    "groups": [group("fe_server"), group("wn_server", 3), group("spare", 0)],
    "components": [
        component("front_end", "fe_server"),
        component("monitor", "fe_server", "front_end", "fe_server"),
        component("worker", "wn_server", "front_end", "nobody"),
    ],
    "stages": [{"name": "configure", "external": True, "groups": ["g"], "components": ["monitor"], "role": None}],
    "applications": [
        application(
            "app",
            "front_end",
            artifacts={"image": {"file": "lab/notebook:1"}},
            properties={"url": {"$function": {"get_attribute": ["worker", "x"]}}},
        )
    ],
    "outputs": {
        "url": {
            "value": {
                "$function": {
                    "concat": ["http://", {"$function": {"get_attribute": ["fe_server", "public_address", 0]}}]
                }
            }
        }
    },
}


def hostile_plan(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "groups": [group(text, 2, volumes=[{"name": text, "size": 1, "location": text}], ports=[{"name": text}])],
        "components": [component(text + "1", text), component(text + "2", text, text + "1", kind=text)],
        "applications": [application(text + "3", text + "1", artifacts={"image": text})],
        "outputs": {text: {"value": text}},
    }


def texts(picture: str) -> str:
    return " ".join("".join(node.itertext()) for node in ElementTree.fromstring(picture).iter(f"{SVG}text"))


def test_a_scene_has_machines_components_applications_and_who_needs_whom():
    found = scene_of(POOL, "pool")
    fe, wn, spare, app = found.boxes
    assert [part.title for part in fe.parts] == ["front_end", "monitor"]
    assert [part.external for part in fe.parts] == [False, True]
    assert (wn.count, spare.count, app.count) == (3, 0, None)
    assert app.is_application
    assert "lab/notebook:1" in app.lines
    front_end, monitor = (part.key for part in fe.parts)
    (worker,) = (part.key for part in wn.parts)
    arrows = {(arrow.source, arrow.target) for arrow in found.arrows}
    assert arrows == {(monitor, front_end), (worker, front_end), (app.key, front_end), (app.key, worker)}
    assert found.outputs == (("url", "http://<fe_server.public_address[0]>"),)


def test_machines_that_are_set_up_themselves_are_a_box_and_a_part():
    found = scene_of(
        {**POOL, "components": [component("fe_server", "fe_server"), component("x", "wn_server", "fe_server")]}
    )
    box = found.boxes[0]
    assert box.parts[0].title == box.title
    assert box.parts[0].key != box.key
    assert [(arrow.source, arrow.target) for arrow in found.arrows] == [(found.boxes[1].parts[0].key, box.key)]


def test_svg_says_all_of_it():
    told = texts(pictures.draw(POOL, "svg", "pool"))
    for text in ("pool", "fe_server", "× 3", "2 CPUs, 4 GB memory", "debian 13, public network", "front_end", "worker"):
        assert text in told
    for text in (
        "own playbook",
        "lab/notebook:1",
        "url",
        "http://<fe_server.public_address[0]>",
        "application",
        "Dashed",
    ):
        assert text in told


def test_svg_draws_one_arrow_for_each_need():
    picture = ElementTree.fromstring(pictures.draw(POOL, "svg"))
    drawn = [path for path in picture.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(drawn) == len(scene_of(POOL).arrows)


def test_an_arrow_ends_at_its_component():
    plan = {**POOL, "applications": [], "components": POOL["components"][::2]}
    picture = ElementTree.fromstring(pictures.draw(plan, "svg"))
    frames = {}
    for frame in picture.iter(f"{SVG}g"):
        title = frame.find(f"{SVG}title")
        if title is not None:
            x, y = map(float, re.findall(r"[-.0-9]+", frame.get("transform")))
            part = [rect for rect in frame.iter(f"{SVG}rect") if rect.get("fill") == "#ffffff"]
            frames[title.text.partition(":")[0]] = (x, y, part[0] if part else None)
    (arrow,) = [path.get("d") for path in picture.iter(f"{SVG}path") if path.get("marker-end")]
    *_rest, end = map(float, re.findall(r"[-.0-9]+", arrow))
    x, y, part = frames["fe_server"]
    assert end == pytest.approx(x + float(part.get("x")), abs=0.2)
    level = y + float(part.get("y")) + float(part.get("height")) / 2
    assert f" {level:.1f}" in arrow
    assert frames["wn_server"][0] < x


def test_nothing_is_outside_of_the_picture():
    picture = ElementTree.fromstring(pictures.draw(POOL, "svg", "pool"))
    width, height = float(picture.get("width")), float(picture.get("height"))
    for text in picture.findall(f"{SVG}text"):
        assert 0 <= float(text.get("x")) <= width
        assert 0 <= float(text.get("y")) <= height


def test_an_empty_plan_is_a_picture_too():
    for language in pictures.LANGUAGES:
        assert pictures.draw({}, language)


@pytest.mark.parametrize("text", HOSTILE)
def test_svg_holds_hostile_text_as_text(text):
    picture = pictures.draw(hostile_plan(text), "svg", text)
    root = ElementTree.fromstring(picture.encode("utf-8"))
    kinds = {node.tag.removeprefix(SVG) for node in root.iter()}
    assert kinds <= {"svg", "title", "desc", "rect", "defs", "marker", "path", "g", "text"}
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on") or "href" in name]


@given(st.text())
def test_svg_is_well_formed_whatever_the_names_are(text):
    ElementTree.fromstring(pictures.draw(hostile_plan(text), "svg", text).encode("utf-8", "surrogatepass"))


@given(st.text())
def test_a_dot_string_ends_where_it_ends(text):
    written = dot.quoted(text)
    assert re.fullmatch(r'"(?:[^"\\\n]|\\\\|\\")*"', written)


@given(st.text())
def test_dot_has_the_lines_of_the_scene_and_no_more(text):
    picture = pictures.draw(hostile_plan(text), "dot", text)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', picture)
    assert set(re.findall(r"[A-Za-z_]\w*", outside)) <= {
        *re.findall(
            r"[A-Za-z_]\w*", re.sub(r'"(?:[^"\\]|\\.)*"', '""', pictures.draw(hostile_plan("plain"), "dot", "t"))
        ),
    }


@given(st.text())
def test_mermaid_text_is_letters_codes_and_nothing_else(text):
    assert re.fullmatch(r'"(?:\w|[ ,._/:+=@-]|#\d+;)*"', mermaid.quoted(text))


@given(st.text())
def test_mermaid_has_the_lines_of_the_scene_and_no_more(text):
    lines = pictures.draw(hostile_plan(text), "mermaid", text).splitlines()
    plain = pictures.draw(hostile_plan("plain"), "mermaid", "t").splitlines()
    strip = [re.sub(r'"[^"]*"', '""', line) for line in lines if not line.startswith(("---", "title:"))]
    assert strip == [re.sub(r'"[^"]*"', '""', line) for line in plain if not line.startswith(("---", "title:"))]


def test_the_same_plan_is_the_same_picture():
    for language in pictures.LANGUAGES:
        assert pictures.draw(POOL, language) == pictures.draw(POOL, language)
