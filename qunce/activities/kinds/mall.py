"""The kind `mall`: members redeem points for prizes of the stock, and can undo that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

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
from qunce.activities.activities.models import Activity
from qunce.activities.budget import BudgetExceeded
from qunce.activities.kinds import base
from qunce.activities.mall import items, redemptions
from qunce.activities.mall.items import ItemNotFound
from qunce.activities.mall.models import Redemption
from qunce.activities.mall.redemptions import NotOffered
from qunce.activities.points import balances
from qunce.activities.points.spending import NotEnoughPoints
from qunce.activities.prizes import choices
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

MAX_ITEMS, MAX_PRICE, MAX_EACH, MAX_MINUTES = 50, 1_000_000, 1_000, 7 * 24 * 60
SETTINGS = (
    SettingField(
        name="items",
        label=gettext_lazy("Items"),
        type="rows",
        default=[],
        most_rows=MAX_ITEMS,
        columns=(
            SettingField(
                name="prize",
                label=gettext_lazy("Prize"),
                type="choice",
                choices=choices.list_prizes,
            ),
            SettingField(
                name="price",
                label=gettext_lazy("Price in points"),
                type="number",
                default=100,
                least=1,
                most=MAX_PRICE,
            ),
            SettingField(
                name="most",
                label=gettext_lazy("Of one person, at most"),
                type="number",
                default=1,
                least=1,
                most=MAX_EACH,
                none_label=gettext_lazy("no limit"),
            ),
        ),
        help=gettext_lazy("Members name an item by its number, from 1 on."),
    ),
    SettingField(
        name="undo_minutes",
        label=gettext_lazy("Minutes in which members can undo it"),
        type="number",
        default=30,
        least=1,
        most=MAX_MINUTES,
        none_label=gettext_lazy("only our staff"),
    ),
)


class NotHandedOver(errors.Refused):
    """Items were redeemed that are not handed over."""


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Redeem the item whose number or name was said."""
    offered = items.list_items(attempt.activity)
    try:
        item = items.find(offered, attempt.said)
        if attempt.is_rehearsal:
            return Reply(text=_text_of(item.stock.name, item.price, None))
        # Nothing of it stays without the points, or after the last piece.
        with transaction.atomic():
            base.join(attempt)
            row = redemptions.redeem(
                activity=attempt.activity,
                item=item,
                account_id=attempt.account_id,
                way=attempt.way,
                by=attempt.by,
                at=attempt.at,
            )
    except ItemNotFound as error:
        return Reply(text=str(error), accepted=False, code="item")
    except NotOffered as error:
        return Reply(text=str(error), accepted=False, code="not_offered")
    except NotEnoughPoints as error:
        return Reply(text=str(error), accepted=False, code="points")
    except BudgetExceeded:
        text = _("“%(prize)s” is not offered at the moment.")
        return Reply(
            text=text % {"prize": item.stock.name}, accepted=False, code="budget"
        )
    held = balances.balance(account_id=attempt.account_id, at=attempt.at)
    return Reply(text=_text_of(row.stock.name, row.points, held.usable))


def _text_of(prize: str, points: int, left: int | None) -> str:
    values = {"prize": prize, "points": f"{points:,}"}
    text = _("“%(prize)s” is yours for %(points)s points.") % values
    if left is None:
        return text
    return text + " " + _("You have %(n)s points left.") % {"n": f"{left:,}"}


def turn_away(attempt: Attempt) -> Reply | None:
    """Answer who asks for something that is not there, sold out or held."""
    try:
        item = items.find(items.list_items(attempt.activity), attempt.said)
        redemptions.check_offered(item)
    except (ItemNotFound, NotOffered) as error:
        return Reply(text=str(error), accepted=False, code="not_offered")
    return None


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    lines = [
        _("Redeem your points: tap on the page, or write “redeem” and a number.")
        if has_page
        else _("Redeem your points: write “redeem” and a number.")
    ]
    for item in items.list_items(activity):
        values = {
            "number": item.number,
            "prize": item.stock.name,
            "points": f"{item.price:,}",
            "n": item.most,
        }
        if item.held_reason:
            lines.append(f"{item.number}: {item.held_reason}")
        elif item.most is None:
            lines.append(_("%(number)s: %(prize)s for %(points)s points") % values)
        else:
            text = _("%(number)s: %(prize)s for %(points)s points, at most %(n)s each")
            lines.append(text % values)
    minutes = activity.settings.get("undo_minutes")
    if minutes is None:
        lines.append(_("To undo it before it is sent, ask our staff."))
    else:
        text = ngettext(
            "You can undo it within %(n)s minute, unless you have it already.",
            "You can undo it within %(n)s minutes, unless you have it already.",
            minutes,
        )
        lines.append(text % {"n": f"{minutes:,}"})
    return lines


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The items and, for somebody who is signed in, their points and redemptions."""
    context: dict[str, Any] = {
        "items": items.list_items(activity),
        "points": None,
        "points_text": "",
        "own": [],
    }
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    own = redemptions.list_own(activity, accounts)
    usable = balances.balance(account_id=account_id, at=at).usable
    return context | {
        "points": usable,
        "points_text": f"{usable:,}",
        "own": [(row, redemptions.may_undo(row, at)) for row in own],
    }


# Settings and results


def check_settings(settings: dict[str, Any]) -> None:
    prizes = [row["prize"] for row in settings["items"]]
    if len(set(prizes)) < len(prizes):
        raise InvalidSetting(
            _("“%(field)s”: each prize is there once. Remove the second one.")
            % {"field": _("Items")}
        )


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Items are added at the end; prices can fall, numbers each and minutes can rise."""
    old, new = before["items"], after["items"]
    if [row["prize"] for row in old] != [row["prize"] for row in new[: len(old)]]:
        raise NotBetter(
            _("Items stay in their place after publication; add others at the end.")
        )
    for was, now in zip(old, new, strict=False):
        if now["price"] > was["price"]:
            raise NotBetter(_("A price cannot rise after publication."))
        if kind_contract.is_stricter(was["most"], now["most"]):
            raise NotBetter(_("What one person can have cannot become less."))
    was, now = before["undo_minutes"], after["undo_minutes"]
    if was is not None and (now is None or now < was):
        raise NotBetter(_("The time for undoing cannot become shorter."))


def check_publishable(activity: Activity, at: datetime) -> None:
    offered = items.list_items(activity)
    if not offered:
        raise InvalidSetting(_("Choose at least one prize, with its price in points."))
    for item in offered:
        choices.check_may_offer(item.stock)


def check_settleable(activity: Activity, at: datetime) -> None:
    waiting = [AwardState.TO_CLAIM, AwardState.CLAIMED, AwardState.SENT]
    rows = Redemption.objects.filter(activity=activity, award__state__in=waiting)
    if left := rows.count():
        raise NotHandedOver(
            _("%(n)s prizes are not handed over yet.") % {"n": f"{left:,}"}
        )


def highest_cost(activity: Activity) -> Cost:
    """What all items that are left cost, and those that were redeemed."""
    taken = _count_taken(activity)
    return Cost(
        money=sum(
            item.stock.cost * (item.stock.left + taken.get(item.stock.pk, 0))
            for item in items.list_items(activity)
        )
    )


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    """Its prizes, each with what is left and what was redeemed here."""
    taken = _count_taken(activity)
    return [
        (item.stock.pk, item.stock.left + taken.get(item.stock.pk, 0))
        for item in items.list_items(activity)
    ]


def _count_taken(activity: Activity) -> dict[int, int]:
    counts: dict[int, int] = {}
    rows = Redemption.objects.filter(activity=activity, undone_at__isnull=True)
    for stock in rows.values_list("stock", flat=True):
        counts[stock] = counts.get(stock, 0) + 1
    return counts


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Redemptions and points of the people who count."""
    counted = set(people)
    rows = list(
        Redemption.objects.filter(activity=activity).values_list(
            "account_id", "points", "undone_at"
        )
    )
    persons = account_queries.person_ids(account for account, _points, _at in rows)
    own = [row for row in rows if persons[row[0]] in counted]
    kept = [points for _account, points, undone_at in own if undone_at is None]
    return [
        Metric(key="redeemed", label=gettext_lazy("Redeemed"), value=len(kept)),
        Metric(key="points", label=gettext_lazy("Points redeemed"), value=sum(kept)),
        Metric(key="undone", label=gettext_lazy("Undone"), value=len(own) - len(kept)),
    ]


MALL = kind_contract.register(
    Kind(
        key=redemptions.KIND,
        label=pgettext_lazy("kind of activity", "Points mall"),
        description=gettext_lazy(
            "Members redeem points for prizes of the stock, at prices that you set."
        ),
        keywords=("兑换", "redeem"),
        take_part=take_part,
        turn_away=turn_away,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.SPEND,
        portal_template="portal/activities/_mall.html",
        portal_context=portal_context,
        settings_form=SETTINGS,
        check_settings=check_settings,
        check_better=check_better,
        check_publishable=check_publishable,
        check_settleable=check_settleable,
        highest_cost=highest_cost,
        list_stock=list_stock,
        notices=(legal_notices.COMPLETE_TERMS,),
        spends_points=True,
        may_close_early=False,
    )
)
