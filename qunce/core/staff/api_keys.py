"""API keys: a program with a key acts as one staff member, within the key's scopes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff

MAX_NAME_LENGTH = 120
TOUCH_INTERVAL = timedelta(minutes=1)
"""How exactly a key's last use is known; storing each request would cost more."""

NOUNS = (
    "members tags groups orders facts imports segments layers campaigns materials tasks webhooks"
    " community staff metrics channels activities surveys"
)
READ_ONLY_NOUNS = "audit"
SCOPES = {
    *(f"{noun}:{mode}" for noun in NOUNS.split() for mode in ("read", "write")),
    *(f"{noun}:read" for noun in READ_ONLY_NOUNS.split()),
}


class ApiKey(models.Model):
    """Of the token `prefix` and a digest are stored. 256 random bits need no salt."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="keys")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="keys")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes: models.JSONField[list[str], list[str]] = models.JSONField()
    created_at = timestamps.TimestampField()
    expires_at = timestamps.TimestampField(null=True)
    revoked_at = timestamps.TimestampField(null=True)
    last_used_at = timestamps.TimestampField(null=True)

    def __str__(self) -> str:
        return self.name


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ApiKeyCreated(facts.FactKind):
    kind = "api_key.created"
    label = gettext_lazy("API key created")
    key: int
    name: str
    scopes: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ApiKeyRevoked(facts.FactKind):
    kind = "api_key.revoked"
    label = gettext_lazy("API key revoked")
    key: int
    name: str


class ApiKeyNotFound(errors.NotFound):
    """There is no such API key."""


class InvalidApiKey(errors.Invalid):
    """The name, scopes or expiry time of an API key is not valid."""


class MissingScope(errors.Refused):
    """The API key does not have the required scope."""


def check_scope(key: ApiKey, scope: str) -> None:
    if scope not in key.scopes:
        raise _missing(scope)


def check_scope_of(by: Staff, scope: str) -> None:
    """Raise MissingScope if a key that acts for `by` does not have this scope."""
    if by.key_scopes is not None and scope not in by.key_scopes:
        raise _missing(scope)


def _missing(scope: str) -> MissingScope:
    return MissingScope(
        _("This API key is not allowed to do this. The scope %(scope)s is required.")
        % {"scope": scope}
    )


def has_scope(key: ApiKey, scope: str) -> bool:
    return scope in key.scopes


def check_new(
    *, name: str, scopes: Iterable[str], expires_at: datetime | None, at: datetime
) -> None:
    if (
        not name.strip()
        or len(name) > MAX_NAME_LENGTH
        or not text_validation.is_valid(name)
    ):
        raise InvalidApiKey(
            _("Give the key a name of at most %(most)s characters.")
            % {"most": MAX_NAME_LENGTH}
        )
    if not scopes:
        raise InvalidApiKey(_("Choose at least one scope."))
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidApiKey(_("There is no scope “%(scope)s”.") % {"scope": scope})
    if expires_at is not None and expires_at <= at:
        raise InvalidApiKey(_("The expiry time is in the past. Choose a later one."))


@transaction.atomic
def create(
    *,
    name: str,
    scopes: Iterable[str],
    staff: Staff,
    by: Staff,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a key; returns it and its token, which cannot be read again."""
    permissions.check_manage_staff(by, staff)
    scopes = sorted(set(scopes))
    check_new(name=name, scopes=scopes, expires_at=expires_at, at=at)
    # Random bits rather than a password, so that a fast digest is safe.
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    token = f"qk_{prefix}_{secret}"
    key = ApiKey.objects.create(
        community=staff.community,
        staff=staff,
        name=name.strip(),
        prefix=prefix,
        digest=_digest(token),
        scopes=scopes,
        created_at=at,
        expires_at=expires_at,
    )
    created = ApiKeyCreated(key=key.pk, name=key.name, scopes=scopes)
    facts.record(created, community=key.community, by=by, at=at)
    return key, token


@transaction.atomic
def revoke(*, key: ApiKey, by: Staff, at: datetime) -> None:
    permissions.check_manage_staff(by, key.staff)
    # Of two requests that revoke a key, only the first one records the fact.
    active = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True)
    if active.update(revoked_at=at):
        revoked = ApiKeyRevoked(key=key.pk, name=key.name)
        facts.record(revoked, community=key.community, by=by, at=at)


def authenticate(token: str, at: datetime) -> ApiKey | None:
    """The key of a valid token, with its staff and community loaded; else None."""
    parts = token.split("_", 2)
    # Any text may arrive here, but only letters and digits reach the database.
    if len(parts) != 3 or parts[0] != "qk" or not parts[1].isalnum():
        return None
    # Found by the public prefix, since an index over secrets would answer in different
    # times.
    rows = ApiKey.objects.select_related(
        "staff__community", "staff__custom_role", "community"
    )
    key = next(iter(rows.filter(prefix=parts[1])), None)
    # Compared in constant time, so that timing reveals nothing about the digest.
    if key is None or not hmac.compare_digest(key.digest, _digest(token)):
        return None
    expired = key.expires_at is not None and key.expires_at <= at
    if key.revoked_at is not None or expired or not key.staff.is_active:
        return None
    if key.last_used_at is None or at - key.last_used_at >= TOUCH_INTERVAL:
        before = timestamps.to_micros(at - TOUCH_INTERVAL)
        # Of several requests at the same time one writes.
        untouched = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
        rows = ApiKey.objects.filter(untouched, pk=key.pk)
        db.write_if_possible(lambda: rows.update(last_used_at=at))
    # So that verbs know what a program may do in the name of this staff member.
    key.staff.key_scopes = frozenset(key.scopes)
    key.staff.api_key_id = key.pk
    return key


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def get(community: Community, pk: int) -> ApiKey:
    for key in ApiKey.objects.select_related("staff").filter(
        community=community, pk=pk
    ):
        return key
    raise ApiKeyNotFound(_("There is no such API key."))


def names_by_id(community: Community) -> dict[int, str]:
    """Return the names of all keys, also of those that are revoked."""
    keys = ApiKey.objects.filter(community=community).order_by("name", "pk")
    return dict(keys.values_list("pk", "name"))


def list_all(community: Community) -> list[ApiKey]:
    """Keys that are not revoked first, then by name."""
    keys = ApiKey.objects.select_related("staff").filter(community=community)
    return sorted(
        keys.order_by("name", "pk"), key=lambda key: key.revoked_at is not None
    )
