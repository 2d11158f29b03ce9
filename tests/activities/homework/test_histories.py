"""Random histories of homework through the verbs, beside the oracle of plans."""

from __future__ import annotations

import random
from fractions import Fraction
from statistics import median

import pytest

from qunce import reactions
from qunce.activities.homework import hand_ins, results, reviews
from qunce.activities.homework.models import PeerReview, ReviewState, Submission
from qunce.activities.homework.results import How
from qunce.core.staff.models import Staff
from tests import factories, shares
from tests.activities.homework import builders
from tests.activities.homework.builders import DUE, HOUR, REVIEW_DUE
from tests.activities.homework.plan_oracle import Oracle, Paper

HISTORIES, STEPS = 120 if shares.IS_EXACT else 3, 16


class History:
    """Seven accounts, some of which hand in late, and all that happens until the end."""

    def __init__(self, by: Staff, seed: int) -> None:
        self.by, self.dice = by, random.Random(seed)  # noqa: S311
        self.keys = [f"h{seed}-{number}" for number in range(7)]
        self.ids = factories.members(by.community, *self.keys)
        self.per_work = self.dice.randint(1, 3)
        self.activity = builders.open_homework(
            by, reviewers=self.per_work, review_hours=8
        )
        self.person_of = {pk: pk for pk in self.ids}
        self.merged: list[tuple[int, int]] = []
        self.gone: set[int] = set()
        late = self.dice.randint(0, 2)
        for number, account in enumerate(self.ids):
            is_late = number < late
            builders.hand_in(self.activity, account, at=DUE if is_late else DUE - HOUR)
        self.at = DUE
        self.plan()

    def step(self) -> None:
        self.at += HOUR
        steps = [self.write] * 6 + [self.merge, self.unmerge, self.leave, self.plan]
        self.dice.choice(steps)()
        self.plan()
        self.check()

    def plan(self) -> None:
        while reactions.CONSUMER.catch_up(at=self.at):
            pass
        reviews.plan(self.activity, self.at)

    def write(self) -> None:
        rows = PeerReview.objects.filter(
            submission__activity=self.activity, state=ReviewState.OPEN
        ).select_related("submission__activity__community")
        if rows:
            row = self.dice.choice(rows.order_by("pk"))
            builders.write(row, self.dice.randint(1, 10), at=self.at)

    def merge(self) -> None:
        left, right = sorted(self.dice.sample(range(7), 2))
        if any({left, right} & set(pair) for pair in self.merged):
            return
        factories.merge(self.by.community, self.keys[left], self.keys[right])
        self.merged.append((left, right))
        self.person_of[self.ids[right]] = self.ids[left]

    def unmerge(self) -> None:
        if self.merged:
            left, right = self.merged.pop()
            factories.unmerge(self.by.community, self.keys[left], self.keys[right])
            self.person_of[self.ids[right]] = self.ids[right]

    def leave(self) -> None:
        if len(self.gone) < 2:
            number = self.dice.choice(range(7))
            factories.leave(self.by.community, self.keys[number])
            self.gone.add(self.ids[number])

    def oracle(self) -> Oracle:
        """What the oracle knows: who handed in when, and the papers as they are now."""
        rows = Submission.objects.filter(activity=self.activity).order_by("pk")
        there = {self.person_of[pk] for pk in self.ids if pk not in self.gone}
        found = Oracle(
            per_work=self.per_work,
            person_of=self.person_of,
            on_time=[row.account_id for row in rows if not row.is_late],
            late=[row.account_id for row in rows if row.is_late],
            away={pk for pk in self.ids if self.person_of[pk] not in there},
        )
        papers = PeerReview.objects.filter(submission__activity=self.activity)
        found.papers = [
            Paper(row.submission.account_id, row.account_id, row.state, row.why)
            for row in papers.select_related("submission").order_by("pk")
        ]
        return found

    def check(self) -> None:
        oracle = self.oracle()
        assert oracle.faults() == []
        homework = hand_ins.lock(self.activity)
        assert homework.without_reviewers == oracle.missing()

    def check_scores(self) -> None:
        """Each score is the median of what different people other than the author gave."""
        oracle = self.oracle()
        standings = hand_ins.load_standings(self.activity, REVIEW_DUE)
        for each in results.load(self.activity, standings, REVIEW_DUE):
            row = each.submission
            author = self.person_of[row.account_id]
            given: dict[int, int] = {}
            for review in row.reviews.filter(state=ReviewState.DONE).order_by("pk"):
                person = self.person_of[review.account_id]
                if person != author:
                    given.setdefault(person, review.score or 0)
            if row.account_id not in oracle.counting():
                assert each.how in (How.UNCOUNTED, How.TO_DECIDE)
            elif 2 * len(given) < self.per_work or not given:
                assert each.how == How.TO_DECIDE
            else:
                assert each.how == How.REVIEWED
                exact = median(Fraction(score) for score in given.values())
                assert Fraction(each.doubled or 0, 2) == exact


@pytest.mark.both_databases
@pytest.mark.django_db
def test_histories_are_those_of_the_oracle() -> None:
    by = factories.staff(factories.community(language="en"))
    for seed in range(HISTORIES):
        history = History(by, seed)
        for _step in range(STEPS):
            history.step()
        history.check_scores()
