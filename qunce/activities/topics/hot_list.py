"""The hot list: topics by how many different people replied, then by the newest reply.

Merged accounts are one person. Staff, blacklisted, erased and departed members do not
count, nor does anybody whose entry was struck out. The number is the same for everybody
who sees the topic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.activities.models import PUBLISHED, Activity, Entry
from qunce.activities.topics.models import ReplyState
from qunce.core import community_days, db, errors, timestamps
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community

WINDOWS = (1, 7, 30)
DEFAULT_WINDOW = 7
MAX_LISTED = 50


class InvalidWindow(errors.Invalid):
    """A window is one of WINDOWS."""


@dataclass(frozen=True)
class Heat:
    """`people` are different ones who count; `last_at` is their newest reply."""

    activity_id: int
    people: int
    last_at: datetime


@dataclass(frozen=True)
class HotTopic:
    activity: Activity
    people: int
    last_at: datetime


def parse_window(text: str) -> int:
    """The days of a window; raises InvalidWindow."""
    if text not in map(str, WINDOWS):
        raise InvalidWindow(
            _("Choose the days of the hot list: %(days)s.")
            % {"days": _(", ").join(map(str, WINDOWS))}
        )
    return int(text)


def order(replies: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """(topic, people, newest) of replies given as (topic, person, time), the hottest first.

    Of topics with as many people the one with the newest reply comes first, then the newer
    topic.
    """
    people: dict[int, set[int]] = {}
    newest: dict[int, int] = {}
    for topic, person, moment in replies:
        people.setdefault(topic, set()).add(person)
        newest[topic] = max(moment, newest.get(topic, moment))
    rows = [(topic, len(found), newest[topic]) for topic, found in people.items()]
    return sorted(rows, key=lambda row: (-row[1], -row[2], -row[0]))


REPLIES = """
SELECT reply.activity_id, reply.account_id, MAX(reply.said_at)
FROM activities_topic_reply reply
JOIN activities_activity activity ON activity.id = reply.activity_id
WHERE activity.community_id = %s AND activity.state IN {states}
    AND reply.state = %s AND reply.said_at >= %s AND reply.said_at <= %s {one}
GROUP BY reply.activity_id, reply.account_id
"""


def measure(
    community: Community, *, days: int, at: datetime, activity: Activity | None = None
) -> list[Heat]:
    """The heat of all published topics with replies, or of one, the hottest first."""
    start = community_days.start_of(
        community.timezone, community.day_start, community.day(at) - days + 1
    )
    params = [
        community.pk,
        *PUBLISHED,
        ReplyState.SHOWN,
        start,
        timestamps.to_micros(at),
    ]
    one = "" if activity is None else "AND reply.activity_id = %s"
    if activity is not None:
        params.append(activity.pk)
    sql = REPLIES.format(states=f"({db.placeholders(len(PUBLISHED))})", one=one)
    rows = db.rows(sql, params)
    accounts = {account for _topic, account, _moment in rows}
    uncounted = eligibility.find_uncounted(community, accounts, at=at)
    persons = account_queries.person_ids(accounts)
    struck = _find_struck_out({topic for topic, _account, _moment in rows})
    counted = (
        (topic, persons[account], moment)
        for topic, account, moment in rows
        if account not in uncounted and (topic, persons[account]) not in struck
    )
    return [
        Heat(topic, people, timestamps.from_micros(moment))
        for topic, people, moment in order(counted)
    ]


def _find_struck_out(topics: Collection[int]) -> set[tuple[int, int]]:
    """Topic and person of the entries that are struck out."""
    rows = list(
        Entry.objects.filter(
            activity__in=topics, struck_out_at__isnull=False
        ).values_list("activity_id", "account_id")
    )
    persons = account_queries.person_ids(account for _topic, account in rows)
    return {(topic, persons[account]) for topic, account in rows}


def rank(
    community: Community,
    *,
    days: int,
    at: datetime,
    among: Collection[int] | None = None,
) -> list[HotTopic]:
    """The hottest topics, of those with these numbers or of all."""
    heats = [
        heat
        for heat in measure(community, days=days, at=at)
        if among is None or heat.activity_id in among
    ][:MAX_LISTED]
    rows = Activity.objects.select_related("community").in_bulk(
        [heat.activity_id for heat in heats]
    )
    return [
        HotTopic(rows[heat.activity_id], heat.people, heat.last_at) for heat in heats
    ]


def count(activity: Activity, *, days: int, at: datetime) -> int:
    """How many people replied to a topic in the window: its number on the hot list."""
    found = measure(activity.community, days=days, at=at, activity=activity)
    return found[0].people if found else 0
