"""Whom an operator sees: nobody outside their community and scope, in no list and no count.

Everyone who takes a member's number or key from outside asks here first. Who is out of
sight is as good as unknown: the same error, the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.members.accounts.models import Account

ALL_INCLUDING_FORMER: dict[str, Any] = {"with_left": {"all": []}}
"""Who left stays in sight: their page is where one sees that they left."""


def get(*, by: Staff, account: int, at: datetime) -> Account:
    """The account of this number, whichever of its person's accounts it is."""
    check_visible(by=by, accounts=[account], at=at)
    return account_models.Account.objects.select_related("community").get(pk=account)


def get_by_key(*, by: Staff, key: str, at: datetime) -> Account:
    """The account of a key, or of `channel:key`."""
    found = account_queries.get(by.community, key)
    if not filter_visible(by=by, accounts=[found.pk], at=at):
        raise account_queries.MemberNotFound(
            _("There is no member “%(key)s”.") % {"key": key}
        )
    found.community = by.community
    return found


def check_visible(*, by: Staff, accounts: Iterable[int], at: datetime) -> None:
    """Refuse all if one of these accounts is not there or not in sight."""
    wanted = set(accounts)
    account_queries.check_ids(by.community, wanted)
    if by.scope is None or not wanted:
        return
    people, seen = account_queries.person_ids(wanted), visible_people(by=by, at=at)
    missing = sorted(account for account in wanted if people[account] not in seen)
    if missing:
        raise account_queries.MemberNotFound(
            _("There is no member with the number %(id)s.") % {"id": missing[0]}
        )


def filter_visible(*, by: Staff, accounts: Iterable[int], at: datetime) -> set[int]:
    """The first accounts of those people among them who are in sight."""
    wanted = sorted(set(accounts))
    if not wanted:
        return set()
    seen = visible_people(by=by, at=at)
    return {
        head for head in account_queries.person_ids(wanted).values() if head in seen
    }


def visible_people(*, by: Staff, at: datetime) -> BitMap:
    """First accounts of all who are in sight; kept by the engine while nothing changes."""
    blob = audiences.freeze(
        community=by.community, rule=ALL_INCLUDING_FORMER, by=by, at=at
    )
    return bitmaps.from_bytes(blob)


def list_visible(*, by: Staff, blob: bytes, at: datetime) -> list[int]:
    """The people of a frozen set who are in sight now, ascending."""
    people = people_of_accounts(by=by, accounts=bitmaps.from_bytes(blob), at=at)
    return list(people & visible_people(by=by, at=at))


def people_of_accounts(*, by: Staff, accounts: BitMap, at: datetime) -> BitMap:
    """The people behind a set of accounts, in sight or not."""
    while True:
        try:
            with snapshots.open_snapshot(by.community, at) as snap:
                snap.load_revisions([])
                return snap.people(accounts)
        except snapshots.Stale:
            continue
