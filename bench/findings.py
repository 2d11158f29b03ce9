"""Findings: how long they take, how rarely they are false, and which drops they see."""

from __future__ import annotations

import time

import numpy as np

from bench import finding_worlds, measure
from bench.measure import SECONDS, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.insight.findings import findings as search

SHUFFLED, PLANTED = 200, 100
DROPS = (0.2, 0.3, 0.5)
PER_CENT, REPORTS = "%", "of 20 reports"


def findings(session: Session) -> None:
    """Find changes in the whole community, and in communities whose changes are known."""
    with measure.profiled(session.profile("findings")):
        start = time.perf_counter()
        found = search.find(community=session.community, by=session.by, at=AT)
        seconds = time.perf_counter() - start
    note = f"{found.asked} numbers looked at, {len(found.findings)} findings"
    session.record(Row("findings", "find changes", SECONDS, seconds, 1, 60, note=note))
    if session.workspace.size.name != "small":
        return
    rng = np.random.default_rng(1)
    false = finding_worlds.count_false_reports(SHUFFLED, rng)
    session.record(
        Row(
            "findings-false",
            "reports with a finding, days shuffled within weekdays",
            REPORTS,
            20 * false / SHUFFLED,
            SHUFFLED,
            1,
        )
    )
    for is_largest in (False, True):
        for drop in DROPS:
            _measure_drop(session, drop, is_largest)


def _measure_drop(session: Session, drop: float, is_largest: bool) -> None:
    quality = finding_worlds.measure(
        drop=drop,
        reports=PLANTED,
        is_largest=is_largest,
        rng=np.random.default_rng(2),
    )
    where = "in the busiest of 40 groups" if is_largest else "in 1 of 40 groups"
    key = f"findings-{'busiest' if is_largest else 'any'}-{drop:.0%}".replace("%", "")
    session.record(
        Row(
            f"{key}-missed",
            f"drops of {drop:.0%} over 3 days {where}: missed",
            PER_CENT,
            100 * (1 - quality.recall),
            PLANTED,
            20,
            note=f"a test that knows the noise of the group misses "
            f"{100 * (1 - quality.best):.0f} %",
        )
    )
    session.record(
        Row(
            f"{key}-part",
            f"drops of {drop:.0%} over 3 days {where}: another part named first",
            PER_CENT,
            100 * (1 - quality.right_part),
            PLANTED,
            10,
        )
    )
