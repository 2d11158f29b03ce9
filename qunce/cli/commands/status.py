"""`qunce status`: how much there is, and what is not yet counted."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import base, options, output
from qunce.cli.commands import layerings
from qunce.cli.options import Invocation
from qunce.core import money
from qunce.core.jobs import job_queue
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.layers import layers
from qunce.members.people import visibility
from qunce.members.segments import segments
from qunce.sales import order_list, orders
from qunce.sets import audiences
from qunce.sets.mirror import deriver, mirror

EVERYONE: dict[str, Any] = {"all": []}


@base.command("status")
@options.pass_invocation
def status(invocation: Invocation) -> None:
    community, by = invocation.community, invocation.by
    # It reports the lag, so it does not wait for another process that derives.
    invocation.derive(wait=False)
    record = {
        "community": community.key,
        "members": audiences.count(rule=EVERYONE, **invocation.query_args),
        "accounts": _count_accounts(invocation),
        "groups": group_visibility.list_visible(by).count(),
        **_orders(invocation),
        "facts": count_facts(),
        "lag": deriver.lag(),
        "layers": {
            layering.key: layerings.count_layers(invocation, layering, latest)
            if (latest := layers.latest_run(layering))
            else {}
            for layering in layers.list_active(community)
        },
        "segments": {
            segment.key: audiences.count(rule=segment.rule, **invocation.query_args)
            for segment in segments.list_active(community)
        },
        "failed_work": job_queue.exhausted().count(),
    }
    invocation.out.answer(record)
    for name, value in record.items():
        for line in _format(name, value):
            invocation.out.line(line)


def _count_accounts(invocation: Invocation) -> int:
    if invocation.by.scope is None:
        accounts = Account.objects.filter(
            community=invocation.community, erased_at__isnull=True
        )
        return accounts.count()
    people = visibility.visible_people(**invocation.verb_args)
    return sum(map(len, account_queries.accounts_by_person(people).values()))


def _orders(invocation: Invocation) -> dict[str, Any]:
    """Sales are what was paid less what was refunded, per currency."""
    if invocation.by.scope is None:
        totals = orders.totals(invocation.community)
    else:
        # None: a scope of that many members takes too long to add up.
        totals = (
            order_list.totals(filters=order_list.OrderFilters(), **invocation.verb_args)
            or []
        )
    sales = {
        total.currency: money.format_amount(total.paid - total.refunded, total.currency)
        for total in totals
    }
    main = totals[0].currency if totals else invocation.community.currency
    record: dict[str, Any] = {
        "orders": sum(total.orders for total in totals),
        "sales": sales.pop(main, money.format_amount(0, main)),
        "currency": main,
    }
    return record | {"other_sales": sales} if sales else record


def count_facts() -> int:
    """Count the facts of all communities, by the mirror's files: rows take seconds."""
    coverage = mirror.coverage(mirror.position())
    return sum(file.rows for file in coverage.files) + deriver.lag()


def _format(name: str, value: Any) -> list[str]:
    label = output.padded(_label(name), 16)
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


def _label(name: str) -> str:
    return {
        "community": _("community"),
        "members": _("members"),
        "accounts": _("accounts"),
        "groups": _("groups"),
        "orders": _("orders"),
        "sales": _("sales"),
        "other_sales": _("other currencies"),
        "currency": _("currency"),
        "facts": _("facts"),
        "lag": _("not yet counted"),
        "layers": _("layering"),
        "segments": _("segment"),
        "failed_work": _("failed work"),
    }[name]
