# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run sets is gone when the next begins, whatever way it was set, and only what is told stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError

from ansible_collections.indigo.paas.plugins.plugin_utils import scopes

ROOT = Path(__file__).parents[8]
BIN = Path(sys.executable).parent
INVENTORY = {
    "all": {
        "vars": {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "secret": "vault",
            "given": "by an operator",
        },
        "hosts": {"localhost": None},
        "children": {"away": {"hosts": {"c": None}}, "one": {"hosts": {"a": None}}, "two": {"hosts": {"b": None}}},
    }
}
TELLS = [
    {"component": "first", "operation": 0, "group": "one", "facts": ["label", "secret", "result", "of_file", "nothing"]}
]
BEGIN = {
    "ansible.builtin.meta": "clear_facts",
    "when": "hostvars | indigo.paas.scope_begins(ansible_play_hosts_all, 'SCOPE')",
}
END = {
    "ansible.builtin.meta": "clear_facts",
    "when": "hostvars | indigo.paas.scope_ends(ansible_play_hosts_all, 'SCOPE', tells)",
    "vars": {"tells": TELLS},
}
NAMES = ("label", "result", "of_file", "kept", "given", "secret", "before")
SEE = {
    "ansible.builtin.debug": {
        "msg": "{{ {'WHEN': dict(names | zip(q('ansible.builtin.vars', *names, default='-')))} | to_json }}"
    },
    "vars": {"names": list(NAMES)},
}
SET: list[dict[str, Any]] = [
    {"ansible.builtin.set_fact": {"label": "{{ inventory_hostname }}", "given": "changed", "paas_arguments": {"x": 1}}},
    {"ansible.builtin.set_fact": {"kept": "in the cache", "cacheable": True}},
    {"ansible.builtin.command": {"argv": ["echo", "hi"]}, "register": "result", "changed_when": False},
    {"ansible.builtin.include_vars": {"file": "of_file.yml"}},
]

MODULE = """\
from ansible.module_utils.basic import AnsibleModule

facts = {"made": 1, "ansible_machine_id": "x", "paas_told": {"second": "forged"}}
AnsibleModule({}).exit_json(ansible_facts=facts)
"""


def seen_at(task: dict[str, Any], moment: str) -> dict[str, Any]:
    return dict(json.loads(json.dumps(task).replace("WHEN", moment)))


def named(task: dict[str, Any], scope: str) -> dict[str, Any]:
    return dict(json.loads(json.dumps(task).replace("SCOPE", scope).replace("WHEN", scope)))


def run(tasks: list[dict[str, Any]], place: Path) -> list[dict[str, Any]]:
    """Return what was seen, in the order of tasks and hosts: {moment: {name: value}} of each host."""
    (place / "hosts.json").write_text(json.dumps(INVENTORY))
    (place / "of_file.yml").write_text("of_file: '{{ 1 + 1 }}'\n")
    play = {"hosts": "one:two", "gather_facts": False, "tasks": tasks}
    (place / "play.yml").write_text(json.dumps([play]))
    paths = f"{ROOT / 'collections'}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}"
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths}
    env |= {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
    # With more forks, hosts answer in any order.
    env["ANSIBLE_FORKS"] = "1"
    command = [str(BIN / "ansible-playbook"), "-i", "hosts.json", "play.yml"]
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    found = [json.loads("{" + line.rstrip(",") + "}")["msg"] for line in lines if line.startswith('"msg"')]
    return [json.loads(each) for each in found if each.startswith("{")]


def test_nothing_of_one_scope_is_seen_in_another_and_what_is_told_stays(tmp_path: Path) -> None:
    told = {
        "ansible.builtin.debug": {
            "msg": "{{ {'told': hostvars | indigo.paas.told(['a', 'b'], 'first', 0, 'label')} | to_json }}"
        }
    }
    all_told = {"ansible.builtin.debug": {"msg": "{{ {'all': paas_told | default({})} | to_json }}"}}
    seen = run(
        [
            {"ansible.builtin.set_fact": {"before": "set before"}},
            *(named(each, "first") for each in (BEGIN, SEE, *SET, END)),
            *(named(each, "second") for each in (BEGIN, SEE, END)),
            *(named(each, "first") for each in (BEGIN, SEE, END)),
            {**SEE, "ansible.builtin.debug": {"msg": SEE["ansible.builtin.debug"]["msg"].replace("WHEN", "after")}},
            told,
            all_told,
        ],
        tmp_path,
    )
    nothing = dict.fromkeys(NAMES, "-") | {"given": "by an operator", "secret": "vault", "before": "set before"}
    by_moment: dict[str, list[Any]] = {}
    for each in seen:
        ((moment, values),) = each.items()
        by_moment.setdefault(moment, []).append(values)
    assert by_moment["first"][:2] == by_moment["second"] == by_moment["after"] == [nothing] * 2
    again = by_moment["first"][2:]
    assert sorted(values["label"] for values in again) == ["a", "b"]
    assert all(values["given"] == "changed" and values["of_file"] in (2, "2") for values in again)
    assert by_moment["told"] == ["a", "a"]
    # An operator's variable, and what a file says, are not told; neither is what another group set.
    on_a, on_b = sorted(by_moment["all"], key=len, reverse=True)
    assert sorted(on_a["first"]["0"]) == ["label", "result"]
    assert on_b == {}


def test_what_is_delegated_and_what_modules_call_facts_is_of_the_scope_too(tmp_path: Path) -> None:
    see = {
        "ansible.builtin.debug": {
            "msg": "{{ {'WHEN': ['a', 'c', 'localhost'] | map('extract', hostvars) "
            "| map(attribute='label', default='-') | list + [hostvars['localhost'].plan, "
            "'made' in hostvars['a'].ansible_facts, 'machine_id' in hostvars['a'].ansible_facts, "
            "hostvars['a'].paas_told | default('-')]} | to_json }}"
        },
        "run_once": True,
    }
    delegated = {"ansible.builtin.set_fact": {"label": "set", "plan": "forged"}, "delegate_facts": True}
    module = tmp_path / "library" / "tell.py"
    module.parent.mkdir()
    module.write_text(MODULE)
    reach = [
        {**delegated, "delegate_to": "localhost", "run_once": True},
        {**delegated, "delegate_to": "c", "run_once": True},
        {"tell": {}},
    ]
    seen = run(
        [
            {**delegated, "ansible.builtin.set_fact": {"plan": "true"}, "delegate_to": "localhost", "run_once": True},
            *(named(each, "first") for each in (BEGIN, *reach, seen_at(see, "within"), END)),
            *(named(each, "second") for each in (BEGIN, seen_at(see, "other"), END)),
            *(named(each, "first") for each in (BEGIN, seen_at(see, "again"), END)),
            seen_at(see, "after"),
        ],
        tmp_path,
    )
    found = {moment: values for each in seen for moment, values in each.items()}
    mine = ["-", "set", "set", "forged", True, True, {"second": "forged"}]
    others = ["-", "-", "-", "true", False, True, "-"]
    assert found == {"within": mine, "other": others, "again": mine, "after": others}


def stage(name: str, group: str, facts: list[str]) -> dict[str, Any]:
    tells = [{"component": name, "operation": 0, "group": group, "facts": facts}]
    role = {"name": name, "role": f"own.lab.{name}", "groups": [group], "components": [name], "scope": name}
    return {**role, "tells": tells if facts else []}


def component(name: str, group: str, attributes: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    operation = {"operation": "configure", "role": f"own.lab.{name}", "arguments": arguments}
    return {"name": name, "group": group, "attributes": attributes, "operations": [operation]}


PLAN = {
    "groups": [{"name": "front", "group": "one", "count": 1}, {"name": "back", "group": "two", "count": 1}],
    "components": [
        component("first", "front", {"label": {"fact": "first_label", "operation": 0}}, {}),
        component("second", "back", {}, {"second_peer": {"$function": {"get_attribute": ["first", "label"]}}}),
    ],
    "stages": [stage("first", "one", ["first_label"]), stage("second", "two", [])],
    "attributes": [],
    "outputs": {},
}
FOUND = [{"name": "a", "group": "one", "index": 0}, {"name": "b", "group": "two", "index": 0}]


def write_role(place: Path, name: str, entry_point: str, task: dict[str, Any]) -> None:
    file = place / "ansible_collections/own/lab/roles" / name / "tasks" / f"{entry_point}.yml"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps([task]))


@pytest.mark.parametrize("answers", [True, False])
def test_what_a_service_told_is_there_for_other_entry_points_than_main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    label = {"first_label": "of {{ inventory_hostname }}"}
    tell = {"ansible.builtin.set_fact": label} if answers else {"ansible.builtin.command": {"argv": ["false"]}}
    write_role(tmp_path, "first", "tell", tell)
    got = {"msg": "{{ {'peer': second_peer | default('none'), 'of': paas_peers | map(attribute='name')} | to_json }}"}
    write_role(tmp_path, "second", "drain", {"ansible.builtin.debug": got})
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    known = {"paas_planned": {"plan": PLAN, "trusted": False}, "paas_found": {"nodes": FOUND}}
    tasks = ROOT / "collections/ansible_collections/indigo/paas/playbooks/tasks"
    seen = run(
        [
            {
                "ansible.builtin.set_fact": known,
                "delegate_to": "localhost",
                "delegate_facts": True,
                "run_once": True,
            },
            {"ansible.builtin.set_fact": {"paas_node": {"group": "{{ group_names | first }}", "leased": False}}},
            {"ansible.builtin.include_tasks": str(tasks / "tell.yml")},
            {
                "ansible.builtin.include_tasks": str(tasks / "stage.yml"),
                "vars": {"paas_entry_point": "drain", "paas_stage": PLAN["stages"][1], "paas_nodes_known": FOUND},
            },
        ],
        tmp_path,
    )
    assert seen == [{"peer": "of a" if answers else "none", "of": ["b"]}]


def planned(*, trusted: bool) -> dict[str, Any]:
    """What the module plan returns of a template with one component, on the machines of the group `one`."""
    arguments = {"label": {"$jinja": ["on ", {"$jinja": "{{ inventory_hostname }}"}]}, "given": "{{ 1 + 1 }}"}
    component = {"name": "first", "group": "machine", "attributes": {}}
    component["operations"] = [{"operation": "configure", "role": "some.where.role", "arguments": arguments}]
    stage = {"name": "set", "role": "some.where.role", "groups": ["one"], "components": ["first"], "scope": "set"}
    groups = [{"name": "machine", "group": "one", "count": 1}]
    return {
        "plan": {"groups": groups, "components": [component], "stages": [{**stage, "tells": []}]},
        "trusted": trusted,
    }


@pytest.mark.parametrize(("trusted", "label"), [(True, "on a"), (False, "on {{ inventory_hostname }}")])
def test_a_stage_begins_with_its_arguments_on_the_nodes_that_take_part(
    tmp_path: Path, trusted: bool, label: str
) -> None:
    nodes = [{"name": name, "group": group, "index": 0} for name, group in (("a", "one"), ("b", "two"))]
    (tmp_path / "known.json").write_text(json.dumps({"planned": planned(trusted=trusted), "nodes": nodes}))
    begin = {
        "ansible.builtin.meta": "clear_facts",
        "when": "hostvars | indigo.paas.stage_begins(ansible_play_hosts_all, known.planned.plan.stages[0], "
        "known.planned, known.nodes)",
        "vars": {"known": "{{ lookup('ansible.builtin.file', 'known.json') | from_json }}"},
    }
    seen = run([begin, seen_at(SEE, "within"), named(END, "set"), seen_at(SEE, "after")], tmp_path)
    within = [each["within"] for each in seen if "within" in each]
    nothing = dict.fromkeys(NAMES, "-") | {"given": "by an operator", "secret": "vault"}
    assert within == [{**nothing, "label": label, "given": "{{ 1 + 1 }}"}, nothing]
    assert [each["after"] for each in seen if "after" in each] == [nothing, nothing]


def wrong(tmp_path: Path, *, refuse: bool) -> list[dict[str, Any]]:
    """Begin a stage of which one argument turns out to be wrong."""
    found = planned(trusted=False)
    found["plan"]["outputs"] = {}
    address = {"$function": {"get_attribute": ["machine", "private_address", 0]}}
    (operation,) = found["plan"]["components"][0]["operations"]
    operation["arguments"] = {"given": {"$function": {"token": [address, ".", 9]}}, "label": "right"}
    operation["checks"] = {"given": {"at": ["pool.yaml", 7, 12], "expected": []}}
    nodes = [{"name": "a", "group": "one", "index": 0, "private_address": ["10.0.0.1"]}]
    (tmp_path / "known.json").write_text(json.dumps({"planned": found, "nodes": nodes}))
    begin = {
        "ansible.builtin.meta": "clear_facts",
        "when": "hostvars | indigo.paas.stage_begins(ansible_play_hosts_all, known.planned.plan.stages[0], "
        f"known.planned, known.nodes, {refuse})",
        "vars": {"known": "{{ lookup('ansible.builtin.file', 'known.json') | from_json }}"},
    }
    return run([begin, seen_at(SEE, "within")], tmp_path)


def test_a_stage_does_not_begin_with_an_argument_that_turns_out_to_be_wrong(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        wrong(tmp_path, refuse=True)
    said = " ".join(str(caught.value).split())
    assert "pool.yaml:7:12: 'given' of 'configure' of 'first': 'token' finds only 4 parts in the text" in said
    assert "within" not in said


def test_where_nothing_is_refused_an_argument_that_is_wrong_is_left_out(tmp_path: Path) -> None:
    seen = wrong(tmp_path, refuse=False)
    assert [(each["within"]["given"], each["within"]["label"]) for each in seen] == [
        ("by an operator", "right"),
        ("by an operator", "-"),
    ]


def test_all_plays_with_scopes_go_on_together() -> None:
    """Another strategy, which an operator can make the default, would close the scope of one host for all."""
    plays = [
        play
        for file in sorted((ROOT / "collections/ansible_collections/indigo/paas/playbooks").glob("*.yml"))
        for play in yaml.safe_load(file.read_text())
        if any(f"tasks/{name}" in json.dumps(play) for name in ("stage.yml", "clean.yml", "tell.yml", "{{ 'external'"))
    ]
    assert len(plays) == 10
    assert {play["strategy"] for play in plays} == {"ansible.builtin.linear"}


def test_a_version_of_ansible_that_keeps_variables_otherwise_is_refused() -> None:
    with pytest.raises(AnsibleError, match="keeps variables otherwise"):
        scopes.begin(SimpleNamespace(_variable_manager=SimpleNamespace()), ["a"], "x")
    with pytest.raises(AnsibleError, match="keeps variables otherwise"):
        scopes.end({}, ["a"], "x", [])


def test_the_worker_of_a_task_is_refused(tmp_path: Path) -> None:
    task = {"ansible.builtin.debug": {"msg": "{{ hostvars | indigo.paas.scope_begins(['a'], 'x') }}"}}
    with pytest.raises(AssertionError, match="in the condition of a meta task, nowhere else"):
        run([task], tmp_path)
