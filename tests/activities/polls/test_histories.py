"""Random histories of a poll against a slow oracle: votes, merges, departures, strikes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry
from qunce.core.staff.models import Staff
from qunce.members.tags.models import Tagging
from tests import factories
from tests.activities.polls import polls
from tests.activities.polls.polls import open_poll, react, vote
from tests.factories import AT

pytestmark = pytest.mark.django_db
KEYS = ("ann", "bob", "cy", "dee", "eve")
TAGS = ("likes a", "likes b")


class Oracle:
    """Every vote that was said, and who is one person; looked through from the start."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.pairs: set[frozenset[str]] = set()
        self.gone: set[str] = set()
        self.struck: set[str] = set()

    def person(self, key: str) -> frozenset[str]:
        found = frozenset([key])
        for _pass in KEYS:
            for pair in self.pairs:
                if pair & found:
                    found |= pair
        return found

    def votes(self) -> dict[frozenset[str], int]:
        newest: dict[frozenset[str], int] = {}
        for option, key in self.said:
            newest[self.person(key)] = option
        return newest

    def counted(self) -> list[int]:
        count = [0, 0, 0]
        for person, option in self.votes().items():
            if not person <= self.gone and not person & self.struck:
                count[option] += 1
        return count

    def tagged(self) -> dict[frozenset[str], str]:
        return {
            person: TAGS[option]
            for person, option in self.votes().items()
            if option < len(TAGS) and not person & self.struck
        }


class Story:
    """One random history, told to the poll and to the oracle."""

    def __init__(self, by: Staff, seed: int) -> None:
        self.by, self.oracle = by, Oracle()
        self.pick = random.Random(seed)  # noqa: S311
        for tag in TAGS:
            factories.tag(by.community, tag)
        ids = factories.members(by.community, *KEYS)
        self.ids = dict(zip(KEYS, ids, strict=True))
        self.activity = open_poll(by, tags=TAGS)

    def step(self, at: datetime) -> None:
        key = self.pick.choice(KEYS)
        do = self.pick.choice(
            (self.vote, self.vote, self.merge, self.leave, self.strike)
        )
        do(key, at)
        if self.pick.random() < 0.4:
            react()

    def vote(self, key: str, at: datetime) -> None:
        if self.oracle.person(key) & (self.oracle.gone | self.oracle.struck):
            return
        option = self.pick.randrange(3)
        if "already" not in vote(self.activity, self.ids[key], "ABC"[option], at):
            self.oracle.said.append((option, key))

    def merge(self, key: str, at: datetime) -> None:
        other = self.pick.choice(KEYS)
        pair = frozenset([key, other])
        if pair in self.oracle.pairs:
            factories.unmerge(self.by.community, key, other, at)
            self.oracle.pairs.remove(pair)
        elif len(pair) == 2 and all(len(self.oracle.person(k)) == 1 for k in pair):
            factories.merge(self.by.community, key, other, at)
            self.oracle.pairs.add(pair)

    def leave(self, key: str, at: datetime) -> None:
        if key not in self.oracle.gone and self.pick.random() < 0.5:
            factories.leave(self.by.community, key, at=at)
            self.oracle.gone.add(key)

    def strike(self, key: str, at: datetime) -> None:
        row = Entry.objects.filter(account_id=self.ids[key]).first()
        # An entry of before a merge counts for both sides of it.
        if row is None or row.person_id != row.account_id or self.oracle.pairs:
            return
        entries.strike_out(entry=row, by=self.by, at=at)
        self.oracle.struck.add(key)

    def tags_of(self, person: frozenset[str]) -> set[str]:
        own = [self.ids[key] for key in person]
        rows = Tagging.objects.filter(
            account_id__in=own, present=True, tag__key__in=TAGS
        )
        return set(rows.values_list("tag__key", flat=True))


@pytest.mark.parametrize("seed", range(12))
def test_counts_and_tags_are_those_of_a_recount(seed: int, by: Staff) -> None:
    story = Story(by, seed)
    for minute in range(16):
        story.step(AT + timedelta(minutes=minute))
    react()
    assert polls.count(story.activity) == story.oracle.counted()
    expected = story.oracle.tagged()
    for person in {story.oracle.person(key) for key in KEYS}:
        tag = expected.get(person)
        assert story.tags_of(person) == ({tag} if tag else set())
