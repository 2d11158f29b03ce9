"""The levels that a community defines: periods, thresholds and benefits, all at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.activities.levels import ladders, level_facts
from qunce.activities.levels.ladders import Counting, Ladder
from qunce.activities.levels.models import (
    MAX_KEY,
    MAX_NAME,
    MAX_TEXT,
    MAX_TITLE,
    Level,
    LevelScheme,
    Period,
)
from qunce.activities.points.models import MAX_POINTS
from qunce.activities.prizes.models import PrizeStock
from qunce.core import community_days, errors, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.core.unique_keys import unused_key

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_LEVELS, MAX_EARLIER = 20, 5
COUNT_JOB = "levels.count"
"""Counts the levels of all members again; its key is the community's id."""
GRACE = {Period.MONTH: 27, Period.QUARTER: 89, Period.YEAR: 364, Period.ROLLING: 365}
"""The most days of grace of each period, which end before the next one does."""
FIELDS: dict[str, StrOrPromise] = {
    "period": gettext_lazy("Points are counted in"),
    "days": gettext_lazy("Number of days"),
    "grace_days": gettext_lazy("Days of grace"),
    "gift_budget": gettext_lazy("Points given as gifts a month"),
    "name": gettext_lazy("Name"),
    "title": pgettext_lazy("level", "Title"),
    "points": pgettext_lazy("level", "From points"),
    "percent": gettext_lazy("Multiplies points to per cent"),
    "gift_points": gettext_lazy("Points as a monthly gift"),
    "gift_valid_days": gettext_lazy("The gift is valid for days"),
    "gift_stock": gettext_lazy("Prize as a monthly gift"),
    "has_early_access": gettext_lazy("Early access"),
    "benefits": gettext_lazy("Other benefits"),
}
RANGES = {
    "points": (1, MAX_POINTS),
    "percent": (100, 1000),
    "gift_points": (0, 1_000_000),
    "gift_valid_days": (1, 3_650),
}


@dataclass(frozen=True, kw_only=True)
class LevelInput:
    """A level as it is to be; `key` names one that exists, "" makes a new one."""

    name: str
    points: int
    key: str = ""
    title: str = ""
    percent: int = 100
    gift_points: int = 0
    gift_valid_days: int | None = None
    gift_stock: int | None = None
    has_early_access: bool = False
    benefits: str = ""


@dataclass(frozen=True, kw_only=True)
class SchemeInput:
    """All that is defined. A level that is not among `levels` is archived."""

    period: str = Period.QUARTER
    days: int = 90
    grace_days: int = 14
    gift_budget: int | None = None
    levels: Sequence[LevelInput] = field(default_factory=tuple)


class InvalidLevels(errors.Invalid):
    """A field cannot be stored; `field` is its name and `index` that of the level."""

    def __init__(self, field: str, text: str, index: int | None = None) -> None:
        super().__init__(text)
        self.field, self.index = field, index


class LevelNotFound(errors.NotFound):
    """There is no such level in this community."""


# Checks


def check_may_manage(by: Staff) -> None:
    permissions.check_may(by, level_facts.MANAGE)


def may_manage(by: Staff) -> bool:
    return permissions.may(by, level_facts.MANAGE)


def check(community: Community, wanted: SchemeInput) -> None:
    """Raise InvalidLevels for the first field that cannot be stored."""
    if wanted.period not in Period.values:
        text = _("Choose in what points are counted: %(all)s.")
        raise InvalidLevels("period", text % {"all": ", ".join(Period.values)})
    period = Period(wanted.period)
    _check_number("days", wanted.days, (7, 366))
    _check_number("grace_days", wanted.grace_days, (0, GRACE[period]))
    if wanted.gift_budget is not None:
        _check_number("gift_budget", wanted.gift_budget, (0, 10**12))
    if not 1 <= len(wanted.levels) <= MAX_LEVELS:
        raise InvalidLevels(
            "levels", _("Define from 1 to %(most)s levels.") % {"most": MAX_LEVELS}
        )
    stocks = set(
        PrizeStock.objects.filter(
            community=community,
            archived_at__isnull=True,
            pk__in=[each.gift_stock for each in wanted.levels if each.gift_stock],
        ).values_list("pk", flat=True)
    )
    for index, each in enumerate(wanted.levels):
        _check_level(each, index, stocks)
    _check_order(wanted.levels)


def _check_level(level: LevelInput, index: int, stocks: set[int]) -> None:
    for name, most, least in (
        ("name", MAX_NAME, 1),
        ("title", MAX_TITLE, 0),
        ("benefits", MAX_TEXT, 0),
    ):
        text = names.clean(getattr(level, name))
        if not least <= len(text) <= most or not text_validation.is_valid(text):
            raise InvalidLevels(
                name,
                _("“%(field)s” has %(least)s to %(most)s characters.")
                % {"field": FIELDS[name], "least": least, "most": most},
                index,
            )
    for name, span in RANGES.items():
        value = getattr(level, name)
        if value is not None or name != "gift_valid_days":
            _check_number(name, value, span, index)
    if level.gift_stock is not None and level.gift_stock not in stocks:
        raise InvalidLevels(
            "gift_stock", _("There is no such prize. Choose another one."), index
        )
    if level.gift_stock is not None and level.gift_points:
        raise InvalidLevels(
            "gift_stock", _("A monthly gift is points or a prize. Choose one."), index
        )


def _check_number(
    name: str, value: object, span: tuple[int, int], index: int | None = None
) -> None:
    least, most = span
    if not isinstance(value, int) or not least <= value <= most:
        raise InvalidLevels(
            name,
            _("“%(field)s” must be a whole number from %(least)s to %(most)s.")
            % {"field": FIELDS[name], "least": least, "most": f"{most:,}"},
            index,
        )


def _check_order(levels: Sequence[LevelInput]) -> None:
    seen: set[str] = set()
    for index, each in enumerate(levels):
        folded = names.clean(each.name).casefold()
        if folded in seen:
            text = _("Two levels have the name “%(name)s”. Change one.")
            raise InvalidLevels("name", text % {"name": each.name}, index)
        seen.add(folded)
        if index and each.points <= levels[index - 1].points:
            raise InvalidLevels(
                "points",
                _("“%(name)s” must take more points than “%(before)s” before it.")
                % {"name": each.name, "before": levels[index - 1].name},
                index,
            )


# Verbs


@transaction.atomic
def define(
    *, community: Community, wanted: SchemeInput, by: Staff, at: datetime
) -> LevelScheme:
    """Store all levels; thresholds that become lower hold now, others from the next period.

    Members are counted again in the background.
    """
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    check(community, wanted)
    scheme = _lock(community, at)
    keys = []
    for level in plan(community, wanted, scheme, at):
        if level.archived_at is None:
            keys.append(level.key)
        level.save()
    scheme.definition, scheme.changed_at = scheme.definition + 1, at
    scheme.counted_day = None
    scheme.save()
    fact = level_facts.LevelSchemeChanged(levels=keys)
    facts.record(fact, community=community, by=by, at=at)
    _schedule(community, at)
    return scheme


@transaction.atomic
def switch_on(*, community: Community, by: Staff, at: datetime) -> None:
    """Let members have levels, by what they earned already."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    if not list_all(community):
        raise InvalidLevels("levels", _("Define levels first."))
    _switch(community, is_on=True, by=by, at=at)


@transaction.atomic
def switch_off(*, community: Community, by: Staff, at: datetime) -> None:
    """Take all levels away. Points, badges and memberships stay."""
    check_may_manage(by)
    permissions.check_community(by, community.pk)
    _switch(community, is_on=False, by=by, at=at)


def _switch(community: Community, *, is_on: bool, by: Staff, at: datetime) -> None:
    _lock(community, at)
    rows = LevelScheme.objects.filter(community=community, is_on=not is_on)
    if rows.update(
        is_on=is_on,
        earlier=[],
        definition=F("definition") + 1,
        counted_day=None,
        changed_at=at,
    ):
        keys = [level.key for level in list_all(community)] if is_on else []
        fact = level_facts.LevelSchemeChanged(levels=keys)
        facts.record(fact, community=community, by=by, at=at)
        _schedule(community, at)


def _schedule(community: Community, at: datetime) -> None:
    job_queue.schedule(
        job=COUNT_JOB, key=str(community.pk), due_at=at, community=community
    )


def _lock(community: Community, at: datetime) -> LevelScheme:
    LevelScheme.objects.get_or_create(community=community, defaults={"changed_at": at})
    return LevelScheme.objects.select_for_update(of=("self",)).get(community=community)


def _store_counting(scheme: LevelScheme, wanted: SchemeInput, today: int) -> None:
    old = counting_of(scheme)
    scheme.period, scheme.days = wanted.period, wanted.days
    scheme.grace_days, scheme.gift_budget = wanted.grace_days, wanted.gift_budget
    new = counting_of(scheme)
    kept = [row for row in scheme.earlier if row[3] >= today]
    if scheme.is_on and _differ(old, new):
        if len(kept) >= MAX_EARLIER:
            raise InvalidLevels(
                "period",
                _("The period was changed too often. Keep it until %(day)s.")
                % {"day": community_days.to_date(min(row[3] for row in kept))},
            )
        # What was reached by the old period lasts until it ends.
        last = old.next_start(today) - 1
        kept.append([str(old.period), old.days, old.grace, last])
    scheme.earlier = kept


def _differ(old: Counting, new: Counting) -> bool:
    if old.is_rolling != new.is_rolling or old.period != new.period:
        return True
    return old.grace != new.grace or (old.is_rolling and old.days != new.days)


def _check_keys(levels: Sequence[LevelInput], stored: dict[str, Level]) -> None:
    for index, each in enumerate(levels):
        if len(each.key) > MAX_KEY - 5 or not text_validation.is_valid(each.key):
            raise InvalidLevels(
                "key",
                _("A key has at most %(most)s characters.") % {"most": MAX_KEY - 5},
                index,
            )
    known = [each.key for each in levels if each.key in stored]
    if len(set(known)) < len(known):
        raise InvalidLevels("key", _("Two levels have the same key."))
    positions = [stored[key].position for key in known]
    if positions != sorted(positions):
        raise InvalidLevels(
            "points",
            _("Levels keep their order. Rename them, or remove one and add another."),
        )


def plan(
    community: Community, wanted: SchemeInput, scheme: LevelScheme, at: datetime
) -> list[Level]:
    """The levels as they would be stored, the archived ones in their places.

    Changes `scheme`, and saves nothing.
    """
    today = community.day(at)
    countings = countings_of(scheme, today)
    _store_counting(scheme, wanted, today)
    before = list_all(community, archived=True)
    stored = {level.key: level for level in before}
    _check_keys(wanted.levels, stored)
    left, used, planned = list(before), set(stored), list[Level]()
    # A placeholder of no key, so that what is left over at the end is archived, too.
    for number, each in enumerate([*wanted.levels, None], start=1):
        level = stored.get(each.key) if each else None
        if level is not None or each is None:
            # Those before it that are no longer wanted stay below it.
            place = left.index(level) if level else len(left)
            for other in left[:place]:
                _take_away(other, scheme, countings, at)
                planned.append(other)
            left = left[place + 1 :]
        if each is None:
            break
        if level is None:
            key = unused_key(each.key or f"level-{number}", used)
            level = Level(community=community, key=key)
            used.add(key)
        _set(level, each)
        level.steps = _next_steps(level, each.points, scheme, countings, at)
        level.archived_at = None
        planned.append(level)
    for position, level in enumerate(planned):
        level.position = position
    return planned


def _take_away(
    level: Level, scheme: LevelScheme, countings: Sequence[Counting], at: datetime
) -> None:
    if level.archived_at is None:
        level.steps = _next_steps(level, None, scheme, countings, at)
        level.archived_at = at


def _next_steps(
    level: Level,
    points: int | None,
    scheme: LevelScheme,
    countings: Sequence[Counting],
    at: datetime,
) -> list[tuple[int, int | None]]:
    if not scheme.is_on:
        # Nobody has a level that a change could take away.
        return [] if points is None else [(0, points)]
    today = level.community.day(at)
    return ladders.steps_after(_steps(level), points, countings, today)


def _set(level: Level, wanted: LevelInput) -> None:
    level.name, level.title = names.clean(wanted.name), names.clean(wanted.title)
    level.percent = wanted.percent
    level.gift_points, level.gift_stock_id = wanted.gift_points, wanted.gift_stock
    level.gift_valid_days = wanted.gift_valid_days
    level.has_early_access = wanted.has_early_access
    level.benefits = names.clean(wanted.benefits)


# Reads


def get(community: Community) -> LevelScheme | None:
    return _OF_COMMUNITY.first(community=community.pk)


_OF_COMMUNITY = PreparedQuery(
    lambda: LevelScheme.objects.filter(community=Param("community"))
)


def list_all(community: Community, *, archived: bool = False) -> list[Level]:
    """The levels from the lowest; those that are archived on request."""
    rows = Level.objects.filter(community=community)
    if not archived:
        rows = rows.filter(archived_at__isnull=True)
    return list(rows.order_by("position", "pk"))


def list_for(by: Staff) -> list[Level]:
    """The levels for staff who may manage levels."""
    check_may_manage(by)
    return list_all(by.community)


def find_by_key(community: Community, key: str) -> Level:
    found = Level.objects.filter(community=community, key=key).first()
    if found is None:
        raise LevelNotFound(_("There is no level “%(key)s”.") % {"key": key})
    return found


def counting_of(scheme: LevelScheme) -> Counting:
    """The present counting of a scheme."""
    return Counting(Period(scheme.period), scheme.days, scheme.grace_days)


def countings_of(scheme: LevelScheme, today: int) -> list[Counting]:
    """All countings that keep levels today, the present one first."""
    return [
        counting_of(scheme),
        *(
            Counting(Period(period), days, grace, last)
            for period, days, grace, last in scheme.earlier
            if last >= today
        ),
    ]


def _steps(level: Level) -> list[tuple[int, int | None]]:
    return [(day, points) for day, points in level.steps]


def points_of(level: Level) -> int | None:
    """What a level takes by its last definition."""
    return level.steps[-1][1] if level.steps else None


def ladder_of(scheme: LevelScheme, levels: Sequence[Level], today: int) -> Ladder:
    return Ladder(
        tuple(countings_of(scheme, today)),
        tuple(tuple(_steps(each)) for each in levels),
    )
