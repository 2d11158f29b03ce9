"""The kind `draw`: members get tickets, and anybody can verify who won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Cost,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.draws import (
    certificates,
    draws,
    entrants,
    tickets,
    voids,
)
from qunce.activities.draws.models import State, Ticket
from qunce.activities.kinds import base
from qunce.activities.prizes.models import Award
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors, money
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries


class NotSettled(errors.Refused):
    """The draw waits for its public value, or prizes are not handed over yet."""


def take_part(attempt: Attempt) -> Reply:
    """Give the person a ticket, or name again those that they have."""
    if attempt.is_rehearsal:
        return Reply(text=_("You are in the draw. Your ticket is on the page."))
    try:
        # The list may be closed while they join: then nothing of it stays.
        with transaction.atomic():
            base.join(attempt)
            own, is_new = tickets.issue(
                activity=attempt.activity,
                account_id=attempt.account_id,
                person_id=attempt.person_id,
                accounts=attempt.accounts,
                at=attempt.at,
            )
    except draws.AlreadyPublished as error:
        return Reply(text=str(error), accepted=False, code="not_open")
    if is_new:
        number = {"number": own[0].number}
        return Reply(text=_("You are in the draw. Your ticket is %(number)s.") % number)
    return Reply(text=_have_already(own), accepted=False, code="repeated")


def _have_already(own: Sequence[Ticket]) -> str:
    if not own:
        # Two accounts were one person when they joined, who has the ticket.
        return _("This ticket belongs to somebody else now. Please ask our staff.")
    values = {"number": own[0].number, "numbers": tickets.list_numbers(own)}
    if len(own) == 1:
        return _("You are in the draw already. Your ticket is %(number)s.") % values
    return _("You are in the draw already. Your tickets are %(numbers)s.") % values


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    draw = draws.find(activity)
    lines = [_("One ticket each. Write “draw” in the chat, or tap on the page.")]
    if not has_page:
        lines = [_("One ticket each. Write “draw” in the chat.")]
    if (most := tickets.most_each(activity)) > 1:
        lines = [
            _("Your first ticket: write “draw” in the chat, or tap on the page.")
            if has_page
            else _("Your first ticket: write “draw” in the chat."),
            _("Our staff can give further ones, up to %(n)s tickets each.")
            % {"n": most},
        ]
    if draw is None:
        return lines
    for prize in draw.prizes.select_related("stock"):
        values = {"n": f"{prize.count:,}", "prize": prize.stock.name}
        lines.append(_("%(n)s × %(prize)s") % values)
        days = {"prize": prize.stock.name, "n": prize.stock.claim_days}
        lines.append(_("Claim “%(prize)s” within %(n)s days.") % days)
        if prize.stock.instructions:
            lines.append(prize.stock.instructions)
        if prize.stock.value:
            amount = money.format_with_currency(
                prize.stock.value, activity.community.currency
            )
            lines.append(_("Worth %(amount)s each.") % {"amount": amount})
    return [*lines, *certificates.sentences(draw)]


def highest_cost(activity: Activity) -> Cost:
    """What all prizes cost together."""
    draw = draws.find(activity)
    prizes = list(draw.prizes.select_related("stock")) if draw else []
    return Cost(
        points=sum(
            (prize.stock.amount or 0) * prize.count
            for prize in prizes
            if prize.stock.kind == "points"
        ),
        money=sum(prize.stock.cost * prize.count for prize in prizes),
    )


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    """The ids of its prizes in their order, and how many it promises of each."""
    draw = draws.find(activity)
    rows = draw.prizes.order_by("position") if draw is not None else []
    return [(prize.stock_id, prize.count) for prize in rows]


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Nothing of a published draw changes, neither for better nor for worse."""
    if before != after:
        raise NotBetter(_("What members have read of a draw does not change."))


def check_settleable(activity: Activity, at: datetime) -> None:
    """Raise while the draw is not drawn, or prizes are not handed over."""
    draw = draws.get(activity)
    if draw.state == State.CLOSED:
        raise NotSettled(_("The draw still waits for its public value."))
    open_states = [AwardState.TO_CLAIM, AwardState.CLAIMED, AwardState.SENT]
    rows = Award.objects.filter(draw_result__draw=draw, state__in=open_states)
    if left := rows.count():
        raise NotSettled(
            _("%(n)s prizes are not handed over yet.") % {"n": f"{left:,}"}
        )


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Tickets and prizes of the people who count."""
    draw = draws.find(activity)
    if draw is None:
        return []
    counted = set(people)
    accounts = list(draw.tickets.values_list("account_id", "removed"))
    persons = account_queries.person_ids(account for account, _removed in accounts)
    own = [r for account, r in accounts if persons[account] in counted]
    awards = list(
        Award.objects.filter(draw_result__draw=draw).values_list("account_id", "state")
    )
    winners = account_queries.person_ids(account for account, _state in awards)
    states = [state for account, state in awards if winners[account] in counted]
    delivered = states.count(AwardState.DELIVERED)
    return [
        Metric(key="tickets", label=_("Tickets"), value=own.count("")),
        Metric(
            key="removed",
            label=_("Tickets taken off"),
            value=len(own) - own.count(""),
        ),
        Metric(key="winners", label=_("Winners"), value=len(states)),
        Metric(key="delivered", label=_("Prizes handed over"), value=delivered),
    ]


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The draw, its winners, and the tickets of the visitor whom the page may show."""
    draw = draws.find(activity)
    if draw is None:
        return {}
    own = []
    if account_id is not None:
        accounts = account_queries.account_ids_of_person(account_id)
        own = tickets.find(draw, accounts)
    return {
        "draw": draw,
        "tickets": own,
        "prizes": list(draw.prizes.select_related("stock")),
        "winners": certificates.current_winners(draw),
        "won": certificates.prizes_won(draw, own),
        "removed": [
            (entrants.removal_label(reason), count)
            for reason, count in draw.removed.items()
        ],
        "is_final": certificates.is_final(draw),
    }


DRAW = kind_contract.register(
    Kind(
        key=draws.KIND,
        label=gettext_lazy("draw"),
        description=gettext_lazy(
            "Members get tickets. Winners are drawn by numbers that nobody knows before "
            "the end, and anybody can verify them."
        ),
        keywords=("抽奖", "draw"),
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.CHANCE,
        portal_template="portal/activities/_draw.html",
        settings_form=(
            SettingField(
                name=tickets.MOST,
                label=gettext_lazy("Tickets of one person, at most"),
                type="number",
                default=1,
                least=1,
                most=tickets.MAX_TICKETS,
                help=gettext_lazy(
                    "The first one is for taking part. You give further ones by hand, "
                    "with a reason."
                ),
            ),
        ),
        notices=(legal_notices.CHANCE_PRIZE, legal_notices.COMPLETE_TERMS),
        check_better=check_better,
        check_publishable=draws.check_publishable,
        check_settleable=check_settleable,
        publish=draws.publish,
        close=entrants.close,
        cancel=voids.cancel,
        highest_cost=highest_cost,
        list_stock=list_stock,
        portal_context=portal_context,
        may_extend=False,
        may_close_early=False,
    )
)
