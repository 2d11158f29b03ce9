"""Floods, repeats and join waves, against a scan of all events so far."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.base import CompiledCheck, Judgement
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.options import InvalidOption, Limit
from qunce.groups.moderation.checks.subjects import Kind, Subject
from tests.groups.moderation.subjects import compiled, subject

SECONDS = st.lists(st.integers(0, 40), max_size=30)
WINDOWS = st.lists(
    st.fixed_dictionaries(
        {"seconds": st.integers(1, 20), "at_most": st.integers(1, 5)}
    ),
    min_size=1,
    max_size=3,
)


class Run:
    """Judges one event after another, with the state as it would be stored."""

    def __init__(self, check: CompiledCheck) -> None:
        self.check = check
        self.state: Any = None

    def judge(self, event: Subject) -> list[Finding]:
        judgement: Judgement = self.check.judge(event, self.state)
        if judgement.state is not None:
            self.state = json.loads(json.dumps(judgement.state))
        return list(judgement.findings)

    def fires(self, event: Subject) -> bool:
        return bool(self.judge(event))

    def clear(self, account: str = "a") -> None:
        self.state = json.loads(json.dumps(self.check.clear(self.state, account)))


def exceeds(times: list[int], at: int, windows: list[dict[str, int]]) -> bool:
    """Whether a window that has `at` in it has too many of all times, by counting."""
    return any(
        sum(end - window["seconds"] < time <= end for time in times) > window["at_most"]
        for window in windows
        for end in times
        if at <= end < at + window["seconds"]
    )


@given(SECONDS, WINDOWS)
def test_floods_are_those_of_a_scan_of_all_messages(
    seconds: list[int], windows: list[dict[str, int]]
) -> None:
    run = Run(compiled("floods", windows=windows))
    times: list[int] = []
    for index, second in enumerate(sorted(seconds)):
        times.append(second)
        fired = run.fires(subject("x", second=second, key=f"m{index}"))
        assert fired == exceeds(times, second, windows)


@given(st.permutations(range(0, 24, 2)), st.integers(1, 4))
def test_floods_are_seen_when_messages_come_in_any_order(
    seconds: list[int], most: int
) -> None:
    windows = [{"seconds": 5, "at_most": most}]
    run = Run(compiled("floods", windows=windows))
    fired = [run.fires(subject("x", second=second)) for second in seconds]
    assert any(fired) == exceeds(seconds, 22, windows)


@given(SECONDS, WINDOWS, st.data())
def test_message_that_comes_again_counts_once(
    seconds: list[int], windows: list[dict[str, int]], data: st.DataObject
) -> None:
    once, again = (Run(compiled("floods", windows=windows)) for _ in range(2))
    events = [
        subject("x", second=second, key=f"m{index}")
        for index, second in enumerate(sorted(seconds))
    ]
    for index, event in enumerate(events):
        assert once.fires(event) == again.fires(event)
        again.fires(events[data.draw(st.integers(max(0, index - 3), index))])
        assert once.state == again.state


def test_flood_states_what_was_counted() -> None:
    run = Run(compiled("floods", windows=[{"at_most": 2, "seconds": 10}]))
    events = [subject("x", second=second) for second in (0, 4, 9, 12, 30)]
    found = [run.judge(event) for event in events]
    assert [bool(each) for each in found] == [False, False, True, True, False]
    ((finding,), (evidence,)) = found[2], found[2][0].evidence
    assert base.list_sentences(finding) == ["3 messages within 10 seconds, 2 allowed."]
    assert evidence.messages == ["m0", "m4", "m9"]


def test_history_edits_and_joins_are_no_flood() -> None:
    run = Run(compiled("floods", windows=[{"at_most": 1, "seconds": 60}]))
    kinds: list[dict[str, Any]] = [
        {"is_history": True},
        {"kind": Kind.EDIT},
        {"kind": Kind.JOIN},
    ]
    for second, fields in enumerate(kinds * 3):
        assert not run.fires(subject("x", second=second, **fields))
    assert not run.fires(subject("x", second=10))
    assert run.fires(subject("x", second=11))


def test_count_starts_again_after_a_penalty() -> None:
    run = Run(compiled("floods", windows=[{"at_most": 2, "seconds": 60}]))
    assert [run.fires(subject("x", second=n)) for n in range(3)] == [False, False, True]
    run.clear()
    # What was sent before the penalty and arrives late is not punished again.
    assert not run.fires(subject("x", second=1.5))
    assert [run.fires(subject("x", second=n)) for n in (3, 4, 5)] == [
        False,
        False,
        True,
    ]


def test_state_of_a_flood_stays_small() -> None:
    run = Run(compiled("floods", windows=[{"at_most": 20, "seconds": 60}]))
    for n in range(500):
        run.fires(subject("x", second=n / 100))
    assert len(run.state["events"]) <= 42


TEXTS = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from(["buy now", "b u y now", "hello you"])
    ),
    max_size=25,
)


@given(TEXTS, WINDOWS)
def test_repeats_are_those_of_a_scan_of_all_texts(
    sent: list[tuple[int, str]], windows: list[dict[str, int]]
) -> None:
    run = Run(compiled("repeats", windows=windows))
    before: dict[str, list[int]] = {}
    for index, (second, text) in enumerate(sorted(sent)):
        times = before.setdefault(text.replace(" ", ""), [])
        times.append(second)
        fired = run.fires(subject(text, second=second, key=f"m{index}"))
        assert fired == exceeds(times, second, windows)


def test_repeat_names_the_earlier_messages_and_ignores_short_texts() -> None:
    run = Run(compiled("repeats", windows=[{"at_most": 1, "seconds": 60}]))
    assert not run.fires(subject("好的", second=0))
    assert not run.fires(subject("好的", second=1))
    assert not run.fires(subject("今晚八点开团", second=2))
    (finding,) = run.judge(subject("今·晚·八·点·开·团", second=3))
    assert list(finding.evidence[0].messages) == ["m2", "m3"]
    run.clear()
    assert not run.fires(subject("今晚八点开团", second=4))
    assert run.fires(subject("今晚八点开团", second=5))


def test_texts_of_a_person_are_forgotten_after_the_window() -> None:
    run = Run(compiled("repeats", windows=[{"at_most": 1, "seconds": 5}]))
    for n in range(200):
        run.fires(subject(f"another text {n}", second=n / 50))
    assert len(run.state["texts"]) == 50
    run.fires(subject("the last one", second=100))
    assert len(run.state["texts"]) == 1


JOINS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcdef")), max_size=25)


@given(JOINS, WINDOWS)
def test_waves_are_those_of_a_scan_of_the_last_joins(
    joined: list[tuple[int, str]], windows: list[dict[str, int]]
) -> None:
    run = Run(compiled("join_waves", windows=windows))
    last: dict[str, int] = {}
    for second, account in sorted(joined):
        last[account] = second
        event = subject(kind=Kind.JOIN, second=second, account=account)
        assert run.fires(event) == exceeds(list(last.values()), second, windows)


def test_wave_is_one_of_different_people() -> None:
    run = Run(compiled("join_waves", windows=[{"at_most": 3, "seconds": 60}]))
    join = {"kind": Kind.JOIN}
    assert not any(run.fires(subject(second=n, **join)) for n in range(9))
    assert not run.fires(subject(second=10, account="b", kind=Kind.RENAMING))
    fired = [run.fires(subject(second=20, account=name, **join)) for name in "bcde"]
    assert fired == [False, False, True, True]
    run.clear("")
    assert not run.fires(subject(second=21, account="f", **join))


@pytest.mark.parametrize(
    "window",
    [
        {"at_most": 0, "seconds": 60},
        {"at_most": -1, "seconds": 60},
        {"at_most": 5},
        {"at_most": 5, "seconds": 10**9},
        {"at_most": True, "seconds": 60},
        {"at_most": "5", "seconds": 60},
        5,
    ],
)
def test_window_without_a_number_from_one_is_refused(window: object) -> None:
    with pytest.raises(InvalidOption, match="A limit is a number from 1 to 1000"):
        base.get("floods").parse_options({"windows": [window]})


def test_no_windows_check_nothing() -> None:
    run = Run(compiled("floods", windows=[]))
    assert not any(run.fires(subject("x", second=0, key=str(n))) for n in range(50))
    options = base.get("floods").parse_options({"windows": []})
    assert base.get("floods").list_phrases(options) == [
        "Messages of one person: Not checked"
    ]


def test_limits_are_words() -> None:
    check = base.get("contacts")
    words = {"phone": "off", "link": "none", "qq": {"at_most": 2}}
    options = check.parse_options(words)
    assert options["phone"].is_off and options["phone"].allows(99)
    assert options["link"] == Limit(0) and not options["link"].allows(1)
    assert options["qq"].allows(2) and not options["qq"].allows(3)
    assert words.items() <= check.options_to_json(options).items()
    for value in (0, -1, {"at_most": 0}, {"at_most": -1}, {"at_most": 1, "x": 1}, None):
        with pytest.raises(InvalidOption, match="Choose “off”, “none”, or at most"):
            check.parse_options({"qq": value})


def test_forms_are_read_into_the_same_values() -> None:
    floods, contacts = base.get("floods"), base.get("contacts")
    form = {"windows_at_most_0": "5", "windows_seconds_0": " 10 "}
    assert floods.read_form(form) == {"windows": [{"at_most": 5, "seconds": 10}]}
    form = {
        "qq": "at_most",
        "qq_at_most": "3",
        "phone": "none",
        "allowed": "a.cn\nb.cn",
    }
    read = contacts.read_form(form)
    assert read["qq"] == {"at_most": 3} and read["phone"] == "none"
    assert read["allowed"] == ["a.cn", "b.cn"]
    with pytest.raises(InvalidOption):
        contacts.parse_options(contacts.read_form(form | {"qq_at_most": "-1"}))
