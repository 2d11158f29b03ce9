"""Keeps erased people away: their keys and identifiers as salted hashes.

A hash says nothing without the community's secret, and with it only whether a value that
one has already is on the list.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.members.accounts import placeholders
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Suppression, SuppressionSecret

LIFT = permissions.declare(
    "members.lift_suppression",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("allow erased people to rejoin"),
)
LIFTED = audit.declare("suppression.lifted", gettext_lazy("suppression lifted"))
Value = tuple[str, str]
"""A kind of identifier, or "key", and the normalised text."""


class PersonErased(errors.Refused):
    """This person was erased, and cannot be added until the suppression is lifted."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The person with this key or identifier was erased. A manager can let"
                " them in again under Settings → Identity."
            )
        )


class NotSuppressed(errors.NotFound):
    """No erased person had this identifier."""


def check(community: Community, values: Iterable[Value]) -> None:
    """Raises PersonErased if one of these belongs to a person who was erased."""
    if find(community, values):
        raise PersonErased


# Verbs


@transaction.atomic
def add(
    *, community: Community, person: int, values: Iterable[Value], at: datetime
) -> None:
    """Put an erased person's keys and identifiers on the list."""
    _row, _created = SuppressionSecret.objects.get_or_create(
        community=community, defaults={"secret": secrets.token_hex(32)}
    )
    digests = set(_digests(community, values).values())
    rows = [
        Suppression(community=community, digest=digest, person_id=person, at=at)
        for digest in sorted(digests)
    ]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def lift(
    *, community: Community, kind: str, value: str, by: Staff, at: datetime
) -> int:
    """Let the erased person with this key or identifier be a member again.

    Returns how many hashes were deleted: all of that person. Raises NotSuppressed.
    """
    permissions.check_may(by, LIFT)
    text = placeholders.reader_of(community).require(kind, value)
    digests = _digests(community, [(kind, text)]).values()
    rows = Suppression.objects.filter(community=community)
    people = list(
        rows.filter(digest__in=digests).values_list("person_id", flat=True).distinct()
    )
    if not people:
        raise NotSuppressed(_("No erased person had this key or identifier."))
    deleted, _by_model = rows.filter(person_id__in=people).delete()
    audit.log(kind=LIFTED, community=community, by=by, at=at, count=len(people))
    return deleted


# Reads


def count(community: Community) -> int:
    """How many people are on the list."""
    rows = Suppression.objects.filter(community=community)
    return rows.values("person_id").distinct().count()


def find(community: Community, values: Iterable[Value]) -> set[Value]:
    """Those of these normalised values that belong to erased people."""
    digests = _digests(community, values)
    if not digests:
        return set()
    suppressed: set[str] = set()
    for chunk in account_queries.chunks(sorted(set(digests.values()))):
        rows = db.rows(
            "SELECT digest FROM members_suppression"  # noqa: S608 - placeholders only
            f" WHERE community_id = %s AND digest IN ({db.placeholders(len(chunk))})",
            [community.pk, *chunk],
        )
        suppressed.update(row[0] for row in rows)
    return {value for value, digest in digests.items() if digest in suppressed}


def _digests(community: Community, values: Iterable[Value]) -> dict[Value, str]:
    """The hash of each value; empty if nobody of the community was ever erased."""
    rows = SuppressionSecret.objects.filter(community=community)
    secret = rows.values_list("secret", flat=True).first()
    if secret is None:
        return {}
    key = bytes.fromhex(secret)
    # Of the text alone: who is known by a phone only has it as their key as well.
    return {
        value: hmac.new(key, value[1].encode(), hashlib.sha256).hexdigest()
        for value in values
    }
