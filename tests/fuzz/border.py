# SPDX-License-Identifier: Apache-2.0
"""Templates with reserved and declared names, paths and Jinja in every place where a template's text goes.

python -m tests.fuzz.border [SECONDS]
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import inventory_hosts, role_arguments
from ansible_collections.indigo.paas.plugins.module_utils.tosca.reserved import is_reserved, is_variable
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import find_role
from ansible_collections.indigo.paas.plugins.module_utils.translate import Target, translate

ROLES = ("indigo.paas.htcondor", "indigo.paas.orchestrator")
RESERVED = (
    "ansible_connection ansible_ssh_extra_args ansible_python_interpreter ansible_ssh_executable ansible_become_exe"
    " paas_name paas_ssh_key paas_told paas_arguments __htcondor_pools environment hostvars groups vars item become"
    " delegate_to lookup omit inventory_hostname playbook_dir IM_NODE_FQDN Ansible_connection ａnsible_user a-b 1"
)
HOSTILE = ("{{ lookup('pipe', 'touch /tmp/x') }}", "{% raw %}", "/etc/shadow", "../../etc/shadow", "~/.ssh/id_rsa", "")
_VALUES: tuple[Any, ...] = (*HOSTILE, True, 7, None, [HOSTILE[0]], {HOSTILE[0]: HOSTILE[2]}, {"$function": {"x": []}})


def names() -> list[Any]:
    """Return names to try: reserved, declared, for operators, and strange."""
    declared = [name for role in ROLES for name in find_role(role).arguments]
    return [*RESERVED.split(), *declared, *HOSTILE, 1, True, "colour", "port"]


def template(chance: random.Random, known: list[Any]) -> dict[Any, Any]:
    """Return a template with the names and hostile values in some of its places."""
    name, value = (lambda: chance.choice(known)), (lambda: chance.choice(_VALUES))
    implementation = chance.choice([*ROLES, "play.yml", "https://example.org/x.yml", "a.b.c", value(), "../x.yml"])
    operation: dict[Any, Any] = {
        "implementation": implementation,
        "inputs": {name(): value() for _ in range(chance.randint(0, 2))},
        "outputs": {name(): ["SELF", "x"]} if chance.random() < 0.4 else {},
    }
    over = {"inputs": {name(): value()}} if chance.random() < 0.3 else {}
    kind = chance.choice(["SoftwareComponent", "indigo.LRMS.FrontEnd.HTCondor"])
    thing: dict[Any, Any] = {"type": "lab.Thing", "requirements": [{"host": "box"}]}
    thing |= {"interfaces": {"Standard": {"configure": over}}} if over else {}
    thing |= {"artifacts": {"a": {"file": value(), "type": "tosca.artifacts.AnsibleGalaxy.role"}}}
    box = {"type": "tosca.nodes.indigo.Compute"}
    if chance.random() < 0.3:
        box |= {"capabilities": {"os": {"properties": {"image": value()}}}}
    return {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "node_types": {
            "lab.Thing": {
                "derived_from": f"tosca.nodes.{kind}",
                "attributes": {"x": {"type": "string"}},
                "interfaces": {"Standard": {"configure": operation}},
            }
        },
        "topology_template": {
            "node_templates": {"box": box, "thing": thing},
            "outputs": {"o": {"value": {"get_operation_output": ["thing", "Standard", "configure", name()]}}},
        },
    }


def passes(made: dict[Any, Any]) -> bool:
    """Plan a template and say whether it was taken; AssertionError when anything passed that may not."""
    try:
        plan = json.loads(json.dumps(make_plan(load(json.dumps(made).encode() + b"\n")).to_dict()))
    except TemplateError:
        return False
    for component in plan["components"]:
        for operation in component["operations"]:
            _check_arguments(operation)
    for stage in plan["stages"]:
        told = [fact for each in stage["tells"] for fact in each["facts"]]
        assert all(is_variable(fact) and not is_reserved(fact) for fact in told), told
        assert stage["role"] is None or {*told} <= find_role(stage["role"]).outputs, told
    _check_inventory(plan)
    files = translate(plan, Target("here", {"site_type": "docker"}), "pool", "0.1.0", lambda _name, _value: False)
    lines = [line for path, text in files.items() if path.endswith(".yml") for line in text.splitlines()]
    assert all("!unsafe" in line for line in lines if "lookup('pipe'" in line), files
    return True


def _check_arguments(operation: dict[str, Any]) -> None:
    given = operation["arguments"]
    assert all(is_variable(name) and not is_reserved(name) for name in given), given
    if "role" in operation:
        role = find_role(operation["role"])
        assert {*given} <= {*role.arguments} - role.operator, given


def _check_inventory(plan: dict[str, Any]) -> None:
    """Check that what a machine gets by its site and what it gets by the template have no name in common."""
    node = {"name": "box-0", "group": plan["groups"][0]["group"], "index": 0, "private_address": ["10.0.0.1"]}
    (host,) = inventory_hosts(plan, [node])
    assert not host["vars"].keys() & role_arguments(plan, {"nodes": [node], "facts": {}}, "box-0").keys()


def search(seconds: float, seed: int = 0) -> tuple[int, int]:
    """Try templates for a time; return how many there were, and how many of them were taken."""
    known, chance = names(), random.Random(seed)
    end = time.monotonic() + seconds
    tried = taken = 0
    while time.monotonic() < end:
        taken += passes(template(chance, known))
        tried += 1
    return tried, taken


if __name__ == "__main__":
    tried, taken = search(float(sys.argv[1]) if len(sys.argv) > 1 else 600, time.time_ns())
    print(f"{tried} templates, {taken} of them taken")
