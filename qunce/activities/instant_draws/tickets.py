"""Tickets of instant draws: each is drawn once, and its outcome is stored with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.instant_draws import (
    instant_draw_facts,
    instant_draws,
    instant_prizes,
    odds,
    seeds,
)
from qunce.activities.instant_draws.models import (
    MAX_OWN_NUMBER,
    InstantDraw,
    InstantPrize,
    InstantTicket,
    State,
)
from qunce.core import community_days, db, errors
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.activities.activities.models import Activity
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

MAX_TRIES = 5
"""Two attempts of one person at the same time want the same number."""


class NoTicketLeft(errors.Refused):
    """The person has used their tickets of the day or in all."""


class NotOpen(errors.Refused):
    """The list is closed, or the seed of the day is revealed."""


class InvalidOwnNumber(errors.Invalid):
    """The member's own number is no number, or too long."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """How many tickets a person can use now and in all; null for no limit."""

    today: int
    in_all: int | None

    @property
    def now(self) -> int:
        return self.today if self.in_all is None else min(self.today, self.in_all)


@dataclass(frozen=True, kw_only=True)
class Used:
    """The tickets that a person has used, and the number of the last one."""

    in_all: int
    today: int
    last: int

    def left(self, activity: Activity) -> Left:
        in_all = activity.settings["tickets_in_all"]
        return Left(
            today=max(0, activity.settings["tickets_per_day"] - self.today),
            in_all=None if in_all is None else max(0, in_all - self.in_all),
        )


# Checks


def clean_own_number(text: str) -> str:
    """The digits of a member's own number, "" for none. Raises InvalidOwnNumber."""
    cleaned = "".join(unicodedata.normalize("NFKC", text).split())
    is_number = cleaned.isascii() and cleaned.isdigit()
    if cleaned and (not is_number or len(cleaned) > MAX_OWN_NUMBER):
        raise InvalidOwnNumber(
            _("Your own number has 1 to %(n)s digits. Leave it out to use none.")
            % {"n": MAX_OWN_NUMBER}
        )
    return cleaned


# Verbs


def draw(attempt: Attempt, *, own_number: str) -> InstantTicket:
    """Use one ticket of a person, in the transaction of `take_part`.

    Raises NoTicketLeft or NotOpen, without a change.
    """
    activity = attempt.activity
    found = _lock_open(activity)
    key = f"{attempt.way}:{attempt.key}"
    if (before := _BY_KEY.first(draw=found.pk, key=key)) is not None:
        # Its answer is deleted after some weeks, and the ticket stays.
        return before
    day = community_days.to_date(activity.community.day(attempt.at))
    for _try in range(MAX_TRIES):
        used = _count_used(found, attempt.accounts, day)
        _check_left(used, activity)
        try:
            with transaction.atomic():
                return _draw(found, attempt, key, day, own_number, used.last + 1)
        except IntegrityError:
            # Another attempt of the same person has this number now.
            continue
    raise NotOpen(_("Please try again."))


def _lock_open(activity: Activity) -> InstantDraw:
    """The draw, which is not closed until the commit. Many can hold this lock."""
    lock = " FOR SHARE" if db.is_postgresql() else ""
    sql = (
        "SELECT id FROM instant_draws_instantdraw WHERE activity_id = %s AND state = %s"
    )
    is_open = db.rows(sql + lock, [activity.pk, State.OPEN.value])
    found = _DRAW.first(activity=activity.pk) if is_open else None
    if found is None:
        raise NotOpen(_("It is over."))
    return found


_DRAW = PreparedQuery(lambda: InstantDraw.objects.filter(activity=Param("activity")))
_BY_KEY = PreparedQuery(
    lambda: InstantTicket.objects.filter(draw=Param("draw"), key=Param("key"))
)


def _check_left(used: Used, activity: Activity) -> None:
    left = used.left(activity)
    if left.in_all is not None and left.in_all < 1:
        raise NoTicketLeft(_("You have used all your tickets."))
    if left.today < 1:
        raise NoTicketLeft(_("You have used your tickets of today."))


def _draw(
    found: InstantDraw,
    attempt: Attempt,
    key: str,
    day: date,
    own_number: str,
    number: int,
) -> InstantTicket:
    activity, account = attempt.activity, attempt.account_id
    roll = seeds.roll(
        found,
        day,
        holder=odds.holder_of(activity.public_id, account),
        number=number,
        own_number=own_number,
    )
    if roll is None:
        raise NotOpen(_("The seed of this day is revealed, so no ticket is drawn."))
    prizes = instant_prizes.list_of(found.pk)
    drawn = odds.pick(roll, [prize.odds for prize in prizes])
    # First the ticket, as another one with this number takes no prize.
    ticket = InstantTicket.objects.create(
        draw=found,
        account_id=account,
        person_id=attempt.person_id,
        number=number,
        key=key,
        own_number=own_number,
        day=day,
        roll=roll,
        drawn=drawn,
        at=attempt.at,
    )
    _take_prize(ticket, attempt, prizes)
    fact = instant_draw_facts.InstantTicketDrawn(
        activity=activity.pk,
        number=number,
        won=ticket.won is not None,
        account=account,
        group=attempt.group_id,
    )
    facts.record(fact, community=activity.community, by=attempt.by, at=attempt.at)
    return ticket


def _take_prize(
    ticket: InstantTicket, attempt: Attempt, prizes: Sequence[InstantPrize]
) -> None:
    activity, at = attempt.activity, attempt.at
    falls = activity.settings["if_gone"] == instant_draws.NEXT
    for position in odds.candidates(ticket.drawn, len(prizes), falls_to_next=falls):
        prize = prizes[position]
        released = instant_prizes.count_released(prize, activity, at)
        if n := instant_prizes.take(prize, released=released):
            ticket.won = position
            ticket.award = instant_prizes.award(
                activity, prize, n, account_id=attempt.account_id, at=at
            )
            ticket.save(update_fields=["won", "award"])
            return


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person: their own numbers and keys are deleted.

    The tickets stay counted, as the prizes do.
    """
    gone = [fact.account for fact in facts if fact.account is not None]
    rows = InstantTicket.objects.filter(
        draw__activity__community=community, account_id__in=gone
    )
    for pk in rows.values_list("pk", flat=True):
        InstantTicket.objects.filter(pk=pk).update(key=f"erased:{pk}", own_number="")


# Reads


def count_left(
    found: InstantDraw, activity: Activity, accounts: Sequence[int], day: date
) -> Left:
    """How many tickets a person has left, by all their accounts."""
    return _count_used(found, accounts, day).left(activity)


def _count_used(found: InstantDraw, accounts: Sequence[int], day: date) -> Used:
    """The tickets of a person, in one statement.

    A ticket that is committed between counting and numbering would be counted as unused
    and numbered on, so that one too many is drawn.
    """
    own = f"account_id {db.among_ids(accounts)}"
    # Tickets of accounts that were merged with them are numbered on, too.
    sql = (
        f"SELECT COUNT(CASE WHEN {own} THEN 1 END),"  # noqa: S608 - ids only
        f" COUNT(CASE WHEN {own} AND day = %s THEN 1 END), COALESCE(MAX(number), 0)"
        " FROM instant_draws_instantticket WHERE draw_id = %s"
        f" AND ({own} OR person_id {db.among_ids(accounts)})"
    )
    ((in_all, today, last),) = db.rows(sql, [day.isoformat(), found.pk])
    return Used(in_all=in_all, today=today, last=last)


def list_of_person(
    found: InstantDraw, accounts: Sequence[int], *, limit: int
) -> list[InstantTicket]:
    """The tickets of these accounts, the newest first."""
    rows = InstantTicket.objects.filter(draw=found, account_id__in=accounts)
    rows = rows.select_related("draw__activity", "award__stock")
    return list(rows.order_by("-pk")[:limit])


def list_visible(
    *, found: InstantDraw, by: Staff, at: datetime, limit: int
) -> list[InstantTicket]:
    """The newest tickets of members whom `by` sees."""
    activities.check_may_run(by, found.activity)
    rows = InstantTicket.objects.filter(draw=found).order_by("-pk")
    if not by.is_scoped:
        return list(rows[:limit])
    accounts = list(rows.order_by().values_list("account_id", flat=True).distinct())
    seen = visibility.filter_accounts(by=by, accounts=accounts, at=at)
    return list(rows.filter(account_id__in=seen)[:limit])
