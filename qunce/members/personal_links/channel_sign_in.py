"""Sign-in through a channel, which identifies the account of a member.

What the client hands over is taken once. It signs in on the device that sent it, or makes
a code that signs in on another one: a page in the frame of an app often cannot store the
cookie of its device, and then hands the sign-in over to a browser.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.channels.accounts import member_sign_in
from qunce.channels.accounts.member_sign_in import Claim, NotProven
from qunce.core import errors, timestamps
from qunce.core.communities import Community
from qunce.members.accounts.models import Account
from qunce.members.personal_links import devices
from qunce.members.personal_links.models import ChannelProof, SignIn

RUNG = 3
CODE_VALIDITY = timedelta(minutes=2)
KEPT_PROOFS = timedelta(days=30)
"""Longer than any platform's token is valid, so that none is taken again."""


class NotSignedIn(errors.Refused):
    """Nothing is proven, or the person is no member: both read the same."""


# Verbs


def sign_in(
    *,
    community: Community,
    channel: str,
    handed: Mapping[str, str],
    digest: bytes,
    label: str,
    at: datetime,
) -> SignIn:
    """Sign the member in on the device whose client handed this over.

    Raises NotSignedIn, or member_sign_in.PlatformUnavailable. The network is asked before
    anything is stored.
    """
    claim, account = _prove(community, channel, handed)
    with transaction.atomic():
        _take(community, account, claim, at, used_at=at)
        device = devices.ensure(community=community, digest=digest, label=label, at=at)
        return devices.sign_in(
            device=device, account_id=account, rung=RUNG, provider=channel, at=at
        )


def hand_over(
    *, community: Community, channel: str, handed: Mapping[str, str], at: datetime
) -> str:
    """Like `sign_in`, for another device: a code for `enter`, valid once for two minutes."""
    claim, account = _prove(community, channel, handed)
    code = secrets.token_urlsafe(32)
    with transaction.atomic():
        _take(community, account, claim, at, code=_digest(code))
    return code


@transaction.atomic
def enter(
    *, community: Community, code: str, digest: bytes, label: str, at: datetime
) -> SignIn:
    """Sign in on a device with a code that was handed over. Raises NotSignedIn."""
    rows = ChannelProof.objects.filter(
        community=community,
        code=_digest(code),
        used_at__isnull=True,
        expires_at__gt=timestamps.to_micros(at),
        account__erased_at__isnull=True,
    )
    proof = rows.first()
    if proof is None:
        raise _refusal()
    # On the row alone: with a join, PostgreSQL would not look at it again after a wait.
    unused = ChannelProof.objects.filter(pk=proof.pk, used_at__isnull=True)
    if not unused.update(used_at=at):
        raise _refusal()
    device = devices.ensure(community=community, digest=digest, label=label, at=at)
    return devices.sign_in(
        device=device,
        account_id=proof.account_id,
        rung=RUNG,
        provider=proof.channel,
        at=at,
    )


def prune(*, at: datetime) -> int:
    """Delete old proofs; returns how many."""
    rows = ChannelProof.objects.filter(
        proven_at__lt=timestamps.to_micros(at - KEPT_PROOFS)
    )
    return rows.delete()[0]


def _prove(
    community: Community, channel: str, handed: Mapping[str, str]
) -> tuple[Claim, int]:
    """The claim and the account that it proves. Nothing is stored."""
    try:
        claim = member_sign_in.read_claim(community.pk, channel, handed)
        if ChannelProof.objects.filter(digest=claim.digest).exists():
            raise NotProven
        user = member_sign_in.find_user(claim)
    except NotProven:
        raise _refusal() from None
    # Former members and staff sign in, too, as they do with digits.
    account = Account.objects.filter(
        community=community, channel=channel, key=user, erased_at__isnull=True
    ).first()
    if account is None:
        raise _refusal()
    return claim, account.pk


def _take(
    community: Community,
    account: int,
    claim: Claim,
    at: datetime,
    *,
    code: bytes | None = None,
    used_at: datetime | None = None,
) -> None:
    """Store that a claim is taken. Of two requests at the same moment, one does it."""
    _row, is_new = ChannelProof.objects.get_or_create(
        digest=claim.digest,
        defaults={
            "community": community,
            "account_id": account,
            "channel": claim.account.channel,
            "code": code,
            "proven_at": at,
            "expires_at": at + CODE_VALIDITY,
            "used_at": used_at,
        },
    )
    if not is_new:
        raise _refusal()


def _digest(code: str) -> bytes:
    """The code is random and needs no salt."""
    return hashlib.sha256(code.encode()).digest()


def _refusal() -> NotSignedIn:
    return NotSignedIn(
        _("You could not be signed in this way. Ask the staff in your group.")
    )
