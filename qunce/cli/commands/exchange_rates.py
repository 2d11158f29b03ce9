"""`qunce exchange-rates`: what other currencies are worth in the community's own."""

from __future__ import annotations

from datetime import date

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import community_days, exchange_rates

rates = base.Group("exchange-rates")


@rates.command("list", help=N_("List exchange rates, by currency"))
@options.pass_invocation
def list_rates(invocation: Invocation) -> None:
    rows = [
        {
            "currency": row.currency,
            "since": row.since.isoformat(),
            "rate": exchange_rates.format_rate(row.rate),
        }
        for row in exchange_rates.list_all(invocation.community)
    ]
    own = invocation.community.currency
    invocation.out.answer({"currency": own, "exchange_rates": rows})
    for row in rows:
        invocation.out.line(
            f"{row['since']}  1 {row['currency']} = {row['rate']} {own}"
        )


@rates.command("set", help=N_("Set the rate of a currency from a day on"))
@base.argument("currency", help=N_("code such as USD"))
@base.argument("rate", help=N_("value of one unit in the community's currency"))
@base.option("--since", metavar="DATE", help=N_("first day; today by default"))
@options.pass_invocation
def set_rate(
    invocation: Invocation, currency: str, rate: str, since: str | None
) -> None:
    row = exchange_rates.set_rate(
        currency=currency.upper(),
        rate=exchange_rates.parse_rate(rate),
        since=_day(invocation, since),
        **invocation.query_args,
    )
    shown = exchange_rates.format_rate(row.rate)
    record = {
        "currency": row.currency,
        "since": row.since.isoformat(),
        "rate": shown,
    }
    own = invocation.community.currency
    invocation.out.answer(
        record, f"{record['since']}  1 {row.currency} = {shown} {own}"
    )


@rates.command("remove", help=N_("Remove the rate of a currency that begins on a day"))
@base.argument("currency", help=N_("code such as USD"))
@base.argument("since", help=N_("first day of the rate"))
@options.pass_invocation
def remove_rate(invocation: Invocation, currency: str, since: str) -> None:
    day = _day(invocation, since)
    exchange_rates.remove(currency=currency.upper(), since=day, **invocation.query_args)
    invocation.out.answer({"currency": currency.upper(), "since": day.isoformat()})


def _day(invocation: Invocation, text: str | None) -> date:
    if text is None:
        today = invocation.community.day(invocation.at)
        return community_days.to_date(today)
    return exchange_rates.parse_day(text)
