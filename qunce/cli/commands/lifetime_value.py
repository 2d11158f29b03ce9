"""`qunce lifetime-value`: what buyers will still buy."""

from __future__ import annotations

from dataclasses import asdict

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import money
from qunce.insight import breakdowns
from qunce.insight.lifetime_value import estimates


@base.command("lifetime-value")
@base.option(
    "--days",
    type=click.Choice([str(days) for days in estimates.HORIZONS]),
    default=str(estimates.DEFAULT_HORIZON),
    help=N_("how many days ahead"),
)
@base.option(
    "--by",
    "breakdown",
    default="",
    help=N_(
        "break down: source, group, staff, layer:key, tag_group:key or attribute:name"
    ),
)
@options.pass_invocation
def lifetime_value(invocation: Invocation, days: str, breakdown: str) -> None:
    invocation.derive()
    found = estimates.estimate(
        by=invocation.by,
        at=invocation.at,
        days=int(days),
        breakdown=breakdowns.parse(breakdown),
    )
    answer = asdict(found)
    answer["backtest"] |= {
        "first": found.backtest.first.isoformat(),
        "last": found.backtest.last.isoformat(),
        "observed": found.backtest.observed,
        "holds": found.backtest.holds,
    }
    invocation.out.answer(answer)
    currency = invocation.community.currency
    for part in (found.whole, *found.parts):
        numbers = "-"
        if part.orders and part.amount:
            amount = money.format_with_currency(round(part.amount.value), currency)
            low, high = (
                money.format_amount(round(bound), currency)
                for bound in (part.amount.low, part.amount.high)
            )
            numbers = f"{part.orders.value:,.0f}  {amount} ({low} - {high})"
        invocation.out.line(f"{part.buyers:>8,}  {numbers}  {part.label}")
