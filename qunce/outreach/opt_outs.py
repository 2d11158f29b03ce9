"""Opt-outs: members who do not want messages of campaigns, as rows and as a set."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sets.bitmaps import marks

EDIT = permissions.declare(
    "opt_outs.edit", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
MESSAGES = "messages"
"""The only purpose that members can opt out of yet. Rules name it, for later ones."""
RULE = {"opted_out": {"of": MESSAGES}}


class OptOut(marks.Mark):
    """The wish of an account. The row stays when they opt in again, without a weight."""

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
    labels = {"source": gettext_lazy("source")}
    source: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberOptedIn(facts.FactKind):
    """The member opted in again after an opt-out."""

    kind = "member.opted_in"
    label = gettext_lazy("opted in to messages again")
    labels = {"source": gettext_lazy("source")}
    source: str


# Verbs


def opt_out(
    *,
    community: Community,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = "operator",
    happened_at: datetime | None = None,
) -> int:
    """Opt these accounts out of messages; returns how many had not opted out before."""
    fact = MemberOptedOut(source=source)
    return _set_weight(community, accounts, 1, fact, by, at, happened_at or at)


def opt_in(
    *,
    community: Community,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = "operator",
    happened_at: datetime | None = None,
) -> int:
    """Undo opt-outs for all accounts of these people; returns how many had one.

    All accounts, because a person counts as opted out if any of their accounts is.
    """
    by_person = account_queries.accounts_by_person(sorted(set(accounts)))
    account_ids = [account for ids in by_person.values() for account in ids]
    fact = MemberOptedIn(source=source)
    return _set_weight(community, account_ids, 0, fact, by, at, happened_at or at)


def _set_weight(
    community: Community,
    accounts: Iterable[int],
    weight: int,
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
            weights = dict.fromkeys(chunk, weight)
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


Earlier = tuple[int, str, int | None]
"""Time in microseconds, source and author of an opt-in that a later opt-out replaced."""


@transaction.atomic
def withdraw(*, community: Community, earlier: Mapping[int, Earlier | None]) -> int:
    """Take back the opt-outs of these accounts as if they had never been recorded.

    `earlier` is the opt-in before, if there was one. The caller withdraws the facts.
    Returns how many had opted out.
    """
    changed = marks.restore_weights(
        KIND, community.pk, community.pk, dict.fromkeys(earlier, 0)
    )
    by_earlier: dict[Earlier, list[int]] = {}
    for account in changed:
        by_earlier.setdefault(earlier[account] or (0, "", None), []).append(account)
    for (set_at, source, by_id), accounts in by_earlier.items():
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
    """Person → their first opt-out, for the people who have one."""
    by_person = account_queries.accounts_by_person(person_ids)
    person_of = {
        account: person for person, ids in by_person.items() for account in ids
    }
    rows = OptOut.objects.filter(account_id__in=list(person_of), present=True)
    return {person_of[row.account_id]: row for row in rows.order_by("-set_at")}
