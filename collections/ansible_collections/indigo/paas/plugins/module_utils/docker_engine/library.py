# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python library docker, which may be missing: its errors can be named all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker
    from docker.errors import APIError, DockerException, NotFound
    from requests.exceptions import RequestException

    HAS_DOCKER: bool
else:
    try:
        import docker
        from docker.errors import APIError, DockerException, NotFound
        from requests.exceptions import RequestException

        HAS_DOCKER = True
    except ImportError:
        docker = None
        HAS_DOCKER = False

        class DockerException(Exception):
            """Stands for the library's class where the library is missing."""

        class APIError(DockerException):
            """Stands for the library's class where the library is missing."""

        class NotFound(APIError):
            """Stands for the library's class where the library is missing."""

        class RequestException(OSError):
            """Stands for the library's class where the library is missing."""


__all__ = ["HAS_DOCKER", "APIError", "DockerException", "NotFound", "RequestException", "docker"]
