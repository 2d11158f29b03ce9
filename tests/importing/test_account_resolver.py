"""Columns of references against single references, and both against a slow oracle."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing.accounts import account_resolver
from qunce.members.accounts import accounts, resolver
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier, SharedIdentifier
from qunce.members.people import people
from tests import factories
from tests.factories import AT

PHONES = [f"1380013800{n}" for n in range(5)]
EMAILS = [f"p{n}@example.com" for n in range(4)]
UNIONIDS = ["u1", "u2", "u3"]
KEYS = ["k1", "k2", "k3", "k4", PHONES[4], EMAILS[3]]
VALUES: Mapping[str, list[str]] = {
    "member_key": [*KEYS, "k9", PHONES[0], EMAILS[0]],
    "unionid": [*UNIONIDS, "u9"],
    "phone": [*PHONES, "13800138009"],
    "email": [*EMAILS, "p9@example.com"],
}
Row = dict[str, str]


class Oracle:
    """Reads all tables for each row, and decides as the documentation says."""

    def __init__(self, community: Community) -> None:
        self.accounts = list(Account.objects.filter(community=community).order_by("pk"))
        self.identifiers = list(Identifier.objects.filter(community_id=community.pk))
        self.shared = {
            (row.kind, row.value)
            for row in SharedIdentifier.objects.filter(community=community)
        }
        self.people = account_queries.person_ids(each.pk for each in self.accounts)

    def match(self, row: Row) -> tuple[str, int | None]:
        """The state, and the person."""
        found: list[int] = []
        is_unknown = is_several = False
        for kind in ("member_key", "unionid", "phone", "email"):
            if kind not in row:
                continue
            persons = self.persons(kind, row[kind])
            if persons is None:
                continue
            is_unknown |= not persons
            is_several |= len(persons) > 1
            found += persons if len(persons) == 1 else []
        if len(set(found)) > 1:
            return resolver.CONFLICT, None
        if found:
            return resolver.FOUND, found[0]
        if is_several:
            return resolver.CONFLICT, None
        return (resolver.UNKNOWN if is_unknown else resolver.NOBODY), None

    def persons(self, kind: str, text: str) -> list[int] | None:
        """Who has it; None for what too many have."""
        if kind == "member_key":
            if by_key := self.persons_by_key(text):
                return by_key
            if text in EMAILS or text in PHONES:
                return self.persons("email" if "@" in text else "phone", text)
            return []
        if (kind, text) in self.shared:
            return None
        persons = {
            self.people[row.account_id]
            for row in self.identifiers
            if (row.kind, row.value) == (kind, text)
        }
        return sorted(persons) or self.persons_by_key(text)

    def persons_by_key(self, text: str) -> list[int]:
        for account in self.accounts:
            if account.key == text:
                return [self.people[account.pk]]
        return []


def build(shop: Community, by: Staff, rng: random.Random) -> None:
    """Members with identifiers of some overlap, a parted couple and a hotline."""
    for key in KEYS:
        account = factories.member(shop, key)
        for kind, values in (
            ("phone", PHONES),
            ("email", EMAILS),
            ("unionid", UNIONIDS),
        ):
            if rng.random() < 0.5:
                value = rng.choice(values[:3])
                accounts.add_identifier(
                    account=account, kind=kind, value=value, by=by, at=AT
                )
    merged = account_queries.accounts_by_person(
        Account.objects.values_list("pk", flat=True)
    )
    for ids in merged.values():
        if len(ids) > 1 and rng.random() < 0.5:
            left, right = (Account.objects.get(pk=pk) for pk in ids[:2])
            people.unmerge(left=left, right=right, by=by, at=AT)
    if rng.random() < 0.5:
        SharedIdentifier.objects.create(
            community=shop, kind="phone", value=PHONES[1], account_count=9, found_at=AT
        )


def random_rows(rng: random.Random) -> list[Row]:
    rows = []
    for _number in range(60):
        kinds = rng.sample(list(VALUES), rng.randint(1, 3))
        rows.append({kind: rng.choice(VALUES[kind]) for kind in kinds})
    return rows


def columns_of(rows: Iterable[Row]) -> dict[str, pa.Array]:
    return {
        kind: pa.array([row.get(kind) for row in rows], pa.string()) for kind in VALUES
    }


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", range(8))
def test_references_are_resolved_as_the_oracle_does(
    shop: Community, by: Staff, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - of a test
    build(shop, by, rng)
    oracle, rows = Oracle(shop), random_rows(rng)
    expected = [oracle.match(row) for row in rows]
    people_of = oracle.people
    matches = resolver.find_all(shop, rows)
    single = [
        (match.state, people_of[match.account] if match.account else None)
        for match in matches
    ]
    assert single == expected
    lookups = account_resolver.AccountResolver(shop, by=by, at=AT, source="")
    found = lookups.look_up(columns_of(rows), key_wins=False)
    states = {
        account_resolver.FOUND: resolver.FOUND,
        account_resolver.UNKNOWN: resolver.UNKNOWN,
        account_resolver.NOBODY: resolver.NOBODY,
    }
    bulk = [
        (resolver.CONFLICT, None)
        if is_conflict
        else (states[state], people_of[pk] if pk else None)
        for state, pk, is_conflict in zip(
            found.states.tolist(), found.ids.tolist(), found.conflicts, strict=True
        )
    ]
    assert bulk == expected


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", range(4))
def test_created_members_are_found_afterwards(
    shop: Community, by: Staff, seed: int
) -> None:
    rng = random.Random(100 + seed)  # noqa: S311 - of a test
    build(shop, by, rng)
    rows = random_rows(rng)
    before = Account.objects.count()
    lookups = account_resolver.AccountResolver(shop, by=by, at=AT, source="till")
    seen_at = np.zeros(len(rows), np.int64)
    columns = columns_of(rows)
    found = lookups._resolve(columns, seen_at, key_wins=False)
    assert Account.objects.count() == before + lookups.pop_created()
    again = account_resolver.AccountResolver(shop, by=by, at=AT, source="till")
    later = again.look_up(columns, key_wins=False)
    settled = ~later.conflicts
    assert not (later.states == account_resolver.UNKNOWN)[settled].any()
    known = settled & (found.ids > 0)
    persons = account_queries.person_ids([*found.ids.tolist(), *later.ids.tolist()])
    assert [persons[pk] for pk in found.ids[known].tolist()] == [
        persons[pk] for pk in later.ids[known].tolist()
    ]


def test_key_of_an_order_overrules_the_receivers_phone(
    shop: Community, by: Staff
) -> None:
    factories.member(shop, "ann")
    factories.member(shop, "bob", identifiers={"phone": PHONES[0]})
    rows: list[Row] = [{"member_key": "ann", "phone": PHONES[0]}]
    lookups = account_resolver.AccountResolver(shop, by=by, at=AT, source="")
    wins = lookups.look_up(columns_of(rows), key_wins=True)
    assert wins.ids.tolist() == [account_queries.get(shop, "ann").pk]
    assert wins.counts() == {"found_by_member_key": 1, "overruled": 1}
    assert not wins.conflicts.any()
    assert lookups.look_up(columns_of(rows), key_wins=False).conflicts.all()
