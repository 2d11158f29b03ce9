"""Replies from a chat that are edited, deleted, or found by a rule of moderation."""

from __future__ import annotations

import pytest

from qunce.activities.activities.models import Activity, Way
from qunce.activities.topics import hot_list, replies, reply_list
from qunce.activities.topics.models import ReplyState, TopicReply, TopicReward
from qunce.groups.moderation.models import Mode
from qunce.members.accounts.models import Account
from tests.activities import running
from tests.activities.topics.builders import open_topic
from tests.clients import browser
from tests.groups.moderation.conftest import ADVERT, Chat, channel, chat
from tests.outreach.test_hostile_events import report

__all__ = ["channel", "chat"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(chat: Chat) -> Activity:
    return open_topic(
        chat.by, "reading", groups=[chat.group.pk], settings={"points": 5}
    )


def say(chat: Chat, text: str, **fields: str) -> str:
    """What bob writes in the group; returns the key of the message."""
    return report(chat, "message", **{"from": "bob", "text": text, **fields})


def texts(topic: Activity, chat: Chat) -> list[str]:
    return [row.text for row in reply_list.list_public(topic, at=chat.now).rows]


def heat(topic: Activity, chat: Chat) -> int:
    return hot_list.count(topic, days=7, at=chat.now)


def test_an_edit_changes_the_text_and_counts_no_more(
    chat: Chat, topic: Activity
) -> None:
    first = say(chat, "#reading# thirty pages")
    say(chat, "#reading# forty pages", edits=first)
    assert texts(topic, chat) == ["forty pages"]
    assert heat(topic, chat) == TopicReply.objects.count() == 1
    assert TopicReward.objects.count() == 1


def test_a_reply_edited_since_it_was_read_is_not_shown(
    chat: Chat, topic: Activity
) -> None:
    first = say(chat, "#reading# thirty pages")
    row = TopicReply.objects.select_related("activity__community").get()
    replies.hide(reply=row, reason="Off topic", by=chat.by, at=chat.now)
    read = replies.version_of(row)
    url = f"/activities/topics/{topic.pk}/"
    assert f'value="{read}"' in browser(chat.by).get(url).content.decode()
    say(chat, "#reading# buy my pills", edits=first)
    with pytest.raises(replies.ReplyEdited):
        replies.show(reply=row, by=chat.by, at=chat.now, version=read)
    shown = f"{url}replies/{row.pk}/show/"
    answer = browser(chat.by).post(shown, {"version": read}, follow=True)
    assert "作者修改了这条回复。" in answer.content.decode()
    assert texts(topic, chat) == []
    row.refresh_from_db()
    version = replies.version_of(row)
    replies.show(reply=row, by=chat.by, at=chat.now, version=version)
    assert texts(topic, chat) == ["buy my pills"]


def test_an_edited_message_is_no_new_reply(chat: Chat, topic: Activity) -> None:
    first = say(chat, "thirty pages")
    say(chat, "#reading# thirty pages", edits=first)
    assert not TopicReply.objects.exists()
    say(chat, "#reading# forty pages")
    assert texts(topic, chat) == ["forty pages"]


def test_without_its_hashtag_an_edited_reply_leaves_the_list(
    chat: Chat, topic: Activity
) -> None:
    first = say(chat, "#reading# thirty pages")
    say(chat, "thirty pages", edits=first)
    assert (texts(topic, chat), heat(topic, chat)) == ([], 0)
    say(chat, "#reading thirty", edits=first)
    assert (texts(topic, chat), heat(topic, chat)) == (["thirty"], 1)


@pytest.mark.parametrize("who", ["bob", "owner"])
def test_a_deleted_message_leaves_the_list(
    who: str, chat: Chat, topic: Activity
) -> None:
    first = say(chat, "#reading# thirty pages")
    assert texts(topic, chat) == ["thirty pages"]
    report(chat, "message_deleted", id=first, by=who)
    assert (texts(topic, chat), heat(topic, chat)) == ([], 0)
    assert TopicReply.objects.get().text == ""
    say(chat, "#reading# again", edits=first)
    assert texts(topic, chat) == []


def test_what_a_rule_finds_is_held_until_staff_show_it(
    chat: Chat, topic: Activity
) -> None:
    chat.rule()
    (ann,) = chat.join("ann2")
    answer = running.join(topic, ann, chat.now, said=ADVERT)
    assert "staff read your reply" in answer.text
    row = TopicReply.objects.get()
    assert (row.state, row.reason) == (
        ReplyState.HELD,
        "The rule “Adverts” found something.",
    )
    assert (texts(topic, chat), heat(topic, chat)) == ([], 0)
    assert not TopicReward.objects.exists()
    assert [each.text for each in reply_list.list_held(topic, [ann])] == [ADVERT]
    replies.show(reply=row, by=chat.by, at=chat.now)
    assert (texts(topic, chat), heat(topic, chat)) == ([ADVERT], 1)
    assert TopicReward.objects.count() == 1


def test_every_way_is_judged_and_so_is_an_edit(chat: Chat, topic: Activity) -> None:
    chat.rule()
    first = say(chat, "#reading# thirty pages")
    assert texts(topic, chat) == ["thirty pages"]
    say(chat, f"#reading# {ADVERT}", edits=first)
    assert texts(topic, chat) == []
    bob = Account.objects.get(key="bob").pk
    running.join(topic, bob, chat.now, said=f"{ADVERT}!", way=Way.STAFF, by=chat.by)
    say(chat, f"#reading# {ADVERT}!!")
    assert set(TopicReply.objects.values_list("state", flat=True)) == {ReplyState.HELD}
    assert TopicReply.objects.count() == 3


def test_a_rule_that_observes_holds_nothing(chat: Chat, topic: Activity) -> None:
    chat.rule(mode=Mode.OBSERVE)
    say(chat, f"#reading# {ADVERT}")
    assert texts(topic, chat) == [ADVERT]


def test_a_hidden_reply_stays_hidden_when_it_is_edited(
    chat: Chat, topic: Activity
) -> None:
    first = say(chat, "#reading# thirty pages")
    row = replies.get(
        activity=topic, pk=TopicReply.objects.get().pk, by=chat.by, at=chat.now
    )
    replies.hide(reply=row, reason="Off topic", by=chat.by, at=chat.now)
    say(chat, "#reading# forty pages", edits=first)
    assert texts(topic, chat) == []
    replies.show(reply=row, by=chat.by, at=chat.now)
    assert texts(topic, chat) == ["forty pages"]


def test_a_message_of_staff_in_the_group_is_no_reply(
    chat: Chat, topic: Activity
) -> None:
    from qunce.members.people import staff_accounts

    say(chat, "hello")
    bob = Account.objects.get(key="bob").pk
    staff_accounts.mark(accounts=[bob], by=chat.by, at=chat.now)
    say(chat, "#reading# thirty pages")
    assert not TopicReply.objects.exists()
