"""Look-ups of accounts, and of the people to whom they belong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import db, errors
from qunce.core.communities import Community
from qunce.members.accounts.models import Account, Identifier

CHUNK_SIZE = 5_000
"""Accounts a statement or a transaction of a bulk verb, which holds the lock briefly."""

MAX_ID = 2**63 - 1
"""The largest number that a database takes; addresses may bring larger ones."""

Item = TypeVar("Item")


class MemberNotFound(errors.NotFound):
    """There is no such member in this community."""


class AmbiguousMember(errors.Invalid):
    """Several channels know this key."""


def chunks(items: Sequence[Item], size: int = CHUNK_SIZE) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def get(community: Community, key: str) -> Account:
    """The account of a key; `channel:key` tells two channels' equal keys apart."""
    accounts = Account.objects.filter(community=community, erased_at__isnull=True)
    found = list(accounts.filter(key=key).order_by("pk"))
    channel, colon, rest = key.partition(":")
    if not found and colon:
        found = list(accounts.filter(key=rest, channel=channel))
    if not found:
        raise MemberNotFound(_("There is no member “%(key)s”.") % {"key": key})
    if len(found) > 1:
        ways = ", ".join(f"{one.channel}:{key}" for one in found)
        raise AmbiguousMember(
            _("“%(key)s” exists in several channels. Use one of: %(ways)s.")
            % {"key": key, "ways": ways}
        )
    return found[0]


def find(
    community: Community, keys: Iterable[str], channel: str | None = None
) -> dict[str, int]:
    """Key → account id of those that exist; the first account where several share it."""
    found: dict[str, int] = {}
    narrow = "" if channel is None else " AND channel = %s"
    for chunk in chunks(sorted(set(keys))):
        rows = db.rows(
            "SELECT key, id FROM members_account"  # noqa: S608 - marks only
            f" WHERE community_id = %s AND key IN ({db.placeholders(len(chunk))})"
            f" AND erased_at IS NULL{narrow} ORDER BY id DESC",
            [community.pk, *chunk, *([] if channel is None else [channel])],
        )
        found.update(rows)
    return found


def check_ids(community: Community, accounts: Iterable[int]) -> None:
    """Refuses ids that are not accounts of this community, or are erased."""
    wanted = sorted(set(accounts))
    if wanted and wanted[-1] > MAX_ID:
        raise _unknown(wanted[-1])
    for chunk in chunks(wanted):
        # `+`: else SQLite walks through the whole community for a few numbers.
        known = db.rows(
            "SELECT id FROM members_account"  # noqa: S608 - marks only
            f" WHERE +community_id = %s AND id IN ({db.placeholders(len(chunk))})"
            " AND erased_at IS NULL",
            [community.pk, *chunk],
        )
        if len(known) < len(chunk):
            raise _unknown(min(set(chunk) - {row[0] for row in known}))


def _unknown(account: int) -> MemberNotFound:
    return MemberNotFound(
        _("There is no member with the number %(id)s.") % {"id": account}
    )


def find_erased(accounts: Iterable[int]) -> set[int]:
    """Those of these accounts that are erased."""
    found: set[int] = set()
    for chunk in chunks(sorted(set(accounts))):
        rows = db.rows(
            "SELECT id FROM members_account"  # noqa: S608 - marks only
            f" WHERE id IN ({db.placeholders(len(chunk))}) AND erased_at IS NOT NULL",
            chunk,
        )
        found.update(row[0] for row in rows)
    return found


def keys_by_id(community: Community, accounts: Iterable[int]) -> dict[int, str]:
    """Account id → key."""
    found: dict[int, str] = {}
    for chunk in chunks(sorted(set(accounts))):
        found.update(
            db.rows(
                "SELECT id, key FROM members_account"  # noqa: S608 - marks only
                f" WHERE +community_id = %s AND id IN ({db.placeholders(len(chunk))})",
                [community.pk, *chunk],
            )
        )
    return found


def person_ids(accounts: Iterable[int]) -> dict[int, int]:
    """Account → its person's first account."""
    wanted = sorted(set(accounts))
    heads = {account: account for account in wanted}
    for chunk in chunks(wanted):
        heads.update(
            db.rows(
                "SELECT account_id, person_id FROM sets_alias"  # noqa: S608 - marks only
                f" WHERE account_id IN ({db.placeholders(len(chunk))})",
                chunk,
            )
        )
    return heads


def accounts_by_person(accounts: Iterable[int]) -> dict[int, list[int]]:
    """Head → all accounts of the person, for everyone behind these accounts."""
    heads = sorted(set(person_ids(accounts).values()))
    people = {head: [head] for head in heads}
    for chunk in chunks(heads):
        for account, head in db.rows(
            "SELECT account_id, person_id FROM sets_alias"  # noqa: S608 - marks only
            f" WHERE person_id IN ({db.placeholders(len(chunk))}) ORDER BY account_id",
            chunk,
        ):
            people[head].append(account)
    return people


def account_ids_of_person(account: int) -> list[int]:
    """All accounts of the person behind one account, the first one first."""
    (accounts,) = accounts_by_person([account]).values()
    return accounts


def list_identifier_kinds(community: Community) -> list[str]:
    """Kinds of identifiers that are known here: one step of the index each."""
    found: list[str] = []
    rows = Identifier.objects.filter(community_id=community.pk)
    while True:
        after = rows.filter(kind__gt=found[-1] if found else "")
        kind = after.aggregate(least=models.Min("kind"))["least"]
        if kind is None:
            return found
        found.append(kind)
