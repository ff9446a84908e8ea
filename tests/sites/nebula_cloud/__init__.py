# SPDX-License-Identifier: Apache-2.0
"""A server that answers OpenNebula's XML-RPC API as oned does: it keeps state and checks what it is sent.

No package of the real one can be installed here. Its answers are read by pyone's bindings, which are generated
from the published schemas, and `strange` holds every answer against them: no element is missing, unknown or misplaced.

It is no kinder than oned of 7.x as it is by default: pools list newest first, and by owner and rights; names are the
owner's, not the cloud's; what ends a machine only begins its end; an owner may not recover; a disk is never smaller
than its image; restricted attributes pass only as the template has them; a changed security group keeps machines that
were ending; an interface also has its network's groups. Only time goes faster.
"""

from __future__ import annotations

from tests.sites.nebula_cloud.cloud import Nebula
from tests.sites.nebula_cloud.documents import strange
from tests.sites.nebula_cloud.machines import BOOT_FAILURE, EPILOG, POWEROFF, PROLOG, RUNNING, START, Machine
from tests.sites.nebula_cloud.refusals import ACTION, AUTHORIZATION, INTERNAL, Refused
from tests.sites.nebula_cloud.things import Image, Network, Template

__all__ = [
    "ACTION",
    "AUTHORIZATION",
    "BOOT_FAILURE",
    "EPILOG",
    "INTERNAL",
    "POWEROFF",
    "PROLOG",
    "RUNNING",
    "START",
    "Image",
    "Machine",
    "Nebula",
    "Network",
    "Refused",
    "Template",
    "strange",
]
