# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import platform
import shlex

import pytest
from docker.errors import APIError, ImageNotFound

from ansible_collections.indigo.paas.plugins.module_utils import images
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder, Recipe

TRIXIE = Recipe("debian", "13")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images._cache_directory.cache_clear()
    yield tmp_path
    images._cache_directory.cache_clear()


def test_a_recipe_has_one_name():
    assert Recipe("debian", "13").reference == TRIXIE.reference
    assert TRIXIE.reference.startswith("indigo-paas/node:debian-13-")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "12"},
        {"packages": ("jq",)},
        {"fetched": ("jq",)},
        {"base": "mine:1"},
        {"mirror": "http://mirror.test/debian"},
    ],
)
def test_whatever_changes_the_image_changes_its_name(change):
    assert dataclasses.replace(TRIXIE, **change).reference != TRIXIE.reference


def test_fetched_packages_are_not_installed():
    assert TRIXIE.finish == images.FINISH
    recipe = dataclasses.replace(TRIXIE, fetched=("condor", "$(x)"))
    assert recipe.all_packages == TRIXIE.all_packages
    (line,) = [line for line in recipe.finish.splitlines() if "condor" in line]
    words = shlex.split(line)
    assert "--download-only" in words
    assert words[-2:] == ["condor", "$(x)"]


def test_a_change_of_the_last_step_changes_the_name(monkeypatch):
    before = TRIXIE.reference
    monkeypatch.setattr(images, "FINISH", images.FINISH + "true\n")
    assert TRIXIE.reference != before


@pytest.mark.parametrize(
    ("recipe", "base"),
    [
        (TRIXIE, "debian:trixie"),
        (Recipe("ubuntu", "24.04"), "ubuntu:24.04"),
        (Recipe("debian", "13", base="mine:1"), "mine:1"),
    ],
)
def test_the_base_image(recipe, base):
    assert recipe.base_reference == base


def test_the_bootstrap_takes_paths_as_they_are():
    command = images.bootstrap_command(TRIXIE, "/a b/root.tar", "/a b/$(x).sh")
    hook = next(word for word in command if word.startswith("--customize-hook="))
    assert shlex.split(hook)[-1] == "</a b/$(x).sh"
    assert command[-2:] == ["trixie", "/a b/root.tar"]


def test_the_bootstrap_takes_a_mirror():
    recipe = dataclasses.replace(TRIXIE, mirror="http://mirror.test/debian")
    assert images.bootstrap_command(recipe, "a", "s")[-1] == "http://mirror.test/debian"


class Engine:
    """An engine's image calls: what it has, what its registry has, and what it was asked."""

    def __init__(self, has=(), registry=()):
        self.has = set(has)
        self.registry = set(registry)
        self.asked = []
        self.fails = False
        self.architecture = platform.machine()

    def info(self):
        return {"Architecture": self.architecture}

    def inspect_image(self, reference):
        if reference not in self.has:
            raise ImageNotFound("no such image")

    def inspect_distribution(self, reference):
        self.asked.append(reference)
        if reference not in self.registry:
            raise APIError("no such host")

    def build(self, tag, **_options):
        yield {"stream": "Step 1/3\n"}
        if self.fails:
            yield {"error": "E: Unable to locate package jqq"}
        self.has.add(tag)


def builder(engine):
    said = []
    return ImageBuilder(engine, engine, said.append), said


def test_an_image_that_is_there_is_not_built():
    engine = Engine(has=[TRIXIE.reference])
    make, said = builder(engine)
    assert make.ensure(TRIXIE) == TRIXIE.reference
    assert said == []
    assert engine.asked == []


@pytest.mark.parametrize(
    "engine", [Engine(has=["debian:trixie"]), Engine(registry=["debian:trixie"])], ids=["held", "registry"]
)
def test_a_base_image_is_extended(engine):
    make, said = builder(engine)
    make.ensure(TRIXIE)
    assert TRIXIE.reference in engine.has
    assert said[0] == "Building the node image debian 13 from debian:trixie, once for this engine"


def test_what_failed_is_told():
    engine = Engine(has=["debian:trixie"])
    engine.fails = True
    make, _said = builder(engine)
    with pytest.raises(SiteError, match="Building the node image debian 13 failed: .*\nE: Unable to locate") as caught:
        make.ensure(TRIXIE)
    assert not caught.value.bad_input


def test_what_a_killed_build_left_is_cleared(cache):
    left = cache / "indigo-paas" / f"image-{TRIXIE.digest}"
    left.mkdir(parents=True)
    (left / "root.tar").write_text("half")
    with images._workspace(TRIXIE) as directory:
        assert (left, list(left.iterdir())) == (type(left)(directory), [])
    assert not left.exists()


def test_a_cache_that_cannot_be_written_is_named(cache):
    (cache / "indigo-paas").write_text("a file")
    make, _said = builder(Engine())
    with pytest.raises(SiteError, match="cannot be made.*Set XDG_CACHE_HOME"):
        make.ensure(TRIXIE)


def test_a_silent_registry_is_asked_once(monkeypatch):
    monkeypatch.setattr(images.shutil, "which", lambda _name: None)
    engine = Engine()
    make, _said = builder(engine)
    for recipe in (TRIXIE, Recipe("debian", "12")):
        with pytest.raises(SiteError, match="mmdebstrap.*is not installed"):
            make.ensure(recipe)
    assert engine.asked == ["debian:trixie"]


def test_packages_of_another_architecture_make_no_image(monkeypatch):
    monkeypatch.setattr(images.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(images, "_run_bootstrap", lambda *_all: pytest.fail("it was built"))
    engine = Engine()
    engine.architecture = "s390x"
    make, _said = builder(engine)
    with pytest.raises(SiteError, match="do not run at the engine .s390x.. Load the base image") as caught:
        make.ensure(TRIXIE)
    assert caught.value.bad_input


def test_other_distributions_need_a_base_image():
    make, _said = builder(Engine())
    with pytest.raises(SiteError, match="no registry has ubuntu:24.04.*only debian can be built") as caught:
        make.ensure(Recipe("ubuntu", "24.04"))
    assert caught.value.bad_input
