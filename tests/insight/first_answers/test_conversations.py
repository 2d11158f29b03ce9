"""Conversations, times of answers and working hours, against plain Python."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core import timestamps, working_days
from qunce.core.communities import Community
from qunce.insight.first_answers import answer_times, conversations, working_time
from qunce.insight.first_answers.conversations import NEVER, SECOND, SILENCE
from qunce.insight.first_answers.working_time import WorkingHours
from qunce.sets.chat_messages import ChatMessages, Mentions
from tests import shares

ZONES = ("Asia/Shanghai", "America/Los_Angeles", "Africa/Cairo")
SILENT = timedelta(microseconds=SILENCE)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Said:
    chat: int
    when: datetime
    person: int
    is_staff: bool


@dataclass
class Talk:
    chat: int
    opener: int
    opened: datetime
    answered: datetime | None = None
    by: int = 0


def read_slowly(messages: list[Said]) -> list[Talk]:
    """Go through every chat message by message, as a person would."""
    found = []
    for chat in sorted({each.chat for each in messages}):
        own = [each for each in messages if each.chat == chat]
        waiting: Talk | None = None
        last: Said | None = None
        for said in own:
            is_silent = last is None or said.when - last.when >= SILENT
            if said.is_staff:
                if waiting and said.when - waiting.opened < SILENT:
                    waiting.answered, waiting.by = said.when, said.person
                waiting = None
            elif is_silent or (last is not None and last.is_staff):
                waiting = Talk(chat, said.person, said.when)
                found.append(waiting)
            last = said
    return found


def to_arrays(messages: list[Said]) -> ChatMessages:
    chats, people = (
        np.array([getattr(each, name) for each in messages], dtype=np.int64)
        for name in ("chat", "person")
    )
    times = [timestamps.to_micros(each.when) for each in messages]
    is_staff = np.array([each.is_staff for each in messages], dtype=bool)
    return ChatMessages(
        chats, np.array(times, dtype=np.int64), people, np.zeros_like(chats), is_staff
    )


def random_chats(rng: random.Random, zone: str, size: int) -> list[Said]:
    """Messages around a change of the clock, with silences and messages of one minute."""
    start = datetime(2026, rng.choice((3, 4, 10)), 20, tzinfo=ZoneInfo(zone))
    messages = []
    for chat in (-7, 3, 12):
        now = start
        for _number in range(rng.randrange(size)):
            now += rng.choice(
                (
                    timedelta(),
                    MINUTE,
                    37 * MINUTE,
                    timedelta(hours=9),
                    SILENT,
                    2 * SILENT,
                )
            )
            is_staff = rng.random() < 0.3
            person = rng.randrange(1, 4) + 10 * is_staff
            messages.append(Said(chat, now.astimezone(UTC), person, is_staff))
    return messages


@dataclass(frozen=True)
class Called:
    """A member calls us in a group, or staff answer them."""

    chat: int
    when: datetime
    person: int
    actor: int = 0


def read_mentions_slowly(called: list[Called]) -> list[Talk]:
    found: list[Talk] = []
    waiting: dict[tuple[int, int], Talk] = {}
    for each in called:
        key = each.chat, each.person
        if not each.actor:
            waiting[key] = Talk(each.chat, each.person, each.when)
            found.append(waiting[key])
        elif key in waiting:
            talk = waiting.pop(key)
            if each.when - talk.opened < SILENT:
                talk.answered, talk.by = each.when, each.actor
    return found


def is_of_mention(said: Said, mentions: list[Talk]) -> bool:
    own = [
        each
        for each in mentions
        if (each.chat, each.opener) == (said.chat, said.person)
        and each.opened <= said.when
    ]
    if said.is_staff or not own:
        return False
    end = own[-1].opened + SILENT
    return said.when < min(own[-1].answered or end, end)


def mentions_of(called: list[Called]) -> Mentions:
    actors = np.array([each.actor for each in called], dtype=np.int64)
    times = [timestamps.to_micros(each.when) for each in called]
    return Mentions(
        groups=np.array([each.chat for each in called], dtype=np.int64),
        times=np.array(times, dtype=np.int64),
        people=np.array([each.person for each in called], dtype=np.int64),
        actors=actors,
        is_answer=actors != 0,
    )


@settings(max_examples=shares.examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_mentions_are_those_of_somebody_who_reads_the_groups(seed: int) -> None:
    """E15"""
    rng = random.Random(seed)  # noqa: S311 - no secrets
    messages = random_chats(rng, "Asia/Shanghai", 30)
    called = [
        Called(each.chat, each.when, each.person % 10 or 1, each.is_staff * 77)
        for each in sorted(messages, key=lambda each: each.when)
        if each.chat > 0 and rng.random() < 0.5
    ]
    expected = read_mentions_slowly(called)
    left = [each for each in messages if not is_of_mention(each, expected)]
    expected += read_slowly(left)
    found = conversations.find(
        replace(to_arrays(messages), mentions=mentions_of(called))
    )
    counted = zip(
        found.chats.tolist(),
        found.openers.tolist(),
        found.opened.tolist(),
        np.where(found.is_mention, found.actors, found.answerers).tolist(),
        found.answered.tolist(),
        strict=True,
    )
    assert sorted(counted) == sorted(
        (
            each.chat,
            each.opener,
            timestamps.to_micros(each.opened),
            each.by,
            timestamps.to_micros(each.answered) if each.answered else NEVER,
        )
        for each in expected
    )
    assert found.is_mention.sum() == sum(not each.actor for each in called)


@settings(max_examples=shares.examples(60), deadline=None)
@given(seed=st.integers(0, 10**6), zone=st.sampled_from(ZONES))
def test_conversations_are_those_of_somebody_who_reads_the_chats(
    seed: int, zone: str
) -> None:
    """I9"""
    messages = random_chats(random.Random(seed), zone, 30)  # noqa: S311 - no secrets
    expected = read_slowly(messages)
    found = conversations.find(to_arrays(messages))
    assert [
        (each.chat, each.opener, timestamps.to_micros(each.opened), each.by)
        for each in expected
    ] == list(
        zip(
            *(
                column.tolist()
                for column in (
                    found.chats,
                    found.openers,
                    found.opened,
                    found.answerers,
                )
            ),
            strict=True,
        )
    )
    answers = [
        timestamps.to_micros(each.answered) if each.answered else NEVER
        for each in expected
    ]
    assert found.answered.tolist() == answers
    # What was known at an earlier moment is what the messages until then say.
    if messages:
        moment = random.Random(seed + 1).choice(messages).when  # noqa: S311
        earlier = conversations.find(
            to_arrays([each for each in messages if each.when <= moment])
        )
        known = conversations.as_of(found, timestamps.to_micros(moment))
        assert known.opened.tolist() == earlier.opened.tolist()
        assert known.answered.tolist() == earlier.answered.tolist()
        assert known.answerers.tolist() == earlier.answerers.tolist()


@settings(max_examples=shares.examples(40), deadline=None)
@given(seed=st.integers(0, 10**6), zone=st.sampled_from(ZONES))
def test_measured_times_are_those_of_a_sorted_list(seed: int, zone: str) -> None:
    messages = random_chats(random.Random(seed), zone, 200)  # noqa: S311 - no secrets
    shop = Community(timezone=zone, day_start=240, region="CN")
    talks = read_slowly(messages)
    found = conversations.find(to_arrays(messages))
    measured = answer_times.measure(found, community=shop)
    pairs = [(each.opened, each.answered) for each in talks if each.answered]
    waits = sorted((end - start) // timedelta(seconds=1) for start, end in pairs)
    assert measured.answered == len(waits)
    assert measured.within_five_minutes == sum(wait < 300 for wait in waits)
    assert measured.within_hour == sum(wait < 3600 for wait in waits)

    def day(moment: datetime) -> date:
        # Aware times of one zone are subtracted on the clock on the wall.
        return (moment.astimezone(ZoneInfo(zone)) - timedelta(hours=4)).date()

    assert measured.same_day == sum(day(start) == day(end) for start, end in pairs)
    if len(waits) < 30:
        assert (measured.median, measured.ninety) == (None, None)
    else:
        assert measured.median is not None
        assert measured.ninety is not None
        half = sum(wait <= measured.median for wait in waits)
        assert half * 2 >= len(waits)
        assert measured.median in waits
        most = sum(wait <= measured.ninety for wait in waits)
        assert 10 * most >= 9 * len(waits) > 10 * (most - waits.count(measured.ninety))


def count_minutes_slowly(
    hours: WorkingHours, zone: str, region: str, start: datetime, end: datetime
) -> int:
    """Ask for each minute whether somebody works then."""
    worked = 0
    moment = start
    while moment < end:
        local = moment.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        closing = hours.end
        today = working_days.is_working_day(local.date(), region)
        yesterday = working_days.is_working_day(
            local.date() - timedelta(days=1), region
        )
        if closing > hours.start:
            worked += today and hours.start <= minute < closing
        else:
            worked += (today and minute >= hours.start) or (
                yesterday and minute < closing
            )
        moment += MINUTE
    return worked


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["09:00-18:00", "00:00-24:00", "22:30-06:15"])
def test_working_time_is_counted_minute_by_minute(zone: str, text: str) -> None:
    rng = random.Random(zone + text)  # noqa: S311 - no secrets
    hours = working_time.parse(text)
    assert hours is not None
    assert hours.text == text
    for region, month in (("CN", 10), ("US", 3), ("EG", 4)):
        base = datetime.combine(date(2026, month, 1), time(7, 13), tzinfo=UTC)
        starts = [base + timedelta(minutes=rng.randrange(40_000)) for _ in range(3)]
        ends = [each + timedelta(minutes=rng.randrange(4_400)) for each in starts]
        arrays: dict[str, Any] = {
            name: np.array([timestamps.to_micros(each) for each in moments])
            for name, moments in (("starts", starts), ("ends", ends))
        }
        found = working_time.count(hours, zone=zone, region=region, **arrays)
        assert (found // (60 * SECOND)).tolist() == [
            count_minutes_slowly(hours, zone, region, start, end)
            for start, end in zip(starts, ends, strict=True)
        ]


@pytest.mark.parametrize(
    "text", ["9", "09:00", "09:00-09:00", "25:00-26:00", "9:60-10"]
)
def test_malformed_working_hours_are_refused(text: str) -> None:
    with pytest.raises(working_time.InvalidWorkingHours, match="09:00-18:00"):
        working_time.parse(text)
    assert working_time.parse(" ") is None
