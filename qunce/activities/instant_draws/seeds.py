"""Seeds of the days: secret while tickets are drawn with them, and revealed afterwards.

A seed leaves this module as the number of a ticket, and as text once its day is over.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from qunce.activities.instant_draws import instant_draw_facts, odds
from qunce.activities.instant_draws.models import DaySeed, InstantDraw
from qunce.core import community_days
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery

MAX_PER_RUN = 500


def roll(
    draw: InstantDraw, day: date, *, holder: str, number: int, own_number: str
) -> int | None:
    """The number of a ticket of a day, None if its seed is revealed or there is none."""
    seed = _SECRET.first(draw=draw.pk, day=day.isoformat())
    if seed is None:
        return None
    return odds.roll_of(
        bytes.fromhex(seed.seed), holder=holder, number=number, own_number=own_number
    )


_SECRET = PreparedQuery(
    lambda: DaySeed.objects.filter(
        draw=Param("draw"), day=Param("day"), revealed_at__isnull=True
    )
)


def find_hash(draw: InstantDraw, day: date) -> str:
    """The published hash of the seed of a day, "" if the draw is not open on it."""
    rows = DaySeed.objects.filter(draw=draw, day=day)
    return rows.values_list("seed_hash", flat=True).first() or ""  # unique


def find_revealed(draw: InstantDraw, day: date) -> str:
    """The seed of a day that is over, "" before it is revealed."""
    seed = DaySeed.objects.filter(draw=draw, day=day, revealed_at__isnull=False).first()
    return seed.seed if seed is not None else ""


def list_of(draw: InstantDraw) -> list[DaySeed]:
    """The seeds of a draw by day. Show the text of those only that are revealed."""
    return list(DaySeed.objects.filter(draw=draw).order_by("day"))


def reveal_due(*, at: datetime) -> int:
    """Reveal the seeds of the community days that are over; returns how many."""
    # Days of communities are at most a day ahead of or behind the one in UTC.
    last = at.date() + timedelta(days=1)
    rows = DaySeed.objects.filter(revealed_at__isnull=True, day__lte=last)
    rows = rows.select_related("draw__activity__community").order_by("day", "pk")
    revealed = 0
    for seed in rows[:MAX_PER_RUN]:
        activity = seed.draw.activity
        if community_days.from_date(seed.day) < activity.community.day(at):
            revealed += _reveal(seed, at)
    return revealed


@transaction.atomic
def _reveal(seed: DaySeed, at: datetime) -> bool:
    rows = DaySeed.objects.filter(pk=seed.pk, revealed_at__isnull=True)
    if not rows.update(revealed_at=at):
        return False
    activity = seed.draw.activity
    fact = instant_draw_facts.InstantSeedRevealed(
        activity=activity.pk, day=seed.day.isoformat()
    )
    facts.record(fact, community=activity.community, by=None, at=at)
    return True
