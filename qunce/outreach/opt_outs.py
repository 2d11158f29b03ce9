"""Opt-outs: members who do not want marketing, or no service messages either.

They are rows and a set: the weight of a mark is 1 for marketing only, and 2 for service
messages as well. Notices of moderation reach everybody.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets import audiences
from qunce.sets.bitmaps import marks

EDIT = permissions.declare(
    "opt_outs.edit",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("record opt-outs"),
)
MESSAGES = "messages"
"""What rules call an opt-out of marketing, whether or not of service messages as well."""
MARKETING, SERVICE = "marketing", "service"
WEIGHTS = {MARKETING: 1, SERVICE: 2}
STAFF = "operator"
"""The source of opt-outs that staff record."""
RULE = {"opted_out": {"of": MESSAGES}}
SERVICE_RULE = {"opted_out": {"of": SERVICE}}


class InvalidPurpose(errors.Invalid):
    """Members can opt out of marketing, and of service messages as well."""


class OptOut(marks.Mark):
    """The wish of an account. The row stays when they opt in again, without a weight."""

    @property
    def purpose(self) -> str:
        """The last purpose that they opted out of: service includes marketing."""
        return SERVICE if self.weight >= WEIGHTS[SERVICE] else MARKETING

    community_id = models.BigIntegerField()
    by_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=40, default="")
    set_at = timestamps.TimestampField()

    class Meta(marks.Mark.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "account_id"],
                name="one_opt_out_per_account",
            )
        ]
        indexes = [
            models.Index(fields=["community_id", "rev"], name="opt_out_by_rev"),
            models.Index(fields=["account_id"], name="opt_out_by_account"),
        ]

    def __str__(self) -> str:
        return f"opt-out of {self.account_id}"


KIND = marks.MarkKind(name="opt_out", model=OptOut, ref_column="community_id")


# Facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberOptedOut(facts.FactKind):
    kind = "member.opted_out"
    label = gettext_lazy("opted out of messages")
    labels = {"source": gettext_lazy("source"), "purpose": gettext_lazy("purpose")}
    source: str
    purpose: str = MARKETING


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberOptedIn(facts.FactKind):
    """The member opted in again after an opt-out."""

    kind = "member.opted_in"
    label = gettext_lazy("opted in to messages again")
    labels = {"source": gettext_lazy("source"), "purpose": gettext_lazy("purpose")}
    source: str
    purpose: str = MARKETING


# Checks


def check_purpose(purpose: str) -> None:
    if purpose not in WEIGHTS:
        raise InvalidPurpose(
            _("Members opt out of marketing, or of service messages as well.")
        )


# Verbs


def opt_out(
    *,
    community: Community,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = STAFF,
    happened_at: datetime | None = None,
    purpose: str = MARKETING,
) -> int:
    """Opt these accounts out of marketing, or of service messages as well.

    Returns how many had not opted out of it before. An opt-out of more stays.
    """
    check_purpose(purpose)
    fact = MemberOptedOut(source=source, purpose=purpose)
    return _set_weight(community, accounts, fact, by, at, happened_at or at)


def opt_in(
    *,
    community: Community,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = STAFF,
    happened_at: datetime | None = None,
    purpose: str = MARKETING,
) -> int:
    """Undo opt-outs for all accounts of these people; returns how many had one.

    All accounts, because a person counts as opted out if any of their accounts is. With
    the purpose service they get service messages again, and still no marketing.
    """
    check_purpose(purpose)
    by_person = account_queries.accounts_by_person(sorted(set(accounts)))
    account_ids = [account for ids in by_person.values() for account in ids]
    fact = MemberOptedIn(source=source, purpose=purpose)
    return _set_weight(community, account_ids, fact, by, at, happened_at or at)


def _weight_after(before: int, fact: MemberOptedOut | MemberOptedIn) -> int:
    """The weight of a mark after a fact: an opt-out never takes one back, nor gives one."""
    if isinstance(fact, MemberOptedOut):
        return max(before, WEIGHTS[fact.purpose])
    return min(before, WEIGHTS[MARKETING]) if fact.purpose == SERVICE else 0


def _set_weight(
    community: Community,
    accounts: Iterable[int],
    fact: MemberOptedOut | MemberOptedIn,
    by: Staff,
    at: datetime,
    set_at: datetime,
) -> int:
    permissions.check_may(by, EDIT)
    account_ids = sorted(set(accounts))
    visibility.check_visible(by=by, accounts=account_ids, at=at)
    fields = {
        "by_id": by.pk,
        "source": fact.source[:40],
        "set_at": timestamps.to_micros(set_at),
    }
    changed_count = 0
    for chunk in account_queries.chunks(account_ids):
        with transaction.atomic():
            # Locks the set, so that the weights stay as they are read.
            revisions.bump(community.pk, KIND.name, [community.pk])
            before = marks.find_weights(KIND, community.pk, chunk)
            weights = {
                account: _weight_after(before.get(account, 0), fact)
                for account in chunk
            }
            changes = marks.set_weights(
                KIND, community.pk, community.pk, weights, fields
            )
            facts.record_for_accounts(
                fact,
                sorted(changes),
                community=community,
                by=by,
                at=at,
                happened_at=itertools.repeat(set_at),
            )
        changed_count += len(changes)
    return changed_count


Earlier = tuple[int, str, int | None, int]
"""Time in microseconds, source, author and weight of a row that an opt-out replaced."""


@transaction.atomic
def withdraw(*, community: Community, earlier: Mapping[int, Earlier | None]) -> int:
    """Take back the opt-outs of these accounts as if they had never been recorded.

    `earlier` is the row before, if there was one. The caller withdraws the facts.
    Returns how many had opted out.
    """
    weights = {account: row[3] if row else 0 for account, row in earlier.items()}
    changed = marks.restore_weights(KIND, community.pk, community.pk, weights)
    by_earlier: dict[Earlier, list[int]] = {}
    for account in changed:
        by_earlier.setdefault(earlier[account] or (0, "", None, 0), []).append(account)
    for (set_at, source, by_id, _weight), accounts in by_earlier.items():
        rows = OptOut.objects.filter(community_id=community.pk, account_id__in=accounts)
        rows.update(set_at=timestamps.from_micros(set_at), source=source, by_id=by_id)
    return len(changed)


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: remove the opt-outs of these accounts."""
    erased = {fact.account: 0 for fact in facts if fact.account is not None}
    marks.restore_weights(KIND, community.pk, community.pk, erased)
    rows = OptOut.objects.filter(community_id=community.pk, account_id__in=erased)
    rows.update(by_id=None, source="")


# Reads


def find_by_person(person_ids: Iterable[int]) -> dict[int, OptOut]:
    """Person → their widest and first opt-out, for the people who have one."""
    by_person = account_queries.accounts_by_person(person_ids)
    person_of = account_queries.invert(by_person)
    rows = OptOut.objects.filter(account_id__in=list(person_of), present=True)
    # The first one, of those with the widest wish.
    ordered = rows.order_by("weight", "-set_at")
    return {person_of[row.account_id]: row for row in ordered}


def count_by_source(*, by: Staff, at: datetime) -> list[tuple[str, str, int]]:
    """Source, purpose and number of the opted-out people that `by` sees, most first."""
    everybody = audiences.people(
        community=by.community, rule={"with_left": RULE}, by=by, at=at
    )
    counts: Counter[tuple[str, str]] = Counter()
    for chunk in account_queries.chunks(list(everybody)):
        for row in find_by_person(chunk).values():
            counts[row.source, row.purpose] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(source, purpose, n) for (source, purpose), n in ordered]


def among(
    by_person: Mapping[int, Sequence[int]], *, purpose: str = MARKETING
) -> set[int]:
    """Those of these people who opted out of this purpose with any of their accounts."""
    person_of = account_queries.invert(by_person)
    found: set[int] = set()
    for chunk in account_queries.chunks(sorted(person_of)):
        rows = db.rows(
            f"SELECT account_id FROM {KIND.table}"  # noqa: S608 - ids only
            " WHERE present AND weight >= %s"
            f" AND account_id {db.among_ids(chunk)}",
            [WEIGHTS[purpose]],
        )
        found.update(person_of[account] for (account,) in rows)
    return found
