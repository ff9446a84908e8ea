# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import textwrap

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import convert
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.convert import ENTRY, Surroundings
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

FETCHED = {"indigo-dc.mesos": "/kept/roles/indigo-dc.mesos"}
FLUSH = {"name": "Run the handlers", "ansible.builtin.meta": "flush_handlers"}


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tags as pairs of tag and text."""


Loader.add_multi_constructor("!", lambda loader, tag, node: (f"!{tag}", node.value))


def find(name):
    return FETCHED.get(name) or (name if name == "installed.role" else None)


def given_(*variables):
    return Surroundings(FETCHED, find, variables, "/role", {"IM_ID": "{{ paas_name }}"})


def text_of(source):
    return textwrap.dedent(source).encode()


def roles(source, *variables):
    """Return for each play its tasks, handlers and variables."""
    made = convert.roles_of(text_of(source), "site.yml", given_(*variables))
    return [
        {kind: yaml.load(files[f"{kind}/{ENTRY}.yml"], Loader) for kind in ("tasks", "handlers", "vars")}
        for files in made
    ]


def problems(source):
    with pytest.raises(PaasError) as caught:
        roles(source)
    return [str(problem) for problem in caught.value.problems]


def test_the_header_goes_and_the_sections_keep_their_order():
    (role,) = roles("""
        - name: Published
          hosts: localhost
          connection: local
          gather_facts: true
          any_errors_fatal: true
          become: true
          post_tasks: [{command: d}]
          tasks: [{command: c}]
          pre_tasks: [{command: a}]
          roles: [indigo-dc.mesos]
          handlers: [{name: h, command: e}]
    """)
    imported = {
        "name": "Run the role indigo-dc.mesos",
        "ansible.builtin.import_role": {"name": FETCHED["indigo-dc.mesos"]},
    }
    order = [{"command": "a"}, FLUSH, imported, {"command": "c"}, FLUSH, {"command": "d"}, FLUSH]
    assert role["tasks"] == [{"block": order}]
    assert role["handlers"] == [{"name": "h", "command": "e"}]


def test_what_holds_for_the_whole_play_holds_for_its_tasks_and_handlers():
    (role,) = roles("""
        - hosts: all
          environment: {A: b}
          collections: [x.y]
          become_user: www
          tags: [t]
          tasks: [{command: c}]
          handlers: [{name: h, command: e, become_user: root}]
    """)
    common = {"environment": {"A": "b"}, "collections": ["x.y"], "become_user": "www"}
    assert role["tasks"] == [{**common, "tags": ["t"], "block": [{"command": "c"}, FLUSH]}]
    assert role["handlers"] == [{"name": "h", "command": "e", **common, "become_user": "root"}]


def test_an_entry_under_roles_keeps_its_variables_and_conditions():
    (role,) = roles("""
        - hosts: all
          roles:
            - {role: indigo-dc.mesos, mesos_mode: master, tags: [t], when: a is defined, vars: {b: 1}, become: false}
            - name: installed.role
    """)
    first, second = role["tasks"][0]["block"][:2]
    assert first["ansible.builtin.import_role"] == {"name": FETCHED["indigo-dc.mesos"]}
    assert first["vars"] == {"b": 1, "mesos_mode": "master"}
    assert (first["tags"], first["when"], first["become"]) == (["t"], "a is defined", False)
    assert second["ansible.builtin.import_role"] == {"name": "installed.role"}


def test_a_name_that_is_an_expression_chooses_among_the_fetched_roles():
    (role,) = roles("""
        - hosts: all
          roles: [{role: "{{ role_name }}", x: 1}]
          tasks:
            - include_role: {name: "{{ other }}", tasks_from: t}
              vars: {y: 2}
    """)
    entry, task = role["tasks"][0]["block"][:2]
    assert entry["ansible.builtin.include_role"] == {"name": "{{ paas_roles[paas_role_name] }}"}
    assert entry["vars"] == {"x": 1, "paas_role_name": "{{ role_name }}"}
    assert task["include_role"] == {"name": "{{ paas_roles[paas_role_name] }}", "tasks_from": "t"}
    assert task["vars"] == {"y": 2, "paas_role_name": "{{ other }}"}
    assert role["vars"]["paas_roles"] == {"indigo-dc.mesos": ("!unsafe", FETCHED["indigo-dc.mesos"])}


@pytest.mark.parametrize(
    "task",
    [
        "include_role: {name: indigo-dc.mesos, tasks_from: t}",
        "import_role: {role: indigo-dc.mesos, tasks_from: t}",
        "ansible.builtin.include_role: name=indigo-dc.mesos tasks_from=t",
        "block: [{rescue: [], block: [{include_role: {name: indigo-dc.mesos, tasks_from: t}}]}]",
    ],
)
def test_roles_are_run_from_where_they_are_fetched_to(task):
    (role,) = roles(f"""
        - hosts: all
          tasks:
            - {task}
          handlers:
            - name: h
              {task if not task.startswith("block") else "command: a"}
    """)
    assert FETCHED["indigo-dc.mesos"] in str(role["tasks"])
    assert "'tasks_from': 't'" in str(role["tasks"])
    assert "'indigo-dc.mesos'" not in str(role["tasks"])
    assert "'indigo-dc.mesos'" not in str(role["handlers"])


def test_arguments_win_over_the_variables_of_the_play():
    (role,) = roles("- {hosts: all, vars: {a: 1, b: 2, IM_ID: x}}", "a", "c", "no-variable")
    ours = {name: role["vars"].pop(name) for name in ("paas_playbook_dir", "paas_roles", "paas_play_vars")}
    assert role["vars"] == {
        "IM_ID": "x",
        "a": "{{ paas_arguments['a'] | default(paas_play_vars['a']) }}",
        "b": 2,
        "c": "{{ paas_arguments['c'] }}",
    }
    assert ours["paas_play_vars"] == {"a": 1}
    assert ours["paas_playbook_dir"] == ("!unsafe", "/role")


def test_the_text_stays_as_it_was_written():
    (role,) = roles("""
        - hosts: all
          tasks:
            - command: echo !x
              vars: {mode: 0644, version: "1.10", on: yes, secret: !vault "x", raw: !unsafe "{{ a }}", at: 2020-01-01}
            - copy: &c {src: "{{ playbook_dir }}/x", dest: "/playbook_dirs"}
            - copy: *c
    """)
    first, second, third = role["tasks"][0]["block"][:3]
    assert first["command"] == "echo !x"
    assert first["vars"]["mode"] == 0o644
    assert first["vars"]["version"] == "1.10"
    assert first["vars"]["secret"] == ("!vault", "x")
    assert first["vars"]["raw"] == ("!unsafe", "{{ a }}")
    assert second == third == {"copy": {"src": "{{ paas_playbook_dir }}/x", "dest": "/playbook_dirs"}}


def test_several_plays_become_several_roles():
    first, second = roles("[{hosts: a, tasks: [{command: x}]}, {hosts: b, vars: {v: 1}}]")
    assert first["tasks"][0]["block"][0] == {"command": "x"}
    assert second["tasks"] == []
    assert "v" not in first["vars"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("- import_playbook: x.yml", "site.yml:1:3: 'import_playbook' cannot be run"),
        ("- hosts: a\n  vars_prompt: []", "site.yml:2:3: 'vars_prompt' cannot be run"),
        ("- hosts: a\n  vars_files: [x]", "site.yml:2:3: 'vars_files' cannot be run"),
        ("- hosts: a\n  serial: 1", "site.yml:2:3: 'serial' cannot be run"),
        ("- hosts: a\n  task: []", "site.yml:2:3: 'task' is no part of a play. Did you mean 'tasks'?"),
        ("- hosts: a\n  tasks: {a: b}", "site.yml:2:10: 'tasks' is no list"),
        ("- hosts: a\n  tasks: [x]", "site.yml:2:11: this is no task"),
        ("- hosts: a\n  vars: [x]", "site.yml:2:9: 'vars' is no mapping"),
        ("- hosts: a\n  tasks:\n    - include: x.yml", "site.yml:3:16: Ansible no longer has 'include'"),
        ("- hosts: a\n  roles: [lost]", "site.yml:2:11: the role 'lost' is not here"),
        ("- hosts: a\n  roles: [{x: 1}]", "site.yml:2:11: this entry names no role"),
        ("- hosts: a\n  tasks:\n    - include_role: {name: lost}", "site.yml:3:28: the role 'lost' is not here"),
        ("- hosts: a\n  tasks:\n    - include_role: lost", "site.yml:3:21: 'include_role' names no role"),
        ("- hosts: [", "site.yml:1:11: YAML syntax error"),
        ("", "site.yml: this is no playbook"),
        ("a: b", "site.yml: this is no playbook"),
        ("- a", "site.yml:1:3: this is no play"),
        ("- hosts: a\n" + " " * 2 + "tasks: " + "[" * 5000, "site.yml"),
    ],
)
def test_what_cannot_be_run_is_told_with_its_place(source, said):
    assert problems(source)[0].startswith(said)


def test_all_that_is_wrong_is_told_at_once():
    assert len(problems("- hosts: a\n  serial: 1\n  task: []\n  roles: [lost]\n- import_playbook: x")) == 4


@pytest.mark.parametrize(
    "source",
    [
        "- hosts: a\n  tasks: &t\n    - block: *t",
        "- &p\n  hosts: a\n  vars: {v: &v [*v]}",
    ],
)
def test_text_that_holds_itself_ends(source):
    convert.roles_of(source.encode(), "site.yml", given_())


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_yaml_is_converted_or_refused(data):
    for source in (data, [data], [{"hosts": "a", "tasks": data, "roles": data, "vars": data, "handlers": data}]):
        with contextlib.suppress(PaasError):
            convert.roles_of(yaml.safe_dump(source).encode(), "site.yml", given_())


@given(st.binary())
def test_any_bytes_are_converted_or_refused(data):
    with contextlib.suppress(PaasError):
        convert.roles_of(data, "site.yml", given_())
    convert.tasks_of(b"_role" + data, "tasks.yml", given_())


def test_a_file_of_tasks_finds_roles_and_its_directory():
    made = convert.tasks_of(
        b"- include_role: {name: indigo-dc.mesos}\n- copy: {src: '{{ playbook_dir }}'}", "t", given_()
    )
    assert yaml.safe_load(made) == [
        {"include_role": {"name": FETCHED["indigo-dc.mesos"]}},
        {"copy": {"src": "{{ paas_playbook_dir }}"}},
    ]


def test_an_argument_is_read_where_ansible_has_a_value_of_its_own():
    (role,) = roles(
        """
        - hosts: all
          vars: {chosen: "{{ role_name }}"}
          roles: [{role: "{{ role_name }}"}]
          tasks:
            - {debug: {msg: "role_name is {{ role_name }}", var: role_name}, when: [role_name == "x"]}
            - {galaxy: {role_name: role_name}}
    """,
        "role_name",
    )
    entry, shown, other = role["tasks"][0]["block"][:3]
    ours = "paas_argument_role_name"
    assert entry["vars"] == {"paas_role_name": f"{{{{ {ours} }}}}"}
    assert shown == {
        "debug": {"msg": f"role_name is {{{{ {ours} }}}}", "var": ours},
        "when": [f'{ours} == "x"'],
    }
    assert other == {"galaxy": {"role_name": "role_name"}}
    assert role["vars"][ours] == "{{ paas_arguments['role_name'] }}"
    assert role["vars"]["chosen"] == f"{{{{ {ours} }}}}"


def test_a_variable_of_a_play_is_read_where_ansible_has_a_value_of_its_own():
    (role,) = roles('- {hosts: all, vars: {role_name: x}, tasks: [{debug: {msg: "{{ role_name }}"}}]}')
    assert role["tasks"][0]["block"][0] == {"debug": {"msg": "{{ paas_argument_role_name }}"}}
    assert role["vars"]["paas_argument_role_name"] == "x"


def test_a_file_beside_the_playbook_reads_the_argument_too():
    given = given_("role_name")
    assert yaml.safe_load(convert.tasks_of(b"- debug: {var: role_name}", "t", given)) == [
        {"debug": {"var": "paas_argument_role_name"}}
    ]
    assert convert.redirected(b"role_name={{ role_name }}", given) == b"role_name={{ paas_argument_role_name }}"
    assert convert.redirected(b"{{ role_name }}", given_()) == b"{{ role_name }}"


@pytest.mark.parametrize("text", [b"- command: x  # kept", b"a: playbook_dir", b"[playbook_dir]", b"\xff_role"])
def test_another_file_stays_as_it_is(text):
    assert convert.tasks_of(text, "t.yml", given_()) == text
