"""The pure decisions of games against a slow, obvious oracle, over random histories."""

from __future__ import annotations

import itertools
import random
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

import pytest

from qunce.activities.games import answers, deciders, idioms, standings
from qunce.activities.games.answers import Accepted
from qunce.activities.games.deciders import (
    Chain,
    ChainState,
    Message,
    Mode,
    Outcome,
    Question,
    QuestionState,
    Span,
)
from qunce.activities.games.standings import Given
from tests.factories import AT

HISTORIES = 3_000
SECOND = timedelta(seconds=1)
SAID = ("北京", "ＢＥＩ京", " peking!", "上海", "7", "９", "", "a", "B. 北京", "🀄")
IDIOMS = (
    *("一心一意", "意气风发", "发扬光大", "大公无私", "丝丝入扣", "扣人心弦"),
    *("意味深长", "长治久安", "今天下午", "我不知道", "大吉大利", "发 扬 光 大"),
)


@dataclass(frozen=True)
class Line:
    """A line of a random history; `account` is merged into a person at some time."""

    account: int
    text: str
    second: int
    is_edit: bool


def random_lines(rng: random.Random, texts: tuple[str, ...]) -> list[Line]:
    return [
        Line(
            account=rng.randrange(6),
            text=rng.choice(texts),
            second=rng.randrange(-1, 12),
            is_edit=rng.random() < 0.15,
        )
        for _n in range(rng.randrange(1, 25))
    ]


def random_people(rng: random.Random) -> list[dict[int, int]]:
    """Whom each account belongs to before and after a merge, and after it is undone."""
    alone = {account: account for account in range(6)}
    merged = {**alone, 4: 0, 5: 1}
    return rng.choice([[alone], [alone, merged], [merged], [alone, merged, alone]])


def person(people: list[dict[int, int]], line: Line, place: int, count: int) -> int:
    return people[min(place * len(people) // count, len(people) - 1)][line.account]


# Questions


def play(
    question: Question,
    span: Span,
    lines: list[Line],
    people: list[dict[int, int]],
) -> list[tuple[Line, Outcome, int]]:
    """As the shell does it: the state of each person is read by all their accounts."""
    found: list[tuple[Line, Outcome, int]] = []
    won_at = None
    for place, line in enumerate(lines):
        now = people[min(place * len(people) // len(lines), len(people) - 1)]
        who = now[line.account]
        mine = [each for each in found if now[each[0].account] == who]
        stored = [each for each in mine if each[1] in deciders.STORED]
        is_right = any(each[1] in standings.RIGHT for each in stored)
        state = QuestionState(
            span=span,
            right=frozenset([who] if is_right else []),
            tries={who: len(stored)},
            won_at=won_at,
        )
        at = AT + line.second * SECOND
        message = Message(who, line.text, line.is_edit)
        after, verdict = deciders.decide(question, state, message, at)
        assert isinstance(after, QuestionState)
        won_at = after.won_at
        found.append((line, verdict.outcome, verdict.points))
    return found


def oracle(
    lines: list[Line], people: list[dict[int, int]], *, mode: Mode, tries: int | None
) -> list[bool]:
    """Whether each line is right and counts, by looking at all lines before it."""
    right = {"北京", "bei京", "peking"}
    counted: list[bool] = []
    stored: list[tuple[int, bool]] = []
    won_at: int | None = None
    for place, line in enumerate(lines):
        now = people[min(place * len(people) // len(lines), len(people) - 1)]
        own = [
            is_right
            for account, is_right in stored
            if now[account] == now[line.account]
        ]
        plain = unicodedata.normalize("NFKC", line.text).lower()
        is_right = plain.replace(" ", "").replace("!", "") in right
        is_taken = (
            not line.is_edit
            and 0 <= line.second < 10
            and (won_at is None or line.second <= won_at)
            and not any(own)
            and (tries is None or len(own) < tries)
        )
        if is_taken:
            stored.append((line.account, is_right))
        counted.append(is_taken and is_right and won_at is None)
        if counted[-1] and mode == Mode.FIRST:
            won_at = line.second
    return counted


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("tries", [None, 1, 3])
def test_questions_agree_with_the_oracle(mode: Mode, tries: int | None) -> None:
    rng = random.Random(f"{mode} {tries}")  # noqa: S311 - not for secrets
    question = Question(
        accepted=Accepted.of(["北京", "Peking", "bei 京"]),
        mode=mode,
        points=100,
        tries=tries,
    )
    span = Span(AT, AT + 10 * SECOND)
    right = 0
    for _history in range(HISTORIES // 9):
        lines, people = random_lines(rng, SAID), random_people(rng)
        found = play(question, span, lines, people)
        counts = [outcome == Outcome.RIGHT for _line, outcome, _points in found]
        assert counts == oracle(lines, people, mode=mode, tries=tries)
        right += sum(counts)
        for line, outcome, points in found:
            if line.is_edit:
                assert outcome == Outcome.IGNORED
            if outcome == Outcome.RIGHT and mode == Mode.SPEED:
                assert points == 100 - (100 * line.second * 1000) // 20_000
    assert right > 100


@pytest.mark.parametrize("mode", [*Mode, None])
def test_standings_agree_with_the_oracle(mode: Mode | None) -> None:
    rng = random.Random(f"standings {mode}")  # noqa: S311 - not for secrets
    for _history in range(HISTORIES // 4):
        given = [
            Given(
                pk=pk,
                round=rng.randrange(3),
                who=rng.randrange(4),
                outcome=rng.choice(["right", "beaten", "wrong"]),
                points=rng.randrange(5),
                ruling=rng.choice([None, None, True, False]),
            )
            for pk in range(rng.randrange(15))
        ]
        counted: list[Given] = []
        for each in given:
            right = each.outcome != "wrong" if each.ruling is None else each.ruling
            before = [one for one in counted if one.round == each.round]
            if not right or (mode == Mode.FIRST and before):
                continue
            if mode is not None and any(one.who == each.who for one in before):
                continue
            counted.append(each)
        assert standings.list_counted(given, mode) == counted
        ranked = standings.rank(counted, uncounted=[3])
        people = {each.who for each in counted} - {3}
        assert {score.who for score in ranked} == people
        for one, two in itertools.pairwise(ranked):
            first, second = (
                (
                    -sum(each.points for each in counted if each.who == who),
                    -sum(each.who == who for each in counted),
                    max(each.pk for each in counted if each.who == who),
                )
                for who in (one.who, two.who)
            )
            assert first < second


def test_too_low_and_too_high() -> None:
    question = Question(
        accepted=Accepted.of(["42"]),
        has_hints=True,
        number=answers.parse_number("42"),
    )
    state = QuestionState(Span(AT))
    for text, outcome in [
        ("41", Outcome.LOW),
        ("４３", Outcome.HIGH),
        ("1,000", Outcome.HIGH),
        ("-1", Outcome.LOW),
        ("about 42", Outcome.WRONG),
        ("42.00", Outcome.RIGHT),
    ]:
        _state, verdict = deciders.decide(question, state, Message(1, text), AT)
        assert verdict.outcome == outcome, text


# Chains


def test_chains_agree_with_the_oracle() -> None:
    rng = random.Random("chains")  # noqa: S311 - not for secrets
    links = 0
    for _history in range(HISTORIES):
        lines, people = random_lines(rng, IDIOMS), random_people(rng)
        chain = Chain(
            by_sound=rng.random() < 0.5,
            takes_turns=rng.random() < 0.5,
            any_word=rng.random() < 0.3,
        )
        words, whos = ["一心一意"], [-1]
        state = ChainState(Span(AT, AT + 10 * SECOND), "一心一意", {"一心一意"})
        for place, line in enumerate(lines):
            who = person(people, line, place, len(lines))
            message = Message(who, line.text, line.is_edit)
            at = AT + line.second * SECOND
            after, verdict = deciders.decide(chain, state, message, at)
            assert isinstance(after, ChainState)
            word = line.text.replace(" ", "")
            sounds = {"私": "丝", "丝": "私"} if chain.by_sound else {}
            fits = word[0] in (words[-1][-1], sounds.get(words[-1][-1]))
            known = {"大吉大利", "今天下午"} if chain.any_word else set()
            is_known = word in set(IDIOMS[:8]) | known
            counts = (
                not line.is_edit
                and 0 <= line.second < 10
                and fits
                and is_known
                and word not in words
                and not (chain.takes_turns and who == whos[-1])
            )
            assert (verdict.outcome == Outcome.RIGHT) is counts, (line, words)
            if counts:
                words.append(word)
                whos.append(who)
            else:
                assert after == state
            state = after
        links += len(words) - 1
    assert links > HISTORIES


def test_idioms_follow_by_character_or_sound() -> None:
    assert idioms.follows("意气风发", "一心一意", by_sound=False)
    assert idioms.follows("易如反掌", "一心一意", by_sound=True)
    assert not idioms.follows("易如反掌", "一心一意", by_sound=False)
    # A character with several readings follows by each of them.
    assert idioms.follows("常胜将军", "来日方长", by_sound=True)
    assert idioms.follows("掌上明珠", "来日方长", by_sound=True)
    assert idioms.read("  意气，风发！") == "意气风发"
    assert idioms.read("abc意气风发") is None
    assert idioms.read("一" * 13) is None


# Answers


@pytest.mark.parametrize(
    ("said", "answer", "by_sound", "is_right"),
    [
        ("ｐＡＲＩＳ。", "Paris", False, True),
        ("new  york", "New York", False, True),
        ("1，000", "1000", False, True),
        ("3.0", "3", False, True),
        ("３０", "30", False, True),
        ("飬", "养", False, False),
        ("惠员", "会员", True, True),
        ("惠员", "会员", False, False),
        ("a\u202eb", "ab", False, True),
        ("𠮷野家", "𠮷野家", False, True),
        ("C++", "C++", False, True),
        ("C", "C++", False, False),
        ("", "x", True, False),
    ],
)
def test_answers_are_compared_as_people_mean_them(
    said: str, answer: str, by_sound: bool, is_right: bool
) -> None:
    assert Accepted.of([answer], by_sound=by_sound).has(said) is is_right


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("a", "Rome"),
        ("Ｂ", "Paris"),
        ("c.", "Bonn"),
        ("B、Paris", "Paris"),
        ("b Rome", None),
        ("bonn!", "Bonn"),
        ("d", None),
        ("about", None),
    ],
)
def test_choices_are_named_by_letter_or_text(said: str, choice: str | None) -> None:
    assert answers.read_choice(said, ["Rome", "Paris", "Bonn"]) == choice
