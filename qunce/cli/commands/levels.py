"""`qunce levels`: the levels of a community and of a member."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from qunce.activities.levels import cards, holdings, previews, schemes
from qunce.activities.levels.schemes import InvalidLevels, LevelInput, SchemeInput
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.people import named_members

levels = base.Group("levels")
MEMBER_HELP = N_("the member's key, phone number or e-mail address")
FILE_HELP = N_("a JSON file as PUT /levels of the API takes it")


@levels.command("list", help=N_("List the levels, and how many members have each"))
@options.pass_invocation
def list_levels(invocation: Invocation) -> None:
    found = schemes.list_for(invocation.by)
    people = holdings.count_people(invocation.by.community)
    rows = [
        {
            "key": level.key,
            "name": level.name,
            "points": schemes.points_of(level),
            "percent": level.percent,
            "members": people[level.pk],
        }
        for level in found
    ]
    invocation.out.write_list(
        "levels",
        rows,
        lambda row: (
            f"{row['key']:<16} {row['points']:>10,} {row['members']:>8,} {row['name']}"
        ),
    )


def _read(file: str) -> SchemeInput:
    try:
        data: Any = json.loads(Path(file).read_text())
        rows = [LevelInput(**row) for row in data.pop("levels")]
        return SchemeInput(levels=rows, **data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        text = _("The file cannot be read: %(why)s") % {"why": error}
        raise InvalidLevels("file", text) from error


@levels.command("preview", help=N_("Show how many members would have each level"))
@base.argument("file", help=FILE_HELP)
@options.pass_invocation
def preview(invocation: Invocation, file: str) -> None:
    found = previews.preview(
        community=invocation.by.community, wanted=_read(file), **invocation.verb_args
    )
    rows = [
        {"name": row.name, "points": row.points, "people": row.people, "now": row.now}
        for row in found.rows
    ]
    totals = {
        "without": found.without,
        "higher": found.higher,
        "lower": found.lower,
    }
    invocation.out.answer({"rows": rows, **totals})
    for row in found.rows:
        line = f"{row.points:>10,} {row.people:>8,} {row.now:>8,} {row.name}"
        invocation.out.line(line)


@levels.command("define", help=N_("Define all levels from a file"))
@base.argument("file", help=FILE_HELP)
@options.pass_invocation
def define(invocation: Invocation, file: str) -> None:
    schemes.define(
        community=invocation.by.community, wanted=_read(file), **invocation.verb_args
    )
    found = [level.key for level in schemes.list_all(invocation.by.community)]
    invocation.out.answer({"levels": found}, _("Saved."))


@levels.command("start", help=N_("Let members have levels from now on"))
@options.pass_invocation
def start(invocation: Invocation) -> None:
    schemes.switch_on(community=invocation.by.community, **invocation.verb_args)
    invocation.out.answer({"is_on": True}, _("Members have levels from now on."))


@levels.command("stop", help=N_("Take all levels away"))
@options.pass_invocation
def stop(invocation: Invocation) -> None:
    schemes.switch_off(community=invocation.by.community, **invocation.verb_args)
    text = _("Switched off. Members have no level; points and badges stay.")
    invocation.out.answer({"is_on": False}, text)


@levels.command("recount", help=N_("Compute the levels of all members again"))
@options.pass_invocation
def recount(invocation: Invocation) -> None:
    args = invocation.verb_args
    done = holdings.recount_by(by=args["by"], at=args["at"])
    text = _("%(n)s levels were changed.") % {"n": f"{done:,}"}
    invocation.out.answer({"changed": done}, text)


@levels.command("show", help=N_("Show the level, badges and memberships of a member"))
@base.argument("member", help=MEMBER_HELP)
@options.pass_invocation
def show(invocation: Invocation, member: str) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    found = cards.get(account_id=account.pk, **invocation.verb_args)
    row = {
        "level": found.level.key if found.level else None,
        "until": found.until or None,
        "points": found.points,
        "next_level": found.next_level.key if found.next_level else None,
        "missing": found.missing,
        "badges": [each.badge.key for each in found.badges],
        "memberships": [each.plan.key for each in found.memberships],
    }
    name = found.level.name if found.level else _("no level")
    invocation.out.answer(row, f"{name} {found.until}".strip())
