"""Draws: what is published beforehand, and never changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.draws import draw_facts
from qunce.activities.draws.models import Draw, DrawPrize, Source, State
from qunce.activities.prizes import stock
from qunce.activities.prizes.kinds import base as prize_kinds
from qunce.activities.prizes.models import PrizeStock
from qunce.core import errors, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.guards import legal_notices
from qunce.core.state_machine import StateMachine

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

__all__ = ["Draw", "Source", "State"]

STATES = StateMachine(
    {
        "publish": ((State.PREPARED,), State.OPEN),
        "close": ((State.OPEN,), State.CLOSED),
        "draw": ((State.CLOSED,), State.DRAWN),
        "declare void": ((State.OPEN, State.CLOSED, State.DRAWN), State.VOID),
    }
)
KIND = "draw"
MAX_PRIZES, MAX_WINNERS = 20, 10_000
MIN_DIGITS, MAX_DIGITS, MAX_FIGURE_NAME = 2, 18, 120
MARGIN = timedelta(minutes=2)
"""Between the end of a draw and the time at which a figure may be published."""


class DrawNotFound(errors.NotFound):
    """There is no such draw."""


class InvalidDraw(errors.Invalid):
    """What has to be published of a draw is missing or out of its limits."""


class AlreadyPublished(errors.Refused):
    """What members have read of a draw cannot be changed."""


class NotEnoughPrizes(errors.Refused):
    """The stock has fewer prizes than the draw promises."""


class SecondPersonNeeded(errors.Refused):
    """The highest prize is worth so much that one person cannot publish it alone."""


# Checks


def _check_figure(
    name: str, digits: int | None, at: datetime | None, end: datetime
) -> None:
    if not name or len(name) > MAX_FIGURE_NAME:
        raise InvalidDraw(
            _(
                "Say exactly which figure it is and of what day, in at most %(n)s characters."
            )
            % {"n": MAX_FIGURE_NAME}
        )
    if not text_validation.is_valid(name):
        raise InvalidDraw(_("This contains characters that cannot be stored."))
    if digits is None or not MIN_DIGITS <= digits <= MAX_DIGITS:
        raise InvalidDraw(
            _("Say how many digits of the figure count, from %(least)s to %(most)s.")
            % {"least": MIN_DIGITS, "most": MAX_DIGITS}
        )
    if at is None or at < end + MARGIN:
        raise InvalidDraw(
            _("The figure must be published at least 2 minutes after the draw ends.")
        )


def _check_prizes(draw: Draw, prizes: Sequence[tuple[PrizeStock, int]]) -> None:
    if len(prizes) > MAX_PRIZES:
        raise InvalidDraw(
            _("A draw has at most %(n)s different prizes.") % {"n": MAX_PRIZES}
        )
    if any(count < 1 for _stock, count in prizes):
        raise InvalidDraw(_("There is at least 1 of each prize."))
    if sum(count for _stock, count in prizes) > MAX_WINNERS:
        raise InvalidDraw(
            _("A draw has at most %(n)s prizes in all.") % {"n": f"{MAX_WINNERS:,}"}
        )
    community = draw.activity.community_id
    if any(
        prize.community_id != community or prize.archived_at for prize, _n in prizes
    ):
        raise InvalidDraw(_("Choose prizes that are not archived."))


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise with what is missing before the draw of an activity can be published."""
    draw = find(activity)
    prizes = list(draw.prizes.select_related("stock")) if draw else []
    if draw is None or not prizes:
        raise InvalidDraw(_("Choose the prizes and how many there are of each."))
    if activity.ends_at is None:
        raise InvalidDraw(_("A draw needs an end."))
    if draw.source == Source.FIGURE:
        _check_figure(
            draw.figure_name, draw.figure_digits, draw.figure_at, activity.ends_at
        )
    for prize in prizes:
        needs_instructions = prize_kinds.get(prize.stock.kind).needs_instructions
        if needs_instructions and not prize.stock.instructions:
            raise InvalidDraw(
                _(
                    "Say where and when winners get “%(prize)s”, on the page of the prize."
                )
                % {"prize": prize.stock.name}
            )
        if prize.stock.archived_at is not None:
            raise InvalidDraw(_("Choose prizes that are not archived."))
        if prize.stock.left < prize.count:
            raise NotEnoughPrizes(
                _("Of “%(prize)s” only %(left)s are left.")
                % {"prize": prize.stock.name, "left": f"{prize.stock.left:,}"}
            )


def needs_second_person(draw: Draw) -> bool:
    """Whether a prize is worth more than one person may publish alone."""
    currency = draw.activity.community.currency
    return any(
        legal_notices.needs_second_person(prize.stock.value, currency)
        for prize in draw.prizes.select_related("stock")
    )


# Verbs


@transaction.atomic
def prepare(*, activity: Activity, by: Staff, at: datetime) -> Draw:
    """The draw of an activity; it is created, with its secret seed, if there is none."""
    activities.check_may_manage(by, activity)
    if activity.kind != KIND:
        raise DrawNotFound(_("This activity is no draw."))
    draw, is_new = Draw.objects.get_or_create(activity=activity)
    if is_new:
        record(draw_facts.DrawChanged, draw, by=by, at=at)
    return draw


@transaction.atomic
def set_prizes(
    *, draw: Draw, prizes: Sequence[tuple[PrizeStock, int]], by: Staff, at: datetime
) -> None:
    """Set the prizes in the order in which they are drawn, with how many of each."""
    _check_changeable(draw, by)
    _check_prizes(draw, prizes)
    draw.prizes.all().delete()
    DrawPrize.objects.bulk_create(
        DrawPrize(draw=draw, position=position, stock=prize, count=count)
        for position, (prize, count) in enumerate(prizes)
    )
    record(draw_facts.DrawChanged, draw, by=by, at=at)


@transaction.atomic
def set_public_value(
    *,
    draw: Draw,
    source: str,
    by: Staff,
    at: datetime,
    figure_name: str = "",
    figure_digits: int | None = None,
    figure_at: datetime | None = None,
) -> None:
    """Choose the public value of a draw, which nobody knows before the end."""
    _check_changeable(draw, by)
    if source not in Source.values:
        raise InvalidDraw(_("The public value is a drand round or a published figure."))
    name = names.clean(figure_name)
    if source == Source.FIGURE:
        end = draw.activity.ends_at
        _check_figure(name, figure_digits, figure_at, end or at)
    else:
        name, figure_digits, figure_at = "", None, None
    draw.source, draw.figure_name = source, name
    draw.figure_digits, draw.figure_at = figure_digits, figure_at
    draw.save(update_fields=["source", "figure_name", "figure_digits", "figure_at"])
    record(draw_facts.DrawChanged, draw, by=by, at=at)


def _check_changeable(draw: Draw, by: Staff) -> None:
    activities.check_may_manage(by, draw.activity)
    # Read again, as a second form may have submitted it at the same time.
    rows = Activity.objects.select_for_update(of=("self",), no_key=True)
    state = rows.get(pk=draw.activity_id).state
    is_prepared = Draw.objects.filter(pk=draw.pk, state=State.PREPARED).exists()
    if not is_prepared or state != activities.State.DRAFT:
        raise AlreadyPublished(
            _("Members have read it or it is in review, so it cannot be changed.")
        )


# The steps of the activity


def publish(activity: Activity, at: datetime) -> None:
    """Take the prizes out of the stock, and fix what members read from now on."""
    check_publishable(activity, at)
    draw = get(activity)
    for prize in draw.prizes.select_related("stock"):
        if not stock.take(stock_id=prize.stock_id, count=prize.count):
            raise NotEnoughPrizes(
                _("Of “%(prize)s” too few are left.") % {"prize": prize.stock.name}
            )
    same = activity.approved_by_id in (activity.by_id, activity.submitted_by_id)
    if same and needs_second_person(draw):
        raise SecondPersonNeeded(
            _(
                "A prize is worth more than 50,000 yuan. A second person has to approve it."
            )
        )
    # Taking locks them, so that they stay as they are published.
    prizes = list(draw.prizes.select_related("stock"))
    for prize in prizes:
        budget.reserve(
            activity=activity,
            key=budget_key(prize.position),
            at=at,
            points=_points_of(prize),
            money=prize.stock.cost * prize.count,
        )
    terms = to_json(_terms(draw, prizes))
    digest = sha256(terms.encode()).hexdigest()
    STATES.transition(draw, "publish", terms=terms, terms_hash=digest)
    record(draw_facts.DrawPublished, draw, by=activity.approved_by, at=at)


def _points_of(prize: DrawPrize) -> int:
    is_points = prize.stock.kind == "points"
    return (prize.stock.amount or 0) * prize.count if is_points else 0


def budget_key(position: int) -> str:
    """What the prizes of a position are reserved under, before they are drawn."""
    return f"draw/{position}"


def award_budget_key(k: int) -> str:
    """What the prize of the winner at k is reserved under, and booked when delivered."""
    return f"draw/winner/{k}"


def _terms(draw: Draw, prizes: Sequence[DrawPrize]) -> dict[str, Any]:
    """What is published; its hash is part of every ticket's leaf."""
    activity = draw.activity
    public: dict[str, Any] = {"source": draw.source}
    if draw.source == Source.FIGURE and draw.figure_at is not None:
        public |= {
            "name": draw.figure_name,
            "digits": draw.figure_digits,
            "published_at": draw.figure_at.isoformat(),
        }
    return {
        "draw": activity.public_id,
        "name": activity.name,
        "rules": activity.text,
        "tickets_each": activity.settings.get("most_tickets", 1),
        "starts_at": activity.starts_at.isoformat(),
        "ends_at": activity.ends_at.isoformat() if activity.ends_at else "",
        "prizes": [
            {
                "name": prize.stock.name,
                "kind": prize.stock.kind,
                "amount": prize.stock.amount or 0,
                "value": prize.stock.value,
                "count": prize.count,
                "claim_days": prize.stock.claim_days,
                "unclaimed": prize.stock.unclaimed,
                "how_to_claim": prize.stock.instructions,
            }
            for prize in prizes
        ],
        "seed_hash": sha256(bytes.fromhex(draw.seed)).hexdigest(),
        "public_value": public,
    }


def to_json(content: Any) -> str:
    """The text that is hashed, as JavaScript writes it, too."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def record(
    kind: type[draw_facts.DrawFact],
    draw: Draw,
    *,
    by: Staff | None,
    at: datetime,
    account: int | None = None,
    **fields: Any,
) -> None:
    """Record a fact of this kind about a draw."""
    fact = kind(draw=draw.pk, activity=draw.activity_id, account=account, **fields)
    facts.record(fact, community=draw.activity.community, by=by, at=at)


# Reads


def find(activity: Activity) -> Draw | None:
    """The draw of an activity, None if nobody has prepared it."""
    rows = Draw.objects.filter(activity=activity).select_related("activity__community")
    return rows.first()  # unique


def get(activity: Activity) -> Draw:
    """The draw of an activity. Raises DrawNotFound."""
    draw = find(activity)
    if draw is None:
        raise DrawNotFound(_("There is no such draw."))
    return draw


def get_visible(*, activity: Activity, by: Staff) -> Draw:
    """The draw of an activity that `by` may see."""
    permissions.check_may(by, activities.RUN)
    activities.check_visible(activity, by)
    return get(activity)


def may_close(by: Staff) -> bool:
    return permissions.may(by, draw_facts.CLOSE)
