"""Claims: the winner says that they want the prize, and where to, before the deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.prizes import (
    addresses,
    awards,
    codes,
    prize_facts,
    sources,
    stock,
)
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import Award, ClaimedBy, State, Unclaimed
from qunce.core import errors, permissions
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

REMIND_BEFORE = timedelta(days=3)
BATCH = 500


class CannotClaim(errors.Refused):
    """The prize is held, claimed already, or its deadline is over."""


class AddressNeeded(errors.Invalid):
    """The prize is sent to an address, and none was given."""


@dataclass(frozen=True)
class Answer:
    """What a member reads who claims by message."""

    text: str
    claimed: int = 0


# Checks


def check_may_claim(award: Award, at: datetime) -> None:
    """Raise CannotClaim with the reason that the winner reads."""
    if award.is_held:
        raise CannotClaim(_("Our staff still look at this prize. Please wait."))
    if award.state == State.RETURNED:
        raise CannotClaim(_("The time to claim this prize is over."))
    if award.state != State.TO_CLAIM:
        raise CannotClaim(_("You have claimed this prize already."))
    if at > award.claim_until:
        raise CannotClaim(_("The time to claim this prize is over."))


def may_claim(award: Award, at: datetime) -> bool:
    try:
        check_may_claim(award, at)
    except CannotClaim:
        return False
    return True


# Verbs


@transaction.atomic
def claim(
    *,
    award: Award,
    way: ClaimedBy,
    at: datetime,
    by: Staff | None = None,
    address: Address | None = None,
) -> None:
    """Claim a prize; a code is given immediately if one is left.

    Callers have checked that the member is the winner (`find_own`). Staff who type a
    claim pass `by`.
    """
    if by is not None:
        permissions.check_may(by, prize_facts.DELIVER)
        award = awards.get(pk=award.pk, by=by, at=at)
    check_may_claim(award, at)
    kind = base.get(award.stock.kind)
    if kind.needs_address and address is None:
        raise AddressNeeded(_("Give a name, a phone number and an address."))
    try:
        awards.STATES.transition(award, "claim", claimed_at=at, claimed_by=way)
    except errors.Refused:
        raise CannotClaim(_("You have claimed this prize already.")) from None
    if kind.needs_address and address is not None:
        addresses.store(award=award, address=address, at=at)
    awards.record(prize_facts.PrizeClaimed, award, by=by, at=at)
    if kind.hand_over == base.HandOver.CODE:
        codes.give(award=award, by=by, at=at)


def claim_by_message(
    *, community: Community, account_id: int, said: str, at: datetime
) -> Answer:
    """Claim all prizes of a member who wrote that they claim them.

    `said` is what follows the keyword: nothing, or a name, a phone number and an address.
    """
    accounts = account_queries.account_ids_of_person(account_id)
    waiting = [
        award
        for award in awards.list_of_person(accounts)
        if award.community_id == community.pk and may_claim(award, at)
    ]
    if not waiting:
        return Answer(_("There is no prize that you could claim now."))
    address = _read_address(said)
    claimed, missing = list[str](), list[str]()
    for award in waiting:
        needs = base.get(award.stock.kind).needs_address
        if needs and address is None:
            missing.append(award.stock.name)
            continue
        claim(
            award=award,
            way=ClaimedBy.MESSAGE,
            at=at,
            address=address if needs else None,
        )
        claimed.append(award.stock.name)
    lines = []
    if claimed:
        lines.append(_("Claimed: %(prizes)s.") % {"prizes": ", ".join(claimed)})
    if missing:
        text = _(
            "For %(prizes)s we need an address. Write the keyword, then name, phone "
            "number and address with spaces between them."
        )
        lines.append(text % {"prizes": ", ".join(missing)})
    return Answer("\n".join(lines), len(claimed))


def _read_address(said: str) -> Address | None:
    parts = said.split(maxsplit=2)
    if len(parts) < 3:
        return None
    given = Address(recipient=parts[0], phone=parts[1], address=parts[2])
    try:
        return addresses.clean(given)
    except addresses.InvalidAddress:
        return None


@transaction.atomic
def release(*, award: Award, by: Staff, at: datetime) -> None:
    """Let the winner claim a prize that was held for review, with the whole time."""
    permissions.check_may(by, prize_facts.MANAGE)
    visible = awards.get(pk=award.pk, by=by, at=at)
    rows = Award.objects.filter(pk=visible.pk, is_held=True, state=State.TO_CLAIM)
    until = at + timedelta(days=visible.stock.claim_days)
    if not rows.update(is_held=False, claim_until=until):
        raise CannotClaim(_("This prize is not held any more."))
    visible.refresh_from_db()
    awards.record(prize_facts.PrizeReleased, visible, by=by, at=at)
    awards.deliver_automatic(visible, by=by, at=at)
    award.refresh_from_db()


# The clock


def remind_due(*, at: datetime) -> int:
    """Remind the winners whose deadline is near, once; returns how many."""
    due = Award.objects.filter(
        state=State.TO_CLAIM,
        is_held=False,
        reminded_at__isnull=True,
        claim_until__gt=at,
        claim_until__lte=at + REMIND_BEFORE,
    )
    reminded = 0
    for award in due.select_related("stock", "community").order_by("pk")[:BATCH]:
        # Who won a moment ago needs no reminder.
        if at - award.awarded_at < REMIND_BEFORE:
            continue
        with transaction.atomic():
            if due.filter(pk=award.pk).update(reminded_at=at):
                awards.record(prize_facts.PrizeReminded, award, by=None, at=at)
                reminded += 1
    return reminded


def return_unclaimed(*, at: datetime) -> int:
    """Take back what nobody claimed in time; returns how many prizes."""
    due = Award.objects.filter(
        state=State.TO_CLAIM, is_held=False, claim_until__lt=at
    ).select_related("stock__community", "community")
    returned = 0
    for award in due.order_by("pk")[:BATCH]:
        with transaction.atomic():
            try:
                take_back(award=award, reason="", by=None, at=at)
            except errors.Refused:
                continue  # claimed a moment ago
            returned += 1
    return returned


def take_back(
    *,
    award: Award,
    reason: str,
    by: Staff | None,
    at: datetime,
    is_next: bool | None = None,
) -> None:
    """Return an award, and its prize to the stock unless the next winner gets it.

    By default the prize says what becomes of it when nobody claimed it. It is called in
    the caller's transaction.
    """
    was_claimed = award.state != State.TO_CLAIM
    source = sources.find(award.source)
    if is_next is None:
        is_next = not was_claimed and source is not None and source.has_next
        if award.stock.unclaimed != Unclaimed.NEXT:
            is_next = is_next and source is not None and source.always_next
    awards.STATES.transition(
        award, "return", returned_at=at, return_reason=reason, is_passed_on=is_next
    )
    if not is_next:
        # The stock is locked last, as it is when points are spent on a prize.
        if source is not None:
            source.returned(award, at)
        stock.give_back(stock_id=award.stock_id)
    awards.record(
        prize_facts.PrizeReturned,
        award,
        by=by,
        at=at,
        was_claimed=was_claimed,
        source=award.source,
        source_key=award.source_key,
        next=is_next,
    )


# Reads


def find_own(
    *, community: Community, public_id: str, accounts: Sequence[int]
) -> Award | None:
    """The award with this public id, if it belongs to one of these accounts."""
    rows = Award.objects.filter(
        community=community, public_id=public_id, account_id__in=accounts
    )
    return rows.select_related("stock__community", "community").first()  # unique
