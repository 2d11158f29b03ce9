"""The members whom texts name, as far as a staff member sees them.

All others are unknown, and contradict nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.members.accounts import identifiers, resolver
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.accounts.models import Account


def get_by_key(*, by: Staff, key: str, at: datetime) -> Account:
    """The account with a key or `channel:key`, or with a phone or e-mail address.

    Raises MemberNotFound, AmbiguousMember or NamesTwoPeople, the last two only about
    members whom `by` sees.
    """
    account = find_by_text(by.community, key, visibility.among(by, at))
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
    return resolver.find_all(by.community, rows, visibility.among(by, at))


def get_by_references(
    *, by: Staff, references: resolver.References, at: datetime
) -> Account:
    """The visible member whom these references name.

    Raises MemberNotFound, InvalidIdentifier or NamesTwoPeople.
    """
    match = resolver.find(by.community, references, visibility.among(by, at))
    if match.account is None:
        text = next(iter(references.values()), "")
        raise account_queries.MemberNotFound(
            _("There is no member “%(key)s”.") % {"key": text}
        )
    return account_models.Account.objects.get(pk=match.account)
