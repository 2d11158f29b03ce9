"""`qunce points`: balances of members, and what is earned, spent and taken back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities.points import (
    adjustments,
    balances,
    earning,
    leaderboard,
    liability,
    phrases,
    reversals,
    spending,
)
from qunce.activities.points import rules as point_rules
from qunce.activities.points.models import EntryKind, PointEntry
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import money
from qunce.members.people import named_members

points = base.Group("points")
MEMBER_HELP = N_("the member's key, phone number or e-mail address")
SOURCE_HELP = N_("what the points were earned for, such as an order's key")
KEY_HELP = N_("a key of your own; with the same key it happens once")


def _find(invocation: Invocation, member: str) -> int:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    return account.pk


def _to_json(entry: PointEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": EntryKind(entry.kind).name.lower(),
        "points": entry.amount,
        "owed": entry.owed,
        "key": entry.key,
    }


def _line(entry: PointEntry) -> str:
    label = EntryKind(entry.kind).label
    return f"{entry.pk:>8} {entry.amount:>10,} {label} · {entry.key}"


@points.command("balance", help=N_("Show the points of a member, with their lots"))
@base.argument("member", help=MEMBER_HELP)
@options.pass_invocation
def show_balance(invocation: Invocation, member: str) -> None:
    account = _find(invocation, member)
    found = balances.get(account_id=account, **invocation.verb_args)
    lots = balances.list_lots(account_id=account, **invocation.verb_args)
    expiry = found.next_expiry
    row = {
        "usable": found.usable,
        "owed": found.owed,
        "pending": found.pending,
        "next_expiry": expiry
        and {"last_day": expiry.last_day.isoformat(), "points": expiry.points},
        "lots": [
            {
                "id": lot.id,
                "left": lot.left,
                "amount": lot.amount,
                "usable_from": lot.usable_from.isoformat(),
                "last_day": lot.last_day and lot.last_day.isoformat(),
            }
            for lot in lots
        ],
    }
    text = _("%(usable)s points usable, %(pending)s not usable yet, %(owed)s owed")
    numbers = {
        name: f"{getattr(found, name):,}" for name in ("usable", "pending", "owed")
    }
    invocation.out.answer(row, text % numbers)
    for lot in lots:
        last = lot.last_day.isoformat() if lot.last_day else "–"
        invocation.out.line(f"{lot.left:>10,} / {lot.amount:,} {last} {lot.source}")


@points.command("earn", help=N_("Let a member earn by a rule, once per source"))
@base.argument("member", help=MEMBER_HELP)
@base.argument("rule", help=N_("the rule's key"))
@base.argument("source", help=SOURCE_HELP)
@base.option("--points", "amount", type=int, help=N_("instead of those of the rule"))
@options.pass_invocation
def earn(
    invocation: Invocation, member: str, rule: str, source: str, amount: int | None
) -> None:
    earned = earning.earn(
        account_id=_find(invocation, member),
        rule_key=rule,
        source_key=source,
        amount=amount,
        **invocation.verb_args,
    )
    entry = earned.entry
    row = {"entry": entry and _to_json(entry), "why_not": earned.why_not}
    invocation.out.answer(row, _line(entry) if entry else earned.why_not)


@points.command("give", help=N_("Give points by hand, or take them if below zero"))
@base.argument("member", help=MEMBER_HELP)
@base.argument("amount", type=int, help=N_("how many points"))
@base.option("--reason", required=True, help=N_("reason, which only staff read"))
@base.option("--key", required=True, help=KEY_HELP)
@options.pass_invocation
def give(
    invocation: Invocation, member: str, amount: int, reason: str, key: str
) -> None:
    done = adjustments.adjust(
        account_id=_find(invocation, member),
        points=amount,
        reason=reason,
        key=key,
        **invocation.verb_args,
    )
    row = {
        "entry": done.entry and _to_json(done.entry),
        "waiting": done.waiting and done.waiting.pk,
    }
    text = _("It waits for the approval of a second person.")
    invocation.out.answer(row, _line(done.entry) if done.entry else text)


@points.command("spend", help=N_("Spend points of a member, once per key"))
@base.argument("member", help=MEMBER_HELP)
@base.argument("amount", type=int, help=N_("how many points"))
@base.option("--key", required=True, help=KEY_HELP)
@base.option("--reason", default="", help=N_("what for"))
@options.pass_invocation
def spend(
    invocation: Invocation, member: str, amount: int, key: str, reason: str
) -> None:
    entry = spending.spend(
        account_id=_find(invocation, member),
        amount=amount,
        key=key,
        reason=reason,
        **invocation.verb_args,
    )
    invocation.out.answer(_to_json(entry), _line(entry))


@points.command("restore", help=N_("Undo a spend: the same lots have it again"))
@base.argument("key", help=N_("the key of the spending"))
@options.pass_invocation
def restore(invocation: Invocation, key: str) -> None:
    entry = spending.restore(key=key, **invocation.query_args)
    text = _("This spend was undone before.")
    row = {"entry": entry and _to_json(entry)}
    invocation.out.answer(row, _line(entry) if entry else text)


@points.command("reverse", help=N_("Take back what a source earned"))
@base.argument("source", help=SOURCE_HELP)
@base.option("--refunded", type=int, help=N_("its share, in the smallest unit"))
@base.option("--key", default="reversal", help=KEY_HELP)
@options.pass_invocation
def reverse(
    invocation: Invocation, source: str, refunded: int | None, key: str
) -> None:
    args = {"source_key": source, **invocation.query_args}
    if refunded is None:
        entries = reversals.reverse_source(**args)
    else:
        entries = reversals.reverse_order(refunded=refunded, key=key, **args)
    rows = [_to_json(entry) for entry in entries]
    invocation.out.answer({"entries": rows}, *map(_line, entries))


@points.command("recount", help=N_("Compare the lots of a member with their entries"))
@base.argument("member", help=MEMBER_HELP)
@options.pass_invocation
def recount(invocation: Invocation, member: str) -> None:
    account = _find(invocation, member)
    found = balances.recount(account_id=account, **invocation.verb_args)
    text = _("Lots and entries agree.")
    invocation.out.answer({"differences": found}, *(found or [text]))


@points.command("rules", help=N_("List the rules of points"))
@options.pass_invocation
def list_rules(invocation: Invocation) -> None:
    found = point_rules.list_all(invocation.by)
    rows = [
        {
            "key": rule.key,
            "name": rule.name,
            "event": rule.event,
            "points": rule.points,
            "is_on": rule.is_on,
        }
        for rule in found
    ]
    invocation.out.answer({"rules": rows})
    for rule in found:
        invocation.out.line(
            f"{rule.key:<16} {phrases.earns(rule)} · {phrases.cap(rule)} · {rule.name}"
        )


PERIOD_HELP = N_(
    "day, week, month or all, or a past one such as 2026-03-05, 2026-W10 or 2026-03"
)


@points.command("leaderboard", help=N_("List the members who earned most in a period"))
@base.option("--period", default="month", show_default=True, help=PERIOD_HELP)
@options.pass_invocation
def show_leaderboard(invocation: Invocation, period: str) -> None:
    by, at = invocation.verb_args["by"], invocation.verb_args["at"]
    chosen = leaderboard.parse_period(period, by.community.day(at))
    places = leaderboard.load(by=by, at=at, period=chosen)
    rows = [
        {"rank": each.rank, "member_id": each.person, "points": each.points}
        for each in places
    ]
    invocation.out.answer({"period": chosen.text, "places": rows})
    for each in places:
        invocation.out.line(f"{each.rank:>4} {each.points:>10,} {each.person}")
    if not places:
        invocation.out.line(_("Nobody earned points in this period."))


@points.command("liability", help=N_("Show what members can still spend, by month"))
@options.pass_invocation
def show_liability(invocation: Invocation) -> None:
    found = liability.load(**invocation.verb_args)
    rows = [
        {
            "month": line.month and line.month.isoformat(),
            "points": line.points,
            "cost": line.cost,
            "is_held": line.is_held,
        }
        for line in found.lines
    ]
    totals = {"points": found.points, "cost": found.cost, "owed": found.owed}
    invocation.out.answer({"lines": rows, **totals})
    currency = invocation.verb_args["by"].community.currency
    for line in found.lines:
        month = f"{line.month:%Y-%m}" if line.month else pgettext("expires", "never")
        if line.is_held:
            month = _("held while a case is open")
        cost = money.format_with_currency(line.cost, currency)
        invocation.out.line(f"{month:>8} {line.points:>12,} {cost}")


@points.command("waiting", help=N_("List points by hand that wait for approval"))
@options.pass_invocation
def list_waiting(invocation: Invocation) -> None:
    rows = [
        {
            "id": row.pk,
            "member_id": row.account_id,
            "points": row.points,
            "reason": row.reason,
        }
        for row in adjustments.list_waiting(**invocation.verb_args)
    ]
    invocation.out.write_list(
        "adjustments",
        rows,
        lambda row: f"{row['id']:>6} {row['points']:>+10,} {row['reason']}",
    )


@points.command("approve", help=N_("Approve points that somebody else asked for"))
@base.argument("adjustment", type=int, help=N_("number of what waits"))
@options.pass_invocation
def approve(invocation: Invocation, adjustment: int) -> None:
    row = adjustments.get(pk=adjustment, **invocation.verb_args)
    entry = adjustments.approve(adjustment=row, **invocation.verb_args)
    invocation.out.answer(_to_json(entry), _line(entry))


@points.command("decline", help=N_("Decline points that wait for approval"))
@base.argument("adjustment", type=int, help=N_("number of what waits"))
@options.pass_invocation
def decline(invocation: Invocation, adjustment: int) -> None:
    row = adjustments.get(pk=adjustment, **invocation.verb_args)
    adjustments.decline(adjustment=row, **invocation.verb_args)
    invocation.out.answer({"id": adjustment}, _("Declined. Nothing is written."))
