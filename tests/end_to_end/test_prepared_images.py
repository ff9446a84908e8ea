# SPDX-License-Identifier: Apache-2.0
"""A pool from a prepared image: nothing is installed, and nothing of one machine is on another."""

from __future__ import annotations

import docker
import pytest
import yaml

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATE = "examples/htcondor_pool.yaml"
NAME = "test-prepared"
# An image of its own: what is prepared from it is not what other tests' nodes start from.
SITE = {"site_type": "docker", "site_images": [{"distribution": "debian", "version": "13", "packages": ["file"]}]}


@pytest.fixture
def sites(tmp_path):
    file = tmp_path / "sites.yml"
    file.write_text(yaml.safe_dump({"paas_sites": {"hosts": {"here": SITE}}}))
    return ["--sites", str(file)]


def own(container) -> list[bytes]:
    """Return what each machine must have for itself; the key of a pool only its manager has."""
    files = ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub", "/etc/condor/passwords.d/POOL")
    scripts = [f"cat {file} || echo not on {container.name}" for file in files]
    return [container.exec_run(["sh", "-c", script], stderr=False).output for script in scripts]


def kept(indigo, sites, name) -> list[dict]:
    """Return the image of this NAME as listed; other tests keep others at the same engine."""
    return [image for image in indigo.json(*sites, "image", "list")["images"] if image["name"] == name]


def test_a_pool_starts_from_an_image_with_its_service(indigo, sites):
    (image,) = indigo.json(*sites, "image", "prepare", TEMPLATE)["images"]
    try:
        assert f"from the prepared image {image['name']}" in indigo(*sites, "plan", TEMPLATE).stdout
        made = indigo(*sites, "-v", "deploy", TEMPLATE, "--name", NAME)
        assert "indigo.paas.htcondor" in made.stdout
        assert "Install, which may take minutes" not in made.stdout
        nodes = docker.from_env().containers.list(filters={"label": f"indigo.paas.deployment={NAME}"})
        assert len(nodes) == 3
        assert {node.image.id for node in nodes} == {image["id"]}
        for values in zip(*map(own, nodes), strict=True):
            assert len(set(values)) == len(nodes)
        (listed,) = kept(indigo, sites, image["name"])
        assert (listed["machines"], listed["problem"]) == (3, None)
        assert indigo.json(*sites, "deploy", TEMPLATE, "--name", NAME)["changed"] == 0
    finally:
        indigo(*sites, "destroy", NAME, "--yes", status=None)
        indigo(*sites, "image", "delete", image["name"])
    assert kept(indigo, sites, image["name"]) == []
