# SPDX-License-Identifier: Apache-2.0
"""Removal lists leave a template's text, and nothing else of it changes."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.errors import BadInput
from indigo_paas.service import removal

FLOW = """\
# \u00e9 \U0001f600
topology_template:
  node_templates:
    wn: # keep
      capabilities:
        scalable:
          properties:
            removal_list: LIST   # uuids
            count: 2
    other:
      type: x
"""

BLOCK = FLOW.replace("removal_list: LIST   # uuids", "removal_list:LIST")
SHAPES = {
    "flow": lambda items: FLOW.replace("LIST", f"[{', '.join(items)}]"),
    "flow over lines": lambda items: FLOW.replace(
        "LIST", "[\n              " + ",\n  ".join(items) + "\n              ]"
    ),
    "block": lambda items: BLOCK.replace("LIST", "".join(f"\n              - {item}" for item in items) + "  # last\n"),
    "block at the key": lambda items: BLOCK.replace("LIST", "".join(f"\n            - {item}" for item in items)),
    "quoted": lambda items: FLOW.replace("LIST", "[" + ", ".join(f"'{item}'" for item in items) + "]"),
    "byte order mark": lambda items: "\ufeff" + FLOW.replace("LIST", f"[{', '.join(items)}]"),
}

uuids = st.lists(st.uuids().map(str), min_size=1, max_size=4)


@pytest.mark.parametrize("shape", SHAPES)
@given(items=uuids)
def test_it_is_taken_out(shape, items):
    text = SHAPES[shape](items)
    stripped, (found,) = removal.taken_out(text)
    assert (found.group, list(found.uuids)) == ("wn", items)
    before, after = (yaml.safe_load(each.removeprefix("\ufeff")) for each in (text, stripped))
    properties = before["topology_template"]["node_templates"]["wn"]["capabilities"]["scalable"]["properties"]
    assert properties["removal_list"] == items
    properties["removal_list"] = []
    assert after == before
    # What is not of the list is there, as it was.
    assert stripped.startswith(text[: text.index("removal_list:")])
    assert stripped.endswith(text[text.index("            count: 2") :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "- x",
        "topology_template: 3",
        FLOW.replace("LIST", "{ get_input: x }"),
        FLOW.replace("LIST", "[[a]]"),
    ],
)
def test_what_is_no_list_of_texts_stays(text):
    assert removal.taken_out(text) == (text, [])


GIVEN = FLOW.replace("LIST", "{ get_input: gone }")


@pytest.mark.parametrize("text", [GIVEN, "\ufeff" + GIVEN, GIVEN.replace("gone }", "[gone] }")])
def test_one_of_an_input_leaves_the_inputs(text):
    inputs = {"gone": ["u1", "u2"], "n": 3}
    emptied, (found,) = removal.of_inputs(text, inputs, {})
    assert emptied == {"gone": [], "n": 3}
    assert inputs["gone"] == ["u1", "u2"]
    assert (found.group, found.uuids, found.line, found.column) == ("wn", ["u1", "u2"], 8, 27)


def test_the_default_of_an_input_counts_where_nothing_is_given():
    declared = {"gone": {"default": ["u1"]}}
    emptied, (found,) = removal.of_inputs(GIVEN, {}, declared)
    assert (emptied, found.uuids) == ({"gone": []}, ["u1"])
    assert removal.of_inputs(GIVEN, {"gone": []}, declared) == ({"gone": []}, [])


@pytest.mark.parametrize("value", [None, [], "u1", [["u1"]], [1], {"a": 1}])
def test_a_value_that_is_no_list_of_texts_stays(value):
    assert removal.of_inputs(GIVEN, {"gone": value}, {}) == ({"gone": value}, [])


@pytest.mark.parametrize(
    "text", [FLOW.replace("LIST", "[a]"), FLOW.replace("LIST", "{ get_input: [a, b] }"), "a: [", ""]
)
def test_what_is_no_input_of_a_removal_list_stays(text):
    assert removal.of_inputs(text, {"gone": ["u1"], "a": ["u1"]}, {}) == ({"gone": ["u1"], "a": ["u1"]}, [])


def test_uuids_become_nodes():
    known = {"u1": ("wn", "wn-0"), "u2": ("wn", "wn-1"), "u3": ("wn", ""), "f": ("front", "front-0")}
    lists = [removal.Removal("wn", ["u1", "u3", "u2"], 8, 27)]
    assert removal.nodes_of(lists, known, "t.yaml") == {"wn": ["wn-0", "wn-1"]}
    with pytest.raises(BadInput, match="t.yaml:8:27: 'nobody' is no resource of 'wn'"):
        removal.nodes_of([removal.Removal("wn", ["u1", "nobody"], 8, 27)], known, "t.yaml")
    with pytest.raises(BadInput, match="'f' is no resource of 'wn'"):
        removal.nodes_of([removal.Removal("wn", ["f"], 8, 27)], known, "t.yaml")
