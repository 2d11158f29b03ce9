"""The points of the people who count in a game."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from qunce.activities import eligibility
from qunce.activities.activities import entries
from qunce.activities.games import rules, standings
from qunce.activities.games.models import GameAnswer, Round
from qunce.activities.games.standings import Given, Score
from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links import masked_names

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity


def filter_right(rows: models.QuerySet[GameAnswer]) -> models.QuerySet[GameAnswer]:
    """Those of these answers that are right, as staff ruled."""
    is_right = models.Q(ruling__isnull=True, outcome__in=standings.RIGHT)
    return rows.filter(models.Q(ruling=True) | is_right)


def list_counted(activity: Activity, row: Round | None = None) -> list[Given]:
    """The answers that count, in the order of the inbox, by the person of today."""
    rows = GameAnswer.objects.filter(round__activity=activity)
    if row is not None:
        rows = rows.filter(round=row)
    found = list(
        filter_right(rows)
        .order_by("pk")
        .values_list("pk", "round_id", "account_id", "outcome", "points", "ruling")
    )
    people = account_queries.person_ids(account for _pk, _round, account, *_ in found)
    given = [
        Given(
            pk=pk,
            round=round_id,
            who=people[account],
            outcome=outcome,
            points=points,
            ruling=ruling,
        )
        for pk, round_id, account, outcome, points, ruling in found
    ]
    own = rules.of(activity)
    return standings.list_counted(given, None if own.is_chain else own.mode)


def rank(activity: Activity, at: datetime) -> list[Score]:
    """The people who count, the best first."""
    counted = list_counted(activity)
    people = {each.who for each in counted}
    out = set(eligibility.find_uncounted(activity.community, people, at=at))
    out |= entries.find_struck_out(activity, people)
    return standings.rank(counted, out)


def list_right(activity: Activity, row: Round) -> list[tuple[str, int]]:
    """Masked names and points of those who were right in a round, in their order."""
    counted = list_counted(activity, row)
    names = masked_names.of_accounts([each.who for each in counted])
    return [(names[each.who], each.points) for each in counted]
