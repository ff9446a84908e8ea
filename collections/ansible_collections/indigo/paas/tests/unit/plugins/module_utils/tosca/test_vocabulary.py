# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Vocabulary, default_vocabulary, normative
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import load_vocabulary, shipped_files


def find(vocabulary: Vocabulary, name: str, kind: str = "node_types") -> Type:
    report = Report()
    found = vocabulary.find(kind, name, NOWHERE, report)
    report.raise_errors()
    assert found is not None
    return found


def test_everything_that_ships_is_well_formed() -> None:
    assert find(default_vocabulary(), "tosca.nodes.indigo.Compute").is_a("tosca.nodes.Compute")
    assert default_vocabulary() is default_vocabulary()


def test_roles_bring_their_types(tmp_path: Path) -> None:
    (tmp_path / "tosca").mkdir()
    (tmp_path / "roles" / "web" / "meta").mkdir(parents=True)
    (tmp_path / "tosca" / "base.yaml").write_text("node_types: {base: {derived_from: tosca.nodes.Root}}\n")
    (tmp_path / "roles" / "web" / "meta" / "tosca.yml").write_text("node_types: {web: {derived_from: base}}\n")
    found = find(load_vocabulary(shipped_files(tmp_path)), "web")
    assert found.ancestors == ("web", "base", "tosca.nodes.Root")


BASE = """\
node_types:
  base:
    derived_from: tosca.nodes.SoftwareComponent
    properties: {size: {type: integer, default: 1}}
    interfaces:
      Standard:
        create: published/create.yml
        configure: published/install.yml
  derived: {derived_from: base}
"""
INTERFACES = "node_types: {base: {interfaces: {Standard: {configure: {implementation: indigo.paas.web}}}}}\n"


def ship(root: Path, **files: str) -> Vocabulary:
    """Load a collection: the base vocabulary is called `tosca`, what else there is are roles."""
    for name, text in files.items():
        file = root / "tosca/base.yaml" if name == "tosca" else root / "roles" / name / "meta/tosca.yml"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return load_vocabulary(shipped_files(root))


def implementations(found: Type) -> dict[str, str | None]:
    return {name: operation.implementation for (_interface, name), operation in found.operations.items()}


def test_a_role_s_type_counts_before_the_base_vocabulary_s(tmp_path: Path) -> None:
    types = "node_types: {base: {derived_from: tosca.nodes.Root, properties: {port: {type: integer, default: 1}}}}\n"
    shipped = ship(tmp_path, tosca=BASE, web=types)
    assert "port" in find(shipped, "derived").properties
    assert implementations(find(shipped, "derived")) == {}


def test_a_role_s_interfaces_complete_a_type_of_the_base_vocabulary(tmp_path: Path) -> None:
    shipped = ship(tmp_path, tosca=BASE, web=INTERFACES)
    for name in ("base", "derived"):
        assert "size" in find(shipped, name).properties
        assert implementations(find(shipped, name)) == {"configure": "indigo.paas.web"}
    assert shipped.file_of("node_types", "base") == str(tmp_path / "tosca/base.yaml")


def test_a_role_s_interfaces_complete_a_type_of_tosca(tmp_path: Path) -> None:
    shipped = ship(tmp_path, web=INTERFACES.replace("base", "tosca.nodes.WebServer"))
    found = find(shipped, "tosca.nodes.WebServer")
    assert "data_endpoint" in found.capabilities
    assert implementations(found) == {"configure": "indigo.paas.web"}


def test_a_role_that_completes_no_known_type_is_told_what_it_may_have_meant(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"there is no type 'bse' that its interfaces could complete") as caught:
        ship(tmp_path, tosca=BASE, web=INTERFACES.replace("base", "bse"))
    assert "'base'" in str(caught.value)


@pytest.mark.parametrize(("first", "second"), [(INTERFACES, INTERFACES), (BASE, BASE), (BASE, INTERFACES)])
def test_a_type_of_two_roles_is_an_error_that_names_both(tmp_path: Path, first: str, second: str) -> None:
    with pytest.raises(TemplateError, match=r"roles/web/meta/tosca\.yml:\d+.*'base'.*roles/mail/meta/tosca\.yml"):
        ship(tmp_path, tosca=BASE, mail=first, web=second)


def test_a_type_of_two_files_of_the_base_vocabulary_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tosca").mkdir()
    (tmp_path / "tosca/other.yaml").write_text(BASE)
    (tmp_path / "tosca/base.yaml").write_text(BASE)
    with pytest.raises(TemplateError, match=r"tosca/other\.yaml.*'base' is in '.*tosca/base\.yaml' too"):
        load_vocabulary(shipped_files(tmp_path))


def test_a_role_with_wrong_types_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tosca.yml"
    file.write_text("node_types:\n  web: {derived_from: nothing}\n")
    with pytest.raises(TemplateError, match=r"tosca\.yml:2:23: 'web' is derived from the unknown type 'nothing'"):
        load_vocabulary([file])


def test_without_a_check_every_use_of_a_wrong_type_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tosca.yml"
    file.write_text("node_types:\n  web: {derived_from: nothing}\n  good: {derived_from: tosca.nodes.Root}\n")
    found = load_vocabulary([file], check=False)
    assert find(found, "good").is_a("tosca.nodes.Root")
    for _use in range(2):
        with pytest.raises(TemplateError, match=r"tosca\.yml:2:23: 'web' is derived from the unknown type 'nothing'"):
            find(found, "web")


def test_a_type_knows_the_file_that_defines_it() -> None:
    shipped = default_vocabulary()
    assert (shipped.file_of("node_types", "tosca.nodes.indigo.MesosMaster") or "").endswith("tosca/mesos.yaml")
    assert shipped.file_of("node_types", "tosca.nodes.WebServer") is None
    assert "tosca.nodes.WebServer" not in shipped.own_names("node_types")


@pytest.mark.parametrize(
    ("kind", "short", "full"),
    [
        ("node_types", "Compute", "tosca.nodes.Compute"),
        ("node_types", "tosca:Compute", "tosca.nodes.Compute"),
        ("node_types", "indigo.Compute", "tosca.nodes.indigo.Compute"),
        ("relationship_types", "AttachesTo", "tosca.relationships.AttachesTo"),
        ("capability_types", "Container", "tosca.capabilities.Container"),
        ("policy_types", "indigo.SlaPlacement", "tosca.policies.indigo.SlaPlacement"),
        ("data_types", "PortDef", "tosca.datatypes.network.PortDef"),
    ],
)
def test_short_names(vocabulary: Vocabulary, kind: str, short: str, full: str) -> None:
    assert vocabulary.full_name(kind, short) == full
    assert find(vocabulary, short, kind).name == full


def test_everything_is_inherited(vocabulary: Vocabulary) -> None:
    pool = find(vocabulary, "test.Pool")
    assert pool.is_a("tosca.nodes.SoftwareComponent")
    assert {"submit", "wn_ips", "component_version"} <= pool.properties.keys()
    assert {"collector", "tosca_id"} <= pool.attributes.keys()
    assert {"lrms", "feature"} <= pool.capabilities.keys()
    assert {"host", "dependency"} <= pool.requirements.keys()
    assert pool.capabilities["lrms"].properties["type"].default == "condor"


def test_normative_definitions_are_not_altered(vocabulary: Vocabulary) -> None:
    assert "tags" not in find(vocabulary, "tosca.nodes.Compute").properties
    assert "count" not in find(vocabulary, "tosca.nodes.Compute").capabilities["scalable"].properties


@pytest.mark.parametrize(
    ("name", "capability", "properties"),
    [
        (
            "tosca.nodes.indigo.Compute",
            "host",
            "num_cpus mem_size disk_size num_gpus instance_type sgx preemtible_instance",
        ),
        ("tosca.nodes.indigo.Compute", "os", "type distribution version architecture image credential gpu_driver"),
        ("tosca.nodes.indigo.Compute", "scalable", "count min_instances max_instances removal_list"),
        ("tosca.nodes.indigo.Compute", "endpoint", "dns_name network_name ports private_ip additional_ip"),
        ("tosca.nodes.indigo.LRMS.FrontEnd", "lrms", "type"),
        ("tosca.nodes.indigo.LRMS.WorkerNode", "wn", "min_instances max_instances"),
    ],
)
def test_capabilities_of_the_published_types(
    vocabulary: Vocabulary, name: str, capability: str, properties: str
) -> None:
    assert set(properties.split()) <= find(vocabulary, name).capabilities[capability].properties.keys()


def test_own_types_leave_the_shared_ones_alone(vocabulary: Vocabulary) -> None:
    own = Vocabulary(vocabulary)
    own.add_plain({"node_types": {"tosca.nodes.indigo.Compute": {"derived_from": "tosca.nodes.Root"}}})
    assert not find(own, "tosca.nodes.indigo.Compute").is_a("tosca.nodes.Compute")
    assert find(vocabulary, "tosca.nodes.indigo.Compute").is_a("tosca.nodes.Compute")


def test_without_tosca_parser_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toscaparser.elements", None)
    normative._modules.cache_clear()
    try:
        with pytest.raises(TemplateError, match="pip install tosca-parser"):
            normative.definitions()
    finally:
        normative._modules.cache_clear()
