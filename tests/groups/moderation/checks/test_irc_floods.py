"""Default rules of floods on real conversations, in which nobody was a spammer."""

from __future__ import annotations

import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qunce.groups.moderation.checks.subjects import Subject
from tests.groups.moderation.subjects import compiled, subject

LOGS = Path(__file__).parents[5] / "shared/data/ubuntu_irc/ubuntu_irc_train_raw.tar.xz"
LINE = re.compile(r"\[(\d\d):(\d\d)\] <([^>]+)> (.*)")
MAX_SHARE = 0.0005


def read_messages() -> Iterator[tuple[str, Subject | None]]:
    """The messages with seconds spread evenly over their minute, which logs leave out."""
    for day, log in enumerate(read_logs()):
        found = [match.groups() for line in log if (match := LINE.match(line))]
        counts = Counter((hour, minute) for hour, minute, *_ in found)
        seen: Counter[tuple[str, str]] = Counter()
        by_nick = Counter(nick for _hour, _minute, nick, _text in found)
        for number, (hour, minute, nick, text) in enumerate(found):
            part = seen[hour, minute] / counts[hour, minute]
            seen[hour, minute] += 1
            second = day * 200_000 + int(hour) * 3600 + int(minute) * 60 + 60 * part
            # Who says no more than a window allows in all cannot exceed it.
            if by_nick[nick] <= 8:
                yield nick, None
                continue
            event = subject(
                text, second=second, key=f"{day}:{number}", account=f"{day}:{nick}"
            )
            yield nick, event


def read_logs() -> Iterator[list[str]]:
    with tarfile.open(LOGS) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            if opened is not None:
                yield opened.read().decode("utf-8", "replace").split("\n")


@pytest.mark.skipif(not LOGS.exists(), reason="needs ../shared/data")
def test_default_rules_act_on_few_people_in_real_logs() -> None:
    rules = {
        "default": compiled("floods"),
        "strict": compiled("floods", windows=[{"at_most": 9, "seconds": 60}]),
    }
    states: dict[tuple[str, str], Any] = {}
    people: set[str] = set()
    caught: dict[str, set[str]] = {name: set() for name in rules}
    for nick, event in read_messages():
        people.add(nick)
        if event is None:
            continue
        for name, check in rules.items():
            key = name, event.account
            judgement = check.judge(event, states.get(key))
            states[key] = judgement.state
            if judgement.findings:
                caught[name].add(nick)
                states[key] = check.clear(judgement.state or {}, event.account)
    assert len(people) > 15_000
    assert len(caught["default"]) <= MAX_SHARE * len(people)
    # The logs do have busy people, whom a stricter rule would stop.
    assert 10 <= len(caught["strict"]) <= 100, len(caught["strict"])
