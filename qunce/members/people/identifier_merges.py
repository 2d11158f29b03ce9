"""Merges based on identifiers: made when accounts share one, undone when they do not.

A value that more people share than the community allows, such as a shop's hotline, joins
nobody. The names of accounts distinguish people.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from qunce.core import db
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import identifiers
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier, SharedIdentifier
from qunce.members.people import merges
from qunce.members.people.merges import Merge, Pair

ACCOUNTS_PER_NAME = 2
"""One person may have this many times as many accounts as people may share a value."""


@dataclass(frozen=True)
class Joins:
    """What a change of identifiers did: who was joined, who was parted, and what is
    shared by too many accounts."""

    merged: list[Merge] = field(default_factory=list)
    parted: list[Merge] = field(default_factory=list)
    shared: list[SharedIdentifier] = field(default_factory=list)

    def extend(self, other: Joins) -> Joins:
        """Both of them."""
        return Joins(
            self.merged + other.merged,
            self.parted + other.parted,
            self.shared + other.shared,
        )


@transaction.atomic
def merge(
    *,
    community: Community,
    accounts: Sequence[int],
    by: Staff,
    at: datetime,
    job_id: int | None = None,
) -> Joins:
    """Merge these accounts with all that share a phone, an e-mail or a unionid."""
    joins = Joins()
    pairs: list[Pair] = []
    found = {"found_at": at, "job_id": job_id}
    may_be_vetoed = merges.list_vetoes(community).exists()
    parted_accounts: set[int] = set()
    for kind, value, sharing in _find_sharing(community, accounts):
        if _is_shared(sharing, community.shared_identifier_limit):
            parted_accounts |= set(sharing)
            shared, _created = SharedIdentifier.objects.get_or_create(
                community=community,
                kind=kind,
                value=value,
                defaults=found | {"account_count": len(sharing)},
            )
            joins.shared.append(shared)
            for each in _list_based_on(community, kind, value):
                _undo(each, by, at, job_id)
                joins.parted.append(each)
            continue
        # A star is enough, as merging is transitive; pairs would grow with the square.
        # But a vetoed pair must not keep the others from being merged.
        sides: Iterable[tuple[int, int]] = itertools.product(sharing[:1], sharing[1:])
        if may_be_vetoed:
            sides = itertools.combinations(sharing, 2)
        pairs += [Pair(*both, kind, value=value) for both in sides]
    if pairs:
        joins.merged.extend(
            merges.merge(community=community, pairs=pairs, by=by, at=at, job_id=job_id)
        )
    if joins.parted:
        # Some of them may share something else, which was no evidence until now.
        again = merge(
            community=community,
            accounts=sorted(parted_accounts),
            by=by,
            at=at,
            job_id=job_id,
        )
        joins.merged.extend(again.merged)
    return joins


@transaction.atomic
def keep_apart(
    *,
    community: Community,
    values: Mapping[tuple[str, str], int],
    by: Staff,
    at: datetime,
    job_id: int | None = None,
) -> Joins:
    """Stop these values from merging people, and undo the merges that they caused.

    With each is how many accounts are known to have it, or are about to.
    """
    joins = Joins()
    for (kind, value), count in values.items():
        own = Identifier.objects.filter(
            community_id=community.pk, kind=kind, value=value
        )
        accounts = sorted(own.values_list("account_id", flat=True))
        found = {
            "found_at": at,
            "job_id": job_id,
            "account_count": max(count, len(accounts)),
        }
        shared, is_new = SharedIdentifier.objects.get_or_create(
            community=community, kind=kind, value=value, defaults=found
        )
        if not is_new:
            continue
        joins.shared.append(shared)
        parted = _list_based_on(community, kind, value)
        for each in parted:
            _undo(each, by, at, job_id)
            joins.parted.append(each)
        if parted:
            again = merge(
                community=community, accounts=accounts, by=by, at=at, job_id=job_id
            )
            joins = joins.extend(again)
    return joins


@transaction.atomic
def unmerge(
    *,
    community: Community,
    values: Iterable[tuple[str, str]],
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    job_id: int | None = None,
) -> Joins:
    """Undo the merges based on identifiers which these accounts no longer have.

    They are merged again where they share another identifier.
    """
    joins = Joins()
    changed = set(accounts)
    touched = set(changed)
    for kind, value in sorted(set(values)):
        for each in _list_based_on(community, kind, value):
            if {each.left_id, each.right_id} & changed:
                touched |= {each.left_id, each.right_id}
                _undo(each, by, at, job_id)
                joins.parted.append(each)
        # Others may have been joined through an account that has lost the value.
        sharing = Identifier.objects.filter(
            community_id=community.pk, kind=kind, value=value
        )
        if joins.parted:
            touched.update(
                sharing.values_list("account_id", flat=True)[
                    : community.shared_identifier_limit
                ]
            )
    if joins.parted:
        again = merge(
            community=community, accounts=sorted(touched), by=by, at=at, job_id=job_id
        )
        joins.merged.extend(again.merged)
        joins.shared.extend(again.shared)
    return joins


def _undo(merge: Merge, by: Staff, at: datetime, job_id: int | None) -> None:
    merges.unmerge(merge=merge, by=by, at=at, is_veto=False, job_id=job_id)


def _list_based_on(community: Community, kind: str, value: str) -> list[Merge]:
    rows = Merge.objects.filter(
        community=community, reason=kind, value=value, undone_at__isnull=True
    )
    return list(rows.select_related("community").order_by("-pk"))


def _is_shared(accounts: Sequence[int], limit: int) -> bool:
    """Whether these are more people than one person can be.

    Accounts without a name, and those of one name, say nothing against one person, but
    not in any number.
    """
    if len(accounts) <= limit:
        return False
    if len(accounts) > limit * ACCOUNTS_PER_NAME:
        return True
    rows = Account.objects.filter(pk__in=accounts)
    return are_too_many(len(accounts), rows.values_list("name", flat=True), limit)


def are_too_many(accounts: int, names: Iterable[str], limit: int) -> bool:
    """Whether so many accounts with these names are more than one person can be."""
    different = {"".join(name.split()).casefold() for name in names} - {""}
    return accounts > limit * ACCOUNTS_PER_NAME or len(different) > limit


SHARING = """
SELECT i.kind, i.value, i.account_id
FROM members_identifier i JOIN members_account a ON a.id = i.account_id
WHERE i.community_id = %s AND a.erased_at IS NULL
    AND (i.kind, i.value) IN (
        SELECT own.kind, own.value FROM members_identifier own
        WHERE own.account_id IN ({accounts}) AND own.kind IN ({kinds}))
    AND NOT EXISTS (
        SELECT 1 FROM members_sharedidentifier s WHERE s.community_id = i.community_id
            AND s.kind = i.kind AND s.value = i.value)
ORDER BY i.kind, i.value, i.account_id
"""


def _find_sharing(
    community: Community, accounts: Sequence[int]
) -> list[tuple[str, str, list[int]]]:
    """(kind, value, accounts) of what several accounts have, the most reliable first."""
    kinds = identifiers.MERGING_KINDS
    sharing: dict[tuple[str, str], list[int]] = {}
    for chunk in account_queries.chunks(accounts):
        sql = SHARING.format(
            accounts=db.placeholders(len(chunk)), kinds=db.placeholders(len(kinds))
        )
        # Each chunk finds all accounts of a value, so a later one replaces, not extends.
        in_chunk: dict[tuple[str, str], list[int]] = {}
        for kind, value, account in db.rows(sql, [community.pk, *chunk, *kinds]):
            in_chunk.setdefault((kind, value), []).append(account)
        sharing |= in_chunk
    order = sorted(sharing, key=lambda key: (kinds.index(key[0]), key[1]))
    return [(*key, sharing[key]) for key in order if len(sharing[key]) > 1]
