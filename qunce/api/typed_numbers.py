"""Typed numbers of groups without an API, apart from measured numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days
from qunce.groups import visibility
from qunce.groups.groups import Stage
from qunce.insight.typed_numbers import evenings, reminders, typed_numbers
from qunce.insight.typed_numbers.evenings import EveningRow
from qunce.insight.typed_numbers.models import MAX_VALUE
from qunce.insight.typed_numbers.typed_numbers import FIELDS, Entry

router = Router(auth=RequiresScope("metrics"), tags=["typed-numbers"])
Number = Annotated[int, Field(ge=0, le=MAX_VALUE)] | None
MAX_GROUPS = 1_000
DEFAULT_DAYS = 28


class GroupNumbersIn(schemas.InputSchema):
    """Fields that are missing stay as they are; null withdraws what was typed."""

    group_id: schemas.Id
    members: Number = None
    joins: Number = None
    leaves: Number = None
    speakers: Number = None
    messages: Number = None


class TypedNumbersIn(schemas.InputSchema):
    numbers: Annotated[list[GroupNumbersIn], Field(min_length=1, max_length=MAX_GROUPS)]


class NumbersOut(schemas.OutputSchema):
    """A number that nobody entered is null, which is no zero."""

    members: int | None
    joins: int | None
    leaves: int | None
    speakers: int | None
    messages: int | None


class TypedDayOut(schemas.OutputSchema):
    """`typed` are the typed numbers of the day, `typed_by` is who typed the last one.

    `measured` is null for a group of which no channel, import or program reports. Typed
    and measured numbers must not be divided by each other. `warnings` are sentences about
    the typed numbers; `unchecked` says why the balance with the day before was not
    checked.
    """

    group_id: int
    group_key: str
    day: date
    typed: NumbersOut
    typed_by: str
    typed_at: datetime | None
    measured: NumbersOut | None
    warnings: list[str]
    unchecked: str


class SumOut(schemas.OutputSchema):
    """`origin` says where the parts of the sum come from."""

    field: str
    value: int
    origin: Literal["measured", "typed", "mixed"]


class TypedEveningOut(schemas.OutputSchema):
    """`sums` add up the groups; who is in two of them is in it twice."""

    day: date
    groups: list[TypedDayOut]
    sums: list[SumOut]


class TypedDaysOut(schemas.OutputSchema):
    days: list[TypedDayOut]


class TypedNumberOut(schemas.OutputSchema):
    """`value` is null where a number was withdrawn, `replaced_at` in what holds now."""

    day: date
    field: str
    value: int | None
    typed_by: str
    typed_at: datetime
    replaced_at: datetime | None


class TypedHistoryOut(schemas.OutputSchema):
    items: list[TypedNumberOut]


class MissingOut(schemas.OutputSchema):
    day: date
    group_ids: list[int]


class ReminderIn(schemas.InputSchema):
    hour: Annotated[int, Field(ge=0, le=23)] | None


class ReminderOut(schemas.OutputSchema):
    hour: int | None


def _numbers(numbers: Mapping[str, int | None]) -> dict[str, int | None]:
    return {name: numbers.get(name) for name in FIELDS}


def _serialize(row: EveningRow, day: date) -> dict[str, Any]:
    return {
        "group_id": row.group.pk,
        "group_key": row.group.key,
        "day": day,
        "typed": _numbers(row.numbers),
        "typed_by": row.typed.by.login if row.typed else "",
        "typed_at": row.typed.typed_at if row.typed else None,
        "measured": None if row.measured is None else _numbers(row.measured),
        "warnings": list(row.verdict.warnings),
        "unchecked": row.verdict.unchecked,
    }


def _answer(request: ApiRequest, day: date) -> dict[str, Any]:
    groups = visibility.list_visible(request.by).select_related("community")
    evening = evenings.load(
        community=request.community,
        groups=list(groups.order_by("pk")),
        day=day,
        by=request.by,
        at=request.at,
    )
    return {
        "day": day,
        "groups": [_serialize(row, day) for row in evening.rows],
        "sums": [
            {"field": name, "value": total.value, "origin": total.origin.value}
            for name, total in evening.add_up().items()
        ],
    }


@router.get("/typed-numbers", response=TypedDaysOut)
def list_latest(request: ApiRequest) -> dict[str, Any]:
    """List the last typed numbers of each group that has some."""
    groups = visibility.list_visible(request.by).select_related("community")
    latest = evenings.load_latest(
        groups=list(groups.order_by("pk")), by=request.by, at=request.at
    )
    return {"days": [_serialize(row, day) for day, row in latest.values()]}


@router.get("/typed-numbers/missing", response=MissingOut)
def list_missing(request: ApiRequest, day: date | None = None) -> dict[str, Any]:
    """List the groups whose members of a day are expected and were not typed.

    Expected are those whose numbers were typed within the last 14 days.
    """
    today = community_days.to_date(request.community.day(request.at))
    _check_day(request, day or today)
    groups = visibility.list_visible(request.by).select_related("community")
    missing = reminders.list_missing(
        community=request.community,
        groups=list(groups.exclude(state=Stage.DEAD).order_by("pk")),
        day=day or today,
        by=request.by,
        at=request.at,
    )
    return {"day": day or today, "group_ids": [group.pk for group in missing]}


@router.put("/typed-numbers/reminder", response=ReminderOut)
def set_reminder(request: ApiRequest, data: ReminderIn) -> dict[str, Any]:
    """Set from which hour on Today asks for missing numbers; null is never."""
    reminders.set_hour(
        community=request.community, hour=data.hour, by=request.by, at=request.at
    )
    return {"hour": reminders.get_hour(request.community)}


@router.get("/typed-numbers/{day}", response=TypedEveningOut)
def get(request: ApiRequest, day: date) -> dict[str, Any]:
    """Get the typed and the measured numbers of all groups on a community day."""
    _check_day(request, day)
    return _answer(request, day)


@router.put("/typed-numbers/{day}", response=TypedEveningOut)
def save(request: ApiRequest, day: date, data: TypedNumbersIn) -> dict[str, Any]:
    """Save typed numbers of groups, all of them or none. Warnings do not prevent it."""
    _check_day(request, day)
    ids = {each.group_id for each in data.numbers}
    visibility.check(by=request.by, groups=ids)
    rows = visibility.list_visible(request.by).filter(pk__in=ids)
    groups = {group.pk: group for group in rows.select_related("community")}
    typed_numbers.save(
        community=request.community,
        entries=[
            Entry(group=groups[each.group_id], day=day, field=name, value=value)
            for each in data.numbers
            # A field that is missing differs from one that is null.
            for name, value in each.model_dump(exclude_unset=True).items()
            if name in FIELDS
        ],
        by=request.by,
        at=request.at,
    )
    return _answer(request, day)


def _check_day(request: ApiRequest, day: date) -> None:
    today = community_days.to_date(request.community.day(request.at))
    if not date(2000, 1, 1) <= day <= today:
        raise typed_numbers.InvalidTypedNumber(
            _("The day must be between %(first)s and %(last)s.")
            % {"first": date(2000, 1, 1), "last": today}
        )


@router.get("/groups/{group_id}/typed-numbers", response=TypedDaysOut)
def list_days(
    request: ApiRequest,
    group_id: schemas.Id,
    last: date | None = None,
    limit: Annotated[int, Field(ge=1, le=400)] = DEFAULT_DAYS,
) -> dict[str, Any]:
    """List the last days of a group with typed numbers, up to `last`."""
    group = visibility.get(by=request.by, pk=group_id)
    today = community_days.to_date(request.community.day(request.at))
    last = min(last or today, today)
    _check_day(request, last)
    _check_day(request, last - timedelta(days=typed_numbers.MAX_DAYS))
    rows = evenings.load_days(group=group, last=last, limit=limit, by=request.by)
    return {"days": [_serialize(row, day) for day, row in rows]}


@router.get("/groups/{group_id}/typed-numbers/history", response=TypedHistoryOut)
def list_history(
    request: ApiRequest, group_id: schemas.Id, day: date | None = None
) -> dict[str, Any]:
    """List the last 500 numbers that were typed of a group, corrected ones too."""
    group = visibility.get(by=request.by, pk=group_id)
    rows = typed_numbers.list_history(group=group, day=day, by=request.by)
    return {
        "items": [
            {
                "day": row.day,
                "field": row.field,
                "value": row.value,
                "typed_by": row.by.login,
                "typed_at": row.typed_at,
                "replaced_at": row.replaced_at,
            }
            for row in rows
        ]
    }
