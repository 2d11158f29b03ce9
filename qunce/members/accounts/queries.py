"""Look-ups of accounts and of the people they belong to.

A person is identified by the id of their first account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import db, errors
from qunce.core.communities import Community
from qunce.members.accounts.models import Account, Identifier

if TYPE_CHECKING:
    from pyroaring import BitMap

CHUNK_SIZE = 5_000
"""Accounts per statement or transaction, so that bulk verbs hold the lock briefly."""

MAX_ID = 2**63 - 1
"""The largest id a database accepts; URLs may contain larger numbers."""

ACCOUNTS_OF_PERSON = """
SELECT person_id, account_id FROM sets_alias WHERE person_id = coalesce(
    (SELECT person_id FROM sets_alias WHERE account_id = %s), %s
) ORDER BY account_id
"""

STANDING_OF_PERSON = """
SELECT 0, id FROM members_account WHERE id = %s AND erased_at IS NULL
UNION ALL SELECT person_id, account_id FROM sets_alias WHERE person_id = coalesce(
    (SELECT person_id FROM sets_alias WHERE account_id = %s), %s
)
"""

Item = TypeVar("Item")


class MemberNotFound(errors.NotFound):
    """There is no such member in this community."""


class AmbiguousMember(errors.Invalid):
    """Several channels have a member with this key."""


def chunks(items: Sequence[Item], size: int = CHUNK_SIZE) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def check_ids(community: Community, accounts: Iterable[int]) -> None:
    """Raises MemberNotFound unless all are accounts of this community, not erased."""
    ids = sorted(set(accounts))
    if ids and ids[-1] > MAX_ID:
        raise _not_found(ids[-1])
    for chunk in chunks(ids):
        # `+` keeps SQLite from scanning the whole community for a few ids.
        rows = db.rows(
            "SELECT id FROM members_account"  # noqa: S608 - ids only
            f" WHERE +community_id = %s AND id {db.among_ids(chunk)}"
            " AND erased_at IS NULL",
            [community.pk],
        )
        if len(rows) < len(chunk):
            # The least, so that the message is the same each time.
            raise _not_found(min(set(chunk) - {row[0] for row in rows}))


def _not_found(account: int) -> MemberNotFound:
    return MemberNotFound(
        _("There is no member with the number %(id)s.") % {"id": account}
    )


def get(community: Community, key: str, among: BitMap | None = None) -> Account:
    """The account with a key; `channel:key` selects one of several channels.

    `among` are the people who are looked at, if not all. Raises MemberNotFound or
    AmbiguousMember.
    """
    accounts = Account.objects.filter(community=community, erased_at__isnull=True)
    matches = _only(accounts.filter(key=key).order_by("pk"), among)
    channel, colon, rest = key.partition(":")
    if not matches and colon:
        matches = _only(accounts.filter(key=rest, channel=channel), among)
    if not matches:
        raise MemberNotFound(_("There is no member “%(key)s”.") % {"key": key})
    if len(matches) > 1:
        ways = ", ".join(f"{account.channel}:{key}" for account in matches)
        raise AmbiguousMember(
            _("“%(key)s” exists in several channels. Use one of: %(ways)s.")
            % {"key": key, "ways": ways}
        )
    return matches[0]


def _only(rows: Iterable[Account], among: BitMap | None) -> list[Account]:
    """Those of these accounts whose people are among these."""
    found = list(rows)
    if among is None or not found:
        return found
    people = person_ids(row.pk for row in found)
    return [row for row in found if people[row.pk] in among]


def find(
    community: Community, keys: Iterable[str], channel: str | None = None
) -> dict[str, int]:
    """Key → account id of the keys that exist.

    The first account wins where several channels have the key.
    """
    ids: dict[str, int] = {}
    in_channel = "" if channel is None else " AND channel = %s"
    for chunk in chunks(sorted(set(keys))):
        condition, params = db.among(chunk)
        # Descending, so that the first account overwrites the later ones.
        rows = db.rows(
            "SELECT key, id FROM members_account"  # noqa: S608 - placeholders only
            f" WHERE community_id = %s AND key {condition}"
            f" AND erased_at IS NULL{in_channel} ORDER BY id DESC",
            [community.pk, *params, *([] if channel is None else [channel])],
        )
        ids.update(rows)
    return ids


def list_channels(community: Community) -> set[str]:
    """The channels that the community has accounts of."""
    rows = Account.objects.filter(community=community).values_list("channel", flat=True)
    return set(rows.distinct())


def find_erased(accounts: Iterable[int]) -> set[int]:
    """Those of these accounts that are erased."""
    erased: set[int] = set()
    for chunk in chunks(sorted(set(accounts))):
        rows = db.rows(
            "SELECT id FROM members_account"  # noqa: S608 - ids only
            f" WHERE id {db.among_ids(chunk)} AND erased_at IS NOT NULL"
        )
        erased.update(row[0] for row in rows)
    return erased


def keys_by_id(community: Community, accounts: Iterable[int]) -> dict[int, str]:
    """Account id → key."""
    keys: dict[int, str] = {}
    for chunk in chunks(sorted(set(accounts))):
        rows = db.rows(
            "SELECT id, key FROM members_account"  # noqa: S608 - ids only
            f" WHERE +community_id = %s AND id {db.among_ids(chunk)}",
            [community.pk],
        )
        keys.update(rows)
    return keys


def list_names(accounts: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Account id and name, by id."""
    for chunk in chunks(sorted(accounts)):
        yield from db.rows(
            "SELECT id, name FROM members_account"  # noqa: S608 - ids only
            f" WHERE id {db.among_ids(chunk)} ORDER BY id"
        )


def person_ids(accounts: Iterable[int]) -> dict[int, int]:
    """Account id → person id, for each of these accounts."""
    ids = sorted(set(accounts))
    # Few accounts are merged, so the database returns the exceptions only.
    people = {account: account for account in ids}
    for chunk in chunks(ids):
        # Only accounts that are not the person's first one have a row.
        rows = db.rows(
            "SELECT account_id, person_id FROM sets_alias"  # noqa: S608 - ids only
            f" WHERE account_id {db.among_ids(chunk)}"
        )
        people.update(rows)
    return people


def accounts_by_person(accounts: Iterable[int]) -> dict[int, list[int]]:
    """Person id → all account ids of the person, for everyone behind these accounts.

    Each list starts with the person's first account.
    """
    ids = sorted(set(person_ids(accounts).values()))
    people = {person: [person] for person in ids}
    for chunk in chunks(ids):
        rows = db.rows(
            "SELECT account_id, person_id FROM sets_alias"  # noqa: S608 - ids only
            f" WHERE person_id {db.among_ids(chunk)} ORDER BY account_id"
        )
        for account, person in rows:
            people[person].append(account)
    return people


def invert(by_person: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """Account id → person id, for a result of `accounts_by_person`."""
    return {account: person for person, ids in by_person.items() for account in ids}


def names_of_people(accounts: Iterable[int]) -> dict[int, str]:
    """Account id → the name of its person, that of the first account that has one."""
    by_person = accounts_by_person(accounts)
    person_of = invert(by_person)
    named = dict(list_names(sorted(person_of)))
    first = {
        person: next((named[pk] for pk in own if named.get(pk, "").strip()), "")
        for person, own in by_person.items()
    }
    return {account: first[person] for account, person in person_of.items()}


def account_ids_of_person(account: int) -> list[int]:
    """All account ids of the person behind one account, the first account first."""
    # In one statement, as every tap and every page of a member asks.
    rows = db.rows(ACCOUNTS_OF_PERSON, [account, account])
    return [rows[0][0] if rows else account, *(row[1] for row in rows)]


def read_again(account: int) -> tuple[int, ...]:
    """All account ids of the person as they are now, the first account first.

    For what was judged before a transaction: raises MemberNotFound if the account has been
    erased since.
    """
    rows = db.rows(STANDING_OF_PERSON, [account] * 3)
    if (0, account) not in {(row[0], row[1]) for row in rows}:
        raise _not_found(account)
    merged = sorted(own for person, own in rows if person)
    person = next((person for person, _own in rows if person), account)
    return (person, *merged)


def list_identifier_kinds(community: Community) -> list[str]:
    """Kinds of identifiers used in this community, sorted."""
    kinds: list[str] = []
    rows = Identifier.objects.filter(community_id=community.pk)
    while True:
        # One index seek per kind; DISTINCT would scan all identifiers.
        rest = rows.filter(kind__gt=kinds[-1] if kinds else "")
        kind = rest.aggregate(least=models.Min("kind"))["least"]
        if kind is None:
            return kinds
        kinds.append(kind)
