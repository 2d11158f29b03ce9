"""Aliases: a merged account counts as its person, the person's first account.

Facts and rows keep the account for ever. A set of accounts becomes a set of people by
replacing aliased ids, which happens before anything is counted; unmerging deletes the
alias and everybody is back where they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from django.db import models
from pyroaring import BitMap

from qunce.core import db, revisions
from qunce.sets import bitmaps
from qunce.sets.stacks import Stack

KIND = "alias"


class Alias(models.Model):
    account_id = models.BigIntegerField(primary_key=True)
    community_id = models.BigIntegerField(db_index=True)
    head_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.account_id} is {self.head_id}"


def write(community_id: int, heads: Mapping[int, int]) -> None:
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

    def head(self, account: int) -> int:
        return self.heads.get(account, account)

    def people(self, accounts: BitMap) -> BitMap:
        """The people behind a set of accounts."""
        if accounts.isdisjoint(self.tails):
            return accounts
        moved = accounts & self.tails
        return (accounts - moved) | BitMap({self.heads[tail] for tail in moved})

    def fold(self, stack: Stack) -> Stack:
        """Counts of accounts as counts of people: a person's accounts are added."""
        moved = stack.nonzero() & self.tails
        if not moved:
            return stack
        counts: dict[int, int] = {}
        for tail in moved:
            head = self.heads[tail]
            counts[head] = counts.get(head, 0) + stack.get(tail)
        return stack.without(moved) + Stack.of(counts)

    def map_array(self, accounts: np.ndarray) -> np.ndarray:
        """Heads of an array of account ids, same shape."""
        if not self.heads:
            return accounts
        tails = bitmaps.array_of(self.tails).astype(np.int64)
        heads = np.array([self.heads[int(tail)] for tail in tails], dtype=np.int64)
        place = np.searchsorted(tails, accounts)
        place[place == len(tails)] = 0
        return np.where(tails[place] == accounts, heads[place], accounts)

    def accounts_of(self, person: int) -> list[int]:
        """The person's first account, then every account merged into it."""
        return [person, *sorted(a for a, h in self.heads.items() if h == person)]
