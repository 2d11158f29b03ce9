"""The sign-in service of the organisation, through OpenID Connect."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.core import errors, text_validation
from qunce.core.staff.provider_accounts import Claims

logger = logging.getLogger(__name__)
SECONDS_TO_WAIT = 10
SECOND_FACTORS = frozenset("mfa otp hwk swk sms tel fpt face iris vbm sc".split())
"""Methods of RFC 8176 that a password alone does not give."""
MAX_LENGTH = 255


class ProviderFailed(errors.Unavailable):
    """The service did not answer, or what it answered is not valid."""


class ClaimsRefused(errors.Refused):
    """The service does not say, in a way that counts, who has signed in."""


def is_configured() -> bool:
    return bool(settings.OIDC_ISSUER)


def name() -> str:
    return settings.OIDC_NAME or urlsplit(settings.OIDC_ISSUER).hostname or ""


@functools.cache
def _client(issuer: str, client_id: str) -> Any:
    # Imported when it is needed, as few installations have such a service.
    from authlib.integrations.django_client import OAuth

    return OAuth().register(
        name="provider",
        client_id=client_id,
        client_secret=settings.OIDC_CLIENT_SECRET or None,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": SECONDS_TO_WAIT,
        },
    )


def _configured_client() -> Any:
    return _client(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID)


def redirect(request: HttpRequest) -> HttpResponse:
    """Redirect to the service; the session keeps what its answer must contain."""
    address = request.build_absolute_uri(reverse("login:provider-return"))
    try:
        response: HttpResponse = _configured_client().authorize_redirect(
            request, address
        )
    except Exception as error:
        raise _failed(error) from error
    return response


def read_answer(request: HttpRequest) -> dict[str, Any]:
    """Return the claims of the person who comes back from the service, verified."""
    client = _configured_client()
    issuer = {"values": [settings.OIDC_ISSUER, f"{settings.OIDC_ISSUER}/"]}
    try:
        token = client.authorize_access_token(
            request, claims_options={"iss": issuer | {"essential": True}}
        )
        claims = dict(token.get("userinfo") or {})
        if claims and settings.OIDC_LOGIN_CLAIM not in claims:
            more = dict(client.userinfo(token=token))
            if more.get("sub") == claims["sub"]:
                claims = more | claims
    except Exception as error:
        raise _failed(error) from error
    if not claims:
        raise _failed(ValueError("the answer has no id_token"))
    return claims


def _failed(error: Exception) -> ProviderFailed:
    # Whatever a service that is down, or hostile, makes the library raise.
    logger.warning("sign-in service: %s: %s", type(error).__name__, error)
    return ProviderFailed(
        _(
            "Signing in with %(name)s failed. Try again, or sign in with your login and "
            "password."
        )
        % {"name": name()}
    )


def parse_claims(claims: Mapping[str, Any]) -> Claims:
    """Check and return what is needed of the claims."""
    login, subject = claims.get(settings.OIDC_LOGIN_CLAIM), claims.get("sub")
    texts = [
        text for text in (login, subject) if isinstance(text, str) and text.strip()
    ]
    is_storable = text_validation.is_valid("".join(texts))
    if len(texts) < 2 or max(map(len, texts)) > MAX_LENGTH or not is_storable:
        raise ClaimsRefused(
            _("%(name)s does not give your login: the claim “%(claim)s” is missing.")
            % {"name": name(), "claim": settings.OIDC_LOGIN_CLAIM}
        )
    if (
        settings.OIDC_LOGIN_CLAIM == "email"
        and claims.get("email_verified") is not True
    ):
        raise ClaimsRefused(
            _("%(name)s has not verified your e-mail address.") % {"name": name()}
        )
    roles = claims.get(settings.OIDC_ROLE_CLAIM)
    listed = roles if isinstance(roles, list) else [roles]
    email = str((claims.get("email_verified") is True and claims.get("email")) or "")
    return Claims(
        issuer=settings.OIDC_ISSUER,
        subject=str(subject),
        login=str(login).strip(),
        name=str(claims.get("name") or ""),
        email=email if text_validation.is_valid(email) and len(email) < 255 else "",
        roles=[role for role in listed if isinstance(role, str)],
    )


def has_second_factor(claims: Mapping[str, Any]) -> bool:
    methods = claims.get("amr")
    return isinstance(methods, list) and bool(SECOND_FACTORS & set(map(str, methods)))
