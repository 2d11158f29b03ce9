"""What follows from facts: a consumer of the log that takes each fact exactly once.

How far it has come is a row of truth and moves in the transaction of the effects, so a
crash loses nothing and doubles nothing. Facts come in batches, sorted out by kind and
community, so an import of millions costs a query a batch and not one a fact.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from django.db import InterfaceError, OperationalError, models, transaction

from qunce.core.communities import Community
from qunce.core.facts import committed, facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.jobs import job_queue

BATCH = 5_000
"""Facts looked at in one step: on SQLite the lock is held for their effects."""
RETRY_JOB = "react"
"""The duty of a fact whose reaction failed: it is tried again alone."""
LONGEST_WALK = 100_000
"""Facts without interest that are looked at again after a restart, at most."""
TRANSIENT = (OperationalError, InterfaceError)

log = logging.getLogger(__name__)


class ConsumerPosition(models.Model):
    """Facts before `position` are done; see `settled` for what a position is."""

    consumer = models.CharField(max_length=40, unique=True)
    position = models.BigIntegerField(default=0)

    class Meta:
        db_table = "core_consumer_position"

    def __str__(self) -> str:
        return f"{self.consumer} at {self.position}"


class Walk(NamedTuple):
    upto: int
    size: int


class Reaction(Protocol):
    """Called inside a transaction with facts of one kind and community, in order."""

    def __call__(
        self, *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> object: ...


@dataclass(frozen=True)
class Consumer:
    """Where nothing of interest happened it walks on without writing.

    `_walked` is how far it looked from a position; it is lost with the process.
    """

    name: str
    reactions: Mapping[str, Sequence[Reaction]]
    _walked: dict[int, Walk] = field(default_factory=dict)

    def catch_up(self, *, at: datetime, steps: int = 1_000) -> int:
        """React to what is settled; returns the steps taken, 0 when nothing was new."""
        if not self.reactions:  # nobody asks for anything now
            return 0
        for step in range(steps):
            if not self._step(at).size:
                return step
        return steps

    def _step(self, at: datetime) -> committed.CommittedFacts:
        start = position(self.name)
        walk = self._walked.get(start, Walk(start, 0))
        stretch = committed.read(after=walk.upto, most=BATCH, kinds=self._kinds())
        walk = Walk(stretch.upto, walk.size + stretch.size)
        self._walked.clear()
        if stretch.facts or walk.size > LONGEST_WALK:
            self._take(start, stretch, at)
        else:
            self._walked[start] = walk
        return stretch

    def _take(
        self, start: int, stretch: committed.CommittedFacts, at: datetime
    ) -> None:
        """Of several takers one finds the position where it was."""
        with transaction.atomic():
            mine = ConsumerPosition.objects.filter(consumer=self.name, position=start)
            if mine.update(position=stretch.upto):
                self._react(stretch.facts, at)

    def _kinds(self) -> dict[int, str]:
        ids = {kind: facts.find_kind(kind) for kind in self.reactions}
        return {id_: kind for kind, id_ in ids.items() if id_ is not None}

    def _react(self, found: Iterable[RecordedFact], at: datetime) -> None:
        sorted_out: dict[tuple[int, str], list[RecordedFact]] = {}
        for fact in found:
            sorted_out.setdefault((fact.community, fact.kind), []).append(fact)
        for (community_id, kind), batch in sorted_out.items():
            community = Community.objects.get(pk=community_id)
            for reaction in self.reactions[kind]:
                _call(reaction, community, batch, at)

    def again(self, key: str, *, at: datetime) -> None:
        """Try one failed fact once more; `key` is that of its work row."""
        fact_id, _, name = key.partition(" ")
        for fact in committed.find(int(fact_id)):
            for reaction in self.reactions.get(fact.kind, ()):
                if _name(reaction) == name:
                    community = Community.objects.get(pk=fact.community)
                    with transaction.atomic():
                        reaction(community=community, facts=[fact], at=at)


def position(consumer: str) -> int:
    return ConsumerPosition.objects.get_or_create(consumer=consumer)[0].position


def _call(
    reaction: Reaction,
    community: Community,
    batch: Sequence[RecordedFact],
    at: datetime,
) -> None:
    """Halves the batch until only the facts that fail are left; those wait as work.

    What may pass by itself, such as a lost connection, fails the whole step instead.
    """
    try:
        with transaction.atomic():
            reaction(community=community, facts=batch, at=at)
    except TRANSIENT:
        raise
    except Exception:
        if len(batch) == 1:
            log.exception("%s failed on fact %s", _name(reaction), batch[0].id)
            key = f"{batch[0].id} {_name(reaction)}"
            job_queue.schedule(job=RETRY_JOB, key=key, due_at=at)
            return
        middle = len(batch) // 2
        _call(reaction, community, batch[:middle], at)
        _call(reaction, community, batch[middle:], at)


def _name(reaction: Reaction) -> str:
    return f"{reaction.__module__}.{getattr(reaction, '__name__', '')}"
