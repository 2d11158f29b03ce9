"""`qunce meet-ups`: sign-ups of meet-ups, and the check-in of pasted names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.meetups import attendance, sign_ups
from qunce.activities.meetups.models import How, SignUp
from qunce.cli import base, options
from qunce.cli.commands import prizes
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members

ACTIVITY_HELP = N_("number of the activity")
MAX_LINES = 500

meetups = base.Group("meet-ups")


def get_of_kind(invocation: Invocation, number: int, *kinds: str) -> Activity:
    """The activity with this number, if it is of one of these kinds."""
    activity = activities.get(by=invocation.by, pk=number)
    if activity.kind not in kinds:
        raise errors.NotFound(
            _("The activity %(number)s is of another kind.") % {"number": number}
        )
    return activity


def _to_json(row: SignUp) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "slot": row.slot.starts_at.isoformat(),
        "state": row.state,
        "checked_in_at": row.checked_in_at.isoformat() if row.checked_in_at else None,
    }


@meetups.command("sign-ups", help=N_("List the sign-ups by slot and place in line"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@options.pass_invocation
def list_sign_ups(invocation: Invocation, activity: int) -> None:
    found = get_of_kind(invocation, activity, "meetup")
    rows = sign_ups.list_visible(activity=found, by=invocation.by, at=invocation.at)
    labels = {row.pk: row.get_state_display() for row in rows}

    def format_row(row: dict[str, Any]) -> str:
        return f"{row['id']:>6} {labels[row['id']]} · {row['member_id']}"

    invocation.out.write_list("sign_ups", [_to_json(row) for row in rows], format_row)


@meetups.command(
    "check-in",
    help=N_("Check in those who came, one member per line, - for standard input"),
)
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument(
    "file",
    default="-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("key, phone or number of each member"),
)
@options.pass_invocation
def check_in(invocation: Invocation, activity: int, file: Path) -> None:
    found = get_of_kind(invocation, activity, "meetup")
    lines = [line.strip() for line in prizes.read_text(file).splitlines()]
    named = [line for line in lines if line]
    if len(named) > MAX_LINES:
        raise errors.Invalid(
            _("Paste at most %(most)s lines; these are %(n)s.")
            % {"most": MAX_LINES, "n": f"{len(named):,}"}
        )
    rows = [_check_in(invocation, found, line) for line in named]

    def format_row(row: dict[str, Any]) -> str:
        answer = row["problem"] or pgettext("meet-up", "checked in")
        return f"{row['line']}: {answer}"

    invocation.out.write_list("lines", rows, format_row)


def _check_in(invocation: Invocation, activity: Activity, line: str) -> dict[str, Any]:
    """Each line on its own, and what became of it."""
    by, at = invocation.by, invocation.at
    try:
        account = named_members.get_by_key(by=by, key=line, at=at)
        accounts = account_queries.account_ids_of_person(account.pk)
        sign_up = sign_ups.find_own(activity, accounts)
        if sign_up is None:
            raise attendance.CannotCheckIn(_("This member has not signed up."))
        attendance.record(sign_up=sign_up, how=How.LIST, by=by, at=at)
    except errors.QunceError as error:
        return {"line": line[:200], "problem": str(error)}
    return {"line": line[:200], "problem": ""}
