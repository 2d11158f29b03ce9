"""`qunce series`: list, show, create, fill, start, pause, and planned against sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities
from qunce.outreach.series import episodes, occurrences, results
from qunce.outreach.series import series as store
from qunce.outreach.series.models import Poster, Series
from qunce.outreach.series.rhythm import InvalidRhythm

SERIES_HELP = N_("number of the series")

series = base.Group("series")


def _to_json(row: Series) -> dict[str, Any]:
    return {"id": row.pk, "name": row.name, "state": row.state, "rhythm": row.rhythm}


@series.command("list", help=N_("List the series"))
@options.pass_invocation
def list_series(invocation: Invocation) -> None:
    rows = store.list_visible(invocation.by)
    invocation.out.answer({"series": [_to_json(row) for row in rows]})
    for row in rows:
        invocation.out.line(f"{row.pk:>6} {row.get_state_display():<10} {row.name}")


@series.command("show", help=N_("Show what is to come, and planned against sent"))
@base.argument("number", type=int, help=SERIES_HELP)
@base.option(
    "--days",
    type=click.IntRange(1, 92),
    default=28,
    help=N_("days back and ahead"),
)
@options.pass_invocation
def show(invocation: Invocation, number: int, days: int) -> None:
    row = store.get(by=invocation.by, pk=number)
    zone = communities.zone(invocation.community)
    today = invocation.at.astimezone(zone).date()
    asked: dict[str, Any] = {"series": row, "by": invocation.by, "at": invocation.at}
    weeks = results.count_weeks(first=today - timedelta(days=days), last=today, **asked)
    until = invocation.at + timedelta(days=days)
    coming = occurrences.list_upcoming(until=until, **asked)
    invocation.out.answer(
        {
            **_to_json(row),
            "weeks": [
                {
                    "monday": week.monday.isoformat(),
                    "planned": week.numbers.planned,
                    "sent": week.numbers.sent,
                    "late": week.numbers.late,
                    "waiting": week.numbers.waiting,
                    "missing": week.numbers.missing,
                    "upcoming": week.upcoming,
                }
                for week in weeks
            ],
            "upcoming": [
                {
                    "slot_at": each.slot_at.isoformat(),
                    "planned_at": each.planned_at.isoformat(),
                    "state": each.state,
                    "has_content": each.episode is not None,
                }
                for each in coming
            ],
        },
        row.name,
    )
    for week in weeks:
        numbers = week.numbers
        invocation.out.line(
            _(
                "%(week)s: planned %(planned)s, sent %(sent)s, late %(late)s, waiting "
                "%(waiting)s, missing %(missing)s"
            )
            % {
                "week": week.monday,
                "planned": f"{numbers.planned:,}",
                "sent": f"{numbers.sent:,}",
                "late": f"{numbers.late:,}",
                "waiting": f"{numbers.waiting:,}",
                "missing": f"{numbers.missing:,}",
            }
        )
    for each in coming:
        moment = each.planned_at.astimezone(zone)
        text = each.episode.text if each.episode else _("no content")
        invocation.out.line(f"{moment:%Y-%m-%d %H:%M} {text[:60]}")


@series.command("create", help=N_("Create a draft"))
@base.argument("name", help=N_("name"))
@base.option(
    "--rhythm",
    required=True,
    metavar="JSON",
    help=N_(
        'days and times, such as {"days": {"weekdays": [0]}, "slots": [{"time": "08:00"}]}'
    ),
)
@base.option("--group", "groups", multiple=True, type=int, help=N_("group; repeatable"))
@base.option(
    "--poster",
    default="owner",
    help=N_("posted by: staff, owner, service or atmosphere"),
)
@base.option(
    "--staff",
    default="",
    help=N_("login of the person who posts where nobody else does"),
)
@base.option("--channel", default="assisted", help=N_("channel"))
@options.pass_invocation
def create(
    invocation: Invocation,
    name: str,
    rhythm: str,
    groups: tuple[int, ...],
    poster: str,
    staff: str,
    channel: str,
) -> None:
    try:
        parsed = json.loads(rhythm)
    except ValueError:
        raise InvalidRhythm(_("“--rhythm” is not JSON.")) from None
    fields: dict[str, Any] = {"groups": list(groups)}
    if not groups:
        fields = {"group_filter": {}}
    able = options.get_staff(invocation.community, staff) if staff else None
    row = store.create(
        name=name,
        rhythm=parsed,
        poster=Poster(poster) if poster in Poster else poster,
        staff=able,
        channel=channel,
        **fields,
        **invocation.query_args,
    )
    done = _("Series %(id)s “%(name)s” created.") % {"id": row.pk, "name": row}
    invocation.out.answer(_to_json(row), done)


@series.command("fill", help=N_("Add an episode at the end of the queue"))
@base.argument("number", type=int, help=SERIES_HELP)
@base.option("--text", default="", help=N_("text that is sent"))
@base.option(
    "--material",
    "materials",
    multiple=True,
    type=int,
    help=N_("number of a version of a material; repeatable"),
)
@base.option("--type", "content_type", default="", help=N_("content type"))
@base.option("--slot", default="", help=N_("time of the day, such as 08:00"))
@options.pass_invocation
def fill(
    invocation: Invocation,
    number: int,
    text: str,
    materials: tuple[int, ...],
    content_type: str,
    slot: str,
) -> None:
    row = store.get(by=invocation.by, pk=number)
    episode = episodes.add(
        series=row,
        text=text,
        materials=list(materials),
        content_type=content_type,
        slot=slot,
        **invocation.verb_args,
    )
    waiting = len(episodes.list_waiting(series=row, by=invocation.by))
    invocation.out.answer(
        {"id": episode.pk, "waiting": waiting},
        _("Episodes waiting: %(n)s.") % {"n": f"{waiting:,}"},
    )


@series.command("start", help=N_("Post from now on"))
@base.argument("number", type=int, help=SERIES_HELP)
@options.pass_invocation
def start(invocation: Invocation, number: int) -> None:
    row = store.get(by=invocation.by, pk=number)
    store.start(series=row, **invocation.verb_args)
    invocation.out.answer(_to_json(row), _("Posted from now on."))


@series.command("pause", help=N_("Post nothing until it is started again"))
@base.argument("number", type=int, help=SERIES_HELP)
@options.pass_invocation
def pause(invocation: Invocation, number: int) -> None:
    row = store.get(by=invocation.by, pk=number)
    store.pause(series=row, **invocation.verb_args)
    invocation.out.answer(_to_json(row), _("Paused. Nothing is posted."))
