# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.lookup import evaluated

C.config.initialize_plugin_configuration_definitions(
    "lookup", "evaluated", yaml.safe_load(evaluated.DOCUMENTATION)["options"]
)


def look_up(value: Any, variables: dict[str, Any] | None = None, trust: bool = True) -> Any:
    loader = DataLoader()
    plugin = evaluated.LookupModule(loader=loader, templar=Templar(loader, variables=variables or {}))
    # What Ansible's loader of plugins does.
    plugin._load_name = "evaluated"
    (found,) = plugin.run([value], variables=variables or {}, trust=trust)
    return found


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"$jinja": "{{ 6 * 7 }}"}, 42),
        ({"$jinja": "at {{ where }}"}, "at here"),
        ({"$jinja": "{% if where == 'here' %}yes{% endif %}"}, "yes"),
        ({"$jinja": ["http://", {"$jinja": "{{ where }}"}, ":", {"$jinja": "{{ 80 }}"}]}, "http://here:80"),
        (
            {"a": [{"b": {"$jinja": "{{ where }}"}}, "{{ where }}"], "n": None},
            {"a": [{"b": "here"}, "{{ where }}"], "n": None},
        ),
        ("{{ where }}", "{{ where }}"),
        ([], []),
    ],
)
def test_only_what_is_marked_is_evaluated(value: Any, result: Any) -> None:
    assert look_up(value, {"where": "here"}) == result


@pytest.mark.parametrize(
    "value",
    [{"$jinja": "{{ 6 * 7 }}"}, {"$jinja": ["{{ 6", {"$jinja": " * {{ 7 }}"}, " }}"]}, {"a": [{"$jinja": "{{ x }}"}]}],
)
def test_without_trust_the_text_is_as_it_is_written(value: Any) -> None:
    found = str(look_up(value, trust=False))
    assert "42" not in found
    assert "{{" in found
    assert "$jinja" not in found


@given(st.text() | st.sampled_from(["{{", "}}", "{{ 6 * 7 }}", "{%", "{#", "' }}"]), st.text())
def test_a_text_beside_jinja_stays_to_the_letter(before: str, after: str) -> None:
    parts = [before, {"$jinja": "{{ where }}"}, after]
    assert look_up({"$jinja": parts}, {"where": "<here>"}) == f"{before}<here>{after}"


def test_what_jinja_gives_is_not_evaluated_again(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = f"{{{{ lookup('pipe', 'touch {sprung}') }}}}"
    hostile = {"user": trap, "users": [trap]}
    for text in ("{{ user }}", "{{ users }}", "{{ users | first }}", "{{ user ~ user }}", "a {{ user }}"):
        assert trap in str(look_up({"$jinja": text}, hostile))
    assert look_up({"$jinja": ["{{ 1", {"$jinja": "{{ user }}"}, "}}"]}, hostile) == f"{{{{ 1{trap}}}}}"
    assert not sprung.exists()


def test_jinja_that_fails_names_itself() -> None:
    with pytest.raises(AnsibleError, match="The Jinja of the template cannot be evaluated: '{{ nothing }}'"):
        look_up({"$jinja": "{{ nothing }}"})
    with pytest.raises(AnsibleError, match="cannot be evaluated"):
        look_up({"$jinja": "{{ 1 + }}"})
