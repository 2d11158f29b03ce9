"""Subscribers of reports: staff on whose Today new reports appear, each of what they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import community_days, errors, permissions, value_types
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight.reports import reports
from qunce.insight.reports.models import Kind, Report, ReportSubscribers

if TYPE_CHECKING:
    from qunce.core.communities import Community

MANAGE = permissions.declare(
    "reports.set_subscribers",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set whom Today shows new reports"),
)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportSubscribersChanged(facts.FactKind):
    kind = "report.subscribers_changed"
    label = gettext_lazy("subscribers of reports changed")
    labels = {"period": gettext_lazy("kind of the period")}
    period: str


class InvalidSubscriber(errors.Invalid):
    """A role is unknown, or somebody does not work here."""


@dataclass(frozen=True, kw_only=True)
class Subscribers:
    kind: str
    roles: tuple[str, ...]
    staff: tuple[Staff, ...]

    @property
    def label(self) -> str:
        return str(Kind(self.kind).label)


def may_manage(by: Staff) -> bool:
    return permissions.may(by, MANAGE)


@transaction.atomic
def set_subscribers(
    *,
    community: Community,
    kind: str,
    roles: Sequence[str],
    staff: Sequence[int],
    by: Staff,
    at: datetime,
) -> Subscribers:
    """Replace the subscribers of a kind of reports; `staff` are ids."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    reports.check_kind(value_types.check_text(kind, _("Report")))
    roles = value_types.check_texts(roles, _("Roles"))
    staff = value_types.check_whole_numbers(staff, pgettext("report", "Staff"))
    for role in roles:
        if role not in permissions.Role.values:
            raise InvalidSubscriber(
                _("There is no role “%(key)s”. Available: %(all)s.")
                % {"key": role[:40], "all": ", ".join(permissions.Role.values)}
            )
    # Compared here, as databases refuse numbers that are too long.
    known = set(_active(community).values_list("pk", flat=True)) & set(staff)
    if unknown := sorted(set(staff) - known):
        raise InvalidSubscriber(
            _("Nobody with the number %(key)s works here.") % {"key": unknown[0]}
        )
    values = {"roles": sorted(set(roles)), "staff": sorted(known)}
    rows = ReportSubscribers.objects.filter(community=community, kind=kind)
    if rows.values("roles", "staff").first() != values:  # unique
        ReportSubscribers.objects.update_or_create(
            community=community, kind=kind, defaults={**values, "changed_at": at}
        )
        fact = ReportSubscribersChanged(period=kind)
        facts.record(fact, community=community, by=by, at=at)
    return next(each for each in list_all(by=by) if each.kind == kind)


def list_all(*, by: Staff) -> list[Subscribers]:
    """The subscribers of each kind of reports."""
    permissions.check_may(by, MANAGE)
    rows = {
        row.kind: row
        for row in ReportSubscribers.objects.filter(community=by.community)
    }
    names = {staff.pk: staff for staff in list_choices(by=by)}
    return [
        Subscribers(
            kind=kind,
            roles=tuple(rows[kind].roles) if kind in rows else (),
            staff=tuple(
                names[pk]
                for pk in (rows[kind].staff if kind in rows else ())
                if pk in names
            ),
        )
        for kind in Kind.values
    ]


def list_choices(*, by: Staff) -> list[Staff]:
    """Those who can subscribe, by name."""
    permissions.check_may(by, MANAGE)
    return list(_active(by.community).order_by("name", "pk"))


def list_staff(community: Community) -> dict[str, list[Staff]]:
    """Kind of reports → its subscribers who work here."""
    staff = list(_active(community).select_related("community").order_by("pk"))
    return {
        row.kind: [
            each for each in staff if each.role in row.roles or each.pk in row.staff
        ]
        for row in ReportSubscribers.objects.filter(community=community)
    }


def list_new(*, by: Staff, at: datetime) -> list[Report]:
    """The latest reports of the kinds that `by` is subscribed to."""
    today = community_days.to_date(by.community.day(at))
    kinds = {
        row.kind
        for row in ReportSubscribers.objects.filter(community=by.community)
        if by.role in row.roles or by.pk in row.staff
    }
    return [
        report
        for period in reports.list_latest(by.community, today)
        if period.kind in kinds
        for report in reports.list_visible(by, period.kind).filter(first=period.first)
    ]


def _active(community: Community) -> models.QuerySet[Staff]:
    return Staff.objects.filter(community=community, is_active=True).exclude(
        login__startswith=staff_models.SYSTEM_LOGIN_PREFIX
    )
