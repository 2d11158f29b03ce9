"""E15: messages to us wait in one inbox until somebody answers them, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.core.state_machine import WrongState
from qunce.groups.complaints.models import Complaint
from qunce.insight.first_answers import chats as insight_chats
from qunce.insight.first_answers.conversations import NEVER
from qunce.members.people import staff_accounts, visibility
from qunce.members.staff_in_charge import assignments
from qunce.outreach.replies import answers, conversations, polling, threads
from qunce.outreach.replies.conversations import ConversationNotFound, Filters
from qunce.outreach.replies.models import Conversation
from qunce.outreach.sending import channel_sending, ledger
from tests import factories
from tests.factories import AT
from tests.outreach.replies.chats import HOUR, MINUTE, Chats

pytestmark = pytest.mark.django_db


def facts_of(shop: Community, kind: str) -> list[dict[str, object]]:
    found = factories.recorded_facts(shop, f"conversation.{kind}")
    return [payload for _account, payload in found]


def test_a_message_is_answered_through_the_channel_once(
    chats: Chats, by: Staff
) -> None:
    shop = chats.community
    chats.write("bob", "几点开门？")
    (waiting,) = chats.conversations()
    assert (waiting.state, waiting.staff, waiting.due_at) == ("waiting", by, AT + HOUR)
    at = AT + 5 * MINUTE
    answer = answers.send(conversation=waiting, text="9:00 {every} day", by=by, at=at)
    with pytest.raises(WrongState):
        answers.send(conversation=waiting, text="Again", by=by, at=at)
    channel_sending.send_due(at=at)
    assert chats.channel.delivered == []
    at += answers.HELD_BACK
    channel_sending.send_due(at=at)
    channel_sending.send_due(at=at)
    assert [message.text for message in chats.channel.delivered] == ["9:00 {every} day"]
    polling.poll_all(at=at)
    polling.poll_all(at=at)
    assert facts_of(shop, "answered") == [
        {"conversation": waiting.pk, "minutes": 5, "way": "channel"}
    ]
    answer.refresh_from_db()
    assert answer.state == "sent"
    with pytest.raises(answers.TooLateToUndo):
        answers.undo(answer=answer, by=by, at=at)


def test_an_answer_can_be_undone_until_it_is_sent(chats: Chats, by: Staff) -> None:
    chats.write("bob", "hello?")
    (waiting,) = chats.conversations()
    answer = answers.send(conversation=waiting, text="Oops", by=by, at=AT)
    chats.write("bob", "anybody?", at=AT + timedelta(seconds=2))
    assert len(chats.conversations(state="waiting")) == 1
    answers.undo(answer=answer, by=by, at=AT + timedelta(seconds=5))
    (again,) = chats.conversations(state="waiting")
    assert again == waiting
    channel_sending.send_due(at=AT + HOUR)
    polling.poll_all(at=AT + MINUTE)
    assert chats.channel.delivered == []
    assert facts_of(chats.community, "answered") == []
    answers.send(conversation=again, text="Yes", by=by, at=AT + MINUTE)
    channel_sending.send_due(at=AT + 2 * MINUTE)
    assert [message.text for message in chats.channel.delivered] == ["Yes"]


def test_where_no_channel_sends_the_answer_is_marked_by_hand(
    chats: Chats, by: Staff
) -> None:
    chats.write("bob", "hello?")
    Conversation.objects.update(channel="wechat")
    (waiting,) = chats.conversations()
    answer = answers.send(conversation=waiting, text="Hi", by=by, at=AT + MINUTE)
    row = ledger.Message.objects.get(pk=answer.message_id or 0)
    assert (row.state, row.channel, row.staff) == ("marked", "assisted", by)
    polling.poll_all(at=AT + 3 * MINUTE)
    assert facts_of(chats.community, "answered") == []
    polling.poll_all(at=AT + 6 * MINUTE)
    assert facts_of(chats.community, "answered") == [
        {"conversation": waiting.pk, "minutes": 1, "way": "by_hand"}
    ]
    assert len(factories.recorded_facts(chats.community, "send.marked_sent")) == 1


def test_an_answer_that_the_channel_refuses_comes_back(chats: Chats, by: Staff) -> None:
    from qunce.channels.channel_contract import DeliveryStatus, Outcome

    chats.write("bob", "hello?")
    (waiting,) = chats.conversations()
    chats.channel.script["bob"] = [
        Outcome(status=DeliveryStatus.FAILED, reason="blocked")
    ]
    answers.send(conversation=waiting, text="Hi", by=by, at=AT)
    later = AT + MINUTE
    channel_sending.send_due(at=later)
    polling.poll_all(at=later)
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    assert facts_of(chats.community, "answer_failed") == [
        {"conversation": waiting.pk, "reason": "blocked"}
    ]


def test_first_answers_are_those_of_insight(chats: Chats, by: Staff) -> None:
    """The same conversations, opened and answered at the same times, in both places."""
    shop = chats.community
    chats.write("bob", "one?")
    chats.write("bob", "two?", at=AT + MINUTE)
    (first,) = chats.conversations()
    answers.send(conversation=first, text="Yes", by=by, at=AT + 10 * MINUTE)
    polling.poll_all(at=AT + 11 * MINUTE)
    channel_sending.send_due(at=AT + 11 * MINUTE)
    polling.poll_all(at=AT + 11 * MINUTE)
    chats.write("bob", "three?", at=AT + 20 * MINUTE)
    chats.write("cat", "four?", at=AT + 21 * MINUTE)
    # After a silence of more than three days.
    chats.write("cat", "five?", at=AT + timedelta(days=4))
    at = AT + timedelta(days=4, hours=1)
    answers.mark_elsewhere(
        conversation=chats.conversations(state="waiting")[-1], by=by, at=at
    )
    later = at + HOUR
    polling.poll_all(at=later)
    chats.react(later)
    found = insight_chats.load(
        first=shop.day(AT),
        last=shop.day(later),
        by=by,
        at=later,
        visible=visibility.visible_people(by=by, at=later),
    ).conversations
    counted = sorted(
        (int(opened), None if answered == NEVER else int(answered))
        for opened, answered in zip(found.opened, found.answered, strict=True)
    )
    ours = sorted(
        (
            timestamps.to_micros(row.opened_at),
            timestamps.to_micros(row.ended_at)
            if row.state == "answered" and row.ended_at
            else None,
        )
        for row in chats.conversations()
    )
    assert counted == ours
    assert len(ours) == 4


def test_only_mentions_in_groups_wait(chats: Chats, by: Staff) -> None:
    shop = chats.community
    ids = chats.members("bob", "wang")
    factories.group(shop, "north", "bob", platform="fake", owner=by)
    staff_accounts.mark(accounts=[ids["wang"]], by=by, at=AT, staff=by)
    chats.write("bob", "nice weather", group="north")
    assert chats.conversations() == []
    number = chats.write("bob", "@wang 几点开门", group="north", mentions=["wang"])
    (waiting,) = chats.conversations()
    assert waiting.kind == "mention"
    chats.write("wang", "大家好", group="north", at=AT + MINUTE)
    assert len(chats.conversations(state="waiting")) == 1
    chats.write("wang", "九点", group="north", at=AT + 2 * MINUTE, answers=number)
    assert chats.conversations(state="waiting") == []
    assert facts_of(shop, "answered") == [
        {"conversation": waiting.pk, "minutes": 2, "way": "elsewhere"}
    ]


def test_mentions_of_the_inbox_are_those_of_insight(chats: Chats, by: Staff) -> None:
    """E15: staff write in the group, and only an answer to the member ends a mention."""
    shop = chats.community
    ids = chats.members("bob", "cat", "wang")
    factories.group(shop, "north", "bob", "cat", platform="fake", owner=by)
    staff_accounts.mark(accounts=[ids["wang"]], by=by, at=AT, staff=by)
    number = chats.write("bob", "@wang 几点开门", group="north", mentions=["wang"])
    chats.write("bob", "有人吗", group="north", at=AT + MINUTE)
    chats.write("cat", "@wang 有货吗", group="north", mentions=["wang"], at=AT + MINUTE)
    chats.write("wang", "大家好", group="north", at=AT + 2 * MINUTE)
    chats.write("wang", "九点", group="north", at=AT + 5 * MINUTE, answers=number)
    later = AT + HOUR
    chats.react(later)
    found = insight_chats.load(
        first=shop.day(AT),
        last=shop.day(later),
        by=by,
        at=later,
        visible=visibility.visible_people(by=by, at=later),
    ).conversations
    mentions = found.filter(found.is_mention)
    counted = [
        (opener, opened, None if answered == NEVER else answered)
        for opener, opened, answered in zip(
            mentions.openers.tolist(),
            mentions.opened.tolist(),
            mentions.answered.tolist(),
            strict=True,
        )
    ]
    ours = [
        (
            row.account_id,
            timestamps.to_micros(row.opened_at),
            timestamps.to_micros(row.ended_at) if row.ended_at else None,
        )
        for row in chats.conversations(kind="mention")
    ]
    assert sorted(counted) == sorted(ours)
    assert [answered is None for _o, _t, answered in sorted(ours)] == [False, True]
    # Nothing is left of the group but what the mentions are.
    assert len(found.opened) == 2


def test_history_edits_and_programs_open_nothing(chats: Chats, by: Staff) -> None:
    chats.write("bob", "坏了", is_history=True)
    chats.write("bob", "坏了", edits="$m0")
    chats.write("bob", "坏了", is_automatic=True)
    assert chats.conversations() == []
    assert not Complaint.objects.exists()
    chats.write("bob", "坏了")
    assert len(chats.conversations()) == 1
    assert Complaint.objects.get().topic == "quality"


def test_members_go_to_their_staff_others_in_turn(chats: Chats, by: Staff) -> None:
    shop = chats.community
    two = factories.staff(shop, "operator", "two")
    factories.staff(shop, "viewer", "vic")
    narrow = factories.staff(shop, "operator", "nar", scope={"tag": {"any": []}})
    ids = chats.members("bob")
    assignments.assign(community=shop, accounts=[ids["bob"]], staff=two, by=by, at=AT)
    for key in ("bob", "cat", "dan", "eve"):
        chats.write(key, "hello?")
    owners = [row.staff for row in chats.conversations()]
    assert owners == [two, by, two, by]
    assert conversations.list_visible(by=narrow, at=AT) == []


def test_what_is_late_is_noted_once_and_raised(chats: Chats, by: Staff) -> None:
    shop = chats.community
    op = factories.staff(shop, "operator", "op")
    chats.write("bob", "hello?")
    (waiting,) = chats.conversations()
    conversations.assign(conversation=waiting, staff=op, by=by, at=AT)
    assert conversations.note_late(at=AT + HOUR) == 0
    late = AT + HOUR + MINUTE
    assert [conversations.note_late(at=late) for _ in range(2)] == [1, 0]
    assert conversations.list_late_of_others(by=by, at=late) == [waiting]
    assert conversations.list_own(by=op, at=late) == [waiting]
    conversations.close(conversation=waiting, reason="needs_none", by=op, at=late)
    assert conversations.list_late_of_others(by=by, at=late) == []
    with pytest.raises(conversations.InvalidConversation):
        conversations.close(conversation=waiting, reason="silence", by=op, at=late)
    conversations.reopen(conversation=waiting, by=op, at=late)
    assert conversations.list_own(by=op, at=late) == [waiting]


def test_the_thread_has_question_answer_and_what_waits(chats: Chats, by: Staff) -> None:
    chats.write("bob", "几点开门？")
    (first,) = chats.conversations()
    answers.send(conversation=first, text="九点", by=by, at=AT + MINUTE)
    chats.write("bob", "周末呢？", at=AT + 2 * MINUTE)
    second = chats.conversations()[-1]
    thread = threads.load(conversation=second, by=by, at=AT + HOUR)
    assert [entry.text for entry in thread.entries] == [
        "几点开门？",
        "九点",
        "周末呢？",
    ]
    assert thread.question == "周末呢？"
    before = threads.load(conversation=first, by=by, at=AT + HOUR)
    assert before.question == "几点开门？"


def test_who_may_not_see_or_answer_is_refused(chats: Chats, by: Staff) -> None:
    shop = chats.community
    chats.members("bob")
    factories.group(shop, "north", "bob", platform="fake")
    chats.write("bob", "hello?")
    (waiting,) = chats.conversations()
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        answers.send(conversation=waiting, text="x", by=viewer, at=AT)
    scoped = factories.staff(shop, "manager", "sco", scope={"tag": {"any": []}})
    with pytest.raises(ConversationNotFound):
        answers.send(conversation=waiting, text="x", by=scoped, at=AT)
    with pytest.raises(ConversationNotFound):
        conversations.get(by=scoped, pk=waiting.pk, at=AT)
    for text in ("", "  ", "x" * 4_001, "a\0"):
        with pytest.raises(answers.InvalidAnswer):
            answers.send(conversation=waiting, text=text, by=by, at=AT)
    every = conversations.list_visible(by=by, at=AT, filters=Filters(states=()))
    assert every == [waiting]
