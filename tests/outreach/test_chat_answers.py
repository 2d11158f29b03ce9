"""From an event of Matrix to the stored answer and the message that answers it (E19)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce import reactions
from qunce.activities.activities.models import Answer
from qunce.activities.check_ins.models import CheckIn
from qunce.activities.prizes.models import Award
from qunce.channels import channel_contract, inbox
from qunce.channels.matrix import events
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.members.people import staff_accounts
from qunce.outreach.replies.models import Conversation
from qunce.outreach.sending import channel_events, channel_sending
from tests import factories
from tests.activities import running
from tests.activities.draws import builders as draw_builders
from tests.activities.points import builders as point_builders
from tests.activities.prizes import builders as prize_builders
from tests.factories import AT

pytestmark = pytest.mark.django_db
BOT, BOB, CY, DAN = "@bot:h", "@bob:h", "@cy:h", "@dan:h"
MINUTE = timedelta(minutes=1)
LINE = "“Thirty pages a day”: received. You are answered directly."
FIRST = "Checked in. 1 day in a row."


@dataclass
class Chat:
    """Raw events of a homeserver go in, and what the channel delivers comes out."""

    community: Community
    channel: FakeChannel
    group: Group
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def write(
        self, sender: str, text: str, at: datetime = AT, *, room: str = "", **raw: Any
    ) -> str:
        """The id of the event; without `room` it is in the group."""
        content = {"msgtype": "m.text", "body": text, **raw.pop("content", {})}
        is_history = raw.pop("is_history", False)
        event_id = f"${next(self.numbers)}"
        self.take(
            {
                "event_id": event_id,
                "type": "m.room.message",
                "origin_server_ts": int(at.timestamp() * 1000),
                "sender": sender,
                "content": content,
                **raw,
            },
            events.Source(
                own=BOT,
                room=room or self.group.key,
                at=at,
                is_direct=bool(room),
                is_history=is_history,
            ),
        )
        return event_id

    def take(self, raw: dict[str, Any], source: events.Source) -> None:
        found = events.read(raw, source)
        assert found is not None
        inbox.receive_many(
            community=self.community,
            channel=self.channel.name,
            events=[found],
            at=source.at,
        )
        channel_events.handle_all(at=source.at)
        self.react(source.at)

    def react(self, at: datetime) -> None:
        for _round in range(2):
            reactions.CONSUMER.catch_up(at=at)
        channel_sending.send_now(at=at)
        channel_sending.send_due(at=at)

    def sent(self, to: str) -> list[str]:
        return [each.text for each in self.channel.delivered if each.to == to]

    def in_group(self) -> list[str]:
        return self.sent(self.group.key)


@pytest.fixture
def chat() -> Iterator[Chat]:
    channel = FakeChannel()
    channel_contract.register(channel)
    shop = factories.community(language="en")
    for key in (BOB, CY, DAN):
        factories.member(shop, key, name=key[1:-2].title(), channel=channel.name)
    people = factories.account_ids(shop, (BOB, CY, DAN))
    group = factories.group(shop, "!room:h", *people, platform=channel.name)
    yield Chat(shop, channel, group)
    channel_contract.unregister(channel.name)


@pytest.fixture
def by(chat: Chat) -> Staff:
    return factories.staff(chat.community)


def check_ins() -> int:
    return CheckIn.objects.count()


def test_keyword_in_a_group_checks_in_and_is_answered_directly(
    chat: Chat, by: Staff
) -> None:
    running.running(by, groups=[chat.group.pk])
    chat.write(BOB, "打卡")
    assert Answer.objects.get().text == FIRST
    assert chat.sent(BOB) == [FIRST]
    assert chat.in_group() == [LINE]
    # Within ten minutes the group reads no other line, and the day counts once.
    chat.write(BOB, "打卡！", AT + MINUTE)
    chat.write(CY, "Check in", AT + 2 * MINUTE)
    assert chat.sent(BOB)[1:] == ["You have checked in for today. 1 day in a row."]
    assert chat.sent(CY) == [FIRST]
    assert (check_ins(), chat.in_group()) == (2, [LINE])
    chat.write(DAN, "打卡", AT + 10 * MINUTE)
    assert (check_ins(), chat.in_group()) == (3, [LINE, LINE])
    assert not Conversation.objects.exists()


def test_repeated_edited_deleted_and_old_messages_count_once(
    chat: Chat, by: Staff
) -> None:
    running.running(by, groups=[chat.group.pk])
    first = chat.write(BOB, "打卡")
    relation = {"rel_type": "m.replace", "event_id": first}
    new = {"msgtype": "m.text", "body": "打卡 again"}
    chat.write(
        BOB,
        "* 打卡 again",
        AT + MINUTE,
        content={"m.relates_to": relation, "m.new_content": new},
    )
    chat.write(BOB, "打卡", AT, event_id=first)
    source = events.Source(own=BOT, room=chat.group.key, at=AT + MINUTE)
    deleted = {
        "event_id": "$gone",
        "type": "m.room.redaction",
        "origin_server_ts": int(AT.timestamp() * 1000),
        "sender": BOB,
        "redacts": first,
        "content": {},
    }
    chat.take(deleted, source)
    chat.write(CY, "打卡", is_history=True)
    # A program answers no program.
    chat.write(DAN, "打卡", content={"msgtype": "m.notice"})
    assert check_ins() == Answer.objects.count() == 1
    assert (chat.sent(BOB), chat.sent(CY), chat.sent(DAN)) == ([FIRST], [], [])


def test_who_may_not_join_is_answered_without_a_word_in_the_group(
    chat: Chat, by: Staff
) -> None:
    running.running(by, groups=[chat.group.pk])
    bob, cy = factories.account_ids(chat.community, (BOB, CY))
    staff_accounts.mark(accounts=[bob], by=by, at=AT)
    lists.add(community=by.community, list_name="black", account=cy, by=by, at=AT)
    # Who is on the blacklist gets nothing, and the group does not read that they do.
    chat.write(CY, "打卡")
    assert (chat.sent(CY), chat.in_group()) == ([], [])
    chat.write(BOB, "打卡")
    assert chat.sent(BOB) == ["People who work here do not take part."]
    assert chat.in_group() == [LINE]
    # A stranger writes directly: no activity is theirs, so staff read it.
    chat.write("@eve:h", "打卡", room="!direct:h")
    assert chat.sent("@eve:h") == []
    assert Conversation.objects.count() == 1
    assert check_ins() == 0
    factories.leave(chat.community, DAN)
    chat.write(DAN, "打卡", room="!with-dan:h")
    assert set(Answer.objects.values_list("is_accepted", flat=True)) == {False}
    assert (chat.sent(DAN), check_ins()) == ([], 0)


def test_direct_keyword_is_for_the_groups_of_the_member(chat: Chat, by: Staff) -> None:
    running.running(by, groups=[chat.group.pk])
    chat.write(BOB, "打卡", room="!direct:h")
    assert chat.sent(BOB) == [FIRST]
    assert (chat.in_group(), check_ins()) == ([], 1)


def test_points_are_answered_directly_and_never_in_the_group(
    chat: Chat, by: Staff
) -> None:
    (bob,) = factories.account_ids(chat.community, (BOB,))
    point_builders.award(bob, 1_234)
    chat.write(BOB, "积分")
    chat.write(CY, "My points?", room="!direct:h")
    assert chat.sent(BOB) == ["You have 1,234 usable points."]
    assert chat.sent(CY) == ["You have 0 usable points."]
    assert chat.in_group() == ["Received. You are answered directly."]
    # More words ask something that staff answer.
    chat.write(BOB, "积分 什么时候到账", AT + 11 * MINUTE, room="!with-bob:h")
    assert len(chat.sent(BOB)) == 1
    assert Conversation.objects.count() == 1


def test_draw_and_claim_are_answered_with_number_and_prize(
    chat: Chat, by: Staff
) -> None:
    mug = prize_builders.prize(by, instructions="At the till.")
    draw = draw_builders.open_draw(by, (mug, 1))
    chat.write(BOB, "抽奖")
    ticket = draw.tickets.get()
    assert chat.sent(BOB) == [
        f"You are in the draw. Your ticket is {ticket.number}.",
    ]
    assert ticket.number not in "".join(chat.in_group())
    (bob,) = factories.account_ids(chat.community, (BOB,))
    prize_builders.award(mug, bob)
    chat.react(AT)
    assert chat.sent(BOB)[-1].startswith("You have won: 杯子.")
    chat.write(BOB, "领奖")
    chat.write(BOB, "领奖")
    assert chat.sent(BOB)[-2:] == [
        "Claimed: 杯子.",
        "There is no prize that you could claim now.",
    ]
    assert Award.objects.get().state == "claimed"
    assert all("杯子" not in text for text in chat.in_group())
