"""The reviewers of each homework: pure, and the same for the same seed and rows.

    changes = plan(works, tasks, able, reviews_per_work=3, seed=seed)

At first everybody reviews as many as they are reviewed by: the works stand in a circle in
an order that follows from the seed, and everybody reviews the next ones. Later, what is
missing goes to the person with the least to review.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qunce.activities.homework.models import ReviewState, Why


@dataclass(frozen=True, kw_only=True)
class Work:
    """Something that was handed in. `is_reviewed` if it is on time and counts."""

    pk: int
    person: int
    is_reviewed: bool


@dataclass(frozen=True, kw_only=True)
class Task:
    """A review as it is stored. `is_overdue` if it is open and its time is over."""

    pk: int
    work: int
    person: int
    state: str
    why: str = ""
    is_overdue: bool = False


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What to change: task → reason, (work, person) to add, tasks to open again.

    `missing` counts the reviews for which nobody is left.
    """

    withdrawn: Mapping[int, str] = field(default_factory=dict)
    added: Sequence[tuple[int, int]] = ()
    reopened: Sequence[int] = ()
    missing: int = 0


def plan(
    works: Sequence[Work],
    tasks: Sequence[Task],
    able: Iterable[int],
    *,
    reviews_per_work: int,
    seed: str,
) -> Changes:
    """What has to change so that each work has its reviewers.

    `able` are the people who may review. Without tasks it is the first plan.
    """
    wanted = [work for work in works if work.is_reviewed]
    if not tasks:
        return _first(wanted, set(able), reviews_per_work, seed)
    return _Mending(works, tasks, set(able), reviews_per_work, seed).run()


def rank(seed: str, kind: str, number: int) -> bytes:
    """The place of something in an order that follows from the seed."""
    return hashlib.sha256(f"{seed}/{kind}/{number}".encode()).digest()


def _first(works: Sequence[Work], able: set[int], per_work: int, seed: str) -> Changes:
    circle = sorted(
        (work for work in works if work.person in able),
        key=lambda work: rank(seed, "work", work.pk),
    )
    count = min(per_work, max(len(circle) - 1, 0))
    added = [
        (circle[(place + step) % len(circle)].pk, reviewer.person)
        for place, reviewer in enumerate(circle)
        for step in range(1, count + 1)
    ]
    return Changes(added=added, missing=len(works) * per_work - len(added))


class _Mending:
    """One pass over all tasks: what does not hold any more, and who takes over."""

    def __init__(
        self,
        works: Sequence[Work],
        tasks: Sequence[Task],
        able: set[int],
        per_work: int,
        seed: str,
    ) -> None:
        self.works = {work.pk: work for work in works}
        self.tasks, self.able, self.seed = tasks, able, seed
        self.per_work = per_work
        self.withdrawn: dict[int, str] = {}
        self.added: list[tuple[int, int]] = []
        self.reopened: list[int] = []
        self.valid: dict[int, set[int]] = {work.pk: set() for work in works}
        """Work → the people whose review of it holds, or is still to come."""
        self.earlier = {
            (task.work, task.person): task
            for task in tasks
            if task.state == ReviewState.WITHDRAWN
        }
        self.missed = {
            (task.work, task.person) for task in tasks if task.why == Why.MISSED
        }
        self.unreliable = {person for _work, person in self.missed}
        self.load: Counter[int] = Counter()

    def run(self) -> Changes:
        self._judge()
        self._pass_on_overdue()
        missing = self._fill()
        return Changes(
            withdrawn=self.withdrawn,
            added=self.added,
            reopened=self.reopened,
            missing=missing,
        )

    def _judge(self) -> None:
        """Keep what holds, those that are done first; withdraw the other open ones."""
        states = (ReviewState.DONE, ReviewState.OPEN)
        for state in states:
            for task in self.tasks:
                if task.state != state:
                    continue
                why = self._find_fault(task)
                if why:
                    if task.state == ReviewState.OPEN:
                        self.withdrawn[task.pk] = why
                    continue
                self.valid[task.work].add(task.person)
                self.load[task.person] += 1

    def _find_fault(self, task: Task) -> str:
        work = self.works[task.work]
        if task.person == work.person:
            return Why.AUTHOR
        if task.person in self.valid[task.work]:
            return Why.TWICE
        if task.state == ReviewState.DONE:
            return Why.NONE
        if not work.is_reviewed or len(self.valid[task.work]) >= self.per_work:
            return Why.NOT_NEEDED
        return Why.NONE if task.person in self.able else Why.LEFT

    def _pass_on_overdue(self) -> None:
        """Give what is overdue to somebody else; with nobody else it stays."""
        for task in self.tasks:
            if not task.is_overdue or task.state != ReviewState.OPEN:
                continue
            if task.pk in self.withdrawn:
                continue
            person = self._choose(task.work, leave_out=self.unreliable)
            if person is None:
                continue
            self.withdrawn[task.pk] = Why.MISSED
            self.valid[task.work].discard(task.person)
            self.load[task.person] -= 1
            self.missed.add((task.work, task.person))
            self.unreliable.add(task.person)
            self._add(task.work, person)

    def _fill(self) -> int:
        """Add reviewers where some are missing; returns how many could not be found."""
        missing = 0
        wanted = [work.pk for work in self.works.values() if work.is_reviewed]
        for pk in sorted(wanted, key=lambda pk: rank(self.seed, "work", pk)):
            while len(self.valid[pk]) < self.per_work:
                person = self._choose(pk)
                if person is None:
                    missing += self.per_work - len(self.valid[pk])
                    break
                self._add(pk, person)
        return missing

    def _choose(self, work: int, leave_out: Iterable[int] = ()) -> int | None:
        """The person with the least to review, and the reliable first."""
        author = self.works[work].person
        fitting = [
            person
            for person in self.able
            if person != author
            and person not in self.valid[work]
            and person not in leave_out
            and (work, person) not in self.missed
        ]
        return min(
            fitting,
            key=lambda person: (
                person in self.unreliable,
                self.load[person],
                rank(self.seed, f"reviewer of {work}", person),
            ),
            default=None,
        )

    def _add(self, work: int, person: int) -> None:
        earlier = self.earlier.get((work, person))
        if earlier is None:
            self.added.append((work, person))
        else:
            self.reopened.append(earlier.pk)
        self.valid[work].add(person)
        self.load[person] += 1


def doubled_median(scores: Sequence[int]) -> int:
    """Twice the median of at least one score, which is a whole number."""
    ordered = sorted(scores)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return 2 * ordered[half]
    return ordered[half - 1] + ordered[half]
