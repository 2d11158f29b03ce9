"""`qunce calendar`: what groups get by day, too much and nothing, and moving an entry."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities
from qunce.outreach.content_calendar import best_hours, board, limits, moves
from qunce.outreach.content_calendar.limits import Limits

calendar = base.Group("calendar")


@calendar.command("show", help=N_("Show what is planned and was sent"))
@base.option(
    "--first", metavar="DAY", default="", help=N_("first day; today without it")
)
@base.option(
    "--days", type=click.IntRange(1, board.MAX_DAYS), default=7, help=N_("days")
)
@options.pass_invocation
def show(invocation: Invocation, first: str, days: int) -> None:
    zone = communities.zone(invocation.community)
    try:
        begin = date.fromisoformat(first) if first else None
    except ValueError:
        raise board.InvalidSpan(
            _("“%(text)s” is not a day. Write it as 2026-12-31.") % {"text": first[:40]}
        ) from None
    begin = begin or invocation.at.astimezone(zone).date()
    shown = board.load(by=invocation.by, first=begin, days=days, at=invocation.at)
    overloaded = [shown.groups[n].key for n in shown.rows_with(shown.overload)]
    silent = [shown.groups[n].key for n in shown.rows_with(shown.silence)]
    invocation.out.answer(
        {
            "entries": [
                {
                    "at": each.at.isoformat(),
                    "title": each.title,
                    "kind": each.kind.value,
                    "status": each.status.value,
                    "content_type": each.content_type,
                    "groups": len(each.groups),
                    "move_key": each.move_key,
                }
                for each in shown.entries
            ],
            "overloaded": overloaded,
            "silent": silent,
        }
    )
    for each in shown.entries:
        where = _("members") if each.to_members else f"{len(each.groups):,}"
        moment = each.at.astimezone(zone)
        invocation.out.line(
            f"{moment:%Y-%m-%d %H:%M} {each.title} [{each.status.label}] {where}"
            f" {each.move_key}".rstrip()
        )
    invocation.out.line(
        _("Groups that get too much: %(much)s. Groups that get nothing: %(silent)s.")
        % {"much": f"{len(overloaded):,}", "silent": f"{len(silent):,}"}
    )


@calendar.command("hours", help=N_("Show the most active hours"))
@options.pass_invocation
def hours(invocation: Invocation) -> None:
    found = best_hours.load(by=invocation.by, at=invocation.at).overall
    invocation.out.answer(
        {"hours": list(found.hours), "messages": found.messages, "days": found.days},
        _("Best hours: %(hours)s (%(n)s messages in %(days)s days)")
        % {
            "hours": _(", ").join(f"{hour}:00" for hour in found.hours)
            or _("not enough data"),
            "n": f"{found.messages:,}",
            "days": found.days,
        },
    )


@calendar.command("move", help=N_("Move an entry to another time"))
@base.argument("key", help=N_("move key of the entry, such as campaign-7"))
@base.argument(
    "to", metavar="TIME", help=N_("new time, such as 2026-12-31T20:00+08:00")
)
@options.pass_invocation
def move(invocation: Invocation, key: str, to: str) -> None:
    moment = options.parse_time(to, invocation.community)
    before = moves.move(key=key, to=moment, **invocation.verb_args)
    invocation.out.answer(
        {"key": key, "before": before.isoformat(), "to": moment.isoformat()},
        _("Moved."),
    )


@calendar.command("limits", help=N_("Show or set the limits of groups"))
@base.option("--max-per-day", type=int, help=N_("messages per day in a group, at most"))
@base.option("--silent-days", type=int, help=N_("days without a message"))
@base.option(
    "--mix", "mix", multiple=True, metavar="TYPE=N", help=N_("target in percent")
)
@options.pass_invocation
def set_limits(
    invocation: Invocation,
    max_per_day: int | None,
    silent_days: int | None,
    mix: tuple[str, ...],
) -> None:
    current = limits.get(invocation.community)
    if max_per_day is not None or silent_days is not None or mix:
        chosen = Limits(
            current.max_per_day if max_per_day is None else max_per_day,
            current.silent_days if silent_days is None else silent_days,
            _parse_mix(mix) if mix else current.target_mix,
        )
        limits.update(limits=chosen, **invocation.query_args)
        current = limits.get(invocation.community)
    record: dict[str, Any] = {
        "max_per_day": current.max_per_day,
        "silent_days": current.silent_days,
        "target_mix": dict(current.target_mix),
    }
    text = _("At most %(most)s messages a day; silent after %(days)s days.")
    invocation.out.answer(
        record, text % {"most": current.max_per_day, "days": current.silent_days}
    )


def _parse_mix(given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for text in given:
        name, _equals, share = text.partition("=")
        if not (share.isascii() and share.isdigit() and len(share) < 4):
            raise limits.InvalidCalendarLimits(
                _("“%(text)s” is not a share. Write it as care=20.")
                % {"text": text[:40]}
            )
        found[name] = int(share)
    return found
