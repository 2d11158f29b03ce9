"""E6: topics, replied to by hashtag, on the page and by hand; the hot list by people."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce.activities import pasted_lines
from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry, Way
from qunce.activities.kinds.base import InvalidSetting, NotBetter
from qunce.activities.points import balances
from qunce.activities.topics import hot_list, replies, reply_list
from qunce.activities.topics.models import ReplyState, TopicReply, TopicReward
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.members.accounts.models import Account
from qunce.members.accounts.queries import MemberNotFound
from qunce.members.people import people, person_export, staff_accounts
from tests import factories
from tests.activities import running
from tests.activities.polls.polls import react
from tests.activities.topics.builders import open_topic, reply, write
from tests.factories import AT

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bob(by: Staff) -> int:
    return factories.named_members(by.community, "bob")[0]


@pytest.fixture
def north(by: Staff, bob: int) -> Group:
    group: Group = factories.group(by.community, "north", bob)
    return group


def texts(activity: Activity, at: datetime = AT) -> list[str]:
    return [row.text for row in reply_list.list_public(activity, at=at).rows]


def heat(activity: Activity, at: datetime = AT, days: int = 7) -> int:
    return hot_list.count(activity, days=days, at=at)


def balance(account: int) -> int:
    return balances.balance(account_id=account, at=AT).usable


# Three ways


@pytest.mark.parametrize(
    "text",
    [
        "#晨读打卡# 三十页",
        "三十页＃晨读打卡",
        "三十页 #晨读打卡#",
        "话题 #晨读打卡 三十页",
    ],
)
def test_a_message_with_the_hashtag_is_a_reply(
    text: str, by: Staff, bob: int, north: Group
) -> None:
    activity = open_topic(by, groups=[north.pk])
    assert write(north, bob, text)
    assert texts(activity)[0].removeprefix("话题 ") == "三十页"
    assert heat(activity) == 1
    (row,) = TopicReply.objects.all()
    assert (row.source, row.key[:6]) == (Way.CHAT, "event:")


def test_a_message_without_it_is_none(by: Staff, bob: int, north: Group) -> None:
    activity = open_topic(by, groups=[north.pk])
    assert not write(north, bob, "三十页 #晨读")
    assert not write(north, bob, "晨读打卡 三十页")
    assert not Entry.objects.exists()
    assert write(north, bob, "#晨读打卡")
    assert texts(activity) == ["#晨读打卡#"]


def test_a_message_is_a_reply_to_the_topic_whose_hashtag_it_has(
    by: Staff, bob: int, north: Group
) -> None:
    first, second = open_topic(by, "早餐"), open_topic(by, "午餐")
    assert write(north, bob, "#午餐 面条")
    assert write(north, bob, "话题 #早餐 粥")
    assert (texts(first), texts(second)) == (["粥"], ["面条"])
    assert write(north, bob, "话题 你好")
    assert "#早餐# #午餐#" in Answer.objects.order_by("-pk")[0].text
    assert TopicReply.objects.count() == 2
    # Of no topic here, so that staff read it.
    assert not write(north, bob, "话题 #晚餐 饭")


def test_a_long_message_is_a_reply(by: Staff, bob: int, north: Group) -> None:
    activity = open_topic(by)
    assert write(north, bob, "#晨读打卡 " + "读" * 900)
    assert texts(activity) == ["读" * 900]


def test_staff_paste_and_type_replies(by: Staff, bob: int, north: Group) -> None:
    activity = open_topic(by, groups=[north.pk])
    pasted = "bob：#晨读打卡# 三十页\nbob：今天真冷\nbob：#别的 话"
    result = pasted_lines.paste(
        activity=activity, group=north, text=pasted, by=by, at=AT
    )
    assert (len(result.rows), result.others) == (1, 2)
    reply(activity, bob, "四十页", way=Way.STAFF, by=by)
    assert texts(activity) == ["四十页", "三十页"]
    assert heat(activity) == 1


# People, not messages


def test_people_are_counted_and_not_messages(by: Staff, bob: int) -> None:
    flooded, quiet = open_topic(by, "早餐"), open_topic(by, "午餐")
    ann, cy = factories.members(by.community, "ann", "cy")
    for number in range(replies.MAX_PER_DAY + 5):
        reply(flooded, bob, f"No. {number}", AT + timedelta(minutes=number))
    reply(quiet, ann, "Soup")
    reply(quiet, cy, "Rice")
    found = hot_list.rank(by.community, days=7, at=AT + HOUR)
    assert [(row.activity, row.people) for row in found] == [(quiet, 2), (flooded, 1)]
    rows = TopicReply.objects.filter(activity=flooded)
    assert rows.count() == replies.MAX_PER_DAY


def test_as_many_people_are_ranked_by_the_newest_reply(by: Staff, bob: int) -> None:
    first, second = open_topic(by, "早餐"), open_topic(by, "午餐")
    reply(second, bob, "Soup")
    reply(first, bob, "Rice", AT + HOUR)
    found = hot_list.rank(by.community, days=1, at=AT + HOUR)
    assert [row.activity for row in found] == [first, second]


def test_a_window_is_of_community_days(by: Staff, bob: int) -> None:
    activity = open_topic(by)
    reply(activity, bob, "三十页")
    assert heat(activity, AT + 6 * DAY) == 1
    assert heat(activity, AT + 7 * DAY) == 0
    assert heat(activity, AT + 7 * DAY, days=30) == 1


def test_merged_accounts_are_one_person(by: Staff, bob: int) -> None:
    activity = open_topic(by)
    (bobby,) = factories.members(by.community, "bobby")
    reply(activity, bob, "三十页")
    reply(activity, bobby, "四十页")
    assert heat(activity) == 2
    factories.merge(by.community, "bob", "bobby")
    assert heat(activity) == 1
    factories.unmerge(by.community, "bob", "bobby")
    assert heat(activity) == 2


def test_who_does_not_count_is_not_listed(by: Staff, bob: int) -> None:
    activity = open_topic(by)
    shop = by.community
    keys = ("ann", "cy", "dee", "eve")
    ids = dict(zip(keys, factories.members(shop, *keys), strict=True))
    for key, account in ids.items():
        reply(activity, account, key)
    reply(activity, bob, "bob")
    assert heat(activity) == 5
    factories.leave(shop, "ann")
    lists.add(community=shop, list_name="black", account=ids["cy"], by=by, at=AT)
    staff_accounts.mark(accounts=[ids["dee"]], by=by, at=AT)
    entry = Entry.objects.get(account_id=ids["eve"])
    entries.strike_out(entry=entry, by=by, at=AT)
    assert heat(activity) == 1
    assert texts(activity) == ["bob"]


# Points


def test_points_once_per_person_until_all_are_given(by: Staff, bob: int) -> None:
    settings = {"points": 5, "most_rewards": 2}
    activity = open_topic(by, settings=settings, points_limit=10)
    ann, cy = factories.members(by.community, "ann", "cy")
    assert "You get 5 points." in reply(activity, bob, "A").text
    assert reply(activity, bob, "B").text == "Your reply is in the list."
    assert "You get 5 points." in reply(activity, ann, "C").text
    assert "all given" in reply(activity, cy, "D").text
    assert [balance(pk) for pk in (bob, ann, cy)] == [5, 5, 0]
    assert len(texts(activity)) == 4


def test_points_once_a_day(by: Staff, bob: int) -> None:
    activity = open_topic(by, settings={"points": 5, "per": "day"})
    for day in (0, 0, 1):
        reply(activity, bob, f"{day}{TopicReply.objects.count()}", AT + day * DAY)
    assert [row.points for row in TopicReward.objects.all()] == [5, 5]


def test_a_merged_person_has_one_reward(by: Staff, bob: int) -> None:
    activity = open_topic(by, settings={"points": 5})
    (bobby,) = factories.members(by.community, "bobby")
    reply(activity, bob, "A")
    factories.merge(by.community, "bob", "bobby")
    reply(activity, bobby, "B")
    assert TopicReward.objects.count() == 1


def test_the_budget_stops_rewards(by: Staff, bob: int) -> None:
    settings = {"points": 5, "most_rewards": None}
    activity = open_topic(by, settings=settings, points_limit=5)
    (ann,) = factories.members(by.community, "ann")
    reply(activity, bob, "A")
    assert "all given" in reply(activity, ann, "B").text
    assert texts(activity) == ["B", "A"]


# Settings


def test_only_changes_in_the_members_favour(by: Staff) -> None:
    activity = open_topic(by, settings={"points": 5, "most_rewards": 10})
    own = activity.settings
    worse: list[dict[str, object]] = [
        {"hashtag": "#other#"},
        {"points": 4},
        {"most_rewards": 9},
        {"per": "day"},
    ]
    for change in worse:
        with pytest.raises(NotBetter):
            activities.change(activity=activity, by=by, at=AT, settings=own | change)
    better = own | {"points": 6, "most_rewards": None, "hashtag": "＃晨读打卡＃"}
    activities.change(activity=activity, by=by, at=AT, settings=better)
    assert activity.settings["points"] == 6


@pytest.mark.parametrize("hashtag", ["a b", "##", "!", "x" * 31])
def test_a_hashtag_that_cannot_be_read_is_refused(hashtag: str, by: Staff) -> None:
    with pytest.raises(InvalidSetting, match="Hashtag"):
        running.draft(by, "topic", settings={"hashtag": hashtag})


def test_two_open_topics_have_two_hashtags(by: Staff) -> None:
    first = open_topic(by, "Reading")
    second = running.draft(by, "topic", settings={"hashtag": "#READING#"})
    with pytest.raises(InvalidSetting, match="belongs to “Thirty pages a day”"):
        running.publish(second, by)
    lifecycle.close(activity=first, by=by, at=AT + HOUR)
    running.publish(second, by)


def test_a_topic_and_an_activity_for_posts_have_two_hashtags(by: Staff) -> None:
    running.running(by, "post", settings={"hashtag": "reading"})
    with pytest.raises(InvalidSetting, match="#READING# belongs to"):
        open_topic(by, "READING")
    open_topic(by, "writing")


# Staff


def test_staff_hide_and_show_a_reply(by: Staff, bob: int) -> None:
    activity = open_topic(by, settings={"points": 5})
    reply(activity, bob, "A")
    row = replies.get(activity=activity, pk=TopicReply.objects.get().pk, by=by, at=AT)
    with pytest.raises(replies.ReasonMissing):
        replies.hide(reply=row, reason=" ", by=by, at=AT)
    replies.hide(reply=row, reason="Not about reading", by=by, at=AT)
    assert (texts(activity), heat(activity)) == ([], 0)
    with pytest.raises(replies.ReplyDecided):
        replies.hide(reply=row, reason="Again", by=by, at=AT)
    replies.show(reply=row, by=by, at=AT)
    assert (texts(activity), heat(activity)) == (["A"], 1)
    # The points stay given, once.
    assert balance(bob) == 5


def test_staff_decide_about_members_whom_they_see(by: Staff, bob: int) -> None:
    activity = open_topic(by)
    (ann,) = factories.members(by.community, "ann")
    reply(activity, bob, "A")
    reply(activity, ann, "B")
    factories.group(by.community, "south", ann)
    cat = factories.staff(
        by.community,
        "operator",
        "cat",
        groups=["south"],
        scope={"group": {"any": ["south"]}},
    )
    seen = reply_list.list_visible(activity=activity, by=cat, at=AT)
    assert [row.text for row in seen] == ["B"]
    hidden = TopicReply.objects.get(account_id=bob)
    with pytest.raises(replies.ReplyNotFound):
        replies.get(activity=activity, pk=hidden.pk, by=cat, at=AT)
    with pytest.raises(MemberNotFound):
        replies.hide(reply=hidden, reason="x", by=cat, at=AT)


# Personal data


def test_export_and_erasure(by: Staff, bob: int, north: Group) -> None:
    activity = open_topic(by)
    write(north, bob, "#晨读打卡 三十页")
    found = person_export.export(account=bob, by=by, at=AT).sections["topic_replies"]
    assert [row["text"] for row in found] == ["三十页"]
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    react()
    (row,) = TopicReply.objects.all()
    assert (row.text, row.key, row.state) == ("", "", ReplyState.DELETED)
    assert texts(activity) == []
    assert Account.objects.filter(pk=bob).exists()
