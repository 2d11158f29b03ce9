"""The rules of a game as sentences, its results as numbers, and its cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.activities.activities.kind_contract import Metric
from qunce.activities.activities.models import Entry
from qunce.activities.games import game_texts, payouts, rules, scores
from qunce.activities.games.deciders import Mode
from qunce.activities.games.models import GameAnswer, GameResult
from qunce.activities.games.rules import Pace, Rules
from qunce.core import money
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.activities.prizes.models import PrizeStock


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences, without an answer."""
    own = rules.of(activity)
    lines = _chain_lines(own) if own.is_chain else _question_lines(own, has_page)
    lines += _reward_lines(activity, own)
    return [
        *lines,
        _(
            "Edited messages do not count. Of two at the same time, the one that reached "
            "us first counts. Our staff decide where there is doubt."
        ),
    ]


def _chain_lines(own: Rules) -> list[str]:
    lines = [_("Each idiom begins with the last character of the one before.")]
    if own.chain.by_sound:
        lines = [
            _(
                "Each idiom begins with the last character of the one before, or with one "
                "that sounds the same."
            )
        ]
    if own.start:
        lines.append(game_texts.chain_state(own.start))
    lines.append(_("No idiom counts twice."))
    if own.chain.takes_turns:
        lines.append(_("Nobody follows themselves."))
    if own.chain.points:
        points = {"points": game_texts.points_text(own.chain.points)}
        lines.append(_("Each idiom that counts: %(points)s.") % points)
    return lines


def _question_lines(own: Rules, has_page: bool) -> list[str]:
    text = ngettext("%(n)s question.", "%(n)s questions.", len(own.questions))
    lines = [text % {"n": len(own.questions)}]
    if own.pace == Pace.ALL:
        how = _("All are open until the end. Write “%(word)s” to get the next one.")
        if has_page:
            how = _("All are open until the end, on the page and in the chat.")
    else:
        how = _("They are asked one after the other. Answer in the chat.")
        if has_page:
            how = _(
                "They are asked one after the other. Answer on the page or in the chat."
            )
    lines.append(how % {"word": game_texts.keyword_of(own)})
    modes = {
        Mode.FIRST: _("The first right answer to a question gets its points."),
        Mode.ALL: _("Everybody who is right in time gets the points."),
        Mode.SPEED: _(
            "Everybody who is right in time gets points: all of them at the start, half "
            "of them at the end of the time."
        ),
    }
    lines.append(modes[own.mode])
    if own.settings.get("by_sound"):
        lines.append(_("An answer that sounds right counts, too."))
    if any(each.question.choices for each in own.questions):
        lines.append(_("Where there are choices, the first answer counts."))
    if own.tries is not None:
        tries = ngettext(
            "%(n)s try per question.", "%(n)s tries per question.", own.tries
        )
        lines.append(tries % {"n": own.tries})
    return lines


def _reward_lines(activity: Activity, own: Rules) -> list[str]:
    lines = []
    if own.pays:
        lines.append(
            _("The points are added to your points a few minutes after the end.")
        )
    prize = payouts.find_prize(activity)
    if prize is None:
        return lines
    values = {"n": own.winners, "prize": prize.name}
    text = ngettext(
        "The best gets “%(prize)s”.",
        "The best %(n)s get “%(prize)s” each.",
        own.winners,
    )
    lines.append(text % values)
    lines.append(_("With equal points, the member who had them first is ahead."))
    return [*lines, *_prize_lines(activity, prize)]


def _prize_lines(activity: Activity, prize: PrizeStock) -> list[str]:
    values = {"prize": prize.name, "n": prize.claim_days}
    lines = [_("Claim “%(prize)s” within %(n)s days.") % values]
    if prize.instructions:
        lines.append(prize.instructions)
    if prize.value:
        amount = money.format_with_currency(prize.value, activity.community.currency)
        lines.append(_("Worth %(amount)s each.") % {"amount": amount})
    return lines


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Players, answers and winners among the people who count."""
    counted = set(people)
    joined = Entry.objects.filter(activity=activity).values_list(
        "account_id", flat=True
    )
    given = GameAnswer.objects.filter(round__activity=activity)
    said = list(given.values_list("account_id", flat=True))
    persons = account_queries.person_ids([*joined, *said])
    right = [each.who in counted for each in scores.list_counted(activity)]
    won = GameResult.objects.filter(activity=activity, award__isnull=False)
    winners = account_queries.person_ids(won.values_list("account_id", flat=True))
    return [
        Metric(
            key="players",
            label=gettext_lazy("Players"),
            value=len({persons[account] for account in joined} & counted),
        ),
        Metric(
            key="answers",
            label=gettext_lazy("Answers"),
            value=sum(persons[account] in counted for account in said),
        ),
        Metric(key="right", label=gettext_lazy("Answers that count"), value=sum(right)),
        Metric(
            key="winners",
            label=gettext_lazy("Winners of a prize"),
            value=len(set(winners.values()) & counted),
        ),
    ]
