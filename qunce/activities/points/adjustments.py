"""Points given or taken by hand: above a limit, a second person approves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.points import (
    earning,
    holders,
    point_facts,
    point_settings,
    spending,
)
from qunce.activities.points.models import (
    AdjustmentState,
    PointAdjustment,
    PointEntry,
)
from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_LISTED = 200
HAND = "hand/{}"


@dataclass(frozen=True, kw_only=True)
class AdjustmentFact(facts.FactKind):
    """`points` are below zero if they are taken."""

    labels = {"points": pgettext_lazy("amount", "points")}
    instead = point_facts.PointFact.instead
    adjustment: int
    points: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AdjustmentRequested(AdjustmentFact):
    kind = "points.adjustment_requested"
    label = gettext_lazy("points by hand wait for approval")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AdjustmentApproved(AdjustmentFact):
    kind = "points.adjustment_approved"
    label = gettext_lazy("points by hand approved")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AdjustmentDeclined(AdjustmentFact):
    kind = "points.adjustment_declined"
    label = gettext_lazy("points by hand declined")


class AdjustmentNotFound(errors.NotFound):
    """There is no such adjustment, or its member is outside the scope."""


class OwnAdjustment(errors.Refused):
    """The adjustment was requested by the same person, who cannot approve it."""


class AlreadyDecided(errors.Refused):
    """The adjustment was approved or declined before."""


@dataclass(frozen=True)
class Adjusted:
    """`entry` is what was written; without it, `waiting` is to be approved."""

    entry: PointEntry | None = None
    waiting: PointAdjustment | None = None


# Verbs


@transaction.atomic
def adjust(
    *,
    account_id: int,
    points: int,
    reason: str,
    key: str,
    by: Staff,
    at: datetime,
) -> Adjusted:
    """Give points, or take them if below zero; once per key.

    Above the limit of one person nothing is written until a second person approves.
    """
    account = holders.get_account(account_id, by)
    holders.check_may_adjust(by, account, at)
    holders.check_amount(abs(points))
    key, reason = holders.clean_key(key), holders.clean_reason(reason)
    if not reason:
        raise holders.InvalidPoints(_("Say why: the member reads it, too."))
    limit = point_settings.get(account.community).hand_limit
    if abs(points) <= limit:
        return Adjusted(entry=_apply(account_id, points, reason, key, by, at))
    row, is_new = PointAdjustment.objects.get_or_create(
        community=account.community,
        key=key,
        defaults={
            "account_id": account.pk,
            "points": points,
            "reason": reason,
            "asked_at": at,
            "by": by,
        },
    )
    if (row.account_id, row.points) != (account.pk, points):
        raise holders.KeyUsedAgain(
            _("“%(key)s” was used for other points. Use a new key.") % {"key": key}
        )
    if is_new:
        _record(AdjustmentRequested, row, by, at)
    return Adjusted(waiting=row)


@transaction.atomic
def approve(*, adjustment: PointAdjustment, by: Staff, at: datetime) -> PointEntry:
    """Approve what somebody else asked for, and write it."""
    _check_may_decide(adjustment, by, at)
    if adjustment.by_id == by.pk:
        raise OwnAdjustment(
            _("You asked for this yourself. Another person has to approve it.")
        )
    _decide(adjustment, AdjustmentState.APPROVED, by, at)
    entry = _apply(
        adjustment.account_id,
        adjustment.points,
        adjustment.reason,
        adjustment.key,
        by,
        at,
    )
    _record(AdjustmentApproved, adjustment, by, at)
    return entry


@transaction.atomic
def decline(*, adjustment: PointAdjustment, by: Staff, at: datetime) -> None:
    """Decline what waits; who asked may withdraw it by this, too."""
    _check_may_decide(adjustment, by, at)
    _decide(adjustment, AdjustmentState.DECLINED, by, at)
    _record(AdjustmentDeclined, adjustment, by, at)


def _check_may_decide(adjustment: PointAdjustment, by: Staff, at: datetime) -> None:
    permissions.check_may(by, point_facts.ADJUST)
    if adjustment.community_id != by.community_id:
        raise AdjustmentNotFound(_("There is no such adjustment."))
    visibility.check_visible(by=by, accounts=[adjustment.account_id], at=at)


def _decide(
    adjustment: PointAdjustment, state: AdjustmentState, by: Staff, at: datetime
) -> None:
    waiting = PointAdjustment.objects.filter(
        pk=adjustment.pk, state=AdjustmentState.WAITING
    )
    if not waiting.update(state=state, decided_at=at, decided_by=by):
        raise AlreadyDecided(_("This was approved or declined before."))
    adjustment.refresh_from_db()


def _apply(
    account: int, points: int, reason: str, key: str, by: Staff, at: datetime
) -> PointEntry:
    if points < 0:
        return spending.spend(
            account_id=account,
            amount=-points,
            key=HAND.format(key),
            reason=reason,
            by=by,
            at=at,
        )
    earned = earning.award(
        account_id=account,
        amount=points,
        key=HAND.format(key),
        reason=reason,
        valid_days=point_settings.get(by.community).hand_valid_days,
        by=by,
        at=at,
    )
    return earned.entry or earning.get_award(by.community, HAND.format(key))


def _record(
    kind: type[AdjustmentFact], row: PointAdjustment, by: Staff, at: datetime
) -> None:
    fact = kind(account=row.account_id, adjustment=row.pk, points=row.points)
    facts.record(fact, community=by.community, by=by, at=at)


# Reads


def list_waiting(*, by: Staff, at: datetime) -> Sequence[PointAdjustment]:
    """What waits for approval, of members whom `by` sees, the oldest first."""
    permissions.check_may(by, point_facts.ADJUST)
    rows = PointAdjustment.objects.filter(
        community=by.community_id, state=AdjustmentState.WAITING
    )
    found = list(rows.select_related("by").order_by("pk")[: 10 * MAX_LISTED])
    people = account_queries.person_ids(row.account_id for row in found)
    visible = visibility.filter_visible(by=by, accounts=people, at=at)
    return [row for row in found if people[row.account_id] in visible][:MAX_LISTED]


def get(*, by: Staff, pk: int, at: datetime) -> PointAdjustment:
    rows = PointAdjustment.objects.filter(community=by.community_id, pk=pk)
    row = rows.select_related("by").first()
    if row is None:
        raise AdjustmentNotFound(_("There is no such adjustment."))
    _check_may_decide(row, by, at)
    return row
