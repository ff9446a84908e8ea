# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from ansible_collections.indigo.paas.plugins.module_utils.tosca import Vocabulary, default_vocabulary
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import parse
from ansible_collections.indigo.paas.plugins.module_utils.tosca.json_schema import template_schema

Faults = Callable[[str], list[str]]
PUBLISHED_IMPORT = (
    "imports: [{types: 'https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml'}]"
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return template_schema(default_vocabulary())


@pytest.fixture(scope="module")
def check(schema: dict[str, Any]) -> Faults:
    """Return the paths of what is wrong with the text of a template."""
    validator = jsonschema.Draft7Validator(schema)

    def faults(text: str) -> list[str]:
        return ["/".join(map(str, error.absolute_path)) for error in validator.iter_errors(parse(text, "template"))]

    return faults


@pytest.fixture
def faults(check: Faults, body: Callable[[str], str]) -> Faults:
    """Return the paths, below topology_template, of what is wrong with a topology."""
    return lambda text: [path.removeprefix("topology_template/") for path in check(body(text))]


def test_it_is_a_schema_made_of_plain_data(schema: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert template_schema(default_vocabulary()) == schema


def test_it_follows_the_vocabulary(vocabulary: Vocabulary) -> None:
    definitions = template_schema(vocabulary)["definitions"]
    assert "test.Pool" in definitions
    assert "tosca.nodes.indigo.LRMS.FrontEnd.HTCondor" not in definitions


def test_an_editor_finds_words_and_defaults(schema: dict[str, Any]) -> None:
    node = schema["definitions"]["tosca.nodes.indigo.LRMS.FrontEnd.Slurm"]
    wn_num = node["properties"]["properties"]["properties"]["wn_num"]
    assert node["description"]
    assert wn_num["description"]
    assert wn_num["default"] == -1
    assert "tosca.nodes.indigo.Compute" in schema["definitions"]["node"]["properties"]["type"]["anyOf"][0]["enum"]


@pytest.mark.parametrize(
    "text",
    [
        # Functions stand for every value.
        """
        inputs: {count: {type: integer, default: 2, required: yes}, mem: {type: scalar-unit.size, default: 4 GB}}
        node_templates:
          server:
            type: tosca.nodes.indigo.Compute
            capabilities:
              scalable: {properties: {count: {get_input: count}}}
              host: {properties: {num_cpus: {get_input: cpus}, mem_size: {get_input: mem}}}
              endpoint:
                properties:
                  network_name: PUBLIC
                  ports: {web: {protocol: tcp, source: {get_input: port}}, many: {source_range: [8000, 9000]}}
          front_end:
            type: tosca.nodes.indigo.LRMS.FrontEnd.Slurm
            properties: {wn_ips: {get_attribute: [wn, private_address]}, wn_num: {get_property: [wn, scalable, count]}}
            requirements: [{host: server}]
        outputs:
          url: {value: {concat: ['http://', {get_attribute: [server, public_address, 0]}]}}
        """,
        # Scalars are written as texts, and texts as scalars.
        """
        node_templates:
          server:
            type: tosca.nodes.indigo.Compute
            properties: {tags: {number: 3}, instance_name: 7}
            capabilities:
              scalable: {properties: {count: "0", min_instances: 1}}
              host: {properties: {num_cpus: "2", mem_size: 4 GB, disk_size: 20GB, sgx: "no"}}
              os: {properties: {distribution: ubuntu, type: linux, version: 16.04, architecture: x86_64}}
        """,
        # Short names, volumes with an inline relationship, policies.
        """
        node_templates:
          disk: {type: BlockStorage, properties: {size: 50 GB}}
          server:
            type: tosca:Compute
            requirements:
              - local_storage:
                  node: disk
                  capability: tosca.capabilities.Attachment
                  relationship: {type: AttachesTo, properties: {location: /mnt, device: hdb}}
        policies:
          - here: {type: indigo.SlaPlacement, targets: [server], properties: {sla_id: abc}}
        """,
        # Containers.
        """
        node_templates:
          job:
            type: tosca.nodes.indigo.Container.Application.Docker.Chronos
            properties:
              schedule: R0/2015-12-25T17:22:00Z/PT16M
              command: /bin/true
              uris: []
              environment_variables: {PASSWORD: {get_input: password}, COUNT: 3}
            artifacts: {image: {file: 'ubuntu:16.04', type: tosca.artifacts.Deployment.Image.Container.Docker}}
            requirements: [{host: runtime}]
          runtime:
            type: tosca.nodes.indigo.Container.Runtime.Docker
            capabilities:
              host:
                properties:
                  num_cpus: 0.5
                  mem_size: 512 MB
                  publish_ports: [{protocol: tcp, source: 5000}]
                  volumes: ['data:/data:rw:dvdi:rexray']
        """,
        # What is not known may be kept.
        """
        node_templates:
          agent:
            type: tosca.nodes.indigo.CmsWnConfig
            properties:
              cms_local_site: T3_IT_Opportunistic
              cms_stageoutsite: T2_IT_Legnaro
              cms_stageoutprotocol: srmv2
              cms_stageoutcommand: gfal2
              cms_phedexnode: T2_IT_Legnaro
              mysquid_host: cms-squid
              proxycache_host: proxy-cache
              something_new: true
            scalable: {}
        """,
    ],
    ids=["functions", "scalars", "short-names", "containers", "unknown"],
)
def test_published_shapes(faults: Faults, text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("node_templates: {a: {properties: {}}}", "node_templates/a"),
        (
            "node_templates: {a: {type: tosca.nodes.indigo.Compute, requirements: {host: b}}}",
            "node_templates/a/requirements",
        ),
        ("node_templates: {a: {type: indigo.LRMS.WorkerNode.Slurm}}", "node_templates/a"),
        (
            "node_templates: {a: {type: indigo.LRMS.WorkerNode.Slurm, properties: {hybrid: no}}}",
            "node_templates/a/properties",
        ),
        (
            "node_templates: {a: {type: indigo.LRMS.FrontEnd.Slurm, properties: {wn_num: many}}}",
            "node_templates/a/properties/wn_num",
        ),
        (
            "node_templates: {a: {type: indigo.LRMS.FrontEnd.Slurm, properties: {wn_ips: [[10.0.0.1]]}}}",
            "node_templates/a/properties/wn_ips",
        ),
        (
            "node_templates: {a: {type: indigo.JupyterHub, properties: {spawner: cloud}}}",
            "node_templates/a/properties/spawner",
        ),
        (
            "node_templates: {a: {type: Compute, capabilities: {host: {properties: {num_cpus: 0}}}}}",
            "node_templates/a/capabilities/host/properties",
        ),
        (
            "node_templates: {a: {type: indigo.Compute, capabilities: {scalable: {properties: {count: [1]}}}}}",
            "node_templates/a/capabilities/scalable/properties",
        ),
        (
            "node_templates: {a: {type: indigo.Compute, capabilities: {host: {properties: {mem_size: two GB}}}}}",
            "node_templates/a/capabilities/host/properties",
        ),
        ("node_templates: {a: {type: tosca.nodes.indigo.Compue}}", "node_templates/a/type"),
        ("node_templates: {a: {type: Compute}}\ninputs: {n: {required: maybe}}", "inputs/n/required"),
        ("node_templates: {a: {type: Compute}}\noutputs: {n: {description: nothing}}", "outputs/n"),
        ("node_templates: {a: {type: Compute}}\npolicies: {n: {}}", "policies"),
    ],
)
def test_what_is_wrong(faults: Faults, text: str, path: str) -> None:
    assert path in faults(text)


@pytest.mark.parametrize(
    ("head", "wrong"),
    [
        ("", True),
        (PUBLISHED_IMPORT, True),
        ("imports: ['https://raw.githubusercontent.com/indigo-dc/tosca-types/devel/custom_types.yaml']", True),
        ("imports: [my_types.yaml]", False),
        ("imports: [{mine: my_types.yaml}]", False),
        ("node_types: {my.Machine: {derived_from: tosca.nodes.indigo.Compute}}", False),
    ],
)
def test_other_types_are_for_templates_that_bring_them(check: Faults, head: str, wrong: bool) -> None:
    text = (
        "tosca_definitions_version: tosca_simple_yaml_1_0\n"
        f"{head}\n"
        "topology_template: {node_templates: {a: {type: my.Machine}}}\n"
    )
    assert bool(check(text)) is wrong


def test_a_template_needs_version_and_topology(check: Faults) -> None:
    assert check("description: nothing") == ["", ""]


def test_a_node_may_be_a_copy_or_have_any_name_of_its_type(faults: Faults) -> None:
    text = """
    node_templates:
      one: {type: tosca.nodes.Storage.BlockStorage, properties: {size: 1 GB}}
      two: {copy: one}
      three: {type: "tosca:Network"}
      four: {type: AbstractStorage}
    """
    assert faults(text) == []
    assert faults("node_templates: {one: {properties: {}}}") == ["node_templates/one"]
