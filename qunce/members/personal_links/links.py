"""Personal links: one account, one purpose, at most 30 days, for one device.

Whoever opens a link first and says that it is theirs has it; on any other device it shows
what everybody sees. A link can be revoked alone, with all of its member, or with all for
its purpose.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.personal_links import devices, purposes, tokens
from qunce.members.personal_links.models import (
    MAX_SOURCE_LENGTH,
    Device,
    LinkBinding,
    LinkRevocation,
)
from qunce.members.personal_links.tokens import Token

GIVE = permissions.declare(
    "portal.sign_in_members",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("give members personal links and sign-in codes"),
)
MANAGE = permissions.declare(
    "portal.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("manage the member pages"),
)
PATH = "/p/"
TOKEN_PATH = f"{PATH}_/"
"""No key of a community begins with an underscore."""
MAX_VALIDITY = timedelta(days=30)


# Facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PersonalLinkMade(facts.FactKind):
    kind = "personal_link.made"
    label = gettext_lazy("personal link made")
    purpose: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PersonalLinkBound(facts.FactKind):
    kind = "personal_link.bound"
    label = gettext_lazy("personal link opened on a device")
    purpose: str
    source: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PersonalLinksRevoked(facts.FactKind):
    """Without an account, links of all members for a purpose; without one, for all."""

    kind = "personal_link.revoked"
    label = gettext_lazy("personal links revoked")
    purpose: str = ""


# Errors


class LinkNotFound(errors.NotFound):
    """There is no such link, or its member is gone."""


class LinkClosed(errors.Refused):
    """The link has expired or was revoked."""


class LinkTaken(errors.Refused):
    """Another device has the link."""


class InvalidValidity(errors.Invalid):
    """A link cannot be valid for so long."""


# Checks


def check_validity(valid_for: timedelta) -> None:
    if not timedelta(hours=1) <= valid_for <= MAX_VALIDITY:
        raise InvalidValidity(
            _("A personal link can be valid from one hour to %(n)s days.")
            % {"n": MAX_VALIDITY.days}
        )


def check_open(token: Token, *, at: datetime) -> account_models.Account:
    """The account of a link that is valid; raises LinkNotFound or LinkClosed."""
    account = (
        account_models.Account.objects.select_related("community")
        .filter(pk=token.account, erased_at__isnull=True)
        .first()
    )
    if account is None:
        raise LinkNotFound(_("There is no such page."))
    if at >= token.expires_at:
        raise LinkClosed(_("This link has expired. Ask for a new one."))
    revoked_one = LinkBinding.objects.filter(
        token_id=token.id, revoked_at__isnull=False
    )
    if revoked_one.exists() or _revocations_of(token, account.community).exists():
        raise LinkClosed(_("This link is no longer valid. Ask for a new one."))
    return account


def _revocations_of(
    token: Token, community: Community
) -> models.QuerySet[LinkRevocation]:
    rows = LinkRevocation.objects.filter(
        community=community, revoked_at__gte=timestamps.to_micros(token.issued_at)
    )
    theirs = models.Q(account_id=token.account) | models.Q(account__isnull=True)
    return rows.filter(theirs, purpose__in=["", token.purpose])


# Verbs


@transaction.atomic
def make(
    *,
    account_id: int,
    purpose: str,
    by: Staff,
    at: datetime,
    valid_for: timedelta = MAX_VALIDITY,
) -> str:
    """Make a link for one member and one purpose; returns its path.

    Give it to the member only: who opens it first has it. `address` makes a whole address
    of the path.
    """
    permissions.check_may(by, GIVE)
    purposes.check(purpose)
    check_validity(valid_for)
    account = visibility.get(by=by, account=account_id, at=at)
    token = Token(
        id=secrets.token_bytes(tokens.ID_BYTES),
        account=account.pk,
        purpose=purpose,
        issued_at=at,
        hours=valid_for // tokens.HOUR,
    )
    LinkBinding.objects.create(
        community=account.community,
        account=account,
        token_id=token.id,
        purpose=purpose,
        made_at=at,
        expires_at=token.expires_at,
        by=by,
    )
    fact = PersonalLinkMade(account=account.pk, purpose=purpose)
    facts.record(fact, community=account.community, by=by, at=at)
    return TOKEN_PATH + tokens.encode(token)


def for_message(
    *, account_id: int, purpose: str, source: str, issued_at: datetime
) -> str:
    """The address in one message to one member, the same each time; nothing is stored."""
    digest = salted_hmac(
        "personal link in a message", f"{source} {account_id} {purpose}"
    ).digest()
    token = Token(
        id=digest[: tokens.ID_BYTES],
        account=account_id,
        purpose=purpose,
        issued_at=issued_at,
        hours=MAX_VALIDITY // tokens.HOUR,
        source=source[:MAX_SOURCE_LENGTH],
    )
    return address(TOKEN_PATH + tokens.encode(token))


@transaction.atomic
def bind(
    *, token: Token, device_digest: bytes, device_label: str, at: datetime
) -> LinkBinding:
    """Bind a link to the device whose member says that it is theirs.

    Raises LinkTaken on any other device than the first, and what `check_open` raises. Of
    two devices at the same moment, one gets it.
    """
    account = check_open(token, at=at)
    device = devices.ensure(
        community=account.community, digest=device_digest, label=device_label, at=at
    )
    LinkBinding.objects.bulk_create(
        [
            LinkBinding(
                community=account.community,
                account=account,
                token_id=token.id,
                purpose=token.purpose,
                source=token.source,
                made_at=token.issued_at,
                expires_at=token.expires_at,
            )
        ],
        ignore_conflicts=True,
    )
    rows = LinkBinding.objects.filter(token_id=token.id, revoked_at__isnull=True)
    if rows.filter(device__isnull=True).update(device=device, bound_at=at):
        fact = PersonalLinkBound(
            account=account.pk, purpose=token.purpose, source=token.source
        )
        facts.record(fact, community=account.community, by=None, at=at)
    binding = rows.filter(device=device).first()
    if binding is None:
        raise LinkTaken(
            _("This link is already used on another device. Ask for a new one.")
        )
    return binding


@transaction.atomic
def revoke(*, pk: int, by: Staff, at: datetime) -> None:
    """Revoke one link, by the id of its binding."""
    permissions.check_may(by, GIVE)
    binding = LinkBinding.objects.filter(community=by.community, pk=pk).first()
    if binding is None:
        raise LinkNotFound(_("There is no such link."))
    visibility.check_visible(by=by, accounts=[binding.account_id], at=at)
    rows = LinkBinding.objects.filter(pk=pk, revoked_at__isnull=True)
    if rows.update(revoked_at=at):
        fact = PersonalLinksRevoked(account=binding.account_id, purpose=binding.purpose)
        facts.record(fact, community=by.community, by=by, at=at)


@transaction.atomic
def revoke_member(*, account_id: int, by: Staff, at: datetime) -> int:
    """Revoke all links of a person and end their sign-ins; returns how many there were.

    Links in messages that nobody has opened are revoked, too.
    """
    permissions.check_may(by, GIVE)
    account = visibility.get(by=by, account=account_id, at=at)
    accounts = account_queries.account_ids_of_person(account.pk)
    community = account.community
    count = _revoke_all(community, accounts, by, at)
    facts.record(
        PersonalLinksRevoked(account=account.pk), community=community, by=by, at=at
    )
    return count + devices.end_sign_ins(accounts=accounts, at=at)


@transaction.atomic
def revoke_purpose(
    *, community: Community, purpose: str, by: Staff, at: datetime
) -> int:
    """Revoke all links for a purpose that were made until now; returns how many are known."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    purposes.check(purpose)
    LinkRevocation.objects.create(
        community=community, purpose=purpose, revoked_at=at, by=by
    )
    rows = LinkBinding.objects.filter(
        community=community, purpose=purpose, revoked_at__isnull=True
    )
    count = rows.update(revoked_at=at)
    fact = PersonalLinksRevoked(purpose=purpose)
    facts.record(fact, community=community, by=by, at=at)
    return count


def _revoke_all(
    community: Community, accounts: Iterable[int], by: Staff | None, at: datetime
) -> int:
    ids = list(accounts)
    LinkRevocation.objects.bulk_create(
        [
            LinkRevocation(community=community, account_id=pk, revoked_at=at, by=by)
            for pk in ids
        ]
    )
    rows = LinkBinding.objects.filter(account_id__in=ids, revoked_at__isnull=True)
    return rows.update(revoked_at=at)


@transaction.atomic
def remove_device(
    *, community: Community, account_id: int, device: int, at: datetime
) -> bool:
    """Take a device from a person: their links on it are revoked, their sign-in ends.

    Called by the person themselves. False if they have no such device.
    """
    if device > account_queries.MAX_ID:
        return False
    accounts = account_queries.account_ids_of_person(account_id)
    rows = LinkBinding.objects.filter(
        community=community,
        account_id__in=accounts,
        device_id=device,
        revoked_at__isnull=True,
    )
    count = rows.update(revoked_at=at)
    count += devices.end_sign_ins(accounts=accounts, device=device, at=at)
    if count:
        fact = devices.DeviceRemoved(account=account_id)
        facts.record(fact, community=community, by=None, at=at)
    return bool(count)


# Reads

_OF_DEVICE = PreparedQuery(
    lambda: LinkBinding.objects.filter(
        device__digest=Param("digest"),
        device__community=Param("community"),
        revoked_at__isnull=True,
        expires_at__gt=Param("now"),
        account__erased_at__isnull=True,
    ).order_by("-bound_at", "-pk")
)


def read(text: str) -> Token:
    """The token of a link; raises LinkNotFound if it is none of ours."""
    try:
        return tokens.decode(text)
    except tokens.InvalidToken:
        raise LinkNotFound(_("There is no such page.")) from None


def address(path: str) -> str:
    """A whole address, as members open it."""
    return f"{settings.PORTAL_URL or settings.PUBLIC_URL}{path}"


def list_of_device(
    community: Community, digest: bytes, *, at: datetime
) -> list[LinkBinding]:
    """The links of a device that are valid, the newest first."""
    now = timestamps.to_micros(at)
    return _OF_DEVICE.all(digest=digest, community=community.pk, now=now)


def find_device(token: Token) -> Device | None:
    """The device that has the link, or None if nobody has opened it."""
    row = LinkBinding.objects.filter(token_id=token.id).select_related("device").first()
    return row.device if row else None


def list_of_member(
    *, account_id: int, by: Staff, at: datetime, limit: int = 20
) -> list[LinkBinding]:
    """The newest links of a person that staff made or that a device has."""
    permissions.check_may(by, GIVE)
    account = visibility.get(by=by, account=account_id, at=at)
    accounts = account_queries.account_ids_of_person(account.pk)
    rows = LinkBinding.objects.filter(account_id__in=accounts)
    ordered = rows.select_related("device", "by").order_by("-made_at", "-pk")
    return list(ordered[:limit])
