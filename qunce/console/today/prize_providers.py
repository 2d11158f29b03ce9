"""What prizes and draws need from staff: codes, parcels, hand-overs and public values."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.activities import activities
from qunce.activities.draws import drand, draw_facts
from qunce.activities.draws.models import Draw, FetchProblem, Source, State
from qunce.activities.prizes import delivery, prize_facts
from qunce.activities.prizes.kinds import base
from qunce.console.today import items
from qunce.console.today.items import DECIDE, DO, TodayItem
from qunce.core import permissions
from qunce.core.staff.models import Staff

MAX_DRAWS = 5


@items.register
def prizes_to_hand_over(staff: Staff, at: datetime) -> list[TodayItem]:
    """Parcels to pack, codes that are missing, and other prizes to hand over."""
    if not permissions.may(staff, prize_facts.DELIVER):
        return []
    # What is a staff task is on the Today of whose task it is.
    rows = delivery.list_to_hand_over(by=staff, at=at).filter(staff_task__isnull=True)
    rows = rows.order_by()
    by_kind = Counter(rows.values_list("stock__kind", flat=True))
    parcels = codes = others = 0
    for key, count in by_kind.items():
        kind = base.get(key)
        if kind.needs_address:
            parcels += count
        elif kind.hand_over == base.HandOver.CODE:
            codes += count
        else:
            others += count
    texts = {
        "parcels": ngettext("%(n)s prize to pack", "%(n)s prizes to pack", parcels),
        "codes": ngettext("%(n)s code is missing", "%(n)s codes are missing", codes),
        "others": ngettext(
            "%(n)s prize to hand over", "%(n)s prizes to hand over", others
        ),
    }
    counts = {"parcels": parcels, "codes": codes, "others": others}
    reasons = {
        "parcels": _("The winners have given their addresses."),
        "codes": _("Winners have claimed a code and wait for it."),
        "others": _("The winners have claimed them."),
    }
    return [
        TodayItem(
            key=f"prizes-{name}",
            section=DO,
            icon="gift",
            text=texts[name] % {"n": f"{count:,}"},
            reason=reasons[name],
            url=reverse("prizes:award-list"),
            action=_("Hand them over"),
            minutes=max(1, count),
        )
        for name, count in counts.items()
        if count
    ]


@items.register
def draws_that_wait(staff: Staff, at: datetime) -> list[TodayItem]:
    """Draws whose public value is known and has to be entered."""
    if not permissions.may(staff, draw_facts.CLOSE) or not permissions.may(
        staff, activities.RUN
    ):
        return []
    visible = activities.list_visible(staff).order_by().values("pk")
    rows = Draw.objects.filter(activity__in=visible, value="", tickets_count__gt=0)
    rows = rows.filter(state__in=[State.CLOSED, State.VOID]).select_related("activity")
    return [
        _item(draw)
        for draw in rows.order_by("closed_at")[:MAX_DRAWS]
        if _is_due(draw, at)
    ]


def _is_due(draw: Draw, at: datetime) -> bool:
    if draw.source == Source.FIGURE:
        return draw.figure_at is not None and draw.figure_at <= at
    return draw.drand_round is not None and drand.due_at(draw.drand_round) <= at


def _item(draw: Draw) -> TodayItem:
    is_figure = draw.source == Source.FIGURE
    reason = _("The round of drand is due. Paste its signature if there is no network.")
    if is_figure:
        reason = _("Two people type the figure, without seeing each other's.")
    elif draw.signature_refused_at is not None:
        reason = _("The signature was not that of this round.")
    elif draw.fetch_problem:
        reason = str(FetchProblem(draw.fetch_problem).label)
    return TodayItem(
        key=f"draw-{draw.pk}",
        section=DECIDE,
        icon="sparkles",
        text=_("The draw “%(name)s” waits for its public value")
        % {"name": draw.activity.name},
        reason=reason,
        url=reverse("draws:detail", args=[draw.activity_id]),
        action=_("Enter it"),
        minutes=2,
    )
