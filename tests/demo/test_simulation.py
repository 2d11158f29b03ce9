"""The simulator: the same for the same seed, and never against its own rules."""

from __future__ import annotations

import csv
import io
import itertools
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.demo.simulation.community import SimulatedCommunity
from qunce.demo.simulation.files import FILES, SimulatedFile
from qunce.demo.simulation.messages import TOPICS
from qunce.demo.simulation.random_numbers import Chance, Weights
from qunce.demo.simulation.settings import SPEECHES, WORDS, Settings
from tests import shares

FIRST = datetime.fromisoformat("2025-01-01")
NOW = datetime.fromisoformat("2026-11-21T15:30")
DIGEST = """
import hashlib
from datetime import datetime
from qunce.demo.simulation.community import SimulatedCommunity
from qunce.demo.simulation.files import FILES
from qunce.demo.simulation.settings import Settings
community = SimulatedCommunity(Settings(datetime(2026, 11, 21, 15, 30), members=400))
content = b"".join(file.write(community) for file in FILES)
notes = repr(community.notes) + repr(community.groups)
print(hashlib.sha256(content + notes.encode()).hexdigest())
"""

communities = st.builds(
    SimulatedCommunity,
    st.builds(
        Settings,
        now=st.integers(0, 6 * 365 * 86_400).map(
            lambda seconds: FIRST + timedelta(seconds=seconds)
        ),
        language=st.sampled_from(["zh", "en"]),
        seed=st.integers(0, 1_000_000),
        members=st.integers(40, 160),
    ),
)


@cache
def whole() -> SimulatedCommunity:
    return SimulatedCommunity(Settings(NOW))


def read(file: SimulatedFile, community: SimulatedCommunity) -> list[dict[str, str]]:
    """The rows of a file by the fields of its columns."""
    text = io.StringIO(file.write(community).decode())
    fields = file.mapping(community)
    return [
        {fields.get(heading, heading): cell for heading, cell in row.items()}
        for row in csv.DictReader(text)
    ]


FILE_BY_NAME = {file.name: file for file in FILES}


def test_same_seed_and_clock_give_the_same_bytes() -> None:
    def digest(hash_seed: str) -> str:
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", DIGEST]
        return subprocess.run(
            command, env=env, capture_output=True, text=True, check=True
        ).stdout

    assert digest("1") == digest("2") != ""


def test_another_seed_gives_another_community() -> None:
    first, second = (
        SimulatedCommunity(Settings(NOW, seed=seed, members=100)) for seed in (1, 2)
    )
    assert [p.name for p in first.people] != [p.name for p in second.people]


def test_community_has_the_promised_size() -> None:
    community = whole()
    assert len(community.people) == 3_000
    assert len(community.groups) == 40
    assert 8_000 < len(community.orders) < 20_000
    assert 15_000 < len(community.messages) < 50_000
    year = timedelta(days=365)
    assert all(NOW - year <= person.joined_at <= NOW for person in community.people)
    assert {person.speaks for person in community.people} == {"zh", "en"}


def test_every_kind_of_event_occurs() -> None:
    community = whole()
    topics = Counter(message.topic for message in community.messages)
    assert topics.keys() == {*TOPICS, "thanks", "advert", "flood"}
    assert {group.state for group in community.groups} == {
        "growing",
        "lasting",
        "recalling",
        "dead",
    }
    assert any(order.refunded == order.amount for order in community.orders)
    assert any(0 < order.refunded < order.amount for order in community.orders)
    assert any(tagging.is_twin for tagging in community.taggings)
    open_notes = [note for note in community.notes if note.due_at and not note.done_at]
    assert any(note.due_at and note.due_at < NOW for note in open_notes)
    assert any(note.due_at and note.due_at > NOW for note in open_notes)
    assert community.sends.opt_outs


def test_sales_days_bring_more_orders_than_usual() -> None:
    per_day = Counter(order.paid_at.date() for order in whole().orders)
    november = [n for day, n in per_day.items() if (day.year, day.month) == (2026, 11)]
    singles_day = per_day[date(2026, 11, 11)]
    assert singles_day > 1.2 * sum(november) / len(november)


@given(communities)
@settings(max_examples=shares.examples(15), deadline=None)
def test_nothing_happens_outside_of_a_membership(community: SimulatedCommunity) -> None:
    now = community.settings.now
    for order in community.orders:
        assert order.paid_at <= now
        assert order.person.is_member_at(order.paid_at)
        assert 0 <= order.refunded <= order.amount
        assert order.refunded_at is None or order.paid_at < order.refunded_at <= now
    stays = defaultdict(list)
    for stay in community.stays:
        assert stay.person.joined_at <= stay.joined_at <= now
        end = stay.left_at or now
        assert stay.joined_at < end <= (stay.person.left_at or now)
        stays[stay.group, stay.person.number].append((stay.joined_at, end))
    for spans in stays.values():
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    for message in community.messages:
        spans = stays[message.group, message.person.number]
        assert any(start <= message.at <= end for start, end in spans)
    for send in community.sends.sends:
        assert send.person.is_member_at(send.mailing.at)
        assert send.at <= (send.clicked_at or now)


@given(communities)
@settings(max_examples=shares.examples(15), deadline=None)
def test_files_add_up_to_the_totals(community: SimulatedCommunity) -> None:
    totals = community.totals
    orders = read(FILE_BY_NAME["orders"], community)
    assert len({row["order_key"] for row in orders}) == len(orders) == totals.orders
    assert sum(Decimal(row["amount"]) for row in orders) * 100 == totals.paid
    refunds = [Decimal(row["refunded_amount"] or 0) for row in orders]
    assert sum(refunds) * 100 == totals.refunded
    members = read(FILE_BY_NAME["members"], community)
    assert sum(not row["left_at"] for row in members) == totals.members
    inside = {
        (row["group_key"], row["member_key"])
        for row in read(FILE_BY_NAME["memberships"], community)
        if not row["left_at"]
    }
    sizes = Counter(group for group, _member in inside)
    assert sizes == Counter({key: n for key, n in totals.groups.items() if n})
    tags = read(FILE_BY_NAME["tags"], community)
    pairs = {(row["tag"], row["member_key"]) for row in tags}
    assert Counter(tag for tag, _member in pairs) == totals.tags
    assert len(read(FILE_BY_NAME["chat"], community)) == totals.messages


@pytest.mark.parametrize("speech", SPEECHES.values(), ids=SPEECHES)
def test_grammars_name_only_symbols_that_they_have(speech: object) -> None:
    for grammar in vars(speech).values():
        assert grammar.check() == set()


@pytest.mark.parametrize("language", WORDS)
def test_languages_have_the_same_words(language: str) -> None:
    words, other = WORDS[language], WORDS["en"]
    assert words.notes.check() == set()
    for name in vars(words):
        mine, theirs = getattr(words, name), getattr(other, name)
        if isinstance(mine, dict):
            assert mine.keys() == theirs.keys(), name
        elif isinstance(mine, tuple):
            assert len(mine) == len(theirs), name


@given(st.integers(), st.lists(st.floats(0, 10), min_size=1, max_size=30))
def test_drawn_index_has_a_weight(seed: int, weights: list[float]) -> None:
    drawn = Weights(weights).draw(Chance(seed, "test"))
    assert weights[drawn] > 0 or sum(weights) < 1e-9


def test_counts_have_the_mean_that_was_asked_for() -> None:
    chance = Chance(1, "test")
    for mean in (0.1, 3.0, 120.0):
        counts = [chance.poisson(mean) for _ in range(4_000)]
        assert abs(sum(counts) / len(counts) / mean - 1) < 0.15
