# SPDX-License-Identifier: Apache-2.0
"""The environment of a run, and where it goes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.runner import environment
from indigo_paas.runner.nodes import Node, in_order


def test_artifacts_are_found_after_the_collection_itself_and_before_what_the_user_has(tmp_path: Path) -> None:
    given = {"ANSIBLE_COLLECTIONS_PATH": "/users", "ANSIBLE_ROLES_PATH": "/roles", "OTHER": "kept"}
    base = environment.environment(given, Path("/own"), Path("/bin"))
    made = environment.with_artifacts(base, tmp_path, Path("/cache"))
    assert made["ANSIBLE_COLLECTIONS_PATH"] == f"/own:{tmp_path}/collections:/users"
    assert made["ANSIBLE_ROLES_PATH"] == f"{tmp_path}/roles:/roles"
    assert made["INDIGO_PAAS_CACHE"] == "/cache"
    assert made["OTHER"] == "kept"
    # Ansible takes no notice of a directory that is made after its start.
    assert (tmp_path / "collections" / "ansible_collections").is_dir()


def test_without_a_setting_roles_are_also_found_where_ansible_looks_by_default(tmp_path: Path) -> None:
    base = environment.environment({}, Path("/own"), Path("/bin"))
    made = environment.with_artifacts(base, tmp_path, Path("/cache"))
    assert made["ANSIBLE_ROLES_PATH"].split(":")[1:] == [
        "~/.ansible/roles",
        "/usr/share/ansible/roles",
        "/etc/ansible/roles",
    ]


NODES = st.lists(st.text("abcdef", min_size=1), unique=True, min_size=1, max_size=6).map(
    lambda names: [Node(name, ("true",)) for name in names]
)


@given(NODES, st.text(), st.randoms())
def test_the_order_of_nodes_depends_on_their_names_alone(nodes, deployment, random):
    shuffled = random.sample(nodes, len(nodes))
    assert in_order(shuffled, deployment) == in_order(nodes, deployment)


@given(NODES, st.text(), st.data())
def test_a_node_that_goes_changes_nothing_between_the_others(nodes, deployment, data):
    gone = data.draw(st.sampled_from(nodes))
    left = [node for node in nodes if node != gone]
    assert in_order(left, deployment) == [node for node in in_order(nodes, deployment) if node != gone]


def test_deployments_spread_over_the_nodes():
    nodes = [Node(name, ("true",)) for name in ("one", "two", "three")]
    firsts = [in_order(nodes, f"deployment-{number}")[0].name for number in range(300)]
    assert all(firsts.count(node.name) > 60 for node in nodes)
