"""`qunce draws`: prepare and run draws, and verify their certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.draws import (
    certificates,
    public_values,
    results,
    tickets,
    verifier,
    voids,
)
from qunce.activities.draws import draws as draw_verbs
from qunce.activities.draws.models import Draw, Source
from qunce.activities.instant_draws import verifier as ticket_verifier
from qunce.activities.prizes import prizes as prize_store
from qunce.activities.red_packets import verifier as packet_verifier
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.cli.output import Out
from qunce.members.people import named_members

MAX_BYTES = 500_000_000
ACTIVITY_HELP = N_("number of the activity")

draws = base.Group("draws")


@draws.command(
    "verify",
    help=N_("Verify a certificate, a ticket or a red packet, without Qunce's data"),
)
@base.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=N_("certificate that was downloaded"),
)
def verify(file: Path) -> None:
    # Of no community and no home, so that anybody can run it anywhere.
    common = click.get_current_context().ensure_object(base.CommonOptions)
    out = Out(as_json=common.json)
    if file.stat().st_size > MAX_BYTES:
        raise click.ClickException(_("The file is too large for a certificate."))
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        wrong, right = ["file"], ""
    else:
        wrong, right = _verify(text)
    row = {"file": str(file), "wrong": wrong}
    if not wrong:
        out.answer(row, right)
        return
    parts = ", ".join(wrong)
    out.answer(row, _("Wrong: %(parts)s") % {"parts": parts})
    raise click.exceptions.Exit(1)


def _verify(text: str) -> tuple[list[str], str]:
    """The parts of a file that are wrong, and what is right if there are none."""
    start = text[:60]
    if ticket_verifier.FORMAT in start:
        text_if_right = _("Right: the ticket drew what follows from its seed.")
        return ticket_verifier.verify(text), text_if_right
    if packet_verifier.FORMAT in start:
        text_if_right = _("Right: the shares follow from their seed.")
        return packet_verifier.verify(text), text_if_right
    return verifier.verify(text), _("Right: the winners follow from the certificate.")


def _get(invocation: Invocation, number: int) -> Draw:
    found = activities.get(by=invocation.by, pk=number)
    return draw_verbs.get_visible(activity=found, by=invocation.by)


def _prepare(invocation: Invocation, number: int) -> Draw:
    found = activities.get(by=invocation.by, pk=number)
    return draw_verbs.prepare(activity=found, **invocation.verb_args)


def _answer(invocation: Invocation, draw: Draw, *more: str) -> None:
    draw.refresh_from_db()
    winners = [
        {"k": row.k, "award_id": row.award_id, "prize": row.prize}
        for row in results.list_winners(draw)
    ]
    row = {
        "activity": draw.activity_id,
        "state": draw.state,
        "source": draw.source,
        "prizes": [
            {"prize": prize.stock_id, "count": prize.count}
            for prize in draw.prizes.all()
        ],
        "tickets": draw.tickets_count,
        "people": draw.people_count,
        "removed": draw.removed,
        "root": draw.root,
        "round": draw.drand_round,
        "fetch_problem": draw.fetch_problem,
        "value": draw.value,
        "winners": winners,
    }
    counts = _("%(tickets)s tickets of %(people)s people, %(winners)s winners") % {
        "tickets": f"{draw.tickets_count:,}",
        "people": f"{draw.people_count:,}",
        "winners": f"{len(winners):,}",
    }
    lines = [f"{draw.activity_id:>6} {draw.get_state_display()} · {counts}"]
    if draw.root:
        lines.append(_("Hash of the list: %(root)s") % {"root": draw.root})
    invocation.out.answer(row, *lines, *more)


@draws.command("show", help=N_("Show a draw with its list and its winners"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@options.pass_invocation
def show(invocation: Invocation, activity: int) -> None:
    _answer(invocation, _get(invocation, activity))


@draws.command(
    "prizes", help=N_("Set the prizes, in the order in which they are drawn")
)
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument(
    "chosen", nargs=-1, required=True, help=N_("such as 3:10 for 10 of prize 3")
)
@options.pass_invocation
def set_prizes(invocation: Invocation, activity: int, chosen: tuple[str, ...]) -> None:
    pairs = []
    for text in chosen:
        prize, _colon, count = text.partition(":")
        if not all(part.isascii() and part.isdigit() for part in (prize, count)):
            raise click.BadParameter(
                _("Write the number of a prize, a colon and how many.")
            )
        found = prize_store.get(pk=int(prize), by=invocation.by)
        pairs.append((found, int(count)))
    draw = _prepare(invocation, activity)
    draw_verbs.set_prizes(draw=draw, prizes=pairs, **invocation.verb_args)
    _answer(invocation, draw)


@draws.command("public-value", help=N_("Choose the public value of a draw"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("source", type=click.Choice(Source.values), help=N_("drand or figure"))
@base.option("--name", default="", help=N_("which figure, of what day"))
@base.option("--digits", type=int, help=N_("how many digits of the figure count"))
@base.option("--published", help=N_("when the figure is published"))
@options.pass_invocation
def set_public_value(
    invocation: Invocation,
    activity: int,
    source: str,
    name: str,
    digits: int | None,
    published: str | None,
) -> None:
    community = invocation.community
    moment = options.parse_time(published, community) if published else None
    draw = _prepare(invocation, activity)
    draw_verbs.set_public_value(
        draw=draw,
        source=source,
        figure_name=name,
        figure_digits=digits,
        figure_at=moment,
        **invocation.verb_args,
    )
    _answer(invocation, draw)


@draws.command("give-tickets", help=N_("Give a member further tickets, with a reason"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("member", help=N_("key, phone or e-mail address of the member"))
@base.argument("count", type=int, help=N_("how many more"))
@base.argument("reason", help=N_("why; it is kept with the draw"))
@options.pass_invocation
def give_tickets(
    invocation: Invocation, activity: int, member: str, count: int, reason: str
) -> None:
    account = named_members.get_by_key(key=member, **invocation.verb_args)
    own = tickets.grant(
        draw=_get(invocation, activity),
        account_id=account.pk,
        count=count,
        reason=reason,
        **invocation.verb_args,
    )
    row: dict[str, Any] = {"tickets": [ticket.number for ticket in own]}
    invocation.out.answer(row, *row["tickets"])


@draws.command("figure", help=N_("Enter the published figure, which takes two people"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("figure", help=N_("its digits"))
@options.pass_invocation
def type_figure(invocation: Invocation, activity: int, figure: str) -> None:
    draw = _get(invocation, activity)
    public_values.type_figure(draw=draw, figure=figure, **invocation.verb_args)
    _answer(invocation, draw)


@draws.command("signature", help=N_("Submit the signature of the drand round"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("signature", help=N_("96 digits from 0 to 9 and a to f"))
@options.pass_invocation
def paste_signature(invocation: Invocation, activity: int, signature: str) -> None:
    draw = _get(invocation, activity)
    public_values.paste_signature(
        draw=draw, signature=signature, **invocation.verb_args
    )
    _answer(invocation, draw, _("It is verified in the background."))


@draws.command("next-winner", help=N_("Give an unclaimed prize to the next winner"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("k", type=int, help=N_("place of the winner, as “show” prints it"))
@base.argument("reason", help=N_("why"))
@options.pass_invocation
def draw_again(invocation: Invocation, activity: int, k: int, reason: str) -> None:
    draw = _get(invocation, activity)
    results.draw_again(draw=draw, k=k, reason=reason, **invocation.verb_args)
    _answer(invocation, draw)


@draws.command("void", help=N_("Declare a closed draw void; its certificate stays"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument("reason", help=N_("why; members read it"))
@options.pass_invocation
def declare_void(invocation: Invocation, activity: int, reason: str) -> None:
    draw = _get(invocation, activity)
    voids.declare_void(draw=draw, reason=reason, **invocation.verb_args)
    _answer(invocation, draw)


@draws.command("certificate", help=N_("Write the certificate of a draw to a file"))
@base.argument("activity", type=int, help=ACTIVITY_HELP)
@base.argument(
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=N_("file to write"),
)
@options.pass_invocation
def certificate(invocation: Invocation, activity: int, file: Path) -> None:
    draw = _get(invocation, activity)
    file.write_text(certificates.to_text(draw), encoding="utf-8", newline="")
    row = {"activity": activity, "file": str(file), "tickets": draw.tickets_count}
    invocation.out.answer(row, _("Written to %(file)s.") % {"file": file})
