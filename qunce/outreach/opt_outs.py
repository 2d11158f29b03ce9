"""Opt-outs: who wants no messages of campaigns, as rows and as a set for rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.sets.bitmaps import marks

if TYPE_CHECKING:
    pass

EDIT = permissions.declare(
    "opt_outs.edit", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
MESSAGES = "messages"
"""The one purpose there is so far; the clause names it, so that more can follow."""


class OptOut(marks.Mark):
    """An account's wish, kept after it is taken back. The set is the community's."""

    community_id = models.BigIntegerField()
    by_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=40, default="")
    set_at = timestamps.TimestampField()

    class Meta(marks.Mark.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "account_id"], name="one_opt_out_an_account"
            )
        ]
        indexes = [
            models.Index(fields=["community_id", "rev"], name="opt_out_by_rev"),
            models.Index(fields=["account_id"], name="opt_out_by_account"),
        ]

    def __str__(self) -> str:
        return f"opt-out of {self.account_id}"


KIND = marks.MarkKind(name="optout", model=OptOut, ref_column="community_id")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberOptedOut(facts.FactKind):
    kind = "member.opted_out"
    label = gettext_lazy("opted out of messages")
    source: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberOptedIn(facts.FactKind):
    """An opt-out was taken back."""

    kind = "member.opted_in"
    label = gettext_lazy("opted in to messages again")
    source: str


# Verbs


def opt_out(
    *,
    community: Community,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = "operator",
) -> int:
    """These members want no messages; returns how many had not said so."""
    event = MemberOptedOut(source=source)
    return _set_weight(community, accounts, 1, event, by, at, source)


def opt_in(
    *,
    community: Community,
    accounts: Iterable[int],
    by: Staff,
    at: datetime,
    source: str = "operator",
) -> int:
    """They want messages again: for all accounts of each person."""
    wanted = sorted(set(accounts))
    family = [
        one
        for all_ in account_queries.accounts_by_person(wanted).values()
        for one in all_
    ]
    event = MemberOptedIn(source=source)
    return _set_weight(community, family, 0, event, by, at, source)


def _set_weight(
    community: Community,
    accounts: Iterable[int],
    weight: int,
    event: facts.FactKind,
    by: Staff,
    at: datetime,
    source: str,
) -> int:
    permissions.check_may(by, EDIT)
    wanted = sorted(set(accounts))
    account_queries.check_ids(community, wanted)
    extra = {"by_id": by.pk, "source": source[:40], "set_at": timestamps.to_micros(at)}
    turned = 0
    for chunk in account_queries.chunks(wanted):
        with transaction.atomic():
            weights = dict.fromkeys(chunk, weight)
            changes = marks.set_weights(
                KIND, community.pk, community.pk, weights, extra
            )
            facts.record_for_accounts(
                event, sorted(changes), community=community, by=by, at=at
            )
        turned += len(changes)
    return turned


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """A reaction: nothing is kept of who is erased, not even what they did not want."""
    gone = {fact.account: 0 for fact in facts if fact.account is not None}
    marks.restore_weights(KIND, community.pk, community.pk, gone)
    rows = OptOut.objects.filter(community_id=community.pk, account_id__in=gone)
    rows.update(by_id=None, source="")


# Reads


def find_by_person(heads: Iterable[int]) -> dict[int, OptOut]:
    """First account → the opt-out that stands, for those who have one."""
    people = account_queries.accounts_by_person(heads)
    head_of = {one: head for head, family in people.items() for one in family}
    rows = OptOut.objects.filter(account_id__in=list(head_of), present=True)
    return {head_of[row.account_id]: row for row in rows.order_by("-set_at")}


RULE = {"opted_out": {"of": MESSAGES}}
