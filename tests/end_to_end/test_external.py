# SPDX-License-Identifier: Apache-2.0
"""A template's own playbook runs on the nodes: one beside the template, and one from a web server."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import subprocess
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
imports:
  - indigo_custom_types: https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml
node_types:
  example.nodes.Notice:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      text: { type: string }
    attributes:
      place: { type: string }
    artifacts:
      role:
        file: git+%(repository)s,v1,example.notice
        type: tosca.artifacts.AnsibleGalaxy.role
      collection:
        file: git+%(collection)s,,example.words
        type: tosca.artifacts.AnsibleGalaxy.collection
    interfaces:
      Standard:
        configure:
          implementation: %(playbook)s
          inputs:
            message: { get_property: [SELF, text] }
          outputs:
            notice_place: [SELF, place]
topology_template:
  inputs:
    text: { type: string }
    count: { type: integer, default: 2 }
  node_templates:
    notice:
      type: example.nodes.Notice
      properties:
        text: { get_input: text }
      requirements:
        - host: server
    server:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable:
          properties:
            count: { get_input: count }
        host:
          properties:
            num_cpus: 1
            mem_size: 256 MB
  outputs:
    place:
      value: { get_attribute: [notice, place] }
"""

PLAYBOOK = """\
---
- hosts: localhost
  connection: local
  become: true
  vars:
    message: the play's own
    addresses: "{{ groups['server'] | map('extract', hostvars, 'IM_NODE_PRIVATE_IP') | list }}"
  pre_tasks:
    - include_tasks: tasks/first.yml
  roles:
    - role: example.notice
      notice_text: "{{ message }}"
  tasks:
    - name: Write the addresses
      copy:
        content: "{{ IM_NODE_PRIVATE_IP }} {{ addresses | sort | join(',') }} {{ IM_INFRASTRUCTURE_ID }}"
        dest: /root/addresses
    - name: Write from a template
      template: { src: page.j2, dest: /root/page }
      notify: tell
    - set_fact: { notice_place: /root/notice }
  handlers:
    - name: tell
      command: cp /root/page /root/told
"""

BESIDE = {
    "tasks/first.yml": "- copy: { content: '{{ ansible_os_family }}', dest: /root/family }\n",
    "templates/page.j2": "{{ message }} {{ 'a' | example.words.twice }} "
    "{{ lookup('file', playbook_dir ~ '/files/x') }}",
    "files/x": "from a file",
}

ROLE = {
    "meta/main.yml": "galaxy_info: {author: x, description: x, license: x, min_ansible_version: '2.18'}\n",
    "defaults/main.yml": "notice_path: /root/notice\nnotice_text: default\n",
    "tasks/main.yml": "- copy: { content: '{{ notice_text }}', dest: '{{ notice_path }}' }\n  notify: note\n",
    "handlers/main.yml": "- name: note\n  command: touch /root/noted\n",
}

COLLECTION = {
    "galaxy.yml": "namespace: example\nname: words\nversion: 1.0.0\nreadme: README.md\nauthors: [x]\n",
    "README.md": "Words",
    "meta/runtime.yml": "requires_ansible: '>=2.18'\n",
    "plugins/filter/twice.py": "class FilterModule:\n    def filters(self):\n"
    "        return {'twice': lambda x: x * 2}\n",
}


def write(place: pathlib.Path, files: dict[str, str]) -> pathlib.Path:
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def repository(place: pathlib.Path, files: dict[str, str]) -> str:
    """Make a git repository of FILES, with the tag v1, and return its URL."""
    write(place, files)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(place)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True)
    return place.as_uri()


@pytest.fixture
def source(tmp_path):
    """Write a template with all that it needs, and return the path of the template."""
    values = {
        "repository": repository(tmp_path / "role", ROLE),
        "collection": repository(tmp_path / "collection", COLLECTION),
        "playbook": "playbooks/notice.yml",
    }
    directory = tmp_path / "source"
    write(directory / "playbooks", {**BESIDE, "notice.yml": PLAYBOOK})
    write(directory, {"template.yaml": TEMPLATE % values})
    return directory / "template.yaml"


@pytest.fixture
def destroyed(indigo):
    """Name a deployment that is destroyed at the end."""
    yield "ext-test"
    indigo("destroy", "ext-test", "--yes", status=None)


def nodes(name):
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={name}"})
    return sorted(found, key=lambda node: node.name)


def content(node, path):
    code, text = node.exec_run(["cat", path])
    assert code == 0, text
    return text.decode()


def test_a_playbook_beside_the_template(indigo, destroyed, source, tmp_path):
    trap = tmp_path / "trap"
    text = f"{{{{ lookup('pipe', 'touch {trap}') }}}}; $(touch {trap}) '\""
    result = indigo.json("deploy", str(source), "--name", destroyed, "-i", f"text={text}")
    assert result["outputs"] == {"place": "/root/notice"}
    addresses = {node["name"]: node["private_address"][0] for node in result["nodes"]}
    assert len(addresses) == 2
    for node, (_name, address) in zip(nodes(destroyed), sorted(addresses.items()), strict=True):
        assert content(node, "/root/notice") == text
        assert content(node, "/root/family") == "Debian"
        everyone = ",".join(sorted(addresses.values()))
        assert content(node, "/root/addresses") == f"{address} {everyone} {destroyed}"
        assert content(node, "/root/page") == content(node, "/root/told") == f"{text} aa from a file"
        assert node.exec_run(["test", "-e", "/root/noted"]).exit_code == 0
    assert not trap.exists()

    again = indigo.json("deploy", str(source), "--name", destroyed)
    assert again["changed"] == 0

    shutil.rmtree(source.parent)
    shutil.rmtree(tmp_path / "role")
    shutil.rmtree(tmp_path / "collection")
    shutil.rmtree(indigo.home / "artifacts")
    node = nodes(destroyed)[0]
    node.exec_run(["rm", "/root/notice"])
    resumed = indigo.json("resume", destroyed)
    assert resumed["state"] == "ok"
    assert content(node, "/root/notice") == text
    indigo("check", destroyed)
    indigo("scale", destroyed, "server=1")
    assert len(nodes(destroyed)) == 1


def test_a_playbook_that_cannot_be_had(indigo, destroyed, source, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path / "web")) as web:
        url = f"http://127.0.0.1:{web.server_port}/sub/notice.yml"
    source.write_text(source.read_text().replace("playbooks/notice.yml", url))
    put = indigo.home / "artifacts" / "playbooks" / f"127.0.0.1%3A{web.server_port},http" / "sub" / "notice.yml"
    arguments = ("deploy", str(source), "--name", destroyed, "-i", "text=x", "-i", "count=1")

    failed = indigo(*arguments, status=1)
    assert f"the playbook {url} that 'notice' needs cannot be had" in failed.stderr
    assert str(put) in failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert nodes(destroyed) == []

    put.parent.mkdir(parents=True)
    put.write_text("- hosts: localhost\n  tasks:\n    - copy: { content: '{{ message }}', dest: /root/notice }\n")
    indigo("resume", destroyed)
    assert content(nodes(destroyed)[0], "/root/notice") == "x"


def test_a_playbook_from_a_web_server(indigo, destroyed, source, tmp_path):
    served = write(tmp_path / "web", {"notice.yml": "- hosts: localhost\n  tasks:\n    - task: x\n  rules: []\n"})
    handler = partial(SimpleHTTPRequestHandler, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web, contextlib.ExitStack() as after:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        after.callback(web.shutdown)
        url = f"http://127.0.0.1:{web.server_port}/notice.yml"
        source.write_text(source.read_text().replace("playbooks/notice.yml", url))
        failed = indigo("deploy", str(source), "--name", destroyed, "-i", "text=x", status=1)
    assert "notice.yml:4:3: 'rules' is no part of a play. Did you mean 'roles'?" in failed.stderr
    assert nodes(destroyed) == []


def test_a_playbook_in_an_archive(indigo, destroyed, tmp_path):
    head, rest = TEMPLATE.split("    artifacts:\n")
    template = head + rest[rest.index("    interfaces:\n") :]
    with zipfile.ZipFile(tmp_path / "notice.csar", "w") as archive:
        archive.writestr("TOSCA-Metadata/TOSCA.meta", "Entry-Definitions: Definitions/service.yaml\n")
        archive.writestr("Definitions/service.yaml", template % {"playbook": "playbooks/notice.yml"})
        archive.writestr(
            "playbooks/notice.yml",
            "- hosts: localhost\n  tasks:\n"
            "    - template: { src: page.j2, dest: /root/notice }\n    - set_fact: { notice_place: /root/notice }\n",
        )
        archive.writestr("playbooks/templates/page.j2", "From an archive: {{ message }}")
    deployed = indigo.json("deploy", str(archive.filename), "--name", destroyed, "-i", "text=x", "-i", "count=1")
    assert deployed["outputs"] == {"place": "/root/notice"}
    assert content(nodes(destroyed)[0], "/root/notice") == "From an archive: x"
    pathlib.Path(archive.filename).unlink()
    assert indigo.json("resume", destroyed)["changed"] == 0


def test_a_translated_project_runs_it_too(run, root, indigo, source, tmp_path):
    project = tmp_path / "project"
    arguments = ("-i", "text={{ 1 + 1 }}", "-i", "count=1", "--name", "ext-project")
    indigo("translate", str(source), "-o", str(project), *arguments)
    shutil.rmtree(source.parent)
    env = {"ANSIBLE_COLLECTIONS_PATH": f"{project / 'artifacts' / 'collections'}:{root / 'collections'}"}
    try:
        run("ansible-playbook", "site.yml", cwd=project, env=env)
        (node,) = nodes("ext-project")
        assert content(node, "/root/notice") == "{{ 1 + 1 }}"
        assert content(node, "/root/page") == content(node, "/root/told") == "{{ 1 + 1 }} aa from a file"
        assert content(node, "/root/addresses").endswith(" ext-project")
        again = run("ansible-playbook", "site.yml", cwd=project, env=env).stdout
        assert "changed=0" in again
        assert not [line for line in again.splitlines() if "changed=" in line and "changed=0" not in line]
    finally:
        run("ansible-playbook", "destroy.yml", cwd=project, env=env)
    assert nodes("ext-project") == []


def test_ansible_playbook_alone(run, root, source, tmp_path):
    cluster = tmp_path / "cluster.indigo.yml"
    cluster.write_text(
        "plugin: indigo.paas.deployment\nname: ext-alone\n"
        f"template: {source}\ninputs: {{text: '{{{{ 1 + 1 }}}}', count: 1}}\nsite: local\n"
    )
    artifacts = tmp_path / ".ext-alone" / "artifacts"
    inventory = ("-i", str(root / "inventories/local"), "-i", str(cluster))
    cache = ("-e", f"paas_artifacts_cache={tmp_path / 'cache'}")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(root / "collections")}
    try:
        run("ansible-playbook", *inventory, *cache, "indigo.paas.deploy", "--check", env=env)
        assert not artifacts.exists()
        assert nodes("ext-alone") == []

        refused = run("ansible-playbook", *inventory, *cache, "indigo.paas.deploy", env=env, status=2)
        assert f"Run this again with {artifacts / 'collections'} first in ANSIBLE_COLLECTIONS_PATH" in refused.stdout
        assert nodes("ext-alone") == []

        env["ANSIBLE_COLLECTIONS_PATH"] = f"{artifacts / 'collections'}:{root / 'collections'}"
        run("ansible-playbook", *inventory, *cache, "indigo.paas.deploy", env=env)
        (node,) = nodes("ext-alone")
        assert content(node, "/root/page") == "{{ 1 + 1 }} aa from a file"
        again = run("ansible-playbook", *inventory, *cache, "indigo.paas.deploy", env=env)
        assert "changed=0" in again.stdout
        assert not [line for line in again.stdout.splitlines() if "changed=" in line and "changed=0" not in line]
    finally:
        run("ansible-playbook", *inventory, "indigo.paas.destroy", env=env)
