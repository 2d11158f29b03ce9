"""Goals as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.insight import presenters as number_presenters
from qunce.core import community_days
from qunce.insight.goals import goals, progress, results, values
from qunce.insight.goals.models import Goal
from qunce.insight.goals.pace import Standing
from qunce.insight.goals.progress import Progress

TONES = {
    Standing.ON_COURSE: "good",
    Standing.MET: "good",
    Standing.BEHIND: "warn",
    Standing.MISSED: "bad",
}
MAX_ON_OVERVIEW = 6


@dataclass(frozen=True, kw_only=True)
class GoalCard:
    """`tone` is the class of the chip; shares are in per cent, the bars end at 100."""

    progress: Progress
    tone: str

    @property
    def goal(self) -> Goal:
        return self.progress.goal

    @property
    def chip(self) -> str:
        return str(self.progress.standing.label)

    @property
    def sentence(self) -> str:
        """What the value should have come to by now; "" where there is no such number."""
        found = self.progress
        if found.expected is not None and found.standing in (
            Standing.ON_COURSE,
            Standing.BEHIND,
        ):
            return _("By now %(expected)s on a straight line.") % {
                "expected": found.expected_text
            }
        return ""


def card(found: Progress) -> GoalCard:
    return GoalCard(progress=found, tone=TONES.get(found.standing, ""))


def list_cards(found: Iterable[Goal], request: http.Request) -> list[GoalCard]:
    loaded = progress.load_all(found, by=request.staff, at=request.at)
    return [card(each) for each in loaded]


def list_sections(cards: Sequence[GoalCard]) -> list[tuple[str, list[GoalCard]]]:
    """Goals that run, those to come, and those that are over, the last ended first."""
    running = [each for each in cards if _is_running(each)]
    coming = [each for each in cards if not each.progress.clock.begun]
    over = [each for each in cards if each.progress.clock.is_over][::-1]
    sections = [
        (_("Running"), running),
        (_("To come"), coming),
        (_("Over"), over),
    ]
    return [(title, own) for title, own in sections if own]


def _is_running(each: GoalCard) -> bool:
    clock = each.progress.clock
    return bool(clock.begun) and not clock.is_over


def list_running(request: http.Request) -> list[GoalCard]:
    """The goals that run now, for the overview."""
    day = community_days.to_date(request.community.day(request.at))
    found = goals.list_overlapping(request.staff, day, day)[:MAX_ON_OVERVIEW]
    return list_cards(found, request)


def people_url(found: Progress, request: http.Request) -> str:
    """The members behind the value; "" where no rule selects them."""
    if found.result is not None or found.entry is None or found.value.mark:
        return ""
    if not progress.is_countable(found.goal, found.entry):
        return ""
    rule = values.find_rule(
        found.goal, found.entry, found.clock.begun, by=request.staff, at=request.at
    )
    return number_presenters.members_url(rule)


def change_text(goal: Goal, request: http.Request) -> str:
    """What late facts changed since the result was recorded; "" if nothing."""
    change = results.find_change(goal, by=request.staff, at=request.at)
    if change is None:
        return ""
    if not change.difference:
        return _("Since then late facts have made it %(now)s.") % {"now": change.now}
    return _("Since then late facts have changed it by %(difference)s to %(now)s.") % {
        "difference": change.difference,
        "now": change.now,
    }
