"""`qunce contact-budget` and `qunce hold-out`: how often members get messages, and who none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.outreach.contact_budget import member_zones, phrases, policies
from qunce.outreach.contact_budget.limits import Budget, Limit, Mode, QuietHours, Span
from qunce.outreach.hold_outs import hold_outs as store

contact_budget = base.Group("contact-budget")
hold_out = base.Group("hold-out")
HOUR = timedelta(hours=1)


@contact_budget.command("show", help=N_("Show limits, quiet hours and waiting time"))
@options.pass_invocation
def show(invocation: Invocation) -> None:
    _answer(invocation)


@contact_budget.command("set", help=N_("Set limits, quiet hours and waiting time"))
@base.option(
    "--limit",
    "texts",
    multiple=True,
    metavar="SPAN=WORD",
    help=N_("such as week=2, day=none or calendar-month=off; replaces all limits"),
)
@base.option("--gap", type=int, metavar="HOURS", help=N_("between two messages"))
@base.option("--quiet", metavar="FROM-UNTIL", help=N_("such as 22:00-08:00, or off"))
@base.option("--hold", type=int, metavar="HOURS", help=N_("before one is skipped"))
@options.pass_invocation
def set_budget(
    invocation: Invocation,
    texts: tuple[str, ...],
    gap: int | None,
    quiet: str | None,
    hold: int | None,
) -> None:
    policy = policies.get(invocation.community)
    old = policy.budget
    budget = Budget(
        limits=tuple(map(_parse_limit, texts)) if texts else old.limits,
        gap=old.gap if gap is None else gap * HOUR,
        quiet=old.quiet if quiet is None else _parse_quiet(quiet),
        hold=old.hold if hold is None else hold * HOUR,
    )
    policies.update(
        budget=budget, counts_assisted=policy.counts_assisted, **invocation.query_args
    )
    _answer(invocation)


@contact_budget.command(
    "time-zones", help=N_("Choose the attribute with the time zones of members")
)
@base.argument("attribute", help=N_("name of the attribute, or none"))
@options.pass_invocation
def set_time_zones(invocation: Invocation, attribute: str) -> None:
    name = "" if attribute == "none" else attribute
    policies.set_zone_attribute(attribute=name, **invocation.query_args)
    zones = member_zones.list_zones(
        invocation.community, attribute=name, at=invocation.at
    )
    record = {"attribute": name, "zones": zones}
    invocation.out.answer(record, ", ".join(zones) or _("No member has a time zone."))


def _parse_limit(text: str) -> Limit:
    window, _equals, word = text.partition("=")
    is_calendar = window.startswith("calendar-")
    span = window.removeprefix("calendar-")
    if span not in set(Span):
        raise policies.InvalidContactBudget(
            _("Write a limit like week=2, day=none or calendar-month=off.")
        )
    if word.isascii() and word.isdecimal():
        return Limit(Span(span), Mode.AT_MOST, int(word), rolling=not is_calendar)
    if word not in (Mode.OFF, Mode.NONE):
        raise policies.InvalidContactBudget(
            _("Write a limit like week=2, day=none or calendar-month=off.")
        )
    return Limit(Span(span), Mode(word), rolling=not is_calendar)


def _parse_quiet(text: str) -> QuietHours | None:
    if text == "off":
        return None
    try:
        start, end = (_minute(part) for part in text.split("-"))
    except ValueError:
        policies.refuse_quiet_hours()
    return QuietHours(start, end)


def _minute(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    return hour * 60 + minute


def _answer(invocation: Invocation) -> None:
    policy = policies.get(invocation.community)
    budget, quiet = policy.budget, policy.budget.quiet
    record: dict[str, Any] = {
        "limits": [policies.to_json(limit) for limit in budget.limits],
        "gap_minutes": budget.gap // timedelta(minutes=1),
        "quiet_start": quiet and quiet.start,
        "quiet_end": quiet and quiet.end,
        "hold_minutes": budget.hold // timedelta(minutes=1),
    }
    invocation.out.answer(record)
    for limit in budget.limits:
        word = phrases.MODES[limit.mode]
        allowed = f"{word} {limit.count}" if limit.mode == Mode.AT_MOST else f"{word}"
        line = f"{phrases.messages_of(limit)} · {phrases.window(limit)}: {allowed}"
        invocation.out.line(line)
    if quiet is not None:
        hours = "–".join(
            f"{minute // 60:02}:{minute % 60:02}" for minute in (quiet.start, quiet.end)
        )
        invocation.out.line(_("Quiet hours: %(hours)s") % {"hours": hours})


@hold_out.command("show", help=N_("Show how many members are held out of marketing"))
@options.pass_invocation
def show_hold_out(invocation: Invocation) -> None:
    _answer_hold_out(invocation)


@hold_out.command("set", help=N_("Hold out a share of the members"))
@base.argument("percent", type=float, help=N_("0 to 50; 0 holds nobody out"))
@options.pass_invocation
def set_hold_out(invocation: Invocation, percent: float) -> None:
    store.update(per_mille=round(percent * 10), **invocation.query_args)
    _answer_hold_out(invocation)


def _answer_hold_out(invocation: Invocation) -> None:
    community, at = invocation.community, invocation.query_args["at"]
    held_out = store.list_held_out(by=invocation.query_args["by"], at=at)
    record = {
        "percent": store.get_per_mille(community) / 10,
        "quarter": store.quarter(community, at),
        "held_out": len(held_out),
    }
    text = _("%(percent)s %% of the members; %(n)s are held out in %(quarter)s.") % {
        "percent": f"{record['percent']:g}",
        "n": f"{len(held_out):,}",
        "quarter": record["quarter"],
    }
    invocation.out.answer(record, text)
