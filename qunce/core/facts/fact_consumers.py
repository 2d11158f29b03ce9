"""Consumers of the fact log, which react to each committed fact exactly once.

A consumer's position is a row of the primary database and moves in the transaction of
the effects, so a crash neither loses nor repeats a reaction. Facts arrive in batches per
kind and community, so that an import of millions costs a query per batch and not per fact.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from django.db import InterfaceError, OperationalError, models, transaction

from qunce.core.communities import Community
from qunce.core.facts import committed_facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.jobs import job_queue

BATCH_SIZE = 5_000
"""Facts per step. On SQLite the write lock is held while their effects are written."""
RETRY_JOB = "facts.retry"
"""The job that retries a fact on which a reaction failed; its key names both."""
MAX_SCAN = 100_000
"""Facts of other kinds that are passed over before the position is stored."""
TRANSIENT_ERRORS = (OperationalError, InterfaceError)

log = logging.getLogger(__name__)


class ConsumerPosition(models.Model):
    """Facts up to `position` are done; `committed` says what a position is."""

    consumer = models.CharField(max_length=40, unique=True)
    position = models.BigIntegerField(default=0)

    class Meta:
        db_table = "core_consumer_position"

    def __str__(self) -> str:
        return f"{self.consumer} at {self.position}"


class Scan(NamedTuple):
    """How far a consumer has read past its stored position, and how many facts."""

    until: int
    size: int


Facts = list[RecordedFact]
Groups = dict[tuple[int, str], Facts]
"""By community and kind."""


class Reaction(Protocol):
    """Called in a transaction with facts of one kind and community, ordered by id."""

    def __call__(
        self, *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> object: ...


@dataclass(frozen=True)
class Consumer:
    """Reactions by kind of fact.

    Where the log has no facts of these kinds, the consumer reads on without storing its
    position. `_scans` remembers how far, by stored position, until the process ends.
    """

    name: str
    reactions: Mapping[str, Sequence[Reaction]]
    _scans: dict[int, Scan] = field(default_factory=dict)

    def catch_up(self, *, at: datetime, steps: int = 1_000) -> int:
        """React to committed facts; returns the steps taken, 0 if there was nothing new."""
        if not self.reactions:
            return 0
        # Bounded, so that a worker that catches up with a large import gets to its
        # other jobs.
        for step in range(steps):
            if not self._step(at).size:
                return step
        return steps

    def retry(self, key: str, *, at: datetime) -> None:
        """Call the reaction that failed on a fact again; `key` is the queued job's."""
        fact_id, _, name = key.partition(" ")
        fact = committed_facts.find(int(fact_id))
        if fact is None:
            return
        for reaction in self.reactions.get(fact.kind, ()):
            if _name(reaction) == name:
                community = Community.objects.get(pk=fact.community)
                with transaction.atomic():
                    reaction(community=community, facts=[fact], at=at)

    def _step(self, at: datetime) -> committed_facts.CommittedFacts:
        start = position(self.name)
        scan = self._scans.get(start, Scan(start, 0))
        # Outside the transaction, so that reading does not hold SQLite's write lock.
        batch = committed_facts.read(
            after=scan.until, limit=BATCH_SIZE, kinds=self.reactions
        )
        scan = Scan(batch.until, scan.size + batch.size)
        # Only the scan from the current position is of use, so the dictionary cannot
        # grow.
        self._scans.clear()
        if batch.facts or scan.size > MAX_SCAN:
            with transaction.atomic():
                # Of several processes only one finds the position where it was.
                mine = ConsumerPosition.objects.filter(
                    consumer=self.name, position=start
                )
                if mine.update(position=batch.until):
                    by_kind: Groups = {}
                    for fact in batch.facts:
                        key = fact.community, fact.kind
                        by_kind.setdefault(key, []).append(fact)
                    for (community_id, kind), facts in self._sort(by_kind):
                        community = Community.objects.get(pk=community_id)
                        for reaction in self.reactions[kind]:
                            _call(reaction, community, facts, at)
        else:
            self._scans[start] = scan
        return batch

    def _sort(self, by_kind: Groups) -> list[tuple[tuple[int, str], Facts]]:
        """Groups of facts in the order in which a dictionary of reactions has their kinds.

        So what was paid is known before what was refunded, whichever fact of another
        order comes first. Kinds that are chosen at run time keep the order of the log.
        """
        if not isinstance(self.reactions, dict):
            return list(by_kind.items())
        places = {kind: place for place, kind in enumerate(self.reactions)}
        return sorted(by_kind.items(), key=lambda item: places[item[0][1]])


def position(consumer: str) -> int:
    return ConsumerPosition.objects.get_or_create(consumer=consumer)[0].position


def _call(
    reaction: Reaction,
    community: Community,
    batch: Sequence[RecordedFact],
    at: datetime,
) -> None:
    """Call a reaction; facts on which it fails are queued to be retried one by one.

    A transient error, such as a lost connection, fails the whole step instead.
    """
    try:
        with transaction.atomic():
            reaction(community=community, facts=batch, at=at)
    except TRANSIENT_ERRORS:
        raise
    except Exception:
        if len(batch) == 1:
            log.exception("%s failed on fact %s", _name(reaction), batch[0].id)
            key = f"{batch[0].id} {_name(reaction)}"
            job_queue.schedule(job=RETRY_JOB, key=key, due_at=at, community=community)
            return
        # Halve the batch until only the facts on which it fails are left.
        middle = len(batch) // 2
        _call(reaction, community, batch[:middle], at)
        _call(reaction, community, batch[middle:], at)


def _name(reaction: Reaction) -> str:
    return f"{reaction.__module__}.{getattr(reaction, '__name__', '')}"
