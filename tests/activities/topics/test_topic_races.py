"""Replies at the same time: one reward per person, and never more than announced."""

from __future__ import annotations

from functools import partial

import pytest

from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.kinds import base
from qunce.activities.points.models import PointEntry
from qunce.activities.topics import hot_list, replies
from qunce.activities.topics.models import (
    ReplyState,
    TopicReply,
    TopicReward,
    TopicRewardCount,
)
from qunce.core import errors
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.topics.builders import open_topic
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def reply(activity_id: int, account: int, said: str) -> base.Reply:
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=f"{account}-{said}",
        at=AT,
    )


def test_no_more_rewards_are_given_than_announced(by: Staff) -> None:
    settings = {"points": 5, "most_rewards": 5}
    activity = open_topic(by, settings=settings)
    ids = factories.members(by.community, *(f"m{n}" for n in range(20)))
    found = threads.run(*[partial(reply, activity.pk, pk, "Hello") for pk in ids])
    assert all(each.accepted for each in found)
    assert sum("You get 5 points" in each.text for each in found) == 5
    assert TopicReward.objects.count() == PointEntry.objects.count() == 5
    assert TopicRewardCount.objects.get().given == 5
    assert hot_list.count(activity, days=1, at=AT) == 20


def test_a_person_who_replies_twice_at_once_has_one_reward(by: Staff) -> None:
    activity = open_topic(by, settings={"points": 5, "most_rewards": None})
    ann, ann2 = factories.members(by.community, "ann", "ann2")
    factories.merge(by.community, "ann", "ann2")
    found = threads.run(
        *[
            partial(reply, activity.pk, account, f"No. {n}")
            for n in range(8)
            for account in (ann, ann2)
        ]
    )
    assert sum("You get 5 points" in each.text for each in found) == 1
    assert Entry.objects.count() == TopicReward.objects.count() == 1
    assert hot_list.count(activity, days=1, at=AT) == 1


def test_replies_at_once_are_no_more_than_a_day_has(by: Staff) -> None:
    activity = open_topic(by)
    (bob,) = factories.members(by.community, "bob")
    threads.run(*[partial(reply, activity.pk, bob, f"No. {n}") for n in range(30)])
    assert TopicReply.objects.count() == replies.MAX_PER_DAY


def test_a_reply_is_hidden_once(by: Staff) -> None:
    activity = open_topic(by)
    (bob,) = factories.members(by.community, "bob")
    reply(activity.pk, bob, "Hello")

    def hide() -> bool:
        row = TopicReply.objects.select_related("activity__community").get()
        try:
            replies.hide(reply=row, reason="Off topic", by=by, at=AT)
        except errors.Refused:
            return False
        return True

    assert sorted(map(bool, threads.run(*[hide] * 6))) == [False] * 5 + [True]
    assert TopicReply.objects.get().state == ReplyState.HIDDEN
    facts = factories.recorded_facts(by.community, "topic.reply_hidden")
    assert len(facts) == 1
