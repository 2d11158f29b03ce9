"""`qunce malls`: what members redeemed for points; `qunce prizes` hands it over."""

from __future__ import annotations

from typing import Any

from qunce.activities.mall import redemptions
from qunce.activities.mall.models import Redemption
from qunce.cli import base, options
from qunce.cli.commands.meetups import ACTIVITY_HELP, get_of_kind
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation

malls = base.Group("malls")


def _to_json(row: Redemption) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "prize": row.stock.name,
        "points": row.points,
        "award_id": row.award_id,
        "state": row.award.state if row.award is not None else "",
        "is_undone": row.undone_at is not None,
    }


def _format(row: dict[str, Any]) -> str:
    return f"{row['id']:>6} {row['points']:,} · {row['prize']} · {row['member_id']}"


@malls.command(
    "redemptions", help=N_("List what was redeemed, with the number of its prize")
)
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@options.pass_invocation
def list_redemptions(invocation: Invocation, activity: int) -> None:
    found = get_of_kind(invocation, activity, "mall")
    rows = redemptions.list_visible(activity=found, by=invocation.by, at=invocation.at)
    invocation.out.write_list("redemptions", [_to_json(row) for row in rows], _format)


@malls.command("undo", help=N_("Give the points and the stock of a redemption back"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("redemption", type=int, help=N_("number of the redemption"))
@base.argument("reason", help=N_("why"))
@options.pass_invocation
def undo(invocation: Invocation, activity: int, redemption: int, reason: str) -> None:
    found = get_of_kind(invocation, activity, "mall")
    row = redemptions.get(
        activity=found, pk=redemption, by=invocation.by, at=invocation.at
    )
    redemptions.undo(redemption=row, reason=reason, **invocation.verb_args)
    row.refresh_from_db()
    invocation.out.answer(_to_json(row), _format(_to_json(row)))
