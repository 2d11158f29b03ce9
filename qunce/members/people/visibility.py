"""Which members a staff member sees: those of their community, within their scope.

Everything that takes a member's id or key from outside checks it here first. A member
outside the scope raises the same error, with the same text, as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from django.db import models
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.members.accounts.models import Account

ALL_INCLUDING_FORMER: dict[str, Any] = {"with_left": {"all": []}}
"""Former members stay visible, since their page shows that they left."""


# Checks


def check_visible(*, by: Staff, accounts: Iterable[int], at: datetime) -> None:
    """Raises MemberNotFound if one of these accounts is missing or outside the scope."""
    ids = set(accounts)
    account_queries.check_ids(by.community, ids)
    if by.scope is None or not ids:
        return
    people, visible = account_queries.person_ids(ids), visible_people(by=by, at=at)
    # By person, since a scope may match through another account of theirs.
    hidden = sorted(account for account in ids if people[account] not in visible)
    if hidden:
        raise _not_found(hidden[0])


def check_people(*, by: Staff, people: BitMap, at: datetime) -> None:
    """Like `check_visible`, by one operation on sets, for people and not accounts."""
    hidden = people - visible_people(by=by, at=at)
    if hidden:
        raise _not_found(hidden.min())


def _not_found(account: int) -> account_queries.MemberNotFound:
    return account_queries.MemberNotFound(
        _("There is no member with the number %(id)s.") % {"id": account}
    )


# Reads


def get(*, by: Staff, account: int, at: datetime) -> Account:
    """The account with this id, which may be any of its person's; raises MemberNotFound."""
    check_visible(by=by, accounts=[account], at=at)
    return account_models.Account.objects.select_related("community").get(pk=account)


def among(by: Staff, at: datetime) -> BitMap | None:
    """The people whom `by` sees, None for all: a sentence about others reveals them."""
    return None if by.scope is None else visible_people(by=by, at=at)


def filter_visible(*, by: Staff, accounts: Iterable[int], at: datetime) -> set[int]:
    """Ids of the visible people behind these accounts."""
    ids = sorted(set(accounts))
    if not ids:
        return set()
    visible = visible_people(by=by, at=at)
    people = account_queries.person_ids(ids).values()
    return {person for person in people if person in visible}


def filter_accounts(*, by: Staff, accounts: Iterable[int], at: datetime) -> set[int]:
    """Those of these accounts whose people are visible."""
    ids = sorted(set(accounts))
    if not ids:
        return set()
    visible = visible_people(by=by, at=at)
    people = account_queries.person_ids(ids)
    return {account for account in ids if people[account] in visible}


def filter_rows(
    rows: models.QuerySet[Any], *, by: Staff, at: datetime
) -> models.QuerySet[Any]:
    """Those of these rows, each with an `account_id`, whose people are visible.

    Filter before a limit, so that limited staff miss nothing that they may see.
    """
    if not by.is_scoped:
        return rows
    accounts = rows.order_by().values_list("account_id", flat=True).distinct()
    return rows.filter(
        account_id__in=filter_accounts(by=by, accounts=list(accounts), at=at)
    )


def list_visible(*, by: Staff, accounts: BitMap, at: datetime) -> list[int]:
    """Ids of the people behind these accounts who are visible now, ascending."""
    people = people_of_accounts(by=by, accounts=accounts, at=at)
    return list(people & visible_people(by=by, at=at))


def visible_people(*, by: Staff, at: datetime) -> BitMap:
    """Ids of all visible people. The engine caches them while nothing changes."""
    # Staff accounts can be found and opened like members, although no number counts them.
    return audiences.people(
        community=by.community,
        rule=ALL_INCLUDING_FORMER,
        by=by,
        at=at,
        with_staff=True,
    )


def people_of_accounts(*, by: Staff, accounts: BitMap, at: datetime) -> BitMap:
    """Ids of the people behind a set of accounts, visible or not."""

    def find_people(snap: snapshots.Snapshot) -> BitMap:
        snap.load_revisions(())
        return snap.people(accounts)

    return snapshots.run(by.community, at, find_people)
