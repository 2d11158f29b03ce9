"""`qunce status`: how much there is, and what is not yet counted."""

from __future__ import annotations

import itertools
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options, output
from qunce.cli.commands import layerings
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import db, money
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.groups import visibility as group_visibility
from qunce.insight.metric_definitions import METRICS
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.layers import layers
from qunce.members.people import visibility
from qunce.members.segments import segments
from qunce.sales import order_list, order_totals
from qunce.sets import audiences, derived_models, log
from qunce.sets.mirror import deriver, mirror
from qunce.sets.rules.base import RuleError

LABELS = {
    "community": N_("community"),
    "accounts": N_("accounts"),
    "staff_accounts": N_("staff accounts"),
    "groups": N_("groups"),
    "other_sales": N_("without rate"),
    "currency": N_("currency"),
    "facts": N_("facts"),
    "lag": N_("not yet counted"),
    "layers": N_("layering"),
    "segments": N_("segment"),
    "broken_segments": N_("broken segment"),
    "failed_work": N_("failed work"),
}
"""Of what has no metric; all others have the names of theirs."""


@base.command("status")
@options.pass_invocation
def status(invocation: Invocation) -> None:
    community, by = invocation.community, invocation.by
    # It reports the lag, so it does not wait for another process that derives.
    invocation.derive(wait=False)
    record = {
        "community": community.key,
        "members": audiences.count(rule=audiences.EVERYONE, **invocation.query_args),
        **count_accounts(invocation),
        "groups": group_visibility.list_visible(by).count(),
        **sum_orders(invocation),
        "facts": count_facts(community),
        "lag": deriver.lag(),
        "layers": {
            layering.key: layerings.count_layers(invocation, layering, latest)
            if (latest := layers.latest_run(layering))
            else {}
            for layering in layers.list_active(community)
        },
        **count_segments(invocation),
        "failed_work": job_queue.exhausted().count(),
    }
    invocation.out.answer(record)
    for name, value in record.items():
        for line in format_line(name, value) if name != "sales" else ():
            invocation.out.line(line)


def count_accounts(invocation: Invocation) -> dict[str, int]:
    """Count the accounts of members, and apart from them those of people who work here."""
    community, by = invocation.community, invocation.by
    staff = audiences.uncounted_accounts(community=community, at=invocation.at)
    if by.scope is None:
        accounts = Account.objects.filter(community=community, erased_at=None).count()
    else:
        people = visibility.visible_people(**invocation.verb_args)
        by_person = account_queries.accounts_by_person(people)
        visible = set(itertools.chain.from_iterable(by_person.values()))
        staff = [account for account in staff if account in visible]
        accounts = len(visible)
    counts = {"accounts": accounts - len(staff)}
    return counts | ({"staff_accounts": len(staff)} if staff else {})


def count_segments(invocation: Invocation) -> dict[str, Any]:
    """Count each segment; those whose rules name deleted things are listed apart."""
    counts: dict[str, int] = {}
    broken: dict[str, str] = {}
    for segment in segments.list_active(invocation.community):
        try:
            counts[segment.key] = audiences.count(
                rule=segment.rule, **invocation.query_args
            )
        except RuleError as error:
            broken[segment.key] = str(error)
    return {"segments": counts, **({"broken_segments": broken} if broken else {})}


def sum_orders(invocation: Invocation) -> dict[str, Any]:
    """Return the sums of all days of the metrics of these names.

    Orders of other currencies count at their exchange rates. Without one they are listed
    apart.
    """
    if invocation.by.scope is None:
        sales = order_totals.sum_sales(invocation.community, at=invocation.at)
    else:
        filters = order_list.OrderFilters()
        # None: a scope of that many members takes too long to add up.
        totals = order_list.totals(filters=filters, **invocation.verb_args) or []
        sales = order_list.sales(filters=filters, totals=totals, **invocation.verb_args)
    total = sales.total
    record: dict[str, Any] = {
        "orders": total.orders + sum(each.orders for each in sales.left_out),
        "paid": money.format_amount(total.paid, total.currency),
        "refunded": money.format_amount(total.refunded, total.currency),
        "net_sales": money.format_amount(total.net, total.currency),
        # The name of before there was a dictionary of metrics.
        "sales": money.format_amount(total.net, total.currency),
        "currency": total.currency,
    }
    other = {
        each.currency: money.format_amount(each.net, each.currency)
        for each in sales.left_out
    }
    return record | {"other_sales": other} if other else record


def count_facts(community: Community) -> int:
    """Count the community's facts in the mirror, as rows of the database take seconds."""
    # Both halves begin and end at the same position.
    with db.snapshot(derived_models.db_alias()):
        newer = log.count_after(mirror.position().reached, community.pk)
        try:
            sql = "SELECT count(*) AS facts FROM facts WHERE community = ?"
            derived = mirror.query(sql, [community.pk])["facts"][0].as_py()
        except mirror.MirrorIncomplete:
            return log.count_after(0, community.pk)
    return int(derived) + newer


def format_line(name: str, value: Any) -> list[str]:
    text = _(LABELS[name]) if name in LABELS else str(METRICS[name].label).lower()
    label = output.padded(text, 16)
    if not isinstance(value, dict):
        return [f"{label} {value:,}" if isinstance(value, int) else f"{label} {value}"]
    lines = []
    for key, sizes in value.items():
        parts = sizes if isinstance(sizes, dict) else {"": sizes}
        texts = [
            f"{part} {size:,}" if isinstance(size, int) else f"{part} {size}"
            for part, size in parts.items()
        ]
        lines.append(f"{label} {key}: {'  '.join(map(str.strip, texts))}")
    return lines
