"""The nightly run of fifty tag rules on all members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bench import measure
from bench.measure import SECONDS, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.members.tag_rules import activation, runs, tag_rules
from qunce.members.tag_rules.models import TagRule, TagRuleRun
from qunce.members.tags import library

COUNT = 50
DAY = timedelta(days=1)
KINDS = ("order.paid", "message.posted", "send.delivered")


def run_rules(session: Session) -> None:
    """Run all rules as of yesterday, then of today: a real day of gains and losses.

    A day is run once, so that a data set answers this question only once.
    """
    if TagRule.objects.filter(community=session.community).exists():
        print("    tag-rules has run on this data set; FRESH=1 makes another one")
        return
    _create(session)
    first = measure.repeat(lambda: _run(session, AT - DAY), 1)
    with measure.profiled(session.profile("tag-rules")):
        times = measure.repeat(lambda: _run(session, AT), 1)
    day = session.community.day(AT)
    done = TagRuleRun.objects.filter(rule__community=session.community, day=day)
    gained = sum(done.values_list("gained", flat=True))
    lost = sum(done.values_list("lost", flat=True))
    note = (
        f"{gained:,} tags given and {lost:,} taken back; "
        f"the first run of all took {first.each[0] / 1000:.1f} s"
    )
    question = f"{COUNT} tag rules run on all members at the start of a day"
    seconds = times.each[0] / 1000
    session.record(
        Row("tag-rules", question, SECONDS, seconds, 1, goal=60.0, note=note)
    )


def _create(session: Session) -> None:
    common: dict[str, Any] = {"by": session.by, "at": AT - 2 * DAY}
    for number in range(COUNT):
        key = f"bench-rule-{number}"
        library.create(community=session.community, key=key, **common)
        kind, days = KINDS[number % len(KINDS)], 14 + number
        did = {"did": {"kind": kind, "times": {"gte": 2}, "within": f"{days}d"}}
        condition: dict[str, Any] = {"rule": did}
        if number % 5 == 0:
            condition = {"silence": {"kinds": list(KINDS), "days": days}}
        rule = tag_rules.create(
            community=session.community,
            name=key,
            condition=condition,
            effects=[{"do": "add", "tag": key}],
            mode="daily",
            takes_back=True,
            **common,
        )
        activation.activate(rule=rule, is_confirmed=True, **common)


def _run(session: Session, at: Any) -> None:
    runs.start_day(community=session.community, at=at)
