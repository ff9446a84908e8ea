# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "ssh_key"


def mode(file) -> int:
    return file.stat().st_mode & 0o777


def test_a_key_is_made_where_it_is_missing(path):
    public = ssh_keys.ensure_key(str(path), comment="my-pool")
    kind, _key, comment = public.split()
    assert (kind, comment) == ("ssh-ed25519", "my-pool")
    assert path.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert (path.parent / "ssh_key.pub").read_text() == public + "\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert sorted(file.name for file in path.parent.iterdir()) == ["ssh_key", "ssh_key.pub"]


def test_a_key_that_is_there_stays(path):
    first = ssh_keys.ensure_key(str(path), comment="a")
    private = path.read_text()
    assert ssh_keys.ensure_key(str(path), comment="a") == first
    assert path.read_text() == private


def test_a_lost_public_half_is_made_again(path):
    public = ssh_keys.ensure_key(str(path))
    path.with_suffix(".pub").unlink()
    assert ssh_keys.ensure_key(str(path)) == public
    assert path.with_suffix(".pub").read_text() == public + "\n"


def test_a_key_that_others_could_read_is_closed(path):
    ssh_keys.ensure_key(str(path))
    path.chmod(0o644)
    ssh_keys.ensure_key(str(path))
    assert mode(path) == 0o600


def test_what_is_no_key_is_left_alone(path):
    path.parent.mkdir()
    path.write_text("a diary")
    with pytest.raises(SiteError, match="does not hold a private SSH key") as caught:
        ssh_keys.ensure_key(str(path))
    assert caught.value.bad_input
    assert path.read_text() == "a diary"


def test_a_path_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SiteError, match="file/ssh_key cannot be used") as caught:
        ssh_keys.ensure_key(str(tmp_path / "file" / "ssh_key"))
    assert caught.value.bad_input


def test_several_at_once_agree_on_one_key(path):
    answers: list[str] = []
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        answers.append(ssh_keys.ensure_key(str(path)))

    threads = [threading.Thread(target=ask) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1


def test_two_keys_differ():
    assert ssh_keys.generate().public != ssh_keys.generate().public


def node(host="172.18.0.2", port=22, keys=("ssh-ed25519 AAAA",)):
    return {"ansible_host": host, "ansible_port": port, "host_keys": list(keys)}


def test_known_hosts_are_addresses_with_their_keys():
    nodes = [node("b", keys=["k 2"]), node("a", keys=["k 1", "j 1"]), node("127.0.0.1", 32768)]
    assert ssh_keys.known_hosts(nodes) == "[127.0.0.1]:32768 ssh-ed25519 AAAA\na j 1\na k 1\nb k 2\n"


def test_a_node_without_an_address_is_not_known():
    assert ssh_keys.known_hosts([node(host="")]) == ""


def test_a_file_is_written_when_it_differs(tmp_path):
    file = tmp_path / "known_hosts"
    assert ssh_keys.write_if_different(str(file), "a\n") is True
    assert ssh_keys.write_if_different(str(file), "a\n") is False
    assert ssh_keys.write_if_different(str(file), "b\n") is True
    assert (file.read_text(), mode(file)) == ("b\n", 0o600)
    assert list(tmp_path.iterdir()) == [file]
