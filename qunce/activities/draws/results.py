"""Draws the winners once the public value is known, and again for unclaimed prizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.draws import draw_facts, drawing, draws, number_stream
from qunce.activities.draws.drawing import Drawn, Outcome
from qunce.activities.draws.models import Draw, DrawPrize, Result, State, Ticket
from qunce.activities.prizes import awards, claims, sources, stock
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors, names, permissions
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

SOURCE = "draw"
"""What awards of draws name as their source."""
BATCH = 500


class CannotDrawAgain(errors.Refused):
    """There is no winner who could be replaced."""


# Verbs


@transaction.atomic
def complete(
    *, draw: Draw, public_value: str, public_bytes: bytes, signature: str, at: datetime
) -> bool:
    """Draw the winners with a public value that was verified or typed twice.

    A void draw gets its results, which name whom it would have been, and nobody gets a
    prize. Returns whether it was not drawn before.
    """
    draw = lock(draw)
    if draw.value or draw.closed_at is None or not draw.tickets_count:
        return False
    value = number_stream.value_of(
        root=bytes.fromhex(draw.root),
        seed=bytes.fromhex(draw.seed),
        public_value=public_bytes,
    )
    fields = {
        "signature": signature,
        "public_value": public_value,
        "value": value.hex(),
        "revealed_seed": draw.seed,
        "drawn_at": at,
    }
    is_void = draw.state == State.VOID
    if is_void:
        Draw.objects.filter(pk=draw.pk).update(**fields)
        draw.refresh_from_db()
    else:
        draws.STATES.transition(draw, "draw", **fields)
    prizes = list(draw.prizes.select_related("stock__community"))
    order = drawing.in_listed_order([prize.count for prize in prizes])
    people = _people(draw)
    drawn = drawing.draw(value=value, people=people, prizes=order)
    rows = _store(draw, drawn, at)
    if not is_void:
        _award_all(draw, prizes, rows, at)
    return True


def lock(draw: Draw) -> Draw:
    """The draw as it is now, which nobody else changes until the transaction ends.

    First its activity, which the budget of its prizes and a cancellation lock.
    """
    held = Activity.objects.select_for_update(of=("self",), no_key=True)
    held.get(pk=draw.activity_id)
    rows = Draw.objects.select_for_update(of=("self",))
    return rows.select_related("activity__community").get(pk=draw.pk)


def _people(draw: Draw) -> list[int]:
    rows = Ticket.objects.filter(draw=draw, place__isnull=False).order_by("place")
    return list(rows.values_list("person_id", flat=True).iterator())


def _store(draw: Draw, drawn: Sequence[Drawn], at: datetime) -> list[Result]:
    tickets: dict[int, Ticket] = {}
    places = sorted({row.index for row in drawn})
    for start in range(0, len(places), BATCH):
        found = Ticket.objects.filter(
            draw=draw, place__in=places[start : start + BATCH]
        )
        tickets |= {ticket.place or 0: ticket for ticket in found}
    rows = [
        Result(
            draw=draw,
            k=row.k,
            ticket=tickets[row.index],
            outcome=row.outcome,
            prize=row.prize,
            instead_of=row.instead_of,
            drawn_at=at,
        )
        for row in drawn
    ]
    return Result.objects.bulk_create(rows, batch_size=BATCH)


def _award_all(
    draw: Draw, prizes: Sequence[DrawPrize], rows: Sequence[Result], at: datetime
) -> None:
    winners = [row for row in rows if row.outcome == Outcome.WON]
    left = {prize.position: prize.count for prize in prizes}
    for row in winners:
        left[row.prize or 0] -= 1
    _share_budget(draw, prizes, winners, at)
    gone = account_queries.find_erased(row.ticket.account_id for row in winners)
    by_position = {prize.position: prize for prize in prizes}
    for row in winners:
        if row.ticket.account_id not in gone:
            _award(draw, by_position[row.prize or 0], row, at)
    for position, count in left.items():
        # Fewer people than prizes: nobody is left who could win them.
        if count:
            stock.give_back(stock_id=by_position[position].stock_id, count=count)
    fact_of = draw_facts.DrawDrawn
    draws.record(fact_of, draw, by=None, at=at, winners=len(winners), again=False)
    for row in winners:
        if row.ticket.account_id in gone:
            _draw_next(draw, row, at)


def _share_budget(
    draw: Draw, prizes: Sequence[DrawPrize], winners: Sequence[Result], at: datetime
) -> None:
    """Reserve for each winner what was reserved for the prizes of their position."""
    for prize in prizes:
        own = [row.k for row in winners if row.prize == prize.position]
        budget.split(
            activity=draw.activity,
            key=draws.budget_key(prize.position),
            into=[draws.award_budget_key(k) for k in own],
            of=prize.count,
            at=at,
        )


def _award(draw: Draw, prize: DrawPrize, row: Result, at: datetime) -> None:
    account = row.ticket.account_id
    draws.record(draw_facts.TicketDrawn, draw, by=None, at=at, account=account, k=row.k)
    award = awards.award(
        stock=prize.stock,
        account_id=account,
        source=SOURCE,
        source_key=f"{draw.pk}:{row.k}",
        at=at,
        is_taken=True,
    )
    row.award = award
    row.save(update_fields=["award"])


def _draw_next(draw: Draw, row: Result, at: datetime) -> Result | None:
    """Continue the stream for the prize of a winner; None if nobody is left.

    The prize then returns to the stock.
    """
    prize = draw.prizes.select_related("stock__community").get(position=row.prize or 0)
    before = _load(draw)
    drawn = drawing.draw(
        value=bytes.fromhex(draw.value),
        people=_people(draw),
        prizes=[prize.position],
        drawn=before,
        instead_of=row.k,
    )
    rows = _store(draw, drawn, at)
    if not rows or rows[-1].outcome != Outcome.WON:
        Award.objects.filter(draw_result=row).update(is_passed_on=False)
        stock.give_back(stock_id=prize.stock_id)
        key = draws.award_budget_key(row.k)
        budget.release(activity=draw.activity, key=key, at=at)
        return None
    winner = rows[-1]
    budget.split(
        activity=draw.activity,
        key=draws.award_budget_key(row.k),
        into=[draws.award_budget_key(winner.k)],
        of=1,
        at=at,
    )
    fact_of = draw_facts.DrawDrawn
    draws.record(fact_of, draw, by=None, at=at, winners=1, again=True)
    if account_queries.find_erased([winner.ticket.account_id]):
        return _draw_next(draw, winner, at)
    _award(draw, prize, winner, at)
    return winner


def _load(draw: Draw) -> list[Drawn]:
    rows = Result.objects.filter(draw=draw).order_by("k").select_related("ticket")
    return [
        Drawn(
            row.k,
            row.ticket.place or 0,
            Outcome(row.outcome),
            row.prize,
            row.instead_of,
        )
        for row in rows
    ]


@transaction.atomic
def draw_again(
    *, draw: Draw, k: int, reason: str, by: Staff, at: datetime
) -> Result | None:
    """Take an unclaimed prize back from a winner who does not want it, for the next one.

    The stream continues, so that nobody chooses who that is. Returns the new winner, or
    None if nobody is left.
    """
    permissions.check_may(by, draw_facts.CLOSE)
    activities.check_visible(draw.activity, by)
    reason = names.clean(reason)
    if not reason or len(reason) > 200:
        raise errors.Invalid(
            _("Give a reason with at most %(n)s characters.") % {"n": 200}
        )
    draw = lock(draw)
    row = _find_replaceable(draw, k)
    award = row.award if row is not None else None
    if row is None or award is None or award.state != AwardState.TO_CLAIM:
        raise CannotDrawAgain(
            _("Only a prize that nobody has claimed goes to the next winner.")
        )
    award = awards.get(pk=award.pk, by=by, at=at)
    claims.take_back(award=award, reason=reason, by=by, at=at, is_next=True)
    return _draw_next(draw, row, at)


def _find_replaceable(draw: Draw, k: int) -> Result | None:
    """The winner at k of a draw that is not void and has drawn nobody instead."""
    rows = Result.objects.filter(draw=draw, k=k, outcome=Outcome.WON)
    if draw.state != State.DRAWN or draw.results.filter(instead_of=k).exists():
        return None
    return rows.select_related("ticket", "award").first()  # unique


def react_to_returned(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `prize.returned`: what nobody claimed in time goes to the next winner."""
    for fact in facts:
        if fact.payload["next"] and fact.payload["source"] == SOURCE:
            _replace(community, fact, at)


@transaction.atomic
def _replace(community: Community, fact: RecordedFact, at: datetime) -> None:
    pk, _separator, k = str(fact.payload["source_key"]).partition(":")
    rows = Draw.objects.filter(pk=int(pk), activity__community=community)
    for draw in rows:
        locked = lock(draw)
        # None if it is void since, or if staff have drawn again.
        row = _find_replaceable(locked, int(k))
        if row is not None:
            _draw_next(locked, row, at)


# The budget, and what members have read


def _book(award: Award, at: datetime) -> None:
    for activity, key in _budget_of(award):
        budget.book(activity=activity, key=key, at=at)


def _release(award: Award, at: datetime) -> None:
    for activity, key in _budget_of(award):
        budget.release(activity=activity, key=key, at=at)


def _budget_of(award: Award) -> Iterator[tuple[Activity, str]]:
    pk, _separator, k = award.source_key.partition(":")
    for draw in Draw.objects.filter(pk=int(pk)).select_related("activity"):
        yield draw.activity, draws.award_budget_key(int(k))


def _is_promised(prize: PrizeStock) -> bool:
    """Whether a published draw has this prize, and it is not drawn or may be drawn again."""
    waiting = Q(draw__state__in=[State.OPEN, State.CLOSED])
    waiting |= Q(
        draw__state=State.DRAWN,
        draw__results__award__stock=prize,
        draw__results__award__state=AwardState.TO_CLAIM,
    )
    return DrawPrize.objects.filter(waiting, stock=prize).exists()


sources.register(
    sources.Source(
        key=SOURCE,
        delivered=_book,
        returned=_release,
        promises=_is_promised,
        has_next=True,
    )
)


# Reads


def list_winners(draw: Draw) -> models.QuerySet[Result]:
    """The winners of a draw, in the order in which they were drawn."""
    rows = Result.objects.filter(draw=draw, outcome=Outcome.WON).order_by("k")
    return rows.select_related("ticket", "award__stock")
