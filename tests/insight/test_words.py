"""I5: words of groups by people, rising and falling; counts outlive the texts."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core import community_days, permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.ingest import record_facts
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight.words import (
    tokens,
    topics,
    word_counts,
    word_days,
    word_settings,
)
from qunce.insight.words.models import WordDay
from qunce.insight.words.topics import FALLING, RISING, STEADY, UNSURE
from qunce.insight.words.word_settings import Brand
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageDay, MessageText
from qunce.members.people import people, staff_accounts
from tests import factories, shares
from tests.factories import AT

TODAY = date(2026, 3, 5)


@pytest.fixture
def by(shop: Community) -> Staff:
    return staff_models.system(shop)


def say(by: Staff, *messages: tuple[str, int, str], group: str = "g1") -> None:
    """Messages of members, so many days ago, through the API's door."""
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=AT - timedelta(days=days, seconds=number),
            member=member,
            group=group,
            payload={"text": text},
        )
        for number, (member, days, text) in enumerate(messages)
    ]
    for start in range(0, len(incoming), 1_000):
        part = incoming[start : start + 1_000]
        record_facts(community=by.community, incoming=part, by=by, at=AT)
    word_days.count_due(at=AT)


def words(by: Staff, days: int = 7, **options: Any) -> dict[str, tuple[int, int]]:
    """People and times of each word in the last complete days."""
    found = compute(by, days, **options)
    return {each.word: (each.people, each.times) for each in found.words if each.people}


def compute(by: Staff, days: int = 7, group: str | None = "g1") -> topics.Topics:
    return topics.compute(
        group=group,
        first=TODAY - timedelta(days=days),
        last=TODAY - timedelta(days=1),
        by=by,
        at=AT,
    )


@pytest.mark.both_databases
@pytest.mark.django_db
def test_words_count_people_not_times(by: Staff) -> None:
    say(
        by,
        ("ann", 1, "咖啡 coffee! http://coffee.example"),
        ("ann", 2, "coffee coffee"),
        ("bob", 1, "我们一起喝咖啡吧 Coffee"),
    )
    found = words(by)
    assert found["coffee"] == (2, 4)
    assert "我们" not in found
    assert not any("example" in word for word in found)
    assert MessageText.objects.count() == 3


@pytest.mark.django_db
def test_staff_and_erased_people_are_not_counted(by: Staff) -> None:
    say(
        by,
        ("ann", 1, "espresso machine"),
        ("bob", 1, "espresso"),
        ("eve", 1, "espresso"),
    )
    ids = account_queries.find(by.community, ["ann", "bob", "eve"])
    staff_accounts.mark(accounts=[ids["bob"]], by=by, at=AT)
    found = compute(by)
    assert words(by)["espresso"] == (2, 2)
    assert (found.temperature.member_words, found.temperature.staff_words) == (3, 1)
    people.erase(account=Account.objects.get(pk=ids["eve"]), by=by, at=AT)
    erasure.scrub(str(ids["eve"]), at=AT)
    assert not MessageText.objects.filter(account_id=ids["eve"]).exists()
    word_days.count_due(at=AT)
    assert words(by)["espresso"] == (1, 1)
    stored = [word_counts.decode(row.pairs) for row in WordDay.objects.all()]
    accounts = {account for counts in stored for account in counts.accounts.tolist()}
    assert accounts == {ids["ann"], ids["bob"]}


@pytest.mark.django_db
def test_scope_limits_the_temperature(by: Staff) -> None:
    """Days on which nobody wrote whom they see, and words of staff, are not theirs."""
    say(
        by,
        ("ann", 1, "espresso thanks"),
        ("bob", 1, "filter"),
        ("bob", 2, "refund"),
        ("sue", 3, "hello there"),
    )
    ids = account_queries.find(by.community, ["ann", "bob", "sue"])
    staff_accounts.mark(accounts=[ids["sue"]], by=by, at=AT)
    factories.tag(by.community, "mine")
    factories.apply_tag(by.community, "mine", "ann")
    scoped = factories.staff(
        by.community, "manager", "eve", scope={"tag": {"any": ["mine"]}}
    )
    whole, own = compute(by).temperature, compute(scoped).temperature
    assert (whole.days, whole.staff_words, whole.complaints) == (3, 2, 1)
    assert whole.words_per_staff_word == 2
    assert (own.days, own.staff_words, own.complaints) == (1, None, 0)
    assert (own.member_words, own.thanks) == (2, 1)
    assert own.first <= own.days
    assert own.words_per_staff_word is None


@pytest.mark.both_databases
@pytest.mark.django_db
def test_counts_stay_when_texts_are_deleted(by: Staff) -> None:
    say(
        by,
        ("ann", 3, "espresso secret"),
        ("bob", 3, "espresso"),
        ("ann", 1, "espresso"),
    )
    before = compute(by)
    message_texts.set_retention(community=by.community, days=2, by=by, at=AT)
    assert word_days.prune(at=AT) == 2
    assert MessageText.objects.count() == 1
    row = WordDay.objects.get(pairs="")
    ann = account_queries.find(by.community, ["ann"])["ann"]
    assert str(ann) not in row.totals.replace("[", " ").replace("]", " ").split()
    after = compute(by)
    assert not before.by_day
    assert after.by_day
    # Three people on two days; a word of one person is gone with their text.
    assert words(by) == {"espresso": (3, 3)}
    assert after.speakers == 3
    # The same fact again does not bring the text back.
    say(by, ("ann", 3, "espresso secret"))
    word_days.prune(at=AT)
    assert words(by) == {"espresso": (3, 3)}


@pytest.mark.django_db
def test_scopes_and_groups_limit_what_is_counted(by: Staff) -> None:
    say(by, ("ann", 1, "espresso"), ("bob", 1, "espresso"))
    say(by, ("ann", 1, "croissant"), group="g2")
    assert set(words(by, group=None)) == {"espresso", "croissant"}
    limited = factories.staff(by.community, permissions.Role.OPERATOR)
    limited.groups = ["g1"]
    assert set(words(limited, group=None)) == {"espresso"}
    with pytest.raises(Exception, match="no such group"):
        compute(limited, group="g2")
    limited.groups, limited.scope = None, {"members": {"keys": ["ann"]}}
    assert words(limited, group=None) == {"espresso": (1, 1), "croissant": (1, 1)}


@pytest.mark.django_db
def test_own_stop_words_and_brands(by: Staff) -> None:
    say(by, *((f"m{n}", 1, "蓝瓶子比瑞幸好喝 espresso") for n in range(40)))
    brands = [Brand("蓝瓶", (), is_own=True), Brand("Luckin", ("瑞幸", "luckin"))]
    word_settings.change(
        community=by.community, by=by, at=AT, stop_words=["Espresso"], brands=brands
    )
    word_days.count_due(at=AT)
    found = compute(by)
    assert "espresso" not in {each.word for each in found.words}
    assert [(b.name, b.people, b.share) for b in found.brands] == [
        ("蓝瓶", 40, 100.0),
        ("Luckin", 40, 100.0),
    ]
    twice = [Brand("A", ("x1",)), Brand("B", ("X1",))]
    with pytest.raises(word_settings.InvalidWords):
        word_settings.change(community=by.community, by=by, at=AT, brands=twice)
    text = word_settings.format_brands(word_settings.get(by.community).brands)
    assert tuple(word_settings.parse_brands(text)) == (
        word_settings.get(by.community).brands
    )


@pytest.mark.django_db
def test_a_topic_rises_only_if_enough_people_say_it(by: Staff) -> None:
    people = [f"m{n}" for n in range(40)]
    say(by, *((each, 10, "espresso hello") for each in people))
    say(by, *((each, 1, "croissant hello") for each in people))
    say(by, *(("m1", 1, f"spam number {n}") for n in range(30)))
    trends = {each.word: each.trend for each in compute(by).words}
    assert trends["croissant"] == RISING
    assert trends["espresso"] == FALLING
    assert trends["spam"] == UNSURE


def trend_of(people: int, speakers: int, before: int, speakers_before: int) -> str:
    """What `find_trends` says of one word, in plain arithmetic."""
    if people + before < topics.MIN_PEOPLE:
        return UNSURE
    if min(speakers, speakers_before) < topics.MIN_SPEAKERS:
        return UNSURE
    now, then = people / speakers, before / speakers_before
    pooled = (people + before) / (speakers + speakers_before)
    spread = pooled * (1 - pooled) * (1 / speakers + 1 / speakers_before)
    z = (now - then) / math.sqrt(spread) if spread > 0 else 0.0
    if z >= topics.MIN_Z and now >= topics.MIN_RATIO * then:
        return RISING
    if z <= -topics.MIN_Z and then >= topics.MIN_RATIO * now:
        return FALLING
    return STEADY


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((20, 100, 5, 100), RISING),
        ((5, 100, 20, 100), FALLING),
        ((20, 100, 18, 100), STEADY),
        ((3, 100, 1, 100), UNSURE),
        ((8, 9, 0, 100), UNSURE),
        ((100, 100, 100, 100), STEADY),
    ],
)
def test_trend(numbers: tuple[int, int, int, int], expected: str) -> None:
    people, speakers, before, speakers_before = numbers
    found = topics.find_trends(
        np.array([people]), speakers, np.array([before]), speakers_before
    )
    assert found == [expected] == [trend_of(*numbers)]


@given(
    speakers=st.integers(0, 60),
    speakers_before=st.integers(0, 60),
    shares=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20),
)
def test_trends_are_those_of_each_word_alone(
    speakers: int, speakers_before: int, shares: list[tuple[float, float]]
) -> None:
    people = [round(now * speakers) for now, _then in shares]
    before = [round(then * speakers_before) for _now, then in shares]
    found = topics.find_trends(
        np.array(people, np.int64),
        speakers,
        np.array(before, np.int64),
        speakers_before,
    )
    assert found == [
        trend_of(now, speakers, then, speakers_before)
        for now, then in zip(people, before, strict=True)
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_old", [False, True])
def test_words_are_those_of_people_one_by_one(
    by: Staff, seed: int, is_old: bool
) -> None:
    """Stored counts of two accounts of a person, of staff and of deleted texts add up."""
    rng = random.Random(seed)  # noqa: S311
    factories.members(by.community, "ann", "ann2", "bob", "cat", "sue")
    ids = account_queries.find(by.community, ["ann", "ann2", "bob", "cat", "sue"])
    factories.merge(by.community, "ann", "ann2")
    staff_accounts.mark(accounts=[ids["sue"]], by=by, at=AT)
    person_of = account_queries.person_ids(sorted(ids.values()))
    today = community_days.from_date(TODAY)
    people: dict[tuple[bool, str], set[tuple[int, ...]]] = defaultdict(set)
    times: Counter[tuple[bool, str]] = Counter()
    words_of = [f"word{n}" for n in range(6)]
    group = factories.group(by.community, "g1")
    deleted: Counter[tuple[bool, str]] = Counter()
    for day in range(today - 14, today):
        counts: dict[str, dict[int, int]] = {tokens.WORDS: {}}
        for account in rng.sample(sorted(ids.values()), rng.randint(0, 5)):
            for word in rng.sample(words_of, rng.randint(1, 4)):
                number = rng.randint(1, 400)
                counts.setdefault(word, {})[account] = number
                own = counts[tokens.WORDS]
                own[account] = own.get(account, 0) + number
        is_now = day >= today - 7
        for word, pairs in counts.items():
            for account, number in pairs.items():
                if account != ids["sue"]:
                    person = person_of[account]
                    people[is_now, word].add((person, day) if is_old else (person,))
                    times[is_now, word] += number
        totals = ""
        if is_old and rng.random() < 0.5:
            totals = json.dumps({"word1": [2, 9]})
            deleted[is_now, "word1"] += 2
            times[is_now, "word1"] += 9
        WordDay.objects.create(
            community=by.community,
            group_id=group.pk,
            day=day,
            pairs=word_counts.encode(counts),
            totals=totals,
        )
    assert bool(deleted) == is_old
    found = compute(by, 7)
    expected = [
        (
            word,
            len(people[True, word]) + deleted[True, word],
            times[True, word],
            len(people[False, word]) + deleted[False, word],
            times[False, word],
        )
        for word in words_of
    ]
    expected = [row for row in expected if row[1] or row[3]]
    expected.sort(key=lambda row: (-row[1], -row[2], row[0]))
    assert [tuple(word)[:5] for word in found.words] == expected
    assert found.speakers == len(people[True, tokens.WORDS])
    assert found.temperature.member_words == times[True, tokens.WORDS]


ALPHABET = ["咖啡", "coffee", "我们", "the", "x", "1", " ", "，", "@ann ", "Größe"]
TEXTS = st.lists(
    st.tuples(st.integers(1, 4), st.lists(st.sampled_from(ALPHABET), max_size=8)),
    max_size=12,
)


@settings(max_examples=shares.examples(40), deadline=None)
@given(messages=TEXTS)
def test_counts_are_those_of_each_text_alone(
    messages: list[tuple[int, list[str]]],
) -> None:
    texts = [(person, " ".join(parts)) for person, parts in messages]
    expected: dict[str, Counter[int]] = {}
    for person, text in texts:
        for word in tokens.split(text):
            if tokens.is_counted(word):
                expected.setdefault(word, Counter())[person] += 1
    found = tokens.count(texts, ())
    assert {w: c for w, c in found.items() if not w.startswith("#")} == expected


@pytest.mark.django_db
def test_direct_messages_are_no_topic_of_a_group(by: Staff) -> None:
    fact = IncomingFact(
        kind="message.posted",
        happened_at=AT - timedelta(days=1),
        member="ann",
        payload={"text": "espresso"},
    )
    record_facts(community=by.community, incoming=[fact], by=by, at=AT)
    assert word_days.count_due(at=AT) == 1
    assert not WordDay.objects.exists()
    day = MessageDay.objects.get()
    assert day.day == community_days.from_date(TODAY) - 1


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.dictionaries(
            st.integers(1, 2**62), st.integers(1, 2**40), min_size=1, max_size=5
        ),
        max_size=6,
    )
)
def test_stored_counts_are_read_as_they_were(
    counts: dict[str, dict[int, int]],
) -> None:
    found = word_counts.decode(word_counts.encode(counts))
    assert {word: dict(pairs) for word, pairs in found.by_word()} == counts
