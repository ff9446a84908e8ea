# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pool that the role made is seen to be, by its own tools."""

from __future__ import annotations

import re
from collections.abc import Callable

from testinfra.host import Host

MEMORY = 600_000_000 // 2**20  # the inventory gives 600 MB


def _names(output: str) -> list[str]:
    return sorted(output.split())


def test_exactly_the_execute_nodes_are_in_the_pool(front: Host, workers: dict[str, Host]) -> None:
    shown = front.check_output("condor_status -constraint 'SlotType != \"Dynamic\"' -af InventoryHostname")
    assert _names(shown) == sorted(workers)


def test_the_slots_offer_what_the_inventory_says(front: Host) -> None:
    shown = front.check_output("condor_status -af SlotType TotalCpus TotalMemory | sort -u")
    assert shown.split() == ["Partitionable", "1.0", str(MEMORY)]


def test_the_front_end_manages_and_submits(front: Host) -> None:
    assert front.check_output("condor_status -schedd -af InventoryHostname") == "front-0"
    assert front.check_output("condor_status -negotiator -af InventoryHostname") == "front-0"


def test_the_daemons_start_at_boot(node: Host) -> None:
    service = node.service("condor")
    assert service.is_running
    assert service.is_enabled


def test_every_daemon_is_reached_at_one_port(front: Host) -> None:
    addresses = front.check_output("condor_status -any -constraint 'MyAddress =!= undefined' -af MyAddress").split()
    assert len(addresses) >= 4
    assert {re.match(r"<[0-9.]+:(\d+)\?", address).group(1) for address in addresses} == {"9618"}


def test_the_configuration_is_the_one_that_runs(node: Host) -> None:
    assert node.check_output("find /etc/condor/config.d /etc/condor/tokens.d -newer /var/lib/condor/applied") == ""


def test_tokens_are_for_root_only(node: Host) -> None:
    assert node.file("/etc/condor/tokens.d").mode == 0o700
    tokens = node.check_output("find /etc/condor/tokens.d -type f -printf '%m %u %f\\n'").splitlines()
    assert len(tokens) == 1
    assert re.fullmatch(r"600 root pool-[0-9a-f]{16}\.token", tokens[0])


def test_the_signing_key_is_on_the_manager_only(front: Host, workers: dict[str, Host]) -> None:
    key = front.file("/etc/condor/passwords.d/POOL")
    assert key.is_file
    assert key.mode == 0o600
    assert key.user == "root"
    assert not any(worker.file("/etc/condor/passwords.d/POOL").exists for worker in workers.values())


def test_no_token_is_in_a_log_or_a_temporary_file(node: Host) -> None:
    signature = node.check_output("cut --delimiter=. --fields=3 /etc/condor/tokens.d/*.token").strip()
    assert len(signature) > 20
    found = node.run(
        f"grep --recursive --files-with-matches --fixed-strings -e {signature} /var/log /tmp /var/tmp /run"
    )
    assert found.stdout == ""
    assert signature not in node.check_output("journalctl --no-pager")


def test_connections_are_authenticated_and_encrypted(workers: dict[str, Host]) -> None:
    for worker in workers.values():
        shown = worker.check_output("condor_ping -type collector ADVERTISE_STARTD")
        assert "using (AES, AES, and IDTOKENS) succeeded as condor@" in shown


def test_a_worker_cannot_run_the_pool(workers: dict[str, Host]) -> None:
    for worker in workers.values():
        for right in ("ADMINISTRATOR", "NEGOTIATOR", "DAEMON", "WRITE", "ADVERTISE_SCHEDD"):
            assert f"{right} failed!" in worker.run(f"condor_ping -type collector {right}").stdout


def test_a_job_of_a_user_whom_the_worker_does_not_know_runs_as_nobody(
    user: str, run_job: Callable[[str, str], str]
) -> None:
    assert run_job(user, "id -un") == "nobody"


def test_a_job_of_a_user_whom_the_worker_knows_runs_as_that_user(
    user: str, run_job: Callable[[str, str], str], workers: dict[str, Host]
) -> None:
    for worker in workers.values():
        worker.check_output(f"useradd {user}")
    try:
        assert run_job(user, "id -un") == user
    finally:
        for worker in workers.values():
            worker.check_output(f"userdel {user}")


def test_the_check_leaves_nothing_behind(front: Host) -> None:
    assert front.check_output("condor_q -allusers -af ClusterId") == ""
    assert front.check_output("find /var/lib/htcondor-check -type f -name '[0-9]*'") == ""
