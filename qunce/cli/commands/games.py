"""`qunce games`: the standings of a quiz, a riddle, a guess or an idiom chain."""

from __future__ import annotations

from typing import Any

from qunce.activities.activities import activities
from qunce.activities.games import scores
from qunce.activities.games.rules import KINDS
from qunce.cli import base, options
from qunce.cli.commands.meetups import ACTIVITY_HELP, get_of_kind
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.members.people import visibility

games = base.Group("games")


@games.command("standings", help=N_("List the members by points, the best first"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@options.pass_invocation
def standings(invocation: Invocation, activity: int) -> None:
    by, at = invocation.by, invocation.at
    found = get_of_kind(invocation, activity, *KINDS)
    activities.check_may_run(by, found)
    ranked = list(enumerate(scores.rank(found, at), start=1))
    people = [score.who for _place, score in ranked]
    seen = visibility.filter_accounts(by=by, accounts=people, at=at)
    rows = [
        {
            "place": place,
            "member_id": score.who,
            "points": score.points,
            "right": score.right,
        }
        for place, score in ranked
        if score.who in seen
    ]

    def format_row(row: dict[str, Any]) -> str:
        return f"{row['place']:>4} {row['points']:>8,} · {row['member_id']}"

    invocation.out.write_list("standings", rows, format_row)
