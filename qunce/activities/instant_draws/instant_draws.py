"""Instant draws: what is published beforehand, and what is given back at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.activities.kind_contract import InvalidSetting
from qunce.activities.activities.models import Activity
from qunce.activities.instant_draws import instant_prizes, odds
from qunce.activities.instant_draws.models import (
    DaySeed,
    InstantDraw,
    InstantPrize,
    State,
    random_seed,
)
from qunce.activities.prizes import stock
from qunce.activities.prizes.kinds import base as prize_kinds
from qunce.activities.prizes.models import PrizeStock
from qunce.core import community_days, errors, permissions
from qunce.core.guards import legal_notices
from qunce.core.state_machine import StateMachine

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

STATES = StateMachine({"close": ((State.OPEN,), State.CLOSED)})
KIND = "instant_draw"
NEXT, NONE = "next", "none"
"""What happens when the prize that was drawn is gone."""
MAX_PRIZES, MAX_WINNERS = 20, 10_000


class InstantDrawNotFound(errors.NotFound):
    """The activity is no instant draw, or it is not published."""


class NotEnoughPrizes(errors.Refused):
    """The stock has fewer prizes than the draw promises."""


class SecondPersonNeeded(errors.Refused):
    """A prize is worth so much that one person cannot publish it alone."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A row of the settings: a prize, its odds in a million, and how many there are."""

    stock: int
    odds: int
    count: int
    per_hour: int | None


# Checks


def offers_of(settings: Mapping[str, Any]) -> list[Offer]:
    """The prizes of the settings; raises InvalidSetting with the row and what it needs."""
    found = []
    for n, row in enumerate(settings.get("prizes", ()), start=1):
        parts = odds.parse_percent(row["odds"])
        if parts is None or not 0 < parts <= odds.WHOLE:
            raise InvalidSetting(
                _(
                    "Prizes, row %(row)s: write the chance in per cent, from 0.0001 to 100, "
                    "such as 12.5."
                )
                % {"row": n}
            )
        if not row["prize"]:
            raise InvalidSetting(_("Prizes, row %(row)s: choose a prize.") % {"row": n})
        found.append(
            Offer(
                stock=int(row["prize"]),
                odds=parts,
                count=row["count"],
                per_hour=row["per_hour"],
            )
        )
    return found


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise InvalidSetting if chances exceed 100 %, or there are too many prizes."""
    offers = offers_of(settings)
    if (total := sum(offer.odds for offer in offers)) > odds.WHOLE:
        raise InvalidSetting(
            _(
                "The chances of the prizes are %(total)s together. Lower them to at most "
                "100 %%."
            )
            % {"total": odds.format_percent(total)}
        )
    if (count := sum(offer.count for offer in offers)) > MAX_WINNERS:
        raise InvalidSetting(
            _("There are %(count)s prizes together. Lower them to at most %(most)s.")
            % {"count": f"{count:,}", "most": f"{MAX_WINNERS:,}"}
        )
    in_all = settings["tickets_in_all"]
    if in_all is not None and in_all < settings["tickets_per_day"]:
        raise InvalidSetting(
            _(
                "A person has more tickets on a day than in all. Raise those in all, or "
                "lower those on a day."
            )
        )


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise with what is missing before an instant draw can be published."""
    offers = offers_of(activity.settings)
    if not offers:
        raise InvalidSetting(
            _("Choose the prizes, their chances and how many there are of each.")
        )
    check_settings(activity.settings)
    if activity.ends_at is None:
        raise InvalidSetting(
            _("An instant draw needs an end, as each of its days has a seed.")
        )
    wanted: dict[int, int] = {}
    stocks = find_stocks(activity, offers)
    for offer in offers:
        prize = stocks.get(offer.stock)
        if prize is None or prize.archived_at is not None:
            raise InvalidSetting(_("Choose prizes that are not archived."))
        if (
            prize_kinds.get(prize.kind).needs_instructions and not prize.instructions
        ):  # members could not claim it
            raise InvalidSetting(
                _(
                    "Say where and when winners get “%(prize)s”, on the page of the prize."
                )
                % {"prize": prize.name}
            )
        wanted[prize.pk] = wanted.get(prize.pk, 0) + offer.count
        if prize.left < wanted[prize.pk]:
            raise NotEnoughPrizes(
                _("Of “%(prize)s” only %(left)s are left.")
                % {"prize": prize.name, "left": f"{prize.left:,}"}
            )


def find_stocks(activity: Activity, offers: Sequence[Offer]) -> dict[int, PrizeStock]:
    """The prizes of a community by their number."""
    rows = PrizeStock.objects.filter(community=activity.community_id)
    return rows.select_related("community").in_bulk([offer.stock for offer in offers])


# The steps of the activity


def publish(activity: Activity, at: datetime) -> None:
    """Take the prizes out of the stock, and fix what members read from now on."""
    check_publishable(activity, at)
    offers = offers_of(activity.settings)
    for offer in offers:
        if not stock.take(stock_id=offer.stock, count=offer.count):
            name = PrizeStock.objects.get(pk=offer.stock).name
            raise NotEnoughPrizes(
                _("Of “%(prize)s” too few are left.") % {"prize": name}
            )
    # Taking locks them, so that they stay as they are published.
    stocks = find_stocks(activity, offers)
    _check_second_person(activity, list(stocks.values()))
    draw = InstantDraw(activity=activity)
    prizes = [
        InstantPrize(
            draw=draw,
            position=position,
            stock=stocks[offer.stock],
            odds=offer.odds,
            total=offer.count,
            per_hour=offer.per_hour,
        )
        for position, offer in enumerate(offers)
    ]
    seeds = _make_seeds(draw)
    draw.terms = to_json(_terms(activity, prizes, seeds))
    draw.terms_hash = hash_of(draw.terms)
    draw.save()
    InstantPrize.objects.bulk_create(prizes)
    DaySeed.objects.bulk_create(seeds)
    for prize in prizes:
        budget.reserve(
            activity=activity,
            key=instant_prizes.budget_key(prize.position),
            at=at,
            points=instant_prizes.points_of(prize) * prize.total,
            money=prize.stock.cost * prize.total,
        )


def _check_second_person(activity: Activity, stocks: Sequence[PrizeStock]) -> None:
    is_same = activity.approved_by_id in (activity.by_id, activity.submitted_by_id)
    currency = activity.community.currency
    if is_same and any(
        legal_notices.needs_second_person(prize.value, currency) for prize in stocks
    ):
        raise SecondPersonNeeded(
            _(
                "A prize is worth more than 50,000 yuan. A second person has to approve it."
            )
        )


def _make_seeds(draw: InstantDraw) -> list[DaySeed]:
    """A random seed for each community day from the start to the end."""
    activity = draw.activity
    community, end = activity.community, activity.ends_at or activity.starts_at
    days = range(community.day(activity.starts_at), community.day(end) + 1)
    found = []
    for day in days:
        seed = random_seed()
        digest = sha256(bytes.fromhex(seed)).hexdigest()
        date = community_days.to_date(day)
        found.append(DaySeed(draw=draw, day=date, seed=seed, seed_hash=digest))
    return found


def _terms(
    activity: Activity, prizes: Sequence[InstantPrize], seeds: Sequence[DaySeed]
) -> dict[str, Any]:
    """What is published; `seeds` are the hashes by day."""
    settings = activity.settings
    return {
        "draw": activity.public_id,
        "name": activity.name,
        "rules": activity.text,
        "starts_at": activity.starts_at.isoformat(),
        "ends_at": activity.ends_at.isoformat() if activity.ends_at else "",
        "if_gone": settings["if_gone"],
        "prizes": [
            {
                "name": prize.stock.name,
                "value": prize.stock.value,
                "odds": prize.odds,
                "count": prize.total,
                "per_hour": prize.per_hour,
                "claim_days": prize.stock.claim_days,
                "how_to_claim": prize.stock.instructions,
            }
            for prize in prizes
        ],
        "seeds": {seed.day.isoformat(): seed.seed_hash for seed in seeds},
    }


def close(activity: Activity, at: datetime) -> None:
    """End the drawing of tickets; what nobody won returns to the stock and the budget."""
    rows = InstantDraw.objects.select_for_update().filter(activity=activity)
    for draw in rows:
        # Waits for tickets that are being drawn; later ones find it closed.
        STATES.transition(draw, "close", closed_at=at)
        for prize in instant_prizes.list_of(draw.pk):
            if left := prize.total - prize.taken:
                stock.give_back(stock_id=prize.stock_id, count=left)
            key = instant_prizes.budget_key(prize.position)
            budget.release(activity=activity, key=key, at=at)


def cancel(activity: Activity, at: datetime) -> None:
    """Close a cancelled one, unless it was closed before. What was won stays won."""
    if InstantDraw.objects.filter(activity=activity, state=State.OPEN).exists():
        close(activity, at)


# Reads


def find(activity: Activity) -> InstantDraw | None:
    """What was published of an activity, None before that."""
    rows = InstantDraw.objects.filter(activity=activity)
    return rows.select_related("activity__community").first()  # unique


def get_visible(*, activity: Activity, by: Staff) -> InstantDraw:
    """The published instant draw of an activity that `by` sees."""
    permissions.check_may(by, activities.RUN)
    activities.check_visible(activity, by)
    draw = find(activity)
    if draw is None:
        raise InstantDrawNotFound(_("This activity has no instant draw yet."))
    return draw


def count_sold_out(draw: InstantDraw) -> int:
    """How many of the prizes are gone for good."""
    return draw.prizes.filter(taken__gte=F("total")).count()


def to_json(content: Any) -> str:
    """The text that is hashed, as JavaScript writes it, too."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()
