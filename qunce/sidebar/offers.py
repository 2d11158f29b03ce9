"""What to offer a member now, and why. Pure rules over what is known about them.

A rule is a function that yields offers. The order of RULES is that of the offers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.utils.translation import gettext as _

from qunce.core import day_texts

MAX_OFFERS = 4
BIRTHDAY_DAYS, MOVE_DAYS, NEW_DAYS = 7, 14, 30
"""How many days a birthday is announced before, and a move or a joining is news."""
EARLY, LATE = 0.8, 2.5
"""From which share of the usual days on a purchase is due, and from which it is lost."""
MIN_SILENCE = 30
MIN_DEPTH = 2
"""Depth from which a tag is an interest rather than a remark."""


@dataclass(frozen=True)
class Interest:
    """A tag that staff or programs deepen."""

    tag: str
    depth: int
    since: date


@dataclass(frozen=True)
class LayerMove:
    """A member's move; `is_rise` is None in layerings that rank nobody."""

    layering: str
    before: str
    after: str
    is_rise: bool | None


@dataclass(frozen=True)
class OfferContext:
    """What the rules read. `purchases` are items by day; `orders` days of orders."""

    today: date
    joined: date
    orders: Sequence[date] = ()
    purchases: Sequence[tuple[date, str]] = ()
    moves: Sequence[LayerMove] = ()
    interests: Sequence[Interest] = ()
    birthday: date | None = None
    invitations: Sequence[str] = ()
    is_present: bool = True
    has_opted_out: bool = False


@dataclass(frozen=True)
class Offer:
    """`rule` names the rule for programs; the others are sentences for staff."""

    rule: str
    what: str
    why: str


Rule = Callable[[OfferContext], Iterator[Offer]]


def decide(context: OfferContext) -> list[Offer]:
    """The offers for a member, the most urgent first.

    Members who have left or opted out get no offers.
    """
    if context.has_opted_out or not context.is_present:
        return []
    found = [offer for rule in RULES for offer in rule(context)]
    return found[:MAX_OFFERS]


# Rules


def birthday(context: OfferContext) -> Iterator[Offer]:
    if context.birthday is None:
        return
    days = (next_anniversary(context.birthday, context.today) - context.today).days
    if days <= BIRTHDAY_DAYS:
        day = day_texts.day(context.today + timedelta(days), context.today)
        yield Offer(
            "birthday", _("Birthday greetings"), _("Birthday: %(day)s.") % {"day": day}
        )


def invitation(context: OfferContext) -> Iterator[Offer]:
    for group in context.invitations:
        yield Offer(
            "invitation",
            _("An invitation to “%(group)s”") % {"group": group},
            _("You have the task to invite them, and they have not joined yet."),
        )


def layer_move(context: OfferContext) -> Iterator[Offer]:
    for move in context.moves:
        if move.is_rise is None:
            what = _("A word about “%(layer)s”") % {"layer": move.after}
        elif move.is_rise:
            what = _("Thanks for rising into “%(layer)s”") % {"layer": move.after}
        else:
            what = _("A reason to come back into “%(layer)s”") % {"layer": move.before}
        why = _("%(layering)s: from “%(before)s” to “%(after)s” within %(n)s days.") % {
            "layering": move.layering,
            "before": move.before,
            "after": move.after,
            "n": MOVE_DAYS,
        }
        yield Offer("layer_move", what, why)


def repurchase(context: OfferContext) -> Iterator[Offer]:
    """Items bought on several days that are due again, the most overdue first."""
    due = []
    for item in dict.fromkeys(name for _day, name in context.purchases):
        days = sorted({day for day, name in context.purchases if name == item})
        rhythm = usual_days(days)
        if rhythm is None:
            continue
        since = (context.today - days[-1]).days
        if EARLY * rhythm <= since <= LATE * rhythm:
            due.append((since / rhythm, item, len(days), rhythm, since))
    for _share, item, times, rhythm, since in sorted(due, reverse=True)[:2]:
        why = _(
            "Bought %(times)s times, about every %(rhythm)s days; last %(since)s days "
            "ago."
        ) % {"times": times, "rhythm": round(rhythm), "since": since}
        yield Offer("repurchase", _("“%(item)s” again") % {"item": item}, why)


def silence(context: OfferContext) -> Iterator[Offer]:
    """Regular customers who have not ordered for much longer than usual."""
    days = sorted(set(context.orders))
    rhythm = usual_days(days)
    if rhythm is None or len(days) < 3:
        return
    since = (context.today - days[-1]).days
    if since > max(LATE * rhythm, MIN_SILENCE):
        why = _("Ordered about every %(rhythm)s days; last %(since)s days ago.") % {
            "rhythm": round(rhythm),
            "since": since,
        }
        yield Offer("silence", _("A reason to come back"), why)


def first_order(context: OfferContext) -> Iterator[Offer]:
    days = (context.today - context.joined).days
    if not context.orders and days <= NEW_DAYS:
        why = _("Joined %(day)s, no order yet.") % {
            "day": day_texts.day(context.joined, context.today)
        }
        yield Offer("first_order", _("Something for a first order"), why)


def interest(context: OfferContext) -> Iterator[Offer]:
    """The deepest tags, of two with the same depth the newer one."""
    deep = [each for each in context.interests if each.depth >= MIN_DEPTH]
    for each in sorted(deep, key=lambda one: (one.depth, one.since), reverse=True)[:2]:
        why = _("Tagged “%(tag)s” ×%(depth)s, last %(day)s.") % {
            "tag": each.tag,
            "depth": each.depth,
            "day": day_texts.day(each.since, context.today),
        }
        yield Offer("interest", _("News on “%(tag)s”") % {"tag": each.tag}, why)


RULES: tuple[Rule, ...] = (
    birthday,
    invitation,
    layer_move,
    repurchase,
    silence,
    first_order,
    interest,
)


# Dates


def usual_days(days: Sequence[date]) -> float | None:
    """The median of the gaps between ascending days; None for fewer than two days."""
    gaps = [(after - before).days for before, after in itertools.pairwise(days)]
    return median(gaps) if gaps else None


def next_anniversary(day: date, today: date) -> date:
    """The first anniversary from today on; that of 29 February may be 1 March."""
    for year in (today.year, today.year + 1):
        try:
            anniversary = day.replace(year=year)
        except ValueError:
            anniversary = date(year, 3, 1)
        if anniversary >= today:
            return anniversary
    raise AssertionError
