"""Aliases: a merged account counts as its person, who is the person's first account.

Facts and rows keep their account for ever. Before anything is counted, a set of accounts
becomes a set of people by replacing the aliased ids. Unmerging deletes the alias, and
the account counts as a person of its own again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from django.db import models
from pyroaring import BitMap

from qunce.core import db, number_arrays, revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "alias"


class Alias(models.Model):
    account_id = models.BigIntegerField(primary_key=True)
    community_id = models.BigIntegerField(db_index=True)
    person_id = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.account_id} is {self.person_id}"


def assign(community_id: int, person_ids: Mapping[int, int]) -> None:
    """Set the person of each of these accounts, in the caller's transaction.

    An account that is its own person loses its alias.
    """
    # One revision covers all aliases of a community: they are few and read as a whole.
    revisions.bump(community_id, KIND, [0])
    # Deleted and created rather than upserted, since some of the accounts lose their
    # alias.
    Alias.objects.filter(account_id__in=list(person_ids)).delete()
    Alias.objects.bulk_create(
        [
            Alias(account_id=account, community_id=community_id, person_id=person)
            for account, person in person_ids.items()
            if account != person
        ],
        batch_size=1000,
    )


@dataclass(frozen=True)
class Aliases:
    """All aliases of one community at one revision.

    `person_ids` maps each aliased account to its person; `aliased` is the set of its keys.
    """

    person_ids: Mapping[int, int] = field(default_factory=dict)
    aliased: BitMap = field(default_factory=BitMap)

    @classmethod
    def load(cls, community_id: int) -> Aliases:
        person_ids = dict(
            db.rows(
                "SELECT account_id, person_id FROM sets_alias WHERE community_id = %s",
                [community_id],
            )
        )
        return cls(person_ids, BitMap(person_ids))

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The aliased accounts, ascending, and the person of each."""
        # Arrays, as a dictionary lookup per fact would dominate every query over the
        # mirror.
        accounts = bitmaps.array_of(self.aliased).astype(np.int64)
        people = [self.person_ids[account] for account in self.aliased]
        return accounts, np.array(people, dtype=np.int64)

    @cached_property
    def _accounts(self) -> dict[int, list[int]]:
        accounts: dict[int, list[int]] = {}
        for account in self.aliased:
            accounts.setdefault(self.person_ids[account], []).append(account)
        return accounts

    def person_id(self, account: int) -> int:
        return self.person_ids.get(account, account)

    def account_ids(self, person: int) -> list[int]:
        """The person's first account, then every account merged into it."""
        return [person, *self._accounts.get(person, [])]

    def map_array(self, accounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The person of each account in an array, same shape."""
        aliased, people = self._pairs
        if not aliased.size or not accounts.size:
            return accounts
        # An account behind the last alias is clipped to it, and then does not equal it.
        index = np.minimum(np.searchsorted(aliased, accounts), len(aliased) - 1)
        return np.where(aliased[index] == accounts, people[index], accounts)

    def people(self, accounts: BitMap) -> BitMap:
        """The people behind a set of accounts."""
        merged = accounts & self.aliased
        if not merged:
            return accounts
        people = self.map_array(bitmaps.array_of(merged).astype(np.int64))
        return (accounts - merged) | bitmaps.of(number_arrays.unique(people))

    def by_person(self, counter: BitCounter) -> BitCounter:
        """Counts of accounts as counts of people; a person's accounts are added up."""
        merged = counter.nonzero() & self.aliased
        if not merged:
            return counter
        # The counts of merged accounts leave the bits, are summed and added again.
        accounts = bitmaps.array_of(merged)
        counts = np.zeros(len(accounts), dtype=np.int64)
        for bit, slice_ in enumerate(counter.slices):
            index = np.searchsorted(accounts, bitmaps.array_of(slice_ & merged))
            counts[index] += 1 << bit
        people, index = np.unique(
            self.map_array(accounts.astype(np.int64)), return_inverse=True
        )
        sums = np.zeros(len(people), dtype=np.int64)
        np.add.at(sums, index, counts)
        return counter.without(merged) + BitCounter.from_arrays(people, sums)
