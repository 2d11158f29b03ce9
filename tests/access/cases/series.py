"""How the sweep calls verbs: series, and the content calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from qunce.core import timestamps
from qunce.outreach.content_calendar.limits import Limits
from qunce.outreach.series import occurrences, series
from tests.access.cases.base import Case, after, both, case, ids, just, one
from tests.access.world import World

RHYTHM = {"days": {"weekdays": [0]}, "slots": [{"time": "09:00"}]}
DAY = timedelta(days=1)


def slot_of(world: World) -> datetime:
    """The next time of the series; both of them have the same ones."""
    return timestamps.from_micros(world.ids["slot"])


def at_slot(world: World) -> dict[str, Any]:
    return {"series": world.get("series"), "slot_at": slot_of(world)}


def key_of(world: World) -> dict[str, Any]:
    return {"key": f"series-{world.ids['series']}-{world.ids['slot']}"}


def to_later(world: World) -> dict[str, Any]:
    return {"to": slot_of(world) + timedelta(hours=1)}


def until_later(world: World) -> dict[str, Any]:
    return {"until": world.at + 7 * DAY}


in_span: Case = lambda world: {"begin": world.at - DAY, "end": world.at}  # noqa: E731

case(
    "outreach.series.series",
    create=both(just(name="New", rhythm=RHYTHM), ids("groups", "group")),
    update=one("series", name="Newer"),
    set_group=both(one("series", included=True), one("group")),
    start=one("series"),
    pause=after(series.start, one("series")),
    archive=one("series"),
    list_visible=just(),
    get=ids("pk", "series"),
    list_groups=one("series"),
)
case(
    "outreach.series.episodes",
    add=one("series", text="Hi"),
    update=one("episode", text="Hi"),
    move=one("episode", earlier=True),
    delete=one("episode"),
    list_waiting=one("series"),
    get=ids("pk", "episode"),
)
case(
    "outreach.series.occurrences",
    move=both(at_slot, to_later),
    skip=at_slot,
    restore=after(occurrences.skip, at_slot),
    list_upcoming=both(one("series"), until_later),
    list_gaps=until_later,
)
case(
    "outreach.series.results",
    count_occurrences=both(one("series"), in_span),
    count_weeks=one("series", first=date(2026, 1, 1), last=date(2026, 1, 1)),
)
case(
    "outreach.content_calendar.board",
    load=just(first=date(2026, 1, 1), days=7),
)
case("outreach.content_calendar.best_hours", load=just())
case(
    "outreach.content_calendar.limits",
    update=just(limits=Limits(2, 2)),
)
case(
    "outreach.content_calendar.moves",
    move=both(key_of, to_later),
    find_time=key_of,
    describe=key_of,
)
