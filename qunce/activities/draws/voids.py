"""Void draws: the certificate stays, with the reason and whom the values name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.draws import draw_facts, draws
from qunce.activities.draws.models import Draw, State
from qunce.activities.prizes import claims, stock
from qunce.activities.prizes.models import Award
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors, names, permissions, text_validation

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

MAX_REASON = 200
UNDELIVERED = (AwardState.TO_CLAIM, AwardState.CLAIMED)


class InvalidReason(errors.Invalid):
    """A void draw needs a reason that members read."""


# Verbs


@transaction.atomic
def declare_void(*, draw: Draw, reason: str, by: Staff, at: datetime) -> None:
    """Declare a closed draw void, for a reason that its certificate shows for ever.

    Prizes that were not sent or handed over return to the stock. What its values name
    stays on the certificate, and is completed when the public value is known.
    """
    permissions.check_may(by, draw_facts.CLOSE)
    activities.check_visible(draw.activity, by)
    if draw.closed_at is None:
        raise errors.Refused(_("The list is not closed. Cancel the activity instead."))
    text = names.clean(reason)
    if not text or len(text) > MAX_REASON or not text_validation.is_valid(text):
        raise InvalidReason(
            _("Give a reason with at most %(n)s characters.") % {"n": MAX_REASON}
        )
    declare(draw, text, by=by, at=at)


def declare(draw: Draw, reason: str, *, by: Staff | None, at: datetime) -> None:
    """Declare a draw void in the caller's transaction."""
    was_drawn = draw.value != ""
    draws.STATES.transition(
        draw, "declare void", void_reason=reason, voided_at=at, voided_by=by
    )
    if was_drawn:
        _take_back(draw, reason, by, at)
    else:
        for prize in draw.prizes.all():
            stock.give_back(stock_id=prize.stock_id, count=prize.count)
            key = draws.budget_key(prize.position)
            budget.release(activity=draw.activity, key=key, at=at)
    draws.record(draw_facts.DrawVoided, draw, by=by, at=at)


def _take_back(draw: Draw, reason: str, by: Staff | None, at: datetime) -> None:
    rows = Award.objects.filter(draw_result__draw=draw, state__in=UNDELIVERED)
    for award in rows.select_related("stock__community", "community").order_by("pk"):
        claims.take_back(award=award, reason=reason, by=by, at=at, is_next=False)
    replaced = draw.results.filter(instead_of__isnull=False).values("instead_of")
    waiting = Award.objects.filter(draw_result__draw=draw, is_passed_on=True)
    waiting = waiting.select_related("draw_result")
    for award in waiting.exclude(draw_result__k__in=replaced):
        # Its next winner has not been drawn yet, and will not be.
        if Award.objects.filter(pk=award.pk, is_passed_on=True).update(
            is_passed_on=False
        ):
            stock.give_back(stock_id=award.stock_id)
            key = draws.award_budget_key(award.draw_result.k)
            budget.release(activity=draw.activity, key=key, at=at)


def cancel(activity: Activity, at: datetime) -> None:
    """Declare the draw of a cancelled activity void, with the reason of the activity."""
    draw = draws.find(activity)
    if draw is not None and draw.state in (State.OPEN, State.CLOSED):
        declare(draw, activity.reason, by=activity.cancel_asked_by, at=at)
