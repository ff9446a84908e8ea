# SPDX-License-Identifier: Apache-2.0
"""One trusted issuer as a server: where its endpoints are, its keys, and what it says of a token."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from indigo_paas.service.identity import keys
from indigo_paas.service.identity.errors import InvalidToken, IssuerUnavailable
from indigo_paas.service.identity.kept import PATIENCE, Failed, Kept
from indigo_paas.service.identity.keys import Key
from indigo_paas.service.identity.settings import Identity, Issuer, is_private
from indigo_paas.service.identity.web import Answer, NoAnswer, Web

_log = logging.getLogger(__name__)


class Provider:
    """The server of ISSUER. Every function may raise IssuerUnavailable, and BadInput for files of the settings."""

    def __init__(self, issuer: Issuer, identity: Identity) -> None:
        self.issuer = issuer
        self._web = Web(identity.timeout, issuer.ca_file)
        self._client = (issuer.client_id, issuer.secret)
        self._document = Kept(self._discover, identity.keys_lifetime)
        self._keys = Kept(self._fetch_keys, identity.keys_lifetime, identity.keys_pause)

    def close(self) -> None:
        self._web.close()

    def candidates(self, kid: str | None, algorithm: str) -> list[Key]:
        """Return the keys that may have signed a token with this header.

        An unknown one is looked for at the issuer, which may have changed its keys, though not all the time.
        """
        try:
            return keys.candidates(self._keys.get(), kid, algorithm) or keys.candidates(
                self._keys.renewed(), kid, algorithm
            )
        except Failed as error:
            raise self._unavailable(str(error)) from None

    def introspect(self, token: str) -> Mapping[str, Any]:
        """Return what the issuer says of TOKEN (RFC 7662). Raises InvalidToken when it is not active."""
        answer = self._post("introspection_endpoint", {"token": token, "token_type_hint": "access_token"})
        if not answer.ok:
            raise self._unavailable(f"its introspection answers HTTP {answer.status} to the client of this service")
        if answer.body.get("active") is not True:
            raise InvalidToken("The issuer says that the token is not active any more. Get a new one.")
        return answer.body

    def userinfo(self, token: str) -> Mapping[str, Any]:
        """Return what the issuer says of who TOKEN is of. Raises InvalidToken when it does not accept the token."""
        url = self._endpoint("userinfo_endpoint")
        try:
            answer = self._web.get(url, token)
        except NoAnswer as error:
            raise self._unavailable(f"{url}: {error}") from None
        if answer.status in (401, 403):
            raise InvalidToken(
                "The issuer does not tell whose the token is. Get one with the scopes openid and profile."
            )
        if not answer.ok:
            raise self._unavailable(f"{url} answers HTTP {answer.status}")
        return answer.body

    def grant(self, form: Mapping[str, str]) -> Answer:
        """Ask for tokens; the answer may be a refusal."""
        return self._post("token_endpoint", form)

    def _post(self, endpoint: str, form: Mapping[str, str]) -> Answer:
        url = self._endpoint(endpoint)
        try:
            answer = self._web.post(url, form, self._client, basic=self._wants_basic(endpoint))
        except NoAnswer as error:
            raise self._unavailable(f"{url}: {error}") from None
        if answer.status >= 500 or answer.status == 429:
            raise self._unavailable(f"{url} answers HTTP {answer.status}")
        return answer

    def _wants_basic(self, endpoint: str) -> bool:
        document = self._metadata()
        usual = document.get("token_endpoint_auth_methods_supported")
        methods = document.get(f"{endpoint}_auth_methods_supported", usual)
        return not isinstance(methods, list) or "client_secret_basic" in methods or "client_secret_post" not in methods

    def _endpoint(self, name: str) -> str:
        found = self._metadata().get(name)
        if not isinstance(found, str) or not is_private(found):
            raise self._unavailable(f"its configuration has no {name} that is an https URL")
        return found

    def _metadata(self) -> Mapping[str, Any]:
        try:
            return self._document.get()
        except Failed as error:
            raise self._unavailable(str(error)) from None

    def _discover(self) -> Mapping[str, Any]:
        url = self.issuer.url.rstrip("/") + "/.well-known/openid-configuration"
        body = self._got(url)
        if body.get("issuer") != self.issuer.url:
            # Only the issuer itself may say where its keys are (OpenID Connect Discovery, 4.3).
            raise Failed(f"{url} is of another issuer: the url in the settings must be what `issuer` has there")
        return body

    def _fetch_keys(self) -> tuple[Key, ...]:
        document = self._document.get()
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not is_private(url):
            raise Failed("its configuration has no jwks_uri that is an https URL")
        found = keys.read(self._got(url))
        if not found:
            raise Failed(f"{url} has no key that can verify a signature")
        return found

    def _got(self, url: str) -> Mapping[str, Any]:
        try:
            answer = self._web.get(url)
        except NoAnswer as error:
            raise Failed(f"{url}: {error}") from None
        if not answer.ok:
            raise Failed(f"{url} answers HTTP {answer.status}")
        return answer.body

    def _unavailable(self, why: str) -> IssuerUnavailable:
        _log.warning("the issuer %s cannot be used: %s", self.issuer.url, why)
        return IssuerUnavailable(
            f"The issuer {self.issuer.url} does not answer, so tokens of it cannot be judged. Try again soon.",
            retry_after=int(PATIENCE),
        )
