# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SDK's errors: which of them pass, and what they mean for people."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

try:
    from keystoneauth1 import exceptions as auth_errors
    from openstack import exceptions as sdk_errors

    HAS_OPENSTACK = True
    ERRORS: tuple[type[Exception], ...] = (sdk_errors.SDKException, auth_errors.ClientException)
    CONNECTION_ERRORS: tuple[type[Exception], ...] = (auth_errors.ConnectionError,)
    MISSING: tuple[type[Exception], ...] = (sdk_errors.NotFoundException, auth_errors.NotFound)
except ImportError:
    HAS_OPENSTACK = False
    ERRORS = CONNECTION_ERRORS = MISSING = ()

TOO_MANY = (413, 429)


def passing(error: Exception) -> float | None:
    """Return for how many seconds ERROR asks to be left alone, 0 when it may pass, None when it will not."""
    if isinstance(error, CONNECTION_ERRORS):
        return 0.0
    status = status_of(error)
    wish = retry_after(error)
    if status in TOO_MANY and (status == 429 or wish is not None):
        return wish or 0.0
    return (wish or 0.0) if status is not None and status >= 500 else None


def passing_or_in_use(error: Exception) -> float | None:
    """Return the same for the deletion of what may still be held by something that is just going."""
    return 0.0 if status_of(error) == 409 else passing(error)


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that ERROR came with."""
    status = getattr(error, "status_code", None) or getattr(error, "http_status", None)
    return int(status) if status else None


def retry_after(error: Exception, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that the header Retry-After of ERROR's answer asks for, as a number or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("Retry-After") or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - now(), 0.0)
    except (TypeError, ValueError):
        return None


def reason(error: Exception) -> str:
    """Return what ERROR says, on one line."""
    details = getattr(error, "details", None)
    text = details if isinstance(details, str) and details else getattr(error, "message", None) or str(error)
    return " ".join(str(text).split()).rstrip(".") or type(error).__name__


def is_quota(error: Exception) -> bool:
    """Return whether ERROR says that a quota is used up: Nova says it with 403, Neutron with 409, Cinder with 413."""
    return status_of(error) in (403, 409, 413) and "quota" in reason(error).lower()


def explained(what: str, site: str, error: Exception) -> SiteError:
    """Return the error that says that WHAT failed at SITE, why, and what to do."""
    message = f"{what} at site '{site}' failed: {reason(error)}"
    status = status_of(error)
    if is_quota(error):
        return SiteError(message, hint="Destroy what is not needed, or ask the site for a larger quota.")
    if status == 401:
        hint = "Correct the credentials of this cloud in clouds.yaml; an access token may have run out."
        return SiteError(message, hint=hint, bad_input=True)
    if status == 403:
        return SiteError(message, hint="Ask the site to let this user do it.", bad_input=True)
    if isinstance(error, CONNECTION_ERRORS):
        return SiteError(message, hint="Look whether the site's API can be reached from here.")
    return SiteError(message, bad_input=status == 400)
