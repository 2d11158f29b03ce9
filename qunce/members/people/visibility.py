"""Which members a staff member sees: those of their community, within their scope.

Everything that takes a member's id or key from outside checks it here first. A member
outside the scope raises the same error, with the same text, as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.members.accounts import identifiers, resolver
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
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
        raise account_queries.MemberNotFound(
            _("There is no member with the number %(id)s.") % {"id": hidden[0]}
        )


# Reads


def get(*, by: Staff, account: int, at: datetime) -> Account:
    """The account with this id, which may be any of its person's; raises MemberNotFound."""
    check_visible(by=by, accounts=[account], at=at)
    return account_models.Account.objects.select_related("community").get(pk=account)


def get_by_key(*, by: Staff, key: str, at: datetime) -> Account:
    """The account with a key or `channel:key`, or with a phone or e-mail address.

    Raises MemberNotFound, AmbiguousMember or NamesTwoPeople, the last two only about
    members whom `by` sees.
    """
    account = find_by_text(by.community, key, _among(by, at))
    # The same instance, which saves a query per use.
    account.community = by.community
    return account


def find_by_text(
    community: Community, text: str, among: BitMap | None = None
) -> Account:
    """The account that a text names, of one of these people; raises MemberNotFound and
    others."""
    try:
        return account_queries.get(community, text, among)
    except account_queries.MemberNotFound:
        # Here, since most texts are keys as they are stored.
        try:
            match = resolver.find(community, {resolver.MEMBER_KEY: text}, among)
        except identifiers.InvalidIdentifier:
            match = None
        if match is None or match.account is None:
            raise
    return account_models.Account.objects.get(pk=match.account)


def find_all(
    *, by: Staff, rows: Sequence[resolver.References], at: datetime
) -> list[resolver.Match]:
    """The visible member whom each row names, see `resolver.find_all`."""
    return resolver.find_all(by.community, rows, _among(by, at))


def get_by_references(
    *, by: Staff, references: resolver.References, at: datetime
) -> Account:
    """The visible member whom these references name.

    Raises MemberNotFound, InvalidIdentifier or NamesTwoPeople.
    """
    match = resolver.find(by.community, references, _among(by, at))
    if match.account is None:
        text = next(iter(references.values()), "")
        raise account_queries.MemberNotFound(
            _("There is no member “%(key)s”.") % {"key": text}
        )
    return account_models.Account.objects.get(pk=match.account)


def _among(by: Staff, at: datetime) -> BitMap | None:
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


def list_visible(*, by: Staff, accounts: BitMap, at: datetime) -> list[int]:
    """Ids of the people behind these accounts who are visible now, ascending."""
    people = people_of_accounts(by=by, accounts=accounts, at=at)
    return list(people & visible_people(by=by, at=at))


def visible_people(*, by: Staff, at: datetime) -> BitMap:
    """Ids of all visible people. The engine caches them while nothing changes."""
    return audiences.people(
        community=by.community, rule=ALL_INCLUDING_FORMER, by=by, at=at
    )


def people_of_accounts(*, by: Staff, accounts: BitMap, at: datetime) -> BitMap:
    """Ids of the people behind a set of accounts, visible or not."""

    def find_people(snap: snapshots.Snapshot) -> BitMap:
        snap.load_revisions(())
        return snap.people(accounts)

    return snapshots.run(by.community, at, find_people)
