"""Plans of reviews over random histories, beside a slow oracle; medians beside another."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.homework import review_plan
from qunce.activities.homework.review_plan import Changes, Task, Work
from tests import shares
from tests.activities.homework.plan_oracle import Oracle, Paper

HISTORIES, STEPS = 5_000 if shares.IS_EXACT else 1_500, 14


def works_of(oracle: Oracle) -> list[Work]:
    counting = oracle.counting()
    return [
        Work(pk=work, person=oracle.person_of[work], is_reviewed=work in counting)
        for work in [*oracle.on_time, *oracle.late]
    ]


def plan(oracle: Oracle, seed: str) -> Changes:
    tasks = [
        Task(
            pk=number,
            work=paper.work,
            person=oracle.person_of[paper.account],
            state=paper.state,
            why=paper.why,
            is_overdue=paper.is_overdue,
        )
        for number, paper in enumerate(oracle.papers)
    ]
    able = oracle.counting().values()
    return review_plan.plan(
        works_of(oracle), tasks, able, reviews_per_work=oracle.per_work, seed=seed
    )


def apply(oracle: Oracle, changes: Changes) -> None:
    account_of = {person: work for work, person in oracle.counting().items()}
    for number, why in changes.withdrawn.items():
        paper = oracle.papers[number]
        paper.state, paper.why, paper.is_overdue = "withdrawn", why, False
    for work, person in changes.added:
        oracle.papers.append(Paper(work, account_of[person]))
    for number in changes.reopened:
        paper = oracle.papers[number]
        paper.state, paper.why = "open", ""


def random_oracle(dice: random.Random) -> Oracle:
    accounts = list(range(dice.randint(1, 9)))
    dice.shuffle(accounts)
    count = dice.randint(0, len(accounts))
    return Oracle(
        per_work=dice.randint(1, 5),
        person_of={account: account for account in accounts},
        on_time=accounts[:count],
        late=accounts[count:],
    )


def change(oracle: Oracle, dice: random.Random) -> None:
    """One thing that happens between two passes."""
    accounts = list(oracle.person_of)
    account = dice.choice(accounts)
    open_papers = [paper for paper in oracle.papers if paper.state == "open"]
    step = dice.choice(
        ("leave", "return", "merge", "unmerge", "write", "write", "miss")
    )
    if step == "leave":
        oracle.away.add(account)
    elif step == "return":
        oracle.away.discard(account)
    elif step == "merge":
        other = dice.choice(accounts)
        oracle.person_of[account] = oracle.person_of[other]
    elif step == "unmerge":
        if all(
            person != account or own == account
            for own, person in oracle.person_of.items()
        ):
            oracle.person_of[account] = account
    elif open_papers and step == "write":
        paper = dice.choice(open_papers)
        if oracle.person_of[paper.account] != oracle.person_of[paper.work]:
            paper.state, paper.is_overdue = "done", False
    elif open_papers:
        dice.choice(open_papers).is_overdue = True


def test_every_pass_leaves_what_the_oracle_asks_for() -> None:
    for seed in range(HISTORIES):
        dice = random.Random(seed)  # noqa: S311
        oracle = random_oracle(dice)
        for step in range(STEPS):
            changes = plan(oracle, str(seed))
            assert plan(oracle, str(seed)) == changes, (seed, step)
            apply(oracle, changes)
            assert oracle.faults() == [], (seed, step)
            assert changes.missing == oracle.missing(), (seed, step)
            pairs = [(paper.work, paper.account) for paper in oracle.papers]
            assert len(set(pairs)) == len(pairs), (seed, step)
            again = plan(oracle, str(seed))
            if oracle.papers:
                quiet = (again.withdrawn, list(again.added), list(again.reopened))
                assert quiet == ({}, [], []), (seed, step)
            change(oracle, dice)


def test_the_first_plan_is_balanced_and_follows_from_the_seed() -> None:
    for seed in range(300):
        dice = random.Random(seed)  # noqa: S311
        count, per_work = dice.randint(0, 40), dice.randint(0, 5)
        works = [Work(pk=n, person=n + 100, is_reviewed=True) for n in range(count)]
        people = [work.person for work in works]

        def first(
            text: str,
            works: list[Work] = works,
            people: list[int] = people,
            per_work: int = per_work,
        ) -> Changes:
            return review_plan.plan(
                works, [], people, reviews_per_work=per_work, seed=text
            )

        added = first(str(seed)).added
        each = min(per_work, max(count - 1, 0))
        assert len(set(added)) == len(added) == count * each
        assert all(work + 100 != person for work, person in added)
        for counts in (
            Counter(work for work, _person in added),
            Counter(person for _work, person in added),
        ):
            assert set(counts.values()) <= {each}
        dice.shuffle(works)
        assert set(first(str(seed)).added) == set(added)
        if count > 5 and 0 < each < count - 1:
            assert set(first("another").added) != set(added)


def test_what_is_missed_goes_to_the_person_with_the_least_to_do() -> None:
    works = [Work(pk=n, person=n, is_reviewed=True) for n in range(4)]
    rows = [(0, 1), (1, 0), (1, 3), (2, 1), (3, 2)]
    tasks = [
        Task(pk=n, work=work, person=who, state="open", is_overdue=n == 0)
        for n, (work, who) in enumerate(rows)
    ]
    changes = review_plan.plan(works, tasks, range(4), reviews_per_work=1, seed="s")
    # Of two reviewers one is not needed, so that 3 has nothing to do and takes over.
    assert changes.withdrawn == {0: "missed", 2: "not_needed"}
    assert changes.added == [(0, 3)]


@given(st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_medians_are_exact(scores: list[int]) -> None:
    lower = max(
        x for x in scores if sum(y < x for y in scores) <= (len(scores) - 1) // 2
    )
    upper = max(x for x in scores if sum(y < x for y in scores) <= len(scores) // 2)
    assert Fraction(review_plan.doubled_median(scores), 2) == Fraction(lower + upper, 2)
