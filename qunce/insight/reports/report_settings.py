"""Settings of reports: where weeks begin, which sections are in, how long dailies stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors, permissions, value_types
from qunce.core.facts import facts
from qunce.insight.reports.models import ReportSettings

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

CHANGE = permissions.declare(
    "reports.change_settings",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("change the settings of reports"),
)
SECTIONS: dict[str, StrOrPromise] = {
    "goals": pgettext_lazy("menu", "Goals"),
    "findings": gettext_lazy("Findings"),
    "actions": gettext_lazy("What came of actions"),
    "account": gettext_lazy("Retained members by source"),
    "people": pgettext_lazy("report", "Staff"),
    "groups": gettext_lazy("Groups"),
    "typed": gettext_lazy("Typed numbers"),
    "notes": pgettext_lazy("report", "Dated notes"),
}
"""Sections that can be left out. The numbers of the overview are always in."""
LABELS: dict[str, StrOrPromise] = {
    "first_weekday": gettext_lazy("First day of the week"),
    "left_out": pgettext_lazy("report", "Sections left out"),
    "keep_days": gettext_lazy("Days that daily reports stay"),
}
DEFAULT_KEEP_DAYS, MIN_KEEP_DAYS, MAX_KEEP_DAYS = 180, 31, 3_650


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportSettingsChanged(facts.FactKind):
    """`before` and `after` have what changed."""

    kind = "report.settings_changed"
    label = gettext_lazy("settings of reports changed")
    instead = gettext_lazy("Change them on the page of settings, or through the API.")
    before: dict[str, Any]
    after: dict[str, Any]


class InvalidReportSettings(errors.Invalid):
    """There is no such weekday or section, or dailies would stay too briefly."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`first_weekday` is 0 for Monday; dailies stay for `keep_days` days."""

    first_weekday: int = 0
    left_out: tuple[str, ...] = ()
    keep_days: int = DEFAULT_KEEP_DAYS

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(name for name in SECTIONS if name not in self.left_out)


# Checks


def check(settings: Settings) -> None:
    """Raise InvalidReportSettings."""
    if settings.first_weekday not in range(7):
        raise InvalidReportSettings(
            _("Give the first day of the week from 0 for Monday to 6 for Sunday.")
        )
    unknown = sorted(set(settings.left_out) - SECTIONS.keys())
    if unknown:
        raise InvalidReportSettings(
            _("There is no section “%(key)s”. Available: %(all)s.")
            % {"key": unknown[0][:40], "all": ", ".join(SECTIONS)}
        )
    if not MIN_KEEP_DAYS <= settings.keep_days <= MAX_KEEP_DAYS:
        raise InvalidReportSettings(
            _("Keep daily reports for %(least)s to %(most)s days.")
            % {"least": MIN_KEEP_DAYS, "most": f"{MAX_KEEP_DAYS:,}"}
        )


def may_change(by: Staff) -> bool:
    return permissions.may(by, CHANGE)


# Verbs


@transaction.atomic
def change(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    first_weekday: int | None = None,
    left_out: Iterable[str] | None = None,
    keep_days: int | None = None,
) -> Settings:
    """Change what is given. Reports that are printed stay as they are."""
    permissions.check_may(by, CHANGE)
    permissions.check_community(by, community.pk)
    old = get(community)
    new = merge(old, first_weekday, left_out, keep_days)
    check(new)
    if new == old:
        return old
    ReportSettings.objects.update_or_create(
        community=community,
        defaults={**asdict(new), "left_out": list(new.left_out), "changed_at": at},
    )
    changed = [
        name for name, value in asdict(new).items() if value != asdict(old)[name]
    ]
    fact = ReportSettingsChanged(
        before={name: asdict(old)[name] for name in changed},
        after={name: asdict(new)[name] for name in changed},
    )
    facts.record(fact, community=community, by=by, at=at)
    return new


# Reads


def get(community: Community) -> Settings:
    for row in ReportSettings.objects.filter(community=community):
        return Settings(
            first_weekday=row.first_weekday,
            left_out=tuple(row.left_out),
            keep_days=row.keep_days,
        )
    return Settings()


def merge(
    old: Settings,
    first_weekday: int | None,
    left_out: Iterable[str] | None,
    keep_days: int | None,
) -> Settings:
    """The settings `old` with what is given, which is of the right type."""
    changed: dict[str, Any] = {}
    if left_out is not None:
        texts = value_types.check_texts(left_out, LABELS["left_out"])
        changed["left_out"] = tuple(sorted(set(texts)))
    for name, number in (("first_weekday", first_weekday), ("keep_days", keep_days)):
        if number is not None:
            changed[name] = value_types.check_whole_number(number, LABELS[name])
    return replace(old, **changed)
