"""Sign-in codes: six digits that work once, for ten minutes and five tries.

Either the page shows them and the member says them to staff or to the bot, who know who
they are; or staff make them for a member, who types them on the page of a link.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.members.personal_links import devices, limits, links, purposes
from qunce.members.personal_links.models import Device, SignIn, SignInCode

DIGITS = 6
VALIDITY = timedelta(minutes=10)
MAX_TRIES = 5
RUNG = 4
PROVIDER = "code"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SignInCodeMade(facts.FactKind):
    kind = "portal.code_made"
    label = gettext_lazy("sign-in code made")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SignInCodeConfirmed(facts.FactKind):
    kind = "portal.code_confirmed"
    label = gettext_lazy("sign-in code confirmed")
    labels = {"device": gettext_lazy("device")}
    device: str


class WrongCode(errors.Refused):
    """The digits are not those of an open code."""


@dataclass(frozen=True)
class MadeCode:
    """What staff give to a member: the path of a link, and the digits to type there."""

    path: str
    digits: str
    expires_at: datetime


# Verbs


def show(
    *, community: Community, digest: bytes, label: str, address: str, at: datetime
) -> tuple[str, SignInCode]:
    """New digits for a device that nobody is signed in on; earlier ones end."""
    # In a transaction of its own, as a refusal would take the count back.
    limits.count(
        {"device": digest.hex(), "address": address},
        most=limits.MAX_CODES,
        action="code",
        is_known=False,
        at=at,
    )
    return _show(community, digest, label, at)


@transaction.atomic
def _show(
    community: Community, digest: bytes, label: str, at: datetime
) -> tuple[str, SignInCode]:
    device = devices.ensure(community=community, digest=digest, label=label, at=at)
    SignInCode.objects.filter(device=device, used_at__isnull=True).delete()
    for _attempt in range(20):
        digits = _random_digits()
        # Two devices with the same digits would be signed in by one answer.
        if not _open(community, at).filter(digits=_hash(community, digits)).exists():
            return digits, _create(community, digits, at, device=device)
    raise limits.TooManyRequests(_("That was too often. Wait a few minutes."))


def confirm(*, account_id: int, digits: str, by: Staff, at: datetime) -> SignIn:
    """Sign the device that shows these digits in as a member, who said them to staff.

    Raises WrongCode. There are five attempts per member in ten minutes.
    """
    permissions.check_may(by, links.GIVE)
    account = visibility.get(by=by, account=account_id, at=at)
    count_attempt(account.pk, at=at)
    return _confirm(account.community, account.pk, digits, by, at)


def confirm_said(*, account_id: int, digits: str, at: datetime) -> SignIn | None:
    """Like `confirm`, for digits that a member wrote to the bot from this account.

    None if they are not those of an open code: a message is answered, and not an error.
    """
    account = Account.objects.select_related("community").get(pk=account_id)
    try:
        count_attempt(account.pk, at=at)
        return _confirm(account.community, account.pk, digits, None, at)
    except (WrongCode, limits.TooManyRequests):
        return None


@transaction.atomic
def _confirm(
    community: Community, account_id: int, digits: str, by: Staff | None, at: datetime
) -> SignIn:
    rows = _open(community, at).filter(
        digits=_hash(community, _clean(digits)), account__isnull=True
    )
    code = rows.select_related("device").first()
    if code is None or code.device is None:
        raise WrongCode(_("No page shows these digits now. Ask for new ones."))
    if not rows.filter(pk=code.pk).update(account_id=account_id, used_at=at, by=by):
        raise WrongCode(_("No page shows these digits now. Ask for new ones."))
    fact = SignInCodeConfirmed(account=account_id, device=code.device.label)
    facts.record(fact, community=community, by=by, at=at)
    return devices.sign_in(
        device=code.device, account_id=account_id, rung=RUNG, provider=PROVIDER, at=at
    )


@transaction.atomic
def make(*, account_id: int, by: Staff, at: datetime) -> MadeCode:
    """Make digits for a member, and the link on whose page they type them."""
    permissions.check_may(by, links.GIVE)
    account = visibility.get(by=by, account=account_id, at=at)
    path = links.make(
        account_id=account.pk, purpose=purposes.of(purposes.SIGN_IN), by=by, at=at
    )
    SignInCode.objects.filter(
        account=account, device__isnull=True, used_at__isnull=True
    ).delete()
    digits = _random_digits()
    code = _create(account.community, digits, at, account_id=account.pk, by=by)
    fact = SignInCodeMade(account=account.pk)
    facts.record(fact, community=account.community, by=by, at=at)
    return MadeCode(path, digits, code.expires_at)


def enter(*, account_id: int, digits: str, device: Device, at: datetime) -> SignIn:
    """Sign a member in who types the digits that staff made for them.

    Raises WrongCode. Each try counts, also if what follows fails.
    """
    with transaction.atomic():
        code = _count_try(account_id, at)
    is_right = code is not None and _is_same(code, digits)
    with transaction.atomic():
        if code is not None and is_right:
            rows = SignInCode.objects.filter(pk=code.pk, used_at__isnull=True)
            if rows.update(used_at=at, device=device):
                return devices.sign_in(
                    device=device,
                    account_id=code.account_id or account_id,
                    rung=RUNG,
                    provider=PROVIDER,
                    at=at,
                )
    raise WrongCode(
        _("These digits are not right, or no longer valid. Ask for new ones.")
    )


def count_attempt(account_id: int, *, at: datetime) -> None:
    """Count an attempt to confirm digits for a person, whoever makes it."""
    limits.count(
        {"person": str(account_id)},
        most={"person": MAX_TRIES},
        action="confirm",
        is_known=True,
        at=at,
    )


def _count_try(account_id: int, at: datetime) -> SignInCode | None:
    """Count a try of the open code of a person before the digits are compared."""
    accounts = account_queries.account_ids_of_person(account_id)
    code = (
        SignInCode.objects.filter(
            account_id__in=accounts,
            device__isnull=True,
            used_at__isnull=True,
            expires_at__gt=timestamps.to_micros(at),
        )
        .order_by("-pk")
        .first()
    )
    if code is None:
        return None
    rows = SignInCode.objects.filter(pk=code.pk, tries__lt=MAX_TRIES)
    return code if rows.update(tries=F("tries") + 1) else None


def prune(*, at: datetime) -> int:
    """Delete codes whose time is over; returns how many."""
    rows = SignInCode.objects.filter(
        expires_at__lt=timestamps.to_micros(at - timedelta(days=1))
    )
    return rows.delete()[0]


# Reads


def find_shown(
    community: Community, digest: bytes, *, at: datetime
) -> SignInCode | None:
    """The code that a device shows; the digits themselves are not stored."""
    return (
        _open(community, at)
        .filter(device__digest=digest, device__community=community)
        .order_by("-pk")
        .first()
    )


def _open(community: Community, at: datetime) -> models.QuerySet[SignInCode]:
    """Codes that pages show, and nobody has confirmed."""
    return SignInCode.objects.filter(
        community=community,
        account__isnull=True,
        used_at__isnull=True,
        expires_at__gt=timestamps.to_micros(at),
    )


def _create(
    community: Community,
    digits: str,
    at: datetime,
    *,
    account_id: int | None = None,
    device: Device | None = None,
    by: Staff | None = None,
) -> SignInCode:
    return SignInCode.objects.create(
        community=community,
        account_id=account_id,
        device=device,
        digits=_hash(community, digits),
        made_at=at,
        expires_at=at + VALIDITY,
        by=by,
    )


def _random_digits() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def _clean(digits: str) -> str:
    return "".join(sign for sign in digits if sign.isascii() and sign.isdigit())


def _hash(community: Community, digits: str) -> bytes:
    return salted_hmac(
        "sign-in code", f"{community.pk}:{digits}", algorithm="sha256"
    ).digest()


def _is_same(code: SignInCode, digits: str) -> bool:
    expected = _hash(code.community, _clean(digits))
    return secrets.compare_digest(bytes(code.digits), expected)
