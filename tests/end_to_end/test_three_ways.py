# SPDX-License-Identifier: Apache-2.0
"""The playbooks alone, the package, and an AWX-like job give the same plan and the same result."""

from __future__ import annotations

import json

import pytest
import yaml

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATE = "tests/templates/notes.yaml"
INPUTS = {"text": "the same {{ everywhere }}", "count": 2}
PUBLISH = """\
---
- name: Deploy
  ansible.builtin.import_playbook: indigo.paas.deploy

- name: Keep plan and result
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Keep plan and result
      ansible.builtin.copy:
        content: "{{ {'plan': paas_planned.plan, 'nodes': paas_made.nodes,
          'outputs': paas_planned.plan | indigo.paas.outputs(paas_made.nodes, hostvars)} | to_json }}"
        dest: "{{ keep }}"
        mode: "0600"
      delegate_to: localhost
"""
VARYING = ("id", "host_keys", "private_address", "ansible_host")


@pytest.fixture
def environment(root):
    return {"ANSIBLE_COLLECTIONS_PATH": f"{root / 'collections'}:{root / 'tests' / 'collections'}"}


def comparable(kept: dict) -> dict:
    """Return plan, nodes and outputs without what two runs may not share: ids, keys and addresses."""
    nodes = [{key: value for key, value in node.items() if key not in VARYING} for node in kept["nodes"]]
    outputs = {key: value for key, value in kept["outputs"].items() if key != "address"}
    plan = {key: value for key, value in kept["plan"].items() if key != "warnings"}
    return {"plan": plan, "nodes": nodes, "outputs": outputs}


def playbook(run, root, tmp_path, environment, arguments) -> dict:
    """Deploy by ansible-playbook, return what it kept."""
    book, keep = tmp_path / "keep.yml", tmp_path / "kept.json"
    book.write_text(PUBLISH)
    run("ansible-playbook", *arguments, "-e", f"keep={keep}", str(book), env=environment)
    return json.loads(keep.read_text())


def test_three_ways_agree(run, root, indigo, tmp_path, environment):
    sites = str(root / "inventories/local")

    source = tmp_path / "cluster.indigo.yml"
    source.write_text(
        yaml.safe_dump(
            {
                "plugin": "indigo.paas.deployment",
                "name": "test-ways",
                "template": str(root / TEMPLATE),
                "inputs": INPUTS,
                "site": "local",
            }
        )
    )
    inventory = ["-i", sites, "-i", str(source)]
    graph = run("ansible-inventory", *inventory, "--graph", env=environment).stdout
    assert "@server" in graph
    assert "server-0" not in graph
    try:
        by_playbook = playbook(run, root, tmp_path, environment, inventory)
        graph = run("ansible-inventory", *inventory, "--graph", env=environment).stdout
        assert "server-1" in graph
        run("ansible-playbook", *inventory, "indigo.paas.check", env=environment)
        for state in ("stopped", "running"):
            switch = json.dumps({"paas_power_nodes": ["server-1"], "paas_power_state": state})
            done = run("ansible-playbook", *inventory, "indigo.paas.power", "-e", switch, env=environment)
            assert "changed=1" in done.stdout
        again = run("ansible-playbook", *inventory, "indigo.paas.deploy", env=environment)
        assert "changed=0" in again.stdout
        assert not [line for line in again.stdout.splitlines() if "changed=" in line and "changed=0" not in line]
    finally:
        run("ansible-playbook", *inventory, "indigo.paas.destroy", env=environment)

    survey = tmp_path / "survey.yml"
    survey.write_text(
        f"---\npaas_name: test-ways\npaas_template: {root / TEMPLATE}\npaas_ssh_key: {tmp_path / 'awx' / 'ssh_key'}\n"
        f"paas_inputs:\n  text: !unsafe {json.dumps(INPUTS['text'])}\n  count: {INPUTS['count']}\n"
    )
    (tmp_path / "awx").mkdir(mode=0o700)
    job = ["-i", sites, "-e", f"@{survey}"]
    try:
        by_job = playbook(run, root, tmp_path, environment, job)
    finally:
        run("ansible-playbook", *job, "indigo.paas.destroy", env=environment)

    chosen = ["-i", f"text={INPUTS['text']}", "-i", f"count={INPUTS['count']}"]
    plan = indigo.json("plan", str(root / TEMPLATE), *chosen)
    try:
        deployed = indigo.json("deploy", str(root / TEMPLATE), "--name", "test-ways", *chosen, env=environment)
    finally:
        indigo("destroy", "test-ways", "--yes", env=environment)
    by_package = {
        "plan": {key: plan[key] for key in by_playbook["plan"]},
        **{key: deployed[key] for key in ("nodes", "outputs")},
    }

    assert comparable(by_playbook) == comparable(by_package)
    assert comparable(by_playbook) == comparable(by_job)
