"""Answers to what members write in chats about activities, prizes and points. One page.

Each is answered directly, and their group reads at times that this is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.activities import announcements
from qunce.activities.activities import activity_facts, kind_contract
from qunce.activities.activities.kind_contract import InGroup
from qunce.activities.activities.models import Activity, Answer
from qunce.activities.points import balances, phrases, point_facts
from qunce.activities.prizes import prize_facts
from qunce.groups.groups import Group
from qunce.members.surveys import survey_facts
from qunce.outreach import activity_messages, prize_messages
from qunce.outreach.content.variable_values import PERSONAL_LINK_PLACEHOLDER

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def answer_part(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Answer a member who took part in an activity."""
    rows = Answer.objects.select_related("activity")
    found = rows.in_bulk([fact.payload["answer"] for fact in facts])
    for fact in facts:
        row = found.get(fact.payload["answer"])
        if row is None:
            continue
        is_direct = fact.payload.get("is_direct", True)
        in_group = InGroup(fact.payload.get("in_group", InGroup.RECEIVED))
        if not is_direct:
            _write_line(community, fact, row.activity, in_group, at)
        else:
            _answer(community, fact, row.text, row.activity, at, in_group)


def answer_claim(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Answer a member who claims prizes; staff do where the channel cannot."""
    for fact in facts:
        text = fact.payload["text"]
        if fact.account and not _answer(community, fact, text, None, at):
            prize_messages.notify(
                community=community,
                fact=fact.id,
                account=fact.account,
                text=text,
                at=at,
            )


def answer_balance(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Answer a member who asked for their points, with their balance now."""
    for fact in facts:
        if fact.account is not None:
            held = balances.balance(account_id=fact.account, at=at)
            with translation.override(community.language):
                text = phrases.balance(held)
            _answer(community, fact, text, None, at)


def answer_survey(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Answer a member who wrote the keyword of a survey."""
    for fact in facts:
        text = fact.payload["text"].replace("{link}", PERSONAL_LINK_PLACEHOLDER)
        _answer(community, fact, text, None, at)


def _answer(
    community: Community,
    fact: RecordedFact,
    text: str,
    activity: Activity | None,
    at: datetime,
    in_group: InGroup = InGroup.RECEIVED,
) -> bool:
    """Answer directly, and write a line in the group; False if the channel cannot."""
    if fact.account is None:
        return False
    is_answered = activity_messages.answer(
        community=community, fact=fact.id, account=fact.account, text=text, at=at
    )
    if is_answered:
        _write_line(community, fact, activity, in_group, at)
    return is_answered


def _write_line(
    community: Community,
    fact: RecordedFact,
    activity: Activity | None,
    in_group: InGroup,
    at: datetime,
) -> None:
    """Write a line in the group of a fact, at most once per pause."""
    if (
        fact.group is None
        or in_group == InGroup.NOTHING
        or not announcements.claim_group_line(
            activity=activity, group=fact.group, at=at
        )
    ):
        return
    with translation.override(community.language):
        line = _line_of(activity, in_group)
    activity_messages.post(
        community=community,
        fact=fact.id,
        groups=Group.objects.filter(pk=fact.group),
        text=line,
        fallback=None,
        at=at,
    )


def _line_of(activity: Activity | None, in_group: InGroup) -> str:
    if activity is None:
        return _("Received. You are answered directly.")
    describe = kind_contract.get(activity.kind).describe_state
    if in_group == InGroup.STATE and describe is not None:
        return describe(activity)
    text = _("“%(name)s”: received. You are answered directly.")
    return text % {"name": activity.name}


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    activity_facts.ActivityAnswered.kind: (answer_part,),
    prize_facts.PrizeMessageAnswered.kind: (answer_claim,),
    point_facts.PointsAsked.kind: (answer_balance,),
    survey_facts.SurveyChatAnswered.kind: (answer_survey,),
}
