"""The digest of a group's day: what nobody answered, what rises, complaints, promises.

It is extracted from the messages that are kept, and nothing of it is stored. Every line
names its messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import community_days, errors, permissions, timestamps
from qunce.groups import message_quotes, working_people
from qunce.groups import visibility as group_visibility
from qunce.groups.complaints import complaint_settings, negative_words
from qunce.groups.digests import promises, questions, rising_words
from qunce.groups.digests.lines import Line
from qunce.groups.digests.promises import Promise
from qunce.groups.digests.questions import Question
from qunce.groups.digests.rising_words import RisingWord
from qunce.members.message_texts import message_texts

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.complaints.negative_words import Topic
    from qunce.groups.groups import Group

DAYS_BEFORE = 7
MAX_MESSAGES = 5_000
"""Messages of a day that are read."""
MAX_DAYS_AFTER = 7


class InvalidDay(errors.Invalid):
    """There can be no digest of this day."""


@dataclass(frozen=True)
class ComplaintLine:
    """A member's message with negative words about a topic."""

    line: Line
    topic: str
    words: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Digest:
    """`messages` and `people` count what was read; `is_whole` if that is the whole day."""

    group: Group
    day: int
    messages: int
    people: int
    staff_messages: int
    is_whole: bool
    questions: list[Question]
    words: list[RisingWord]
    complaints: list[ComplaintLine]
    promises: list[Promise]

    @property
    def is_empty(self) -> bool:
        return not (self.questions or self.words or self.complaints or self.promises)


def load(*, group: int, day: int, by: Staff, at: datetime) -> Digest:
    """Return the digest of a community day, of what `by` may read.

    Raises InvalidDay for a day whose texts are deleted, or that is still to come.
    """
    permissions.check_may(by, message_texts.READ)
    found = group_visibility.get(by=by, pk=group)
    community = by.community
    today = community.day(at)
    first = message_texts.first_kept_day(community, at)
    if not first <= day <= today:
        raise InvalidDay(
            _("Digests are made of messages that are kept: from %(first)s to today.")
            % {"first": community_days.to_date(first)}
        )
    own = _lines(found, day, by, at)
    before = [
        line
        for each in range(max(first, day - DAYS_BEFORE), day)
        for line in _lines(found, each, by, at)
    ]
    has_promise = any(line.is_staff and promises.is_promise(line.text) for line in own)
    later = [
        line
        for each in range(day + 1, min(today, day + MAX_DAYS_AFTER) + 1)
        if has_promise
        for line in _lines(found, each, by, at)
    ]
    return Digest(
        group=found,
        day=day,
        messages=len(own),
        people=len({line.account for line in own if not line.is_staff}),
        staff_messages=sum(line.is_staff for line in own),
        is_whole=len(own) < MAX_MESSAGES,
        questions=questions.find_unanswered(own),
        words=rising_words.find(
            own, before=before, days_before=day - max(first, day - DAYS_BEFORE)
        ),
        complaints=find_complaints(own, complaint_settings.get(community).topics),
        promises=promises.find(
            own, later=later, end_of_day=lambda m: _end_of_day(community, m), now=at
        ),
    )


def _lines(group: Group, day: int, by: Staff, at: datetime) -> list[Line]:
    quotes = message_quotes.list_of_day(
        group=group.pk,
        day=day,
        community=by.community,
        by=by,
        at=at,
        limit=MAX_MESSAGES,
    )
    accounts = {quote.account for quote in quotes}
    helping = working_people.find_uncounted(accounts)
    bots = working_people.find(accounts) - working_people.find_answering(accounts)
    return [
        Line(
            id=quote.message,
            account=quote.account,
            is_staff=quote.account in helping,
            at=quote.happened_at,
            text=quote.text,
        )
        for quote in quotes
        # What a program writes neither asks nor answers.
        if quote.account not in bots
    ]


def _end_of_day(community: Community, moment: datetime) -> datetime:
    clock = community.timezone, community.day_start
    return timestamps.from_micros(
        community_days.start_of(*clock, community.day(moment) + 1)
    )


def find_complaints(day: list[Line], topics: tuple[Topic, ...]) -> list[ComplaintLine]:
    """Return the first complaint of each member about each topic."""
    found: dict[tuple[int, str], ComplaintLine] = {}
    for line in day:
        if line.is_staff:
            continue
        for match in negative_words.find(line.text, topics):
            key = line.account, match.topic
            found.setdefault(
                key, ComplaintLine(line, match.topic, match.words, match.evidence)
            )
    return list(found.values())
