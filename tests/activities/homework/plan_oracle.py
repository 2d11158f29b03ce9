"""A slow, obvious judge of plans of reviews: what has to hold after each pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Paper:
    """A row of a review, as the oracle keeps it."""

    work: int
    account: int
    state: str = "open"
    why: str = ""
    is_overdue: bool = False


@dataclass
class Oracle:
    """Accounts hand in one work each; `person_of` changes with merges."""

    per_work: int
    person_of: dict[int, int]
    on_time: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    away: set[int] = field(default_factory=set)
    papers: list[Paper] = field(default_factory=list)

    def counting(self) -> dict[int, int]:
        """Work → person: the first work on time of each person who counts."""
        found: dict[int, int] = {}
        for work in self.on_time:
            person = self.person_of[work]
            if person not in found.values() and not self._is_away(person):
                found[work] = person
        return found

    def _is_away(self, person: int) -> bool:
        return any(self.person_of[account] == person for account in self.away)

    def holding(self, work: int) -> Counter[int]:
        """The people who review a work, or did: each paper, also two of one person."""
        return Counter(
            self.person_of[paper.account]
            for paper in self.papers
            if paper.work == work and paper.state != "withdrawn"
        )

    def faults(self) -> list[str]:
        """What is wrong with the papers, "" for nothing."""
        return [*self._find_wrong_ones(), *self._find_missing()]

    def _find_wrong_ones(self) -> list[str]:
        counting, found = self.counting(), []
        for paper in self.papers:
            if paper.state != "open":
                continue
            person = self.person_of[paper.account]
            if person == self.person_of[paper.work]:
                found.append(f"{person} reviews their own")
            if person not in counting.values():
                found.append(f"{person} does not count and reviews")
            if paper.work not in counting:
                found.append(f"{paper.work} does not count and is reviewed")
            if self.holding(paper.work)[person] > 1:
                found.append(f"{person} reviews {paper.work} twice")
        return found

    def _find_missing(self) -> list[str]:
        found = []
        counting = self.counting()
        for work, author in counting.items():
            done = {
                self.person_of[paper.account]
                for paper in self.papers
                if paper.work == work and paper.state == "done"
            } - {author}
            to_do = {
                self.person_of[paper.account]
                for paper in self.papers
                if paper.work == work and paper.state == "open"
            }
            missed = {
                self.person_of[paper.account]
                for paper in self.papers
                if paper.work == work and paper.why == "missed"
            }
            able = set(counting.values()) - {author} - (missed - done - to_do)
            most = max(min(self.per_work, len(able | done)), len(done))
            if len(done | to_do) != most:
                found.append(f"{work} has {len(done | to_do)} reviewers, not {most}")
        return found

    def missing(self) -> int:
        """How many reviews nobody can write."""
        total = 0
        for work, author in self.counting().items():
            people = set(self.holding(work)) - {author}
            total += max(self.per_work - len(people), 0)
        return total
