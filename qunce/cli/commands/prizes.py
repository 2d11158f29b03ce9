"""`qunce prizes`: prizes with their stock and codes, and their delivery to winners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.activities.prizes import awards, claims, codes, delivery
from qunce.activities.prizes import prizes as prize_store
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import (
    Award,
    ClaimedBy,
    PrizeStock,
    State,
    Unclaimed,
)
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import errors, money

PRIZE_HELP = N_("number of the prize")
AWARD_HELP = N_("number of the prize that was won")
MAX_BYTES = 2_000_000
MAX_SHOWN = 1_000

prizes = base.Group("prizes")


def _to_json(prize: PrizeStock) -> dict[str, Any]:
    names = (
        *("name", "kind", "amount", "instructions", "value", "cost", "total"),
        *("left", "claim_days", "unclaimed"),
    )
    fields = {name: getattr(prize, name) for name in names}
    return {"id": prize.pk, **fields, "is_archived": prize.archived_at is not None}


def _format(row: dict[str, Any]) -> str:
    return f"{row['id']:>6} {row['left']:,} / {row['total']:,} {row['kind']} · {row['name']}"


def _award_to_json(award: Award) -> dict[str, Any]:
    return {
        "id": award.pk,
        "prize": award.stock.name,
        "member_id": award.account_id,
        "state": award.state,
        "is_held": award.is_held,
        "claim_until": award.claim_until.isoformat(),
        "carrier": award.carrier,
        "parcel_number": award.parcel_number,
    }


def _format_award(row: dict[str, Any]) -> str:
    return f"{row['id']:>6} {State(row['state']).label} · {row['prize']} · {row['member_id']}"


def _get(invocation: Invocation, number: int) -> PrizeStock:
    return prize_store.get(pk=number, by=invocation.by)


def _get_award(invocation: Invocation, number: int) -> Award:
    return awards.get(pk=number, **invocation.verb_args)


def _answer_award(invocation: Invocation, number: int) -> None:
    row = _award_to_json(_get_award(invocation, number))
    invocation.out.answer(row, _format_award(row))


def read_text(file: Path) -> str:
    """The text of a file; raises Invalid if it is too large."""
    with click.open_file(str(file), encoding="utf-8-sig") as lines:
        text: str = lines.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise errors.Invalid(_("The file is too large. It can have 2 MB."))
    return text


# The stock


@prizes.command("list", help=N_("List prizes with what is left of them"))
@options.pass_invocation
def list_prizes(invocation: Invocation) -> None:
    rows = prize_store.list_visible(invocation.by)[:MAX_SHOWN]
    invocation.out.write_list("prizes", [_to_json(row) for row in rows], _format)


@prizes.command("add", help=N_("Add a prize with its stock"))
@base.argument("name", help=N_("what it is called"))
@base.argument("kind", help=N_("such as goods, code, pick_up, red_packet or points"))
@base.argument("total", type=int, help=N_("how many there are"))
@base.option("--amount", type=int, help=N_("points or cards of one prize"))
@base.option("--instructions", default="", help=N_("how the winner gets it"))
@base.option("--value", default="0", help=N_("what one is worth, such as 88.00"))
@base.option("--cost", default="0", help=N_("what you pay for one, such as 45.00"))
@base.option("--claim-days", type=int, default=14, help=N_("days to claim it"))
@base.option(
    "--unclaimed",
    type=click.Choice(Unclaimed.values),
    default=Unclaimed.RETURN.value,
    help=N_("what becomes of one that nobody claims"),
)
@options.pass_invocation
def add(
    invocation: Invocation, kind: str, value: str, cost: str, **fields: Any
) -> None:
    currency = invocation.community.currency
    prize = prize_store.create(
        kind=kind,
        value=money.parse_units(value, currency),
        cost=money.parse_units(cost, currency),
        **fields,
        **invocation.query_args,
    )
    row = _to_json(prize)
    invocation.out.answer(row, _format(row))


@prizes.command("add-stock", help=N_("Raise the stock of a prize"))
@base.argument("prize", type=int, help=PRIZE_HELP)
@base.argument("count", type=int, help=N_("how many more there are"))
@options.pass_invocation
def add_stock(invocation: Invocation, prize: int, count: int) -> None:
    found = _get(invocation, prize)
    prize_store.add_stock(prize=found, count=count, **invocation.verb_args)
    row = _to_json(found)
    invocation.out.answer(row, _format(row))


@prizes.command("add-codes", help=N_("Upload codes, one per line"))
@base.argument("prize", type=int, help=PRIZE_HELP)
@base.argument(
    "file",
    default="-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("file with the lines; the input without it"),
)
@options.pass_invocation
def add_codes(invocation: Invocation, prize: int, file: Path) -> None:
    found = codes.upload(
        prize=_get(invocation, prize), text=read_text(file), **invocation.verb_args
    )
    row = {"added": found.added, "duplicates": found.duplicates, "given": found.given}
    text = _(
        "Added: %(added)s · there already: %(known)s · given to waiting winners: %(given)s"
    )
    invocation.out.answer(row, text % {**row, "known": len(found.duplicates)})


@prizes.command("archive", help=N_("Archive a prize, which no further activity offers"))
@base.argument("prize", type=int, help=PRIZE_HELP)
@options.pass_invocation
def archive(invocation: Invocation, prize: int) -> None:
    found = _get(invocation, prize)
    prize_store.archive(prize=found, **invocation.verb_args)
    row = _to_json(found)
    invocation.out.answer(row, _format(row))


# Handing over


@prizes.command(
    "awards", help=N_("List won prizes with their winners, the newest first")
)
@base.option("--state", type=click.Choice(State.values), help=N_("only in this state"))
@options.pass_invocation
def list_awards(invocation: Invocation, state: str | None) -> None:
    rows = awards.list_visible(**invocation.verb_args).order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    found = [_award_to_json(row) for row in rows[:MAX_SHOWN]]
    invocation.out.write_list("awards", found, _format_award)


@prizes.command("claim", help=N_("Enter the claim of a winner"))
@base.argument("award", type=int, help=AWARD_HELP)
@base.option("--recipient", default="", help=N_("name of the recipient, for goods"))
@base.option("--phone", default="", help=N_("phone number, for goods"))
@base.option("--address", default="", help=N_("address, for goods"))
@options.pass_invocation
def claim(invocation: Invocation, award: int, **address: str) -> None:
    claims.claim(
        award=_get_award(invocation, award),
        way=ClaimedBy.STAFF,
        address=Address(**address) if any(address.values()) else None,
        **invocation.verb_args,
    )
    _answer_award(invocation, award)


@prizes.command("release", help=N_("Let the winner claim a prize that is held"))
@base.argument("award", type=int, help=AWARD_HELP)
@options.pass_invocation
def release(invocation: Invocation, award: int) -> None:
    claims.release(award=_get_award(invocation, award), **invocation.verb_args)
    _answer_award(invocation, award)


@prizes.command("send", help=N_("Record that a claimed prize was sent"))
@base.argument("award", type=int, help=AWARD_HELP)
@base.argument("parcel_number", help=N_("number of the parcel"))
@base.option("--carrier", default="", help=N_("name of the carrier"))
@options.pass_invocation
def send(invocation: Invocation, award: int, parcel_number: str, carrier: str) -> None:
    delivery.send(
        award=_get_award(invocation, award),
        carrier=carrier,
        parcel_number=parcel_number,
        **invocation.verb_args,
    )
    _answer_award(invocation, award)


@prizes.command("addresses", help=N_("Write the addresses to pack to a CSV file"))
@base.argument(
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=N_("file to write"),
)
@options.pass_invocation
def addresses(invocation: Invocation, file: Path) -> None:
    chosen = list(delivery.list_to_hand_over(**invocation.verb_args)[:MAX_SHOWN])
    text = delivery.export_csv(chosen=chosen, **invocation.verb_args)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8-sig", newline="")
    row = {"file": str(file)}
    invocation.out.answer(row, _("Written to %(file)s.") % {"file": file})


@prizes.command(
    "parcels", help=N_("Record the parcel numbers of a filled file or of lines")
)
@base.argument(
    "file",
    default="-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=N_("file with the lines; the input without it"),
)
@options.pass_invocation
def parcels(invocation: Invocation, file: Path) -> None:
    found = delivery.paste_parcels(text=read_text(file), **invocation.verb_args)
    row = {
        "sent": found.sent,
        "problems": [{"line": n, "text": text} for n, text in found.problems],
    }
    lines = [
        _("Line %(line)s: %(text)s") % {"line": n, "text": text}
        for n, text in found.problems
    ]
    invocation.out.answer(row, _("Sent: %(n)s") % {"n": found.sent}, *lines)


@prizes.command("hand-over", help=N_("Record that a prize reached the winner"))
@base.argument("award", type=int, help=AWARD_HELP)
@options.pass_invocation
def hand_over(invocation: Invocation, award: int) -> None:
    delivery.hand_over(award=_get_award(invocation, award), **invocation.verb_args)
    _answer_award(invocation, award)


@prizes.command("return", help=N_("Return a prize to the stock"))
@base.argument("award", type=int, help=AWARD_HELP)
@base.argument("reason", help=N_("why, such as a parcel that came back"))
@options.pass_invocation
def take_back(invocation: Invocation, award: int, reason: str) -> None:
    found = _get_award(invocation, award)
    delivery.take_back(award=found, reason=reason, **invocation.verb_args)
    _answer_award(invocation, award)
