"""Corrects identifiers: removes or replaces a wrong one.

The old value stays in the history of the account. Merges based on it are undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, placeholders, suppression
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, Identifier, PastIdentifier
from qunce.members.people import identifier_merges
from qunce.members.people.identifier_merges import Joins

Value = tuple[int, str, str]
"""An account, a kind of identifier and a normalised value."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class IdentifierRemoved(facts.FactKind):
    """`identifier_kind` is phone, email or the like; the value is in the history."""

    kind = "member.identifier_removed"
    label = gettext_lazy("identifier removed")
    identifier_kind: str


class IdentifierNotFound(errors.NotFound):
    """The account does not have this identifier."""


@transaction.atomic
def correct(
    *,
    account: Account,
    kind: str,
    value: str,
    by: Staff,
    at: datetime,
    new: str = "",
) -> Joins:
    """Remove a wrong identifier from an account, or replace it by a new one.

    Returns who was joined and parted. Raises IdentifierNotFound, InvalidIdentifier or
    PersonErased.
    """
    accounts.check_may_edit(account, by=by, at=at)
    if new:
        accounts.check_may_add(by)
    community = account.community
    stored = _get(account, kind, value)
    text = placeholders.reader_of(community).require(kind, new) if new else ""
    if text == stored.value:
        return Joins()
    if text:
        suppression.check(community, [(kind, text)])
    removed = [(stored.account_id, stored.kind, stored.value)]
    joins = remove(community=community, values=removed, by=by, at=at)
    if not text:
        return joins
    added = accounts.add_identifiers(
        community=community, values=[(account.pk, kind, text)], by=by, at=at
    )
    fact = accounts.IdentifierAdded(account=account.pk, identifier_kind=kind)
    facts.record(fact, community=community, by=by, at=at)
    return joins.extend(added)


@transaction.atomic
def remove(
    *,
    community: Community,
    values: Iterable[Value],
    by: Staff,
    at: datetime,
    source: str = "",
    job_id: int | None = None,
) -> Joins:
    """Remove these identifiers, which stay in the history, and undo their merges."""
    removed: dict[Value, int | None] = {}
    for chunk in account_queries.chunks(sorted(set(values))):
        removed |= _delete(chunk)
    if not removed:
        return Joins()
    PastIdentifier.objects.bulk_create(
        [
            PastIdentifier(
                account_id=account,
                community_id=community.pk,
                kind=kind,
                value=value,
                source=source[:120],
                job_id=job_id,
                removed_at=at,
                removed_by_id=by.pk,
                added_job_id=added_job_id,
            )
            for (account, kind, value), added_job_id in removed.items()
        ],
        batch_size=1_000,
    )
    facts.record_many(
        [
            IdentifierRemoved(account=account, identifier_kind=kind)
            for account, kind, _value in removed
        ],
        community=community,
        by=by,
        at=at,
    )
    return identifier_merges.unmerge(
        community=community,
        values={row[1:] for row in removed},
        accounts={row[0] for row in removed},
        by=by,
        at=at,
        job_id=job_id,
    )


def list_past(account_ids: Sequence[int]) -> list[PastIdentifier]:
    """Former identifiers of these accounts, the latest first."""
    rows = PastIdentifier.objects.filter(account_id__in=account_ids)
    return list(rows.order_by("-removed_at", "-pk"))


def _get(account: Account, kind: str, value: str) -> Identifier:
    # As it is stored, or as people write it.
    reader = placeholders.reader_of(account.community)
    rows = Identifier.objects.filter(account=account, kind=kind)
    stored = rows.filter(value=value).first()
    if stored is None:
        text = reader.normalise(kind, value)
        stored = rows.filter(value=text).first() if text else None
    if stored is None:
        raise IdentifierNotFound(_("This account does not have this identifier."))
    return stored


def _delete(values: Sequence[Value]) -> dict[Value, int | None]:
    """Delete identifiers; returns which, with the imports that had added them."""
    wanted = set(values)
    rows = Identifier.objects.filter(account_id__in={row[0] for row in values})
    stored = {
        (row.account_id, row.kind, row.value): row
        for row in rows
        if (row.account_id, row.kind, row.value) in wanted
    }
    Identifier.objects.filter(pk__in=[row.pk for row in stored.values()]).delete()
    return {value: row.job_id for value, row in sorted(stored.items())}
