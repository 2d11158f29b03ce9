"""Pictures of draws: a ticket with its number, and the winners with masked names."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.activities.draws import certificates
from qunce.activities.draws.models import Draw, Ticket
from qunce.core.pictures import pictures
from qunce.core.pictures.pictures import Picture

GROUP = 4
"""Digits of a number that are written together, so that people can compare it."""


def ticket(draw: Draw, row: Ticket, *, name: str, address: str) -> Picture:
    """A ticket; `name` is masked, `address` where it can be verified."""
    number = row.number
    groups = [number[at : at + GROUP] for at in range(0, len(number), GROUP)]
    prizes = draw.prizes.select_related("stock").order_by("position")
    return Picture(
        title=draw.activity.name,
        subtitle=f"{draw.activity.community.name} · {name}",
        number=" ".join(groups),
        rows=tuple((prize.stock.name, f"× {prize.count:,}") for prize in prizes),
        address=address,
        note=_("Scan to verify this ticket"),
    )


def winners(draw: Draw, *, address: str) -> Picture:
    """The winners with masked names and their prizes; those without room are counted."""
    rows = certificates.current_winners(draw)
    if len(rows) > pictures.MAX_ROWS:
        left = len(rows) - pictures.MAX_ROWS + 1
        rows = rows[: pictures.MAX_ROWS - 1]
        rows.append(("", _("and %(n)s other winners") % {"n": f"{left:,}"}))
    # The name of a prize stands at the first of those who won it.
    before = ["", *(prize for prize, _name in rows)]
    rows = [
        ("" if prize == last else prize, name)
        for last, (prize, name) in zip(before, rows, strict=False)
    ]
    return Picture(
        title=draw.activity.name,
        subtitle=draw.activity.community.name,
        number=_("Winners"),
        rows=tuple(rows),
        address=address,
        note=_("Scan to verify the winners"),
    )
