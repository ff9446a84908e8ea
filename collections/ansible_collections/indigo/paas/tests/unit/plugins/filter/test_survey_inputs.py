# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a survey stay text in Ansible itself, even as extra variables, which it takes for templates."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[8]
EVIL = "{{ lookup('ansible.builtin.pipe', 'touch pwned') }}"
PLAYBOOK = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: "{{ playbook_dir }}/found.json"
        content: "{{ {'a': 1} | combine(hostvars | indigo.paas.survey_inputs(inventory_hostname)) | to_json }}"
        mode: "0600"
"""


def test_answers_are_data(tmp_path):
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    (tmp_path / "sites.yml").write_text("paas_sites:\n  hosts:\n    here:\n")
    answers = {"paas_input_text": EVIL, "paas_yaml_input_list": f'["{EVIL}"]', "paas_input_n": 4, "paas_input_no": ""}
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "sites.yml", "play.yml", "-e", json.dumps(answers)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert found == {"a": 1, "text": EVIL, "list": [EVIL], "n": 4}
    assert not (tmp_path / "pwned").exists()
