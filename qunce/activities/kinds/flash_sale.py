"""The kind `flash_sale`: few pieces for a short time, held for the members who reserve first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities import budget
from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Cost,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity, Way
from qunce.activities.flash_sales import pieces, reservations
from qunce.activities.flash_sales.models import Reservation, State, Waiter
from qunce.activities.flash_sales.reservations import CannotConfirm, CannotReserve
from qunce.activities.kinds import base
from qunce.activities.points.spending import NotEnoughPoints
from qunce.activities.prizes import choices
from qunce.activities.prizes.models import PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors, money
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

MAX_PIECES, MAX_EACH, MAX_MINUTES, MAX_PRICE = 10_000, 100, 24 * 60, 1_000_000
MAX_AMOUNT = 10**9
BUDGET_KEY = "flash_sale"
WAIT_WORDS = ("候补", "waitlist")
CONFIRM_WORDS = ("确认", "confirm")
SETTINGS = (
    SettingField(
        name="prize",
        label=gettext_lazy("Prize"),
        type="choice",
        default="",
        none_label=gettext_lazy("not chosen yet"),
        choices=choices.list_prizes,
    ),
    SettingField(
        name="pieces",
        label=gettext_lazy("Pieces"),
        type="number",
        default=10,
        least=1,
        most=MAX_PIECES,
    ),
    SettingField(
        name="most",
        label=gettext_lazy("Of one person, at most"),
        type="number",
        default=1,
        least=1,
        most=MAX_EACH,
    ),
    SettingField(
        name="hold_minutes",
        label=gettext_lazy("Minutes for which a piece is held"),
        type="number",
        default=15,
        least=1,
        most=MAX_MINUTES,
    ),
    SettingField(
        name="price_points",
        label=gettext_lazy("Price in points"),
        type="number",
        default=None,
        least=1,
        most=MAX_PRICE,
        none_label=gettext_lazy("not paid with points"),
    ),
    SettingField(
        name="order_amount",
        label=gettext_lazy("An order of at least this amount confirms it"),
        type="money",
        default=None,
        least=1,
        most=MAX_AMOUNT,
        none_label=gettext_lazy("not confirmed by orders"),
        help=gettext_lazy("Such as 88.00. Empty if orders confirm nothing."),
    ),
)


class NotSettled(errors.Refused):
    """Pieces are still reserved, or not handed over."""


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Reserve a piece, wait for one, or confirm a reservation, as the words say."""
    if attempt.is_rehearsal:
        return Reply(text=_("A piece is held for you. Confirm it in time."))
    word = attempt.said.strip().casefold()
    try:
        # Nothing of it stays if there is no piece.
        with transaction.atomic():
            if word in WAIT_WORDS:
                return _wait(attempt)
            if word in CONFIRM_WORDS:
                return _confirm(attempt)
            return _reserve(attempt)
    except CannotReserve as error:
        return Reply(text=str(error), accepted=False, code="sold_out")
    except (CannotConfirm, NotEnoughPoints) as error:
        return Reply(text=str(error), accepted=False, code="not_confirmed")


def _reserve(attempt: Attempt) -> Reply:
    base.join(attempt)
    row = reservations.reserve(
        activity=attempt.activity,
        account_id=attempt.account_id,
        way=attempt.way,
        by=attempt.by,
        at=attempt.at,
    )
    return Reply(text=reserved_text(row))


def _wait(attempt: Attempt) -> Reply:
    sale = pieces.get(attempt.activity)
    if not pieces.is_sold_out(sale, attempt.at):
        return _reserve(attempt)
    base.join(attempt)
    before = reservations.wait(
        activity=attempt.activity,
        account_id=attempt.account_id,
        way=attempt.way,
        at=attempt.at,
    )
    text = _("You are on the waitlist; %(n)s are before you.")
    return Reply(text=text % {"n": f"{before:,}"})


def _confirm(attempt: Attempt) -> Reply:
    if attempt.way == Way.PORTAL:
        # A personal link is enough to reserve, and not to pay.
        raise CannotConfirm(_("Sign in, and confirm it with the button."))
    own = pieces.list_active(pieces.get(attempt.activity), attempt.accounts)
    for row in own:
        if row.state == State.RESERVED and row.held_until > attempt.at:
            reservations.confirm_with_points(reservation=row, at=attempt.at)
            values = {"points": f"{row.points:,}"}
            return Reply(text=_("Confirmed for %(points)s points.") % values)
    raise CannotConfirm(_("You have no reservation that waits for you."))


def reserved_text(row: Reservation) -> str:
    """That a piece is held, until when, and how to confirm it."""
    activity = row.sale.activity
    lines = [
        _("A piece is held for you until %(time)s.")
        % {"time": time_text(activity, row.held_until)}
    ]
    price = activity.settings.get("price_points")
    if price is not None:
        text = _("Confirm it for %(points)s points: write “flash sale confirm”.")
        lines.append(text % {"points": f"{price:,}"})
    elif activity.settings.get("order_amount") is not None:
        lines.append(_("Your order confirms it."))
    else:
        lines.append(_("Our staff confirm it."))
    return " ".join(lines)


def time_text(activity: Activity, at: datetime) -> str:
    """A time of the day, with the day, where the community is."""
    return at.astimezone(ZoneInfo(activity.community.timezone)).strftime("%m-%d %H:%M")


def turn_away(attempt: Attempt) -> Reply | None:
    """Answer who comes after the last piece, without writing anything."""
    word = attempt.said.strip().casefold()
    sale = pieces.find(attempt.activity)
    if sale is None or word in (*WAIT_WORDS, *CONFIRM_WORDS):
        return None
    if not pieces.is_sold_out(sale, attempt.at):
        return None
    own = pieces.list_active(sale, attempt.accounts)
    held = [row for row in own if row.state == State.RESERVED]
    text = reserved_text(held[0]) if held else reservations.sold_out_text()
    if own and not held:
        text = _("You have one already. The others are sold out.")
    return Reply(text=text, accepted=False, code="sold_out")


# What members and staff read


def _prize_of(activity: Activity) -> PrizeStock | None:
    key = activity.settings.get("prize") or ""
    return choices.load(activity.community, [key]).get(key)


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings, prize = activity.settings, _prize_of(activity)
    minutes = settings["hold_minutes"]
    lines = [
        _("Reserve one: tap on the page, or write “flash sale”.")
        if has_page
        else _("Reserve one: write “flash sale”.")
    ]
    if prize is not None:
        values = {"n": f"{settings['pieces']:,}", "prize": prize.name}
        lines.append(_("%(n)s × %(prize)s") % values)
        if prize.archived_at is not None:
            text = _("“%(prize)s” is not offered at the moment.")
            lines.append(text % {"prize": prize.name})
    lines.append(_("At most %(n)s each.") % {"n": settings["most"]})
    text = ngettext(
        "A piece is held for %(n)s minute. Then the next on the waitlist gets it.",
        "A piece is held for %(n)s minutes. Then the next on the waitlist gets it.",
        minutes,
    )
    lines.append(text % {"n": f"{minutes:,}"})
    if settings["price_points"] is not None:
        values = {"n": f"{settings['price_points']:,}"}
        lines.append(_("It is confirmed for %(n)s points.") % values)
    if settings["order_amount"] is not None:
        amount = money.format_with_currency(
            settings["order_amount"], activity.community.currency
        )
        lines.append(
            _("It is confirmed by an order of at least %(amount)s.")
            % {"amount": amount}
        )
    return lines


def waitlist_text(activity: Activity) -> str:
    """The text to copy when it is sold out: how the waitlist works (售罄补位)."""
    return _(
        "“%(name)s” is sold out. What is not confirmed within %(n)s minutes goes to the "
        "next on the waitlist: write “flash sale waitlist”."
    ) % {"name": activity.name, "n": f"{activity.settings['hold_minutes']:,}"}


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The pieces that are left and, for somebody who is known, what is theirs."""
    sale = pieces.find(activity)
    context: dict[str, Any] = {
        "sale": sale,
        "left_text": "0" if sale is None else f"{pieces.count_free(sale, at):,}",
        "is_sold_out": sale is not None and pieces.is_sold_out(sale, at),
        "price": activity.settings.get("price_points"),
        "price_text": f"{activity.settings.get('price_points') or 0:,}",
        "own": [],
        "before": None,
        "may_reserve": False,
    }
    if sale is None or account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    own = pieces.list_active(sale, accounts)
    shown = [row for row in own if row.state != State.RESERVED or row.held_until > at]
    waiting = Waiter.objects.filter(sale=sale, state=Waiter.State.WAITING)
    mine = waiting.filter(account_id__in=accounts).order_by("pk").first()
    return context | {
        "own": [
            (row, row.state == State.RESERVED, time_text(activity, row.held_until))
            for row in shown
        ],
        "before": None if mine is None else waiting.filter(pk__lt=mine.pk).count(),
        "may_reserve": len(shown) < activity.settings["most"],
    }


# Settings, steps and results


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A price can fall, and the time and the number each can rise; the rest stays."""
    if (before["prize"], before["pieces"]) != (after["prize"], after["pieces"]):
        raise NotBetter(_("The prize and the pieces stay as members have read them."))
    for name in ("most", "hold_minutes"):
        if after[name] < before[name]:
            raise NotBetter(_("What members can reserve cannot become less."))
    for name in ("price_points", "order_amount"):
        old, new = before[name], after[name]
        if old is not None and (new is None or new > old):
            raise NotBetter(_("A price cannot rise after publication."))


def check_publishable(activity: Activity, at: datetime) -> None:
    prize = _prize_of(activity)
    if prize is None:
        raise InvalidSetting(_("Choose the prize of which there are pieces."))
    choices.check_may_offer(prize)
    if activity.ends_at is None:
        raise InvalidSetting(_("A flash sale needs an end."))
    if prize.left < activity.settings["pieces"]:
        values = {"prize": prize.name, "left": f"{prize.left:,}"}
        raise pieces.NotEnoughPieces(
            _("Of “%(prize)s” only %(left)s are left.") % values
        )


def publish(activity: Activity, at: datetime) -> None:
    prize = _prize_of(activity)
    if prize is None:
        raise InvalidSetting(_("Choose the prize of which there are pieces."))
    budget.reserve(
        activity=activity,
        key=BUDGET_KEY,
        at=at,
        money=prize.cost * activity.settings["pieces"],
    )
    pieces.publish(activity, prize.pk, activity.settings["pieces"])


def close(activity: Activity, at: datetime) -> None:
    """What is reserved can still be confirmed in its time; the rest returns."""
    pieces.give_back_left(activity)


def check_settleable(activity: Activity, at: datetime) -> None:
    rows = Reservation.objects.filter(sale=activity.pk)
    waiting = [AwardState.TO_CLAIM, AwardState.CLAIMED, AwardState.SENT]
    left = rows.filter(state=State.RESERVED).count()
    left += rows.filter(state=State.CONFIRMED, award__state__in=waiting).count()
    if left:
        raise NotSettled(
            _("%(n)s prizes are not handed over yet.") % {"n": f"{left:,}"}
        )


def highest_cost(activity: Activity) -> Cost:
    prize = _prize_of(activity)
    return Cost(money=prize.cost * activity.settings["pieces"] if prize else 0)


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    prize = _prize_of(activity)
    return [(prize.pk, activity.settings["pieces"])] if prize else []


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Reservations of the people who count, by state, and who waits."""
    counted = set(people)
    rows = list(
        Reservation.objects.filter(sale=activity.pk).values_list("account_id", "state")
    )
    waiters = list(
        Waiter.objects.filter(sale=activity.pk, state=Waiter.State.WAITING).values_list(
            "account_id", flat=True
        )
    )
    persons = account_queries.person_ids([account for account, _s in rows] + waiters)
    own = Counter(state for account, state in rows if persons[account] in counted)
    waiting = sum(persons[account] in counted for account in waiters)
    return [
        Metric(
            key="reserved", label=gettext_lazy("Reserved"), value=own[State.RESERVED]
        ),
        Metric(
            key="confirmed",
            label=gettext_lazy("Confirmed"),
            value=own[State.CONFIRMED],
        ),
        Metric(key="lapsed", label=gettext_lazy("Lapsed"), value=own[State.LAPSED]),
        Metric(key="waiting", label=gettext_lazy("On the waitlist"), value=waiting),
    ]


FLASH_SALE = kind_contract.register(
    Kind(
        key=pieces.KIND,
        label=pgettext_lazy("kind of activity", "Flash sale"),
        description=gettext_lazy(
            "A few pieces for a short time. Each is held for some minutes and then goes to "
            "the next on the waitlist."
        ),
        keywords=("秒杀", "flash sale"),
        take_part=take_part,
        turn_away=turn_away,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.SPEND,
        portal_template="portal/activities/_flash_sale.html",
        portal_context=portal_context,
        settings_form=SETTINGS,
        check_better=check_better,
        check_publishable=check_publishable,
        check_settleable=check_settleable,
        publish=publish,
        close=close,
        cancel=reservations.cancel,
        highest_cost=highest_cost,
        list_stock=list_stock,
        notices=(legal_notices.COMPLETE_TERMS,),
        may_extend=False,
    )
)
