"""Texts for the groups of a game: posted by the channel, or copied by staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities.games import game_texts, rules, scores
from qunce.activities.games.models import GameAnswer, GameResult
from qunce.activities.games.rules import Pace
from qunce.members.personal_links import masked_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from qunce.activities.activities.models import Activity
    from qunce.activities.games.models import Round

MAX_RANKED = 10


def opening(row: Round) -> str:
    """What is posted when a round opens, "" for one that is posted nowhere."""
    own = rules.of(row.activity)
    if own.is_chain:
        return game_texts.chain_state(own.start)
    asked = own.find(row.number)
    return game_texts.ask(asked, own) if asked is not None else ""


def closing(row: Round) -> str:
    """What is posted when a round is over: the right answer, and who was right."""
    activity = row.activity
    own = rules.of(activity)
    if own.is_chain:
        return _chain_end(activity, row)
    asked = own.find(row.number)
    if asked is None or own.pace == Pace.ALL:
        return ""
    return game_texts.result(own, asked, scores.list_right(activity, row))


def _chain_end(activity: Activity, row: Round) -> str:
    count = scores.filter_right(GameAnswer.objects.filter(round=row)).count()
    text = ngettext(
        "“%(name)s” is over, with %(n)s idiom.",
        "“%(name)s” is over, with %(n)s idioms.",
        count,
    )
    return text % {"name": activity.name, "n": f"{count:,}"}


def best(activity: Activity, at: datetime) -> str:
    """The best people with masked names, "" while nobody has a point."""
    decided = GameResult.objects.filter(activity=activity).order_by("place")
    rows: Sequence[tuple[int, int, int]] = list(
        decided.values_list("place", "account_id", "points")[:MAX_RANKED]
    )
    if not rows:
        ranked = scores.rank(activity, at)[:MAX_RANKED]
        rows = [(n, score.who, score.points) for n, score in enumerate(ranked, 1)]
    if not rows:
        return ""
    names = masked_names.of_accounts([account for _place, account, _points in rows])
    return game_texts.ranking(
        activity.name,
        [(place, names[account], points) for place, account, points in rows],
    )


def winners(activity: Activity) -> str:
    """The text about the winners of a prize, "" where there are none."""
    rows = GameResult.objects.filter(activity=activity, award__isnull=False)
    found = list(rows.select_related("award__stock").order_by("place"))
    if not found:
        return ""
    names = masked_names.of_accounts([row.account_id for row in found])
    lines = [_("Winners of “%(name)s”:") % {"name": activity.name}]
    for row in found:
        prize = row.award.stock.name if row.award is not None else ""
        lines.append(f"{names[row.account_id]}：{prize}")
    return "\n".join(lines)
