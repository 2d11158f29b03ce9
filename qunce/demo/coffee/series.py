"""Two series with a month behind them, and what the content calendar shows to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from qunce.demo.coffee.context import Context
from qunce.demo.simulation.people import OPERATORS
from qunce.demo.simulation.texts import series as texts
from qunce.groups.groups import Group
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns
from qunce.outreach.content.materials.models import Material
from qunce.outreach.content_calendar import limits
from qunce.outreach.content_calendar.limits import Limits
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.outreach.series import episodes, posting
from qunce.outreach.series import series as store
from qunce.outreach.series.models import Series

HISTORY, DAY = timedelta(days=28), timedelta(days=1)
MINUTE = timedelta(minutes=1)
WEDNESDAY = 2
EMPTY_EVERY = 9
"""Of so many occurrences of the column one had no episode in time."""


def create(context: Context, materials: Mapping[str, Material]) -> None:
    """Start both four weeks ago, let their time pass, and plan what is to come."""
    words = texts.TEXTS[context.simulation.settings.language]
    column = _start(context, words.column, _column_rhythm(words), {"kinds": ["local"]})
    member_day = _start(
        context,
        words.member_day,
        {"days": {"weekdays": [WEDNESDAY]}, "slots": [{"time": "19:00"}]},
        {},
    )
    water, poster = (materials[key].version.pk for key in ("water", "poster"))
    moments = _moments(context)
    for number, moment in enumerate(moments):
        if moment.hour in (8, 20) and number % EMPTY_EVERY != EMPTY_EVERY - 1:
            _fill_column(context, column, words, number, moment, water)
        if moment.hour == 19:
            _add(
                context,
                member_day,
                words.member_day_texts[number % 2],
                moment,
                materials=[poster],
            )
        for series in (column, member_day):
            _post(context, series, moment)
    for number in range(7):
        _fill_column(context, column, words, number, None, water)
    _plan_campaign(context, words, poster)
    mix = {"knowledge": 30, "care": 20, "koc": 10, "offer": 20, "fun": 20}
    limits.update(
        community=context.community,
        limits=Limits(2, 3, mix),
        by=context.staff["manager"],
        at=context.at,
    )


def _column_rhythm(words: texts.SeriesWords) -> dict[str, object]:
    light, depth = words.column_slots
    return {
        "days": {"weekdays": [0, 1, 2, 3, 4]},
        "slots": [
            {"time": "08:00", "label": light, "content_type": "fun"},
            {"time": "20:00", "label": depth, "content_type": "knowledge"},
        ],
    }


def _start(
    context: Context, name: str, rhythm: object, group_filter: dict[str, list[str]]
) -> Series:
    by, at = context.staff["manager"], context.at - HISTORY
    series = store.create(
        community=context.community,
        name=name,
        rhythm=rhythm,
        group_filter=group_filter,
        staff=context.staff["tom"],
        by=by,
        at=at,
    )
    store.start(series=series, by=by, at=at)
    return series


def _moments(context: Context) -> list[datetime]:
    """The times of both series in the past four weeks, in order."""
    zone = ZoneInfo(context.community.timezone)
    first = (context.at - HISTORY).astimezone(zone).date()
    found = [
        datetime.combine(first + n * DAY, time(hour), tzinfo=zone)
        for n in range(HISTORY.days + 1)
        for hour in (8, 19, 20)
    ]
    return [
        each
        for each in found
        if context.at - HISTORY < each <= context.at
        and (each.weekday() == WEDNESDAY if each.hour == 19 else each.weekday() < 5)
    ]


def _fill_column(
    context: Context,
    column: Series,
    words: texts.SeriesWords,
    number: int,
    moment: datetime | None,
    water: int,
) -> None:
    is_light = moment.hour == 8 if moment else number % 2 == 0
    chosen = words.light if is_light else words.depth
    _add(
        context,
        column,
        chosen[number % len(chosen)],
        moment,
        slot="08:00" if is_light else "20:00",
        content_type="fun" if is_light else "",
        materials=[] if is_light else [water],
    )


def _add(
    context: Context,
    series: Series,
    text: str,
    moment: datetime | None,
    **fields: object,
) -> None:
    at = context.at if moment is None else moment - DAY
    by = context.staff["manager"]
    episodes.add(series=series, text=text, by=by, at=at, **fields)


def _post(context: Context, series: Series, moment: datetime) -> None:
    """Post what is due, and let staff do most of it by hand, some of it late."""
    series.refresh_from_db()
    if not posting.poll(series, at=moment):
        return
    late = moment + 50 * MINUTE
    rows = Message.objects.filter(
        community=context.community, origin=Origin.SERIES, state=State.PLANNED
    )
    for message in rows.select_related("staff", "community").order_by("pk"):
        if message.staff is None or (message.pk % 4 and late > context.at):
            continue
        if message.pk % 17 == 0:
            continue
        if message.pk % 29 == 0:
            muted = skip_reasons.SendFailure.MUTED
            assisted_messages.mark_failed(
                message=message, reason=muted, by=message.staff, at=moment
            )
            continue
        at = late if message.pk % 11 == 0 else moment + 5 * MINUTE
        assisted_messages.mark_sent(message=message, by=message.staff, at=at)
    assisted_messages.skip_stale(at=min(moment + 5 * 60 * MINUTE, context.at))


def _plan_campaign(context: Context, words: texts.SeriesWords, poster: int) -> None:
    """An offer to some groups tomorrow, which can be dragged to another day."""
    manager, (name, text) = context.staff["manager"], words.campaign
    rows = Group.objects.filter(community=context.community).exclude(state="dead")
    chosen = list(rows.order_by("key").values_list("pk", flat=True)[:12])
    campaign = campaigns.create(
        community=context.community,
        name=name,
        text=text,
        target="groups",
        groups=chosen,
        materials=[poster],
        staff=[context.staff[login].pk for login in OPERATORS],
        by=manager,
        at=context.at,
    )
    campaigns.schedule(
        campaign=campaign, send_at=context.at + DAY, by=manager, at=context.at
    )
