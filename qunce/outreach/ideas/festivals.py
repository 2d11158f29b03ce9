"""Coming festivals, days off and worked weekends, as suggestions for ideas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import communities, errors, working_days
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import ideas
from qunce.outreach.ideas.models import Idea, Source
from qunce.outreach.playbooks import calendars

DAYS_AHEAD = 60
MIN_DAYS_OFF = 3
"""A weekend has two."""
DAYS_OFF, WORKED_WEEKEND = "days_off", "worked_weekend"


class SuggestionNotFound(errors.NotFound):
    """There is no such coming day."""


@dataclass(frozen=True)
class ComingDay:
    """`key` names it for ever; `until` is the last of several days."""

    key: str
    title: str
    day: date
    until: date

    def days_left(self, today: date) -> int:
        return (self.day - today).days


def coming_days(
    today: date, region: str = "CN", *, days_ahead: int = DAYS_AHEAD
) -> list[ComingDay]:
    """Return the coming days, the earliest first; festivals before days off."""
    days = [today + timedelta(days=ahead) for ahead in range(days_ahead + 1)]
    found = [
        ComingDay(f"{name}:{day}", str(festival.label), day, day)
        for day in days
        for name, festival in calendars.FESTIVALS.items()
        if calendars.is_festival(name, day)
    ]
    found += [*_holidays(days, region), *_worked_weekends(days, region)]
    return sorted(found, key=lambda each: each.day)


def _holidays(days: list[date], region: str) -> Iterator[ComingDay]:
    """The stretches of days off that are longer than a weekend."""
    for day in days:
        before = day - timedelta(days=1)
        if _is_off(before, region) or not _is_off(day, region):
            continue
        until = day
        while _is_off(until + timedelta(days=1), region):
            until += timedelta(days=1)
        count = (until - day).days + 1
        if count >= MIN_DAYS_OFF:
            title = ngettext("%(n)s day off", "%(n)s days off in a row", count)
            yield ComingDay(f"{DAYS_OFF}:{day}", title % {"n": count}, day, until)


def _is_off(day: date, region: str) -> bool:
    return not working_days.is_working_day(day, region)


def _worked_weekends(days: list[date], region: str) -> Iterator[ComingDay]:
    for day in days:
        if day.weekday() >= 5 and working_days.is_working_day(day, region):
            title = _("weekend day that is worked")
            yield ComingDay(f"{WORKED_WEEKEND}:{day}", title, day, day)


def today_of(by: Staff, at: datetime) -> date:
    return at.astimezone(communities.zone(by.community)).date()


def list_suggestions(
    *, by: Staff, at: datetime, days_ahead: int = DAYS_AHEAD
) -> list[ComingDay]:
    """Coming days of which the community has no idea yet."""
    rows = Idea.objects.filter(community=by.community, source=Source.FESTIVAL)
    known = set(rows.values_list("source_key", flat=True))
    found = coming_days(today_of(by, at), by.community.region, days_ahead=days_ahead)
    return [each for each in found if each.key not in known]


@transaction.atomic
def add_idea(*, key: str, by: Staff, at: datetime) -> Idea:
    """Add an idea for a coming day; `key` is that of its suggestion."""
    ideas.check_may_manage(by)
    for coming in list_suggestions(by=by, at=at):
        if coming.key == key:
            idea = Idea(
                community=by.community,
                title=coming.title,
                content_type=ContentType.CARE,
                source=Source.FESTIVAL,
                source_key=key,
                day=coming.day,
                by=by,
            )
            return ideas.store(idea, by=by, at=at)
    raise SuggestionNotFound(
        _("This day is not coming within %(n)s days, or it is in the box already.")
        % {"n": DAYS_AHEAD}
    )
