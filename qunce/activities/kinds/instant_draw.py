"""The kind `instant_draw`: a ticket is drawn when it is used, and anybody can verify it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

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
from qunce.activities.instant_draws import (
    displays,
    instant_draws,
    instant_prizes,
    odds,
    seeds,
    tickets,
)
from qunce.activities.instant_draws.instant_draws import NEXT, NONE
from qunce.activities.instant_draws.models import InstantDraw, InstantTicket
from qunce.activities.instant_draws.tickets import Left
from qunce.activities.kinds import base
from qunce.activities.prizes import choices
from qunce.activities.prizes.models import Award
from qunce.activities.prizes.models import State as AwardState
from qunce.core import community_days, errors, money
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

KEY = instant_draws.KIND
KEYWORDS = ("试手气", "转盘", "刮奖", "spin", "scratch")
WHEEL, SCRATCH, GRID = "wheel", "scratch", "grid"
MAX_SHOWN = 20
OWN_DIGITS = 6


class NotSettled(errors.Refused):
    """Prizes are not handed over yet."""


PRIZE_COLUMNS = (
    SettingField(
        name="prize",
        label=gettext_lazy("Prize"),
        type="choice",
        default="",
        choices=choices.list_prizes,
        none_label=gettext_lazy("not chosen yet"),
    ),
    SettingField(
        name="odds",
        label=gettext_lazy("Chance in %"),
        max_length=12,
        help=gettext_lazy("Such as 12.5. Together at most 100; the rest wins nothing."),
    ),
    SettingField(
        name="count",
        label=pgettext_lazy("prizes", "How many"),
        type="number",
        default=1,
        least=1,
        most=instant_draws.MAX_WINNERS,
    ),
    SettingField(
        name="per_hour",
        label=gettext_lazy("Released each hour"),
        type="number",
        default=None,
        least=1,
        most=instant_draws.MAX_WINNERS,
        none_label=gettext_lazy("all at the start"),
    ),
)
SETTINGS = (
    SettingField(
        name="shown_as",
        label=gettext_lazy("Shown as"),
        type="choice",
        default=WHEEL,
        choices=(
            (WHEEL, pgettext_lazy("instant draw", "wheel")),
            (SCRATCH, pgettext_lazy("instant draw", "scratch card")),
            (GRID, pgettext_lazy("instant draw", "nine squares")),
        ),
    ),
    SettingField(
        name="prizes",
        label=gettext_lazy("Prizes"),
        type="rows",
        default=[],
        columns=PRIZE_COLUMNS,
        most_rows=instant_draws.MAX_PRIZES,
    ),
    SettingField(
        name="if_gone",
        label=gettext_lazy("When the prize that was drawn is gone"),
        type="choice",
        default=NEXT,
        choices=(
            (NEXT, gettext_lazy("the next one in the list is won")),
            (NONE, gettext_lazy("nothing is won")),
        ),
    ),
    SettingField(
        name="tickets_per_day",
        label=gettext_lazy("Tickets of one person on a day, at most"),
        type="number",
        default=1,
        least=1,
        most=100,
    ),
    SettingField(
        name="tickets_in_all",
        label=gettext_lazy("Tickets of one person in all, at most"),
        type="number",
        default=None,
        least=1,
        most=10_000,
        none_label=gettext_lazy("no limit"),
    ),
)


def take_part(attempt: Attempt) -> Reply:
    """Use one ticket, and answer what it won."""
    try:
        own_number = tickets.clean_own_number(attempt.said)
    except tickets.InvalidOwnNumber as error:
        return Reply(text=str(error), accepted=False, code="own_number")
    if attempt.is_rehearsal:
        return Reply(text=_("Your ticket is drawn now, and you read what it won."))
    try:
        ticket = tickets.draw(attempt, own_number=own_number)
    except tickets.NoTicketLeft as error:
        # Somebody who was merged with a member who took part is an entrant, too.
        base.join(attempt)
        return Reply(text=str(error), accepted=False, code="repeated")
    except tickets.NotOpen as error:
        return Reply(text=str(error), accepted=False, code="not_open")
    base.join(attempt)
    return Reply(text=outcome_text(ticket))


def outcome_text(ticket: InstantTicket) -> str:
    """What a ticket won, as the member reads it."""
    award = ticket.award
    if award is None:
        if ticket.drawn is not None:
            return _("Ticket %(n)s: that prize is gone, so you won nothing.") % {
                "n": ticket.number
            }
        return _("Ticket %(n)s: you have not won this time.") % {"n": ticket.number}
    values = {"n": ticket.number, "prize": award.stock.name}
    if ticket.won != ticket.drawn:
        text = _("Ticket %(n)s: that prize is gone, so you won the next: “%(prize)s”.")
        return text % values
    return _("Ticket %(n)s: you have won “%(prize)s”.") % values


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences, with the odds that are used."""
    settings, offers = activity.settings, instant_draws.offers_of(activity.settings)
    lines = [
        _("Write “spin” in the chat, or tap on the page.")
        if has_page
        else _("Write “spin” in the chat."),
        tickets_text(settings["tickets_per_day"], settings["tickets_in_all"]),
    ]
    stocks = instant_draws.find_stocks(activity, offers)
    currency = activity.community.currency
    for offer in offers:
        if (stock := stocks.get(offer.stock)) is None:
            continue
        values = {
            "prize": stock.name,
            "odds": odds.format_percent(offer.odds),
            "n": f"{offer.count:,}",
        }
        lines.append(_("%(odds)s: “%(prize)s”, %(n)s in all.") % values)
        if offer.per_hour is not None:
            hourly = {"prize": stock.name, "n": f"{offer.per_hour:,}"}
            lines.append(
                _("Of “%(prize)s”, %(n)s more can be won in each hour.") % hourly
            )
        days = {"prize": stock.name, "n": stock.claim_days}
        lines.append(_("Claim “%(prize)s” within %(n)s days.") % days)
        if stock.instructions:
            lines.append(stock.instructions)
        if stock.value:
            amount = money.format_with_currency(stock.value, currency)
            lines.append(_("Worth %(amount)s each.") % {"amount": amount})
    rest = odds.WHOLE - sum(offer.odds for offer in offers)
    if rest:
        lines.append(_("%(odds)s: nothing.") % {"odds": odds.format_percent(rest)})
    gone = {
        NEXT: _(
            "When a prize is gone, the next one in the list is won, if it is left."
        ),
        NONE: _("When a prize is gone, its tickets win nothing."),
    }
    return [
        *lines,
        gone[settings["if_gone"]],
        _(
            "What a ticket wins follows from a seed of the day, whose hash is published "
            "before, and from a number of your own. The seed is published the next day."
        ),
    ]


def tickets_text(per_day: int, in_all: int | None) -> str:
    """How many tickets a person has."""
    daily = ngettext("%(n)s ticket each a day", "%(n)s tickets each a day", per_day)
    text = daily % {"n": per_day}
    if in_all is None:
        return _("%(daily)s.") % {"daily": text}
    return _("%(daily)s, at most %(n)s in all.") % {"daily": text, "n": f"{in_all:,}"}


def highest_cost(activity: Activity) -> Cost:
    """What all prizes cost together."""
    offers = instant_draws.offers_of(activity.settings)
    stocks = instant_draws.find_stocks(activity, offers)
    rows = [(stocks[o.stock], o.count) for o in offers if o.stock in stocks]
    return Cost(
        points=sum(
            (stock.amount or 0) * count
            for stock, count in rows
            if stock.kind == "points"
        ),
        money=sum(stock.cost * count for stock, count in rows),
    )


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    """The ids of its prizes in their order, and how many it promises of each."""
    offers = instant_draws.offers_of(activity.settings)
    return [(offer.stock, offer.count) for offer in offers]


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """People can get more tickets, and it can look different. Nothing else changes."""
    for name in ("prizes", "if_gone"):
        if before[name] != after[name]:
            raise NotBetter(
                _("Prizes, chances and numbers cannot change after publication.")
            )
    old, new = before["tickets_in_all"], after["tickets_in_all"]
    if after["tickets_per_day"] < before["tickets_per_day"] or (
        new is not None and (old is None or new < old)
    ):
        raise NotBetter(_("The number of tickets cannot decrease after publication."))


def check_settleable(activity: Activity, at: datetime) -> None:
    """Raise while prizes are not handed over."""
    open_states = [AwardState.TO_CLAIM, AwardState.CLAIMED, AwardState.SENT]
    rows = Award.objects.filter(
        instant_ticket__draw__activity=activity, state__in=open_states
    )
    if left := rows.count():
        raise NotSettled(
            _("%(n)s prizes are not handed over yet.") % {"n": f"{left:,}"}
        )


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Tickets and prizes of the people who count."""
    counted = set(people)
    rows = list(
        InstantTicket.objects.filter(draw__activity=activity).values_list(
            "account_id", "won", "award__state"
        )
    )
    persons = account_queries.person_ids({account for account, _won, _state in rows})
    own = [row for row in rows if persons[row[0]] in counted]
    won = [state for _account, place, state in own if place is not None]
    delivered = won.count(AwardState.DELIVERED)
    return [
        Metric(
            key="tickets", label=pgettext("instant draw", "Tickets"), value=len(own)
        ),
        Metric(key="prizes_won", label=_("Prizes won"), value=len(won)),
        Metric(key="delivered", label=_("Prizes handed over"), value=delivered),
    ]


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The prizes with their odds and, for somebody who is known, their tickets."""
    found = instant_draws.find(activity)
    if found is None:
        return {}
    rows = instant_prizes.list_of(found.pk)
    rest = odds.WHOLE - sum(row.odds for row in rows)
    day = community_days.to_date(activity.community.day(at))
    context: dict[str, Any] = {
        "shown_as": activity.settings["shown_as"],
        "prizes": [
            {
                "name": row.stock.name,
                "odds": odds.format_percent(row.odds),
                "left": f"{row.total - row.taken:,}",
                "sector": sector,
            }
            for row, sector in zip(
                rows, displays.sectors([row.odds for row in rows]), strict=True
            )
        ],
        "rest": odds.format_percent(rest) if rest else "",
        "seed_hash": seeds.find_hash(found, day),
        "terms_hash": found.terms_hash,
    }
    if account_id is None:
        return context
    names = [row.stock.name for row in rows]
    return context | _own_context(found, activity, account_id, at, names)


def _own_context(
    found: InstantDraw,
    activity: Activity,
    account_id: int,
    at: datetime,
    names: Sequence[str],
) -> dict[str, Any]:
    accounts = account_queries.account_ids_of_person(account_id)
    day = community_days.to_date(activity.community.day(at))
    rows = tickets.list_of_person(found, accounts, limit=MAX_SHOWN)
    left: Left = tickets.count_left(found, activity, accounts, day)
    return {
        "left": left.now,
        "left_text": left_text(left),
        "holder": odds.holder_of(activity.public_id, account_id),
        "own_number": f"{secrets.randbelow(10**OWN_DIGITS):0{OWN_DIGITS}}",
        "tickets": [_shown_ticket(row, names) for row in rows],
    }


def _shown_ticket(row: InstantTicket, names: Sequence[str]) -> dict[str, Any]:
    """A ticket as the page shows it: its outcome, and where wheel and squares stop."""
    squares = displays.squares(len(names), row.drawn)
    hit = squares.index(row.drawn) if row.drawn in squares else -1
    return {
        "key": row.key,
        "number": row.number,
        "name": name_of(row),
        "text": outcome_text(row),
        "turn": displays.turn_of(row.roll),
        "squares": [
            (names[place] if place is not None else "", n == hit)
            for n, place in enumerate(squares)
        ],
    }


def name_of(ticket: InstantTicket) -> str:
    """What a ticket is called in addresses, which its holder opens only."""
    public_id = ticket.draw.activity.public_id
    return f"{odds.holder_of(public_id, ticket.account_id)}-{ticket.number}"


def left_text(left: Left) -> str:
    """How many tickets a person can use now."""
    text = ngettext("%(n)s ticket left today", "%(n)s tickets left today", left.now)
    if left.in_all == 0:
        return _("No ticket left")
    return text % {"n": left.now}


INSTANT_DRAW = kind_contract.register(
    Kind(
        key=KEY,
        label=gettext_lazy("instant draw"),
        description=gettext_lazy(
            "A wheel, scratch cards or nine squares: members read immediately what they "
            "have won, and can verify it the next day."
        ),
        keywords=KEYWORDS,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.CHANCE,
        portal_template="portal/activities/_instant_draw.html",
        settings_form=SETTINGS,
        notices=(legal_notices.CHANCE_PRIZE, legal_notices.COMPLETE_TERMS),
        check_settings=instant_draws.check_settings,
        check_better=check_better,
        check_publishable=instant_draws.check_publishable,
        check_settleable=check_settleable,
        publish=instant_draws.publish,
        close=instant_draws.close,
        cancel=instant_draws.cancel,
        highest_cost=highest_cost,
        list_stock=list_stock,
        portal_context=portal_context,
        may_extend=False,
        may_close_early=False,
    )
)
