# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables that no template may give a value: those by which Ansible, or this collection, is steered."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# How a host is reached and become root on, what Ansible tells of itself, what the playbooks and the roles keep.
PREFIXES = ("ansible_", "discovered_interpreter_", "paas_", "__")

# What Ansible gives every task, whatever a variable of the name says.
MAGIC = frozenset(
    (
        "environment",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "item",
        "omit",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_names",
        "role_path",
        "role_uuid",
        "vars",
    )
)

# What Jinja and Ansible know in every expression.
_WORDS_OF_JINJA = """
    False None True and as autoescape block break call caller continue cycler debug dict do elif else endautoescape
    endblock endcall endfilter endfor endif endmacro endset endtrans endwith context extends false filter for from if
    import in include is joiner kwargs lambda lipsum lookup loop macro namespace none not now or pluralize q query range
    recursive required self set super trans true undef varargs with without
"""
WORDS_OF_JINJA = frozenset(_WORDS_OF_JINJA.split())

# The keys of plays, roles, blocks and tasks; a variable of such a name is warned of by Ansible itself.
_KEYWORDS = """
    action always any_errors_fatal args async async_val become become_exe become_flags become_method become_user block
    changed_when check_mode collections connection debugger delay delegate_facts delegate_to diff environment fact_path
    failed_when force_handlers gather_facts gather_subset gather_timeout handlers hosts ignore_errors ignore_unreachable
    listen local_action loop loop_control loop_with max_fail_percentage module_defaults name no_log notify order poll
    port post_tasks pre_tasks register remote_user rescue retries roles run_once serial strategy tags tasks throttle
    timeout until user validate_argspec vars vars_files vars_prompt when with_
"""
KEYWORDS = frozenset(_KEYWORDS.split())

# Options of Ansible's plugins that its own cleaning of facts forgets, so that a machine could set them by its facts.
_STEERING = """
    admin_users async_dir common_remote_group control_path control_path_dir deprecation_warnings facts_modules
    host_key_checking interpreter_python_fallback inventory_hostname no_target_syslog paramiko_host
    paramiko_host_key_checking paramiko_pass paramiko_password paramiko_port paramiko_private_key_file
    paramiko_proxy_command paramiko_timeout paramiko_use_rsa_sha2_algorithms paramiko_user private_key
    private_key_passphrase python_module_rlimit_nofile remote_tmp runas_flags runas_pass runas_user scp_executable
    sftp_batch_mode sftp_executable shell_allow_world_readable_temp ssh_host_key_checking sshpass_prompt su_exe su_flags
    su_pass su_prompt_l10n su_user sudo_chdir sudo_exe sudo_flags sudo_pass sudo_user system_tmpdirs target_log_info
    win_async_startup_timeout
"""
STEERING = frozenset(f"ansible_{name}" for name in _STEERING.split())

# Names that many published playbooks have as variables, though Ansible lists them. None steers it.
HARMLESS = frozenset(("name", "order", "port", "role_name", "timeout", "user"))


def is_variable(name: Any) -> bool:
    """Say whether anything is a name that Ansible takes for a variable: a text of ASCII letters, digits and _."""
    return isinstance(name, str) and _NAME.match(name) is not None


def is_reserved(name: str) -> bool:
    """Say whether a name belongs to Ansible or to this collection, in capitals or small letters."""
    low = name.lower()
    return low.startswith(PREFIXES) or name in (MAGIC | WORDS_OF_JINJA | KEYWORDS) - HARMLESS
