"""Metrics of the conversations that members open, and of how fast staff answer them.

In a group, those count that members opened there; of the community, direct chats count,
too. What a conversation is stands in `first_answers.conversations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.first_answers import answer_times, chats
from qunce.insight.first_answers.conversations import NEVER
from qunce.insight.metric_definitions import (
    COMMUNITY,
    GROUP,
    Place,
    Ratio,
    Subject,
    declare_of_span,
    declare_ratio,
)

if TYPE_CHECKING:
    from qunce.insight.first_answers.conversations import Conversations
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="answers",
    position=4,
    label=_("Answers of staff"),
    hint=_(
        "Import chat logs or connect a channel, and mark the accounts of people who work "
        "here."
    ),
)
PLACES = (Place.STAFF,)


def _load(query: MetricQuery) -> Conversations:
    return chats.load(
        first=query.first,
        last=query.last,
        by=query.by,
        at=query.at,
        visible=query.visible,
        group_id=None if query.group is None else query.group_id,
    ).conversations


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Conversations opened"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How many times a member wrote after which staff may write: the first message "
        "since staff last wrote in the group or direct chat, or after three days without "
        "a message. It need not be a question."
    ),
    formula="first message.posted of a member since staff wrote, or after 3 days",
    places=PLACES,
)
def conversations_opened(query: MetricQuery) -> int:
    return len(_load(query).opened)


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Conversations answered"),
    unit=metric_definitions.TIMES,
    definition=_(
        "Conversations opened in the span in which staff wrote within three days, with "
        "their own account or by marking a message as sent."
    ),
    formula="conversations_opened with a message of staff within 3 days",
    places=PLACES,
)
def conversations_answered(query: MetricQuery) -> int:
    return int((_load(query).answered != NEVER).sum())


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("First-answer time"),
    unit=metric_definitions.SECONDS,
    definition=_(
        "The median time from opening a conversation to the first message of staff, of "
        "the conversations answered. Unanswered ones are counted apart."
    ),
    formula="median of first message of staff − first message of the member",
    cases="conversations_answered",
    places=PLACES,
)
def first_answer_time(query: MetricQuery) -> int:
    measured = answer_times.measure(_load(query), community=query.community)
    return measured.median or 0


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Mentions in groups"),
    unit=metric_definitions.TIMES,
    definition=_(
        "How many times a member called us in a group of a connected channel, as the "
        "inbox has them: by the name of staff, or by answering to what we wrote. Only an "
        "answer to that member ends a mention. They are among the conversations opened."
    ),
    formula="conversation.opened in a group",
    places=PLACES,
)
def mentions_opened(query: MetricQuery) -> int:
    return int(_load(query).is_mention.sum())


@declare_of_span(
    COMMUNITY,
    GROUP,
    subject=SUBJECT,
    label=_("Mentions answered"),
    unit=metric_definitions.TIMES,
    definition=_(
        "Mentions of the span whose member staff answered within three days. What staff "
        "write in the group to others is no answer."
    ),
    formula="mentions_opened with conversation.answered within 3 days",
    places=PLACES,
)
def mentions_answered(query: MetricQuery) -> int:
    found = _load(query)
    return int((found.is_mention & (found.answered != NEVER)).sum())


declare_ratio(
    Ratio(
        name="answered_share",
        label=_("Answered share"),
        unit=metric_definitions.PERCENT,
        definition=_("Conversations answered as a share of conversations opened."),
        formula="conversations_answered ÷ conversations_opened",
        levels=(COMMUNITY, GROUP),
        subject=SUBJECT,
        places=PLACES,
        numerator="conversations_answered",
        denominator="conversations_opened",
        people="conversations_opened",
    )
)
