"""The topics that a visitor sees, and the hot list of them."""

from __future__ import annotations

from datetime import datetime

from qunce.activities import readers
from qunce.activities.activities import activities
from qunce.activities.activities.models import PUBLISHED, Activity
from qunce.activities.topics import hot_list, replies
from qunce.activities.topics.hot_list import HotTopic
from qunce.members.accounts import queries as account_queries
from qunce.portal.activities import actions as activity_actions
from qunce.portal.activities import sections as activity_sections
from qunce.portal.visitors.visitors import Visitor


def get(visitor: Visitor, public_id: str) -> Activity:
    """The published topic; another activity is answered like an unknown one."""
    activity = activity_actions.get(visitor, public_id)
    if activity.kind != replies.KIND:
        raise activities.not_found()
    return activity


def get_readable(visitor: Visitor, public_id: str) -> Activity:
    """The topic if the visitor reads its replies: one for everybody, or for their groups."""
    activity = get(visitor, public_id)
    account = activity_actions.account_of(visitor, activity) or visitor.account_id
    own = [] if account is None else account_queries.account_ids_of_person(account)
    if not readers.may_read(activity, own):
        raise activities.not_found()
    return activity


def rank(visitor: Visitor, *, days: int, at: datetime) -> list[HotTopic]:
    """The hot list of the topics for everybody and for the groups of the visitor."""
    rows = Activity.objects.filter(
        community=visitor.community, kind=replies.KIND, state__in=PUBLISHED
    )
    # The page of a community without topics asks nothing else.
    if not rows.exists():
        return []
    among = {row.pk for row in activity_sections.filter_own(visitor, rows)}
    return hot_list.rank(visitor.community, days=days, at=at, among=among)
