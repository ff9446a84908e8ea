# SPDX-License-Identifier: Apache-2.0
"""A translated project makes with ansible-playbook alone the pool that deploy makes: one pool, one test a chapter."""

from __future__ import annotations

import json
import re

import docker
import pytest
import yaml

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-translated"
TEMPLATE = "examples/htcondor_pool.yaml"
KEEP = """\
---
- name: Run
  ansible.builtin.import_playbook: {playbook}

- name: Keep the outputs
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Keep the outputs
      ansible.builtin.copy:
        content: "{{{{ {outputs} | to_json }}}}"
        dest: "{{{{ playbook_dir }}}}/kept.json"
        mode: "0600"
      changed_when: false
"""


@pytest.fixture(scope="module")
def environment(root):
    return {"ANSIBLE_COLLECTIONS_PATH": str(root / "collections")}


@pytest.fixture(scope="module")
def project(tmp_path_factory, run, environment):
    from tests.conftest import Command

    directory = tmp_path_factory.mktemp("translated") / "project"
    indigo = Command(directory.parent / "home", run)
    indigo("translate", TEMPLATE, "-o", str(directory), "--name", NAME)
    yield directory
    run("ansible-playbook", "destroy.yml", cwd=directory, env=environment)
    assert containers() == {}


@pytest.fixture(scope="module")
def pool(project, run, environment):
    """The project's run on nothing, and the outputs that it told."""
    (project / "keep.yml").write_text(KEEP.format(playbook="site.yml", outputs="paas_outputs"))
    done = run("ansible-playbook", "keep.yml", cwd=project, env=environment)
    return {"changed": changed(done.stdout), "outputs": json.loads((project / "kept.json").read_text())}


def containers() -> dict[str, str]:
    """Return the ids of the pool's containers by node name."""
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={NAME}"})
    return {container.labels["indigo.paas.hostname"]: container.id for container in found}


def changed(recap: str) -> dict[str, int]:
    """Return the number of changed tasks of each host, as ansible-playbook tells it at its end."""
    return {host: int(count) for host, count in re.findall(r"^(\S+)\s+: ok=.* changed=(\d+) ", recap, re.MULTILINE)}


def test_the_project_makes_the_pool_and_proves_it(pool):
    assert sorted(containers()) == ["htcondor", "wn-server-0", "wn-server-1"]
    assert all(pool["changed"][node] for node in containers())
    assert re.fullmatch(r"condor_status -pool [0-9.]+", pool["outputs"]["pool_status"])


def test_a_second_run_changes_nothing(project, pool, run, environment):
    before = containers()
    again = changed(run("ansible-playbook", "site.yml", cwd=project, env=environment).stdout)
    assert set(before) < set(again)
    assert not any(again.values()), again
    assert containers() == before


def test_deploy_finds_nothing_to_change_and_tells_the_same(project, pool, root, run, environment, tmp_path):
    source = tmp_path / "cluster.indigo.yml"
    wanted = {"plugin": "indigo.paas.deployment", "name": NAME, "template": str(root / TEMPLATE), "site": "local"}
    source.write_text(yaml.safe_dump(wanted))
    outputs = "paas_planned.plan | indigo.paas.outputs(paas_made.nodes, hostvars)"
    (tmp_path / "keep.yml").write_text(KEEP.format(playbook="indigo.paas.deploy", outputs=outputs))
    inventory = ["-i", str(root / "inventories/local"), "-i", str(source)]
    key = ["-e", f"paas_ssh_key={project / 'ssh' / 'ssh_key'}"]
    done = run("ansible-playbook", *inventory, *key, str(tmp_path / "keep.yml"), env=environment)
    again = changed(done.stdout)
    assert set(containers()) < set(again)
    assert not any(again.values()), again
    assert json.loads((tmp_path / "kept.json").read_text()) == pool["outputs"]


def test_a_project_for_hosts_that_exist_finds_nothing_to_change(project, pool, run, indigo, environment, tmp_path):
    """The nodes of the pool serve as the hosts: what this project would set up is what they are."""
    key = {"ansible_user": "root", "ansible_ssh_private_key_file": str(project / "ssh" / "ssh_key")}
    options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    groups: dict[str, dict] = {}
    for container in docker.from_env().containers.list(filters={"label": f"indigo.paas.deployment={NAME}"}):
        (network,) = container.attrs["NetworkSettings"]["Networks"].values()
        variables = {"ansible_host": network["IPAddress"], "ansible_ssh_common_args": options, **key}
        hosts = groups.setdefault(container.labels["indigo.paas.group"], {"hosts": {}})["hosts"]
        hosts[container.labels["indigo.paas.hostname"]] = variables
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump(groups))
    directory = tmp_path / "project"
    indigo("translate", TEMPLATE, "-o", str(directory), "--hosts", str(inventory))
    assert not (directory / "destroy.yml").exists()
    again = changed(run("ansible-playbook", "site.yml", cwd=directory, env=environment).stdout)
    assert set(containers()) <= set(again)
    assert not any(again.values()), again


def test_a_count_in_the_project_scales_the_pool(project, pool, run, environment):
    before = containers()
    nodes = project / "nodes.yml"
    text = nodes.read_text()
    assert text.count("count: 2") == 1
    nodes.write_text(text.replace("count: 2", "count: 1"))
    done = run("ansible-playbook", "site.yml", cwd=project, env=environment)
    assert "Drain htcondor" in done.stdout
    after = containers()
    assert sorted(after) == ["htcondor", "wn-server-0"]
    assert all(before[node] == after[node] for node in after)
