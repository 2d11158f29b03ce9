"""The five modes of re-entry against an oracle (journeys, rows 1, 2, 21 and 25)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.playbooks import reentry
from qunce.outreach.playbooks.reentry import (
    Enter,
    LaneRun,
    Mode,
    PastRun,
    Reentry,
    Refusal,
    Refuse,
    Trigger,
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
COOLDOWN_DAYS = 3

Step = tuple[str, int, int]
"""What happens: "order" of a key, or "end" of the oldest live run; and hours before it."""
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["order", "order", "end"]),
        st.integers(0, 4),
        st.integers(0, 60),
    ),
    max_size=12,
)


class Oracle:
    """Keeps runs as [key, start, end], and knows nothing of the code under test."""

    def __init__(self, mode: str) -> None:
        self.mode, self.runs = mode, list[list[int | None]]()

    def order(self, key: int, now: int) -> None:
        live = [run for run in self.runs if run[2] is None]
        if key in [run[0] for run in self.runs]:
            return
        if self.mode == "never" and self.runs:
            return
        if self.mode in ("finished", "cooldown") and live:
            return
        if self.mode == "cooldown" and self.runs:
            last = max(run[2] or 0 for run in self.runs)
            if now < last + COOLDOWN_DAYS * 24:
                return
        if self.mode == "restart":
            for run in live:
                run[2] = now
        self.runs.append([key, now, None])

    def end(self, now: int) -> None:
        for run in self.runs:
            if run[2] is None:
                run[2] = now
                return


def play(mode: str, steps: list[Step]) -> list[tuple[int, int | None]]:
    again, runs, now = Reentry(mode, COOLDOWN_DAYS), list[PastRun](), 0
    triggers: dict[int, int] = {}
    for what, key, hours in steps:
        now += hours
        at = EPOCH + timedelta(hours=now)
        live = [run for run in runs if run.is_live]
        if what == "end":
            ended = [live[0].id] if live else []
        else:
            decision = reentry.admit(again, Trigger(str(key), at), runs)
            ended = list(decision.restarted) if isinstance(decision, Enter) else []
            if isinstance(decision, Enter):
                assert decision.number == len(runs) + 1
                runs.append(PastRun(len(runs), decision.key, at))
                triggers[len(runs) - 1] = key
        runs = [
            PastRun(run.id, run.key, run.started_at, at) if run.id in ended else run
            for run in runs
        ]
        if mode != Mode.PER_KEY:
            assert sum(run.is_live for run in runs) <= 1
        assert len({run.key for run in runs}) == len(runs)
    return [(triggers[run.id], _hours(run.ended_at)) for run in runs]


def _hours(at: datetime | None) -> int | None:
    return None if at is None else int((at - EPOCH) / timedelta(hours=1))


@given(st.sampled_from(list(Mode)), STEPS)
def test_every_mode_leaves_the_runs_that_the_oracle_predicts(
    mode: str, steps: list[Step]
) -> None:
    oracle, now = Oracle(mode), 0
    for what, key, hours in steps:
        now += hours
        if what == "end":
            oracle.end(now)
        else:
            oracle.order(key, now)
    assert play(mode, steps) == [(run[0], run[2]) for run in oracle.runs]


def test_a_more_important_playbook_of_the_lane_keeps_others_out() -> None:
    trigger = Trigger("1", EPOCH)
    kept_out = reentry.admit(Reentry(), trigger, [], lane=[LaneRun(9, 1)], rank=2)
    assert kept_out == Refuse(Refusal.LANE)
    # Equal ranks do not displace each other.
    equal = reentry.admit(Reentry(), trigger, [], lane=[LaneRun(9, 2)], rank=2)
    assert equal == Refuse(Refusal.LANE)
    let_in = reentry.admit(Reentry(), trigger, [], lane=[LaneRun(9, 3)], rank=2)
    assert let_in == Enter("once", 1, displaced=(9,))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12))
def test_a_lane_has_one_run_which_only_a_more_important_one_displaces(
    triggers: list[tuple[int, bool]],
) -> None:
    """Oracle: the first of the most important ones since the lane was free."""
    lane: list[LaneRun] = []
    since_free: list[tuple[int, int]] = []
    for number, (rank, ends_before) in enumerate(triggers):
        if ends_before:
            lane, since_free = [], []
        trigger = Trigger(str(number), EPOCH + timedelta(minutes=number))
        decision = reentry.admit(Reentry(), trigger, [], lane=lane, rank=rank)
        if isinstance(decision, Enter):
            assert decision.displaced == tuple(run.id for run in lane)
            lane = [LaneRun(number, rank)]
        since_free.append((rank, number))
        best, first = min(since_free)
        assert lane == [LaneRun(first, best)]


def test_playbooks_that_start_each_other_come_to_an_end() -> None:
    for mode in (Mode.RESTART, Mode.FINISHED, Mode.PER_KEY):
        runs: list[PastRun] = []
        for minute in range(60):
            now = EPOCH + timedelta(minutes=minute)
            trigger = Trigger(f"fact:{minute}", now)
            if isinstance(reentry.admit(Reentry(mode), trigger, runs), Enter):
                runs.append(PastRun(minute, trigger.key, now, now))
        assert len(runs) == reentry.MAX_RUNS_A_DAY
        later = Trigger("later", EPOCH + timedelta(days=1, minutes=30))
        assert isinstance(reentry.admit(Reentry(mode), later, runs), Enter)
        again = Trigger("again", EPOCH + timedelta(minutes=60))
        assert reentry.admit(Reentry(mode), again, runs) == Refuse(Refusal.TOO_OFTEN)
