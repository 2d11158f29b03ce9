"""Show the numbers of members, orders, facts, layers and segments, and how far facts are counted"""

from __future__ import annotations

import argparse
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import options, output
from qunce.cli.output import Out
from qunce.core import money
from qunce.core.communities import Community
from qunce.core.jobs.job_queue import failed
from qunce.groups import groups
from qunce.members.accounts import models as account_models
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.sales import orders
from qunce.sets import audiences
from qunce.sets.mirror import deriver, mirror

EVERYONE: dict[str, Any] = {"all": []}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace, out: Out) -> int:
    community = options.community(args)
    asked = {
        "community": community,
        "by": options.staff(args, community),
        "at": args.at,
    }
    deriver.catch_up(most=options.BEARABLE, wait=False)
    told = {
        "community": community.key,
        "members": audiences.count(rule=EVERYONE, **asked),
        "accounts": _accounts(community),
        "groups": groups.list_all(community).count(),
        **_orders(community),
        "facts": facts(),
        "lag": deriver.lag(),
        "layers": _layers(community),
        "segments": _segments(asked),
        "failed_work": failed().count(),
    }
    out.answer(told)
    for name, value in told.items():
        _say(name, value, out)
    return 0


def _accounts(community: Community) -> int:
    rows = account_models.Account.objects.filter(
        community=community, erased_at__isnull=True
    )
    return rows.count()


def _orders(community: Community) -> dict[str, Any]:
    """Sales are what was paid less what was refunded; each currency for itself."""
    totals = orders.totals(community)
    sales = {t.currency: money.show(t.paid - t.refunded, t.currency) for t in totals}
    main = totals[0].currency if totals else community.currency
    told: dict[str, Any] = {
        "orders": sum(total.orders for total in totals),
        "sales": sales.pop(main, money.show(0, main)),
        "currency": main,
    }
    return told | {"other_sales": sales} if sales else told


def facts() -> int:
    """Of all communities. The mirror's files tell it: counting rows takes seconds."""
    place = mirror.position()
    mirrored = sum(segment.rows for segment in mirror.coverage(place).segments)
    return mirrored + deriver.lag()


def _layers(community: Community) -> dict[str, dict[str, int]]:
    told = {}
    for layering in layers.list_active(community):
        run = layers.latest_run(layering)
        told[layering.key] = layers.sizes(run) if run else {}
    return told


def _segments(asked: dict[str, Any]) -> dict[str, int]:
    found = segments.list_active(asked["community"])
    return {each.key: audiences.count(rule=each.rule, **asked) for each in found}


def _say(name: str, value: Any, out: Out) -> None:
    label = output.padded(_label(name), 14)
    if not isinstance(value, dict):
        said = f"{value:,}" if isinstance(value, int) else value
        out.line(f"{label} {said}")
        return
    for key, held in value.items():
        said = held if isinstance(held, dict) else {"": held}
        sizes = "  ".join(f"{layer} {size:,}".strip() for layer, size in said.items())
        out.line(f"{label} {key}: {sizes}")


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
