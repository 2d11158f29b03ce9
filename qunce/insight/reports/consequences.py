"""What changes of the settings of reports bring about, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import dates
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import community_days, permissions
from qunce.insight.reports import periods, report_settings, retention
from qunce.insight.reports.models import Kind, Report
from qunce.insight.reports.report_settings import SECTIONS

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


def list_all(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    first_weekday: int | None = None,
    left_out: Iterable[str] | None = None,
    keep_days: int | None = None,
) -> list[str]:
    """Return a sentence on each thing that these changes bring about; maybe none."""
    permissions.check_may(by, report_settings.CHANGE)
    permissions.check_community(by, community.pk)
    old = report_settings.get(community)
    new = report_settings.merge(old, first_weekday, left_out, keep_days)
    report_settings.check(new)
    today = community_days.to_date(community.day(at))
    sentences = []
    if new.first_weekday != old.first_weekday:
        sentences += _list_of_weeks(community, new.first_weekday, today)
    if new.left_out != old.left_out:
        names = _(", ").join(str(SECTIONS[name]) for name in new.left_out)
        sentences.append(
            _("Reports that are printed from now on have no section for: %(names)s.")
            % {"names": names}
            if names
            else _("Reports that are printed from now on have all sections.")
        )
    if new.keep_days != old.keep_days:
        sentences += _list_of_days(community, new.keep_days, today)
    return sentences


def _list_of_weeks(community: Community, first_weekday: int, today: date) -> list[str]:
    latest = periods.find_latest(Kind.WEEKLY, today, first_weekday=first_weekday)
    sentences = [
        _(
            "Weekly reports begin on %(weekday)s. That of %(first)s to %(last)s is printed "
            "in a minute, and then one a week. Printed reports stay as they are."
        )
        % {
            "weekday": dates.WEEKDAYS[first_weekday],
            "first": latest.first,
            "last": latest.last,
        }
    ]
    others = Report.objects.filter(
        community=community,
        kind=Kind.WEEKLY,
        first__lte=latest.last,
        last__gte=latest.first,
    ).exclude(first=latest.first)
    for report in others.order_by("-first")[:1]:
        sentences.append(
            _(
                "It has days that the printed report of %(first)s to %(last)s has, too, so "
                "that the two must not be added up."
            )
            % {"first": report.first, "last": report.last}
        )
    return sentences


def _list_of_days(community: Community, keep_days: int, today: date) -> list[str]:
    due = retention.list_due(community, today - timedelta(days=keep_days - 1))
    sentences = [
        ngettext(
            "%(n)s daily report is deleted tomorrow: it is older than %(days)s days.",
            "%(n)s daily reports are deleted tomorrow: they are older than %(days)s days.",
            len(due.deleted),
        )
        % {"n": f"{len(due.deleted):,}", "days": f"{keep_days:,}"}
    ]
    if due.kept:
        text = ngettext(
            "%(n)s older one stays, as staff acted on its findings or it has a dated note.",
            "%(n)s older ones stay, as staff acted on their findings or they have dated "
            "notes.",
            len(due.kept),
        )
        sentences.append(text % {"n": f"{len(due.kept):,}"})
    return sentences
