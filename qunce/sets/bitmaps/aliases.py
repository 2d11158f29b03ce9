"""Aliases: a merged account counts as its person, the person's first account.

Facts and rows keep the account for ever. A set of accounts becomes a set of people by
replacing aliased ids, which happens before anything is counted; unmerging deletes the
alias and everybody is back where they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from django.db import models
from pyroaring import BitMap

from qunce.core import db, revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "alias"


class Alias(models.Model):
    account_id = models.BigIntegerField(primary_key=True)
    community_id = models.BigIntegerField(db_index=True)
    head_id = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.account_id} is {self.head_id}"


def assign(community_id: int, heads: Mapping[int, int]) -> None:
    """Set the head of each given account, in the caller's transaction.

    An account that is its own head loses its alias.
    """
    revisions.bump(community_id, KIND, [0])
    Alias.objects.filter(account_id__in=list(heads)).delete()
    Alias.objects.bulk_create(
        [
            Alias(account_id=account, community_id=community_id, head_id=head)
            for account, head in heads.items()
            if account != head
        ],
        batch_size=1000,
    )


@dataclass(frozen=True)
class Aliases:
    """All aliases of one community as of one revision."""

    heads: Mapping[int, int] = field(default_factory=dict)
    tails: BitMap = field(default_factory=BitMap)

    @classmethod
    def load(cls, community_id: int) -> Aliases:
        heads = dict(
            db.rows(
                "SELECT account_id, head_id FROM sets_alias WHERE community_id = %s",
                [community_id],
            )
        )
        return cls(heads, BitMap(heads))

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Aliased accounts ascending, and the head of each."""
        tails = bitmaps.array_of(self.tails).astype(np.int64)
        heads = [self.heads[tail] for tail in self.tails]
        return tails, np.array(heads, dtype=np.int64)

    @cached_property
    def _accounts(self) -> dict[int, list[int]]:
        accounts: dict[int, list[int]] = {}
        for tail in self.tails:
            accounts.setdefault(self.heads[tail], []).append(tail)
        return accounts

    def head(self, account: int) -> int:
        return self.heads.get(account, account)

    def accounts_of(self, person: int) -> list[int]:
        """The person's first account, then every account merged into it."""
        return [person, *self._accounts.get(person, [])]

    def map_array(self, accounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Heads of an array of account ids, same shape."""
        tails, heads = self._pairs
        if not tails.size or not accounts.size:
            return accounts
        place = np.minimum(np.searchsorted(tails, accounts), len(tails) - 1)
        return np.where(tails[place] == accounts, heads[place], accounts)

    def people(self, accounts: BitMap) -> BitMap:
        """The people behind a set of accounts."""
        moved = accounts & self.tails
        if not moved:
            return accounts
        heads = self.map_array(bitmaps.array_of(moved).astype(np.int64))
        return (accounts - moved) | bitmaps.of(np.unique(heads))

    def fold(self, stack: BitCounter) -> BitCounter:
        """Counts of accounts as counts of people: a person's accounts are added."""
        moved = stack.nonzero() & self.tails
        if not moved:
            return stack
        tails = bitmaps.array_of(moved)
        counts = np.zeros(len(tails), dtype=np.int64)
        for bit, some in enumerate(stack.slices):
            counts[np.searchsorted(tails, bitmaps.array_of(some & moved))] += 1 << bit
        heads, place = np.unique(
            self.map_array(tails.astype(np.int64)), return_inverse=True
        )
        sums = np.zeros(len(heads), dtype=np.int64)
        np.add.at(sums, place, counts)
        return stack.without(moved) + BitCounter.build(heads, sums)
