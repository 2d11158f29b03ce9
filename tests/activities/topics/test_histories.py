"""Random histories of topics against a slow oracle that looks through everything again."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry
from qunce.activities.topics import hot_list, replies
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.people import staff_accounts
from tests import factories, shares
from tests.activities.topics.builders import open_topic, reply, write
from tests.factories import AT

KEYS = ("ann", "bob", "cy", "dee", "eve", "fay")
TAGS = ("早餐", "午餐", "晚餐")


# The order alone, over thousands of lists


def slow_order(rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Take the hottest topic out again and again, counting everybody each time."""

    def heat(topic: int) -> tuple[int, int, int]:
        own = [row for row in rows if row[0] == topic]
        different: list[int] = []
        for _topic, person, _moment in own:
            if person not in different:
                different.append(person)
        return len(different), max(row[2] for row in own), topic

    left = {row[0] for row in rows}
    found = []
    while left:
        best = max(left, key=heat)
        people, newest, _topic = heat(best)
        found.append((best, people, newest))
        left.remove(best)
    return found


ROW = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(0, 6))


@given(st.lists(ROW, max_size=30))
def test_order_is_that_of_counting_again(rows: list[tuple[int, int, int]]) -> None:
    assert hot_list.order(rows) == slow_order(rows)


@given(st.lists(ROW, max_size=20), st.integers(1, 4), st.integers(1, 5))
def test_a_flood_of_one_person_raises_no_topic(
    rows: list[tuple[int, int, int]], topic: int, person: int
) -> None:
    once = [*rows, (topic, person, 3)]
    flooded = [*rows, *[(topic, person, 3)] * 50]
    assert hot_list.order(flooded) == hot_list.order(once)


def test_thousands_of_random_orders() -> None:
    pick = random.Random(6)  # noqa: S311
    for _list in range(shares.examples(6_000)):
        rows = [
            (pick.randint(1, 6), pick.randint(1, 12), pick.randint(0, 30))
            for _n in range(pick.randint(0, 30))
        ]
        assert hot_list.order(rows) == slow_order(rows)


# Whole histories


class Oracle:
    """Each message as it stands now, and who is one person."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[int, str, datetime, bool]] = {}
        self.pairs: set[frozenset[str]] = set()
        self.gone: set[str] = set()
        self.working: set[str] = set()
        self.struck: set[tuple[int, str]] = set()

    def person(self, key: str) -> frozenset[str]:
        found = frozenset([key])
        for _pass in KEYS:
            for pair in self.pairs:
                if pair & found:
                    found |= pair
        return found

    def counts(self, key: str, topic: int) -> bool:
        person = self.person(key)
        return not (
            person <= self.gone
            or person & self.working
            or any((topic, each) in self.struck for each in person)
        )

    def people(self, topic: int, since: datetime) -> int:
        found = {
            self.person(key)
            for own, key, said_at, is_shown in self.messages.values()
            if own == topic and is_shown and said_at >= since and self.counts(key, own)
        }
        return len(found)


class Story:
    """One random history of three topics in a group, and the oracle's account of it."""

    def __init__(self, by: Staff, seed: int) -> None:
        self.by, self.oracle, self.shop = by, Oracle(), by.community
        self.pick = random.Random(seed)  # noqa: S311
        ids = factories.members(self.shop, *KEYS)
        self.ids = dict(zip(KEYS, ids, strict=True))
        self.group: Group = factories.group(self.shop, "north", *ids)
        self.topics = [open_topic(by, tag) for tag in TAGS]
        self.number = 0

    def step(self, at: datetime) -> None:
        steps = (self.say, self.say, self.say, self.edit, self.delete, self.hide)
        others = (self.merge, self.leave, self.work, self.strike, self.type)
        self.pick.choice((*steps, *others))(self.pick.choice(KEYS), at)

    def may_reply(self, key: str, topic: int) -> bool:
        return self.oracle.counts(key, topic)

    def say(self, key: str, at: datetime) -> None:
        topic = self.pick.randrange(len(TAGS))
        self.number += 1
        text = f"#{TAGS[topic]}# No. {self.number}"
        is_taken = write(
            self.group, self.ids[key], text, key=f"event:{self.number}", at=at
        )
        # Of a merged person with one account in the group, the other one is gone.
        assert is_taken == self.may_reply(key, topic)
        if is_taken:
            self.oracle.messages[self.number] = (topic, key, at, True)

    def type(self, key: str, at: datetime) -> None:
        topic = self.pick.randrange(len(TAGS))
        self.number += 1
        text = f"Typed {self.number}"
        if reply(self.topics[topic], self.ids[key], text, at).accepted:
            self.oracle.messages[-self.number] = (topic, key, at, True)

    def any_message(self) -> int | None:
        return self.pick.choice([*self.oracle.messages, None])

    def edit(self, _key: str, at: datetime) -> None:
        number = self.any_message()
        if number is None or number < 0:
            return
        topic, key, said_at, _shown = self.oracle.messages[number]
        row = TopicReply.objects.get(key=f"event:{number}")
        keeps = self.pick.random() < 0.5
        text = f"#{TAGS[topic]} again" if keeps else "Something else"
        replies.edit(community=self.shop, key=row.key, text=text, at=at)
        if row.state in (ReplyState.SHOWN, ReplyState.WITHDRAWN):
            self.oracle.messages[number] = (topic, key, said_at, keeps)

    def delete(self, _key: str, at: datetime) -> None:
        number = self.any_message()
        if number is None or number < 0:
            return
        replies.delete(community=self.shop, key=f"event:{number}", at=at)
        topic, key, said_at, _shown = self.oracle.messages[number]
        self.oracle.messages[number] = (topic, key, said_at, False)

    def hide(self, _key: str, at: datetime) -> None:
        rows = list(TopicReply.objects.exclude(state=ReplyState.DELETED).order_by("pk"))
        if not rows:
            return
        row = self.pick.choice(rows)
        if row.state == ReplyState.SHOWN:
            replies.hide(reply=row, reason="Off topic", by=self.by, at=at)
        elif row.state == ReplyState.HIDDEN:
            replies.show(reply=row, by=self.by, at=at)
        else:
            return
        number = self.number_of(row)
        topic, key, said_at, is_shown = self.oracle.messages[number]
        self.oracle.messages[number] = (topic, key, said_at, not is_shown)

    def number_of(self, row: TopicReply) -> int:
        if row.key:
            return int(row.key.partition(":")[2])
        return -int(row.text.rpartition(" ")[2])

    def merge(self, key: str, at: datetime) -> None:
        other = self.pick.choice(KEYS)
        pair = frozenset([key, other])
        if pair in self.oracle.pairs:
            factories.unmerge(self.shop, key, other, at)
            self.oracle.pairs.remove(pair)
        elif len(pair) == 2 and all(len(self.oracle.person(k)) == 1 for k in pair):
            factories.merge(self.shop, key, other, at)
            self.oracle.pairs.add(pair)

    def leave(self, key: str, at: datetime) -> None:
        if key not in self.oracle.gone and self.pick.random() < 0.4:
            factories.leave(self.shop, key, at=at)
            self.oracle.gone.add(key)

    def work(self, key: str, at: datetime) -> None:
        if key not in self.oracle.working and self.pick.random() < 0.3:
            # Of a merged person all accounts are those of staff, after unmerging, too.
            if len(self.oracle.person(key)) > 1:
                return
            staff_accounts.mark(accounts=[self.ids[key]], by=self.by, at=at)
            self.oracle.working.add(key)

    def strike(self, key: str, at: datetime) -> None:
        rows = Entry.objects.filter(account_id=self.ids[key], struck_out_at=None)
        row = rows.order_by("pk").first()
        # An entry of before a merge counts for both sides of it.
        if row is None or self.oracle.pairs or self.pick.random() < 0.5:
            return
        if row.person_id != row.account_id:
            return
        entries.strike_out(entry=row, by=self.by, at=at)
        topic = [topic.pk for topic in self.topics].index(row.activity_id)
        self.oracle.struck.add((topic, key))

    def check(self, at: datetime) -> None:
        for days in hot_list.WINDOWS:
            day = self.shop.day(at) - days + 1
            since = next(
                moment for moment in self.moments() if self.shop.day(moment) >= day
            )
            expected = [self.oracle.people(n, since) for n in range(len(self.topics))]
            found = [hot_list.count(topic, days=days, at=at) for topic in self.topics]
            assert found == expected
            ranked = hot_list.rank(self.shop, days=days, at=at)
            people = [row.people for row in ranked]
            assert people == sorted(filter(None, expected), reverse=True)

    def moments(self) -> Iterable[datetime]:
        return (AT + timedelta(hours=n) for n in range(-24 * 40, 24 * 60))


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(shares.examples(24)))
def test_the_hot_list_is_that_of_a_recount(seed: int, by: Staff) -> None:
    story = Story(by, seed)
    at = AT
    for _n in range(30):
        at += timedelta(minutes=story.pick.choice((1, 30, 600)))
        story.step(at)
    story.check(at)
    story.check(at + timedelta(days=5))
