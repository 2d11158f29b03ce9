"""Certificates: all that anybody needs to compute the winners of a draw again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from qunce.activities.draws import draws, ticket_tree
from qunce.activities.draws.drawing import Outcome
from qunce.activities.draws.models import Draw, Result, Source, State, Ticket
from qunce.activities.draws.verifier import FORMAT
from qunce.members.personal_links import masked_names


@dataclass(frozen=True)
class Winner:
    """A winner as everybody may see them; `path` leads from the leaf to the list's hash."""

    k: int
    prize: str
    name: str
    number: str
    leaf: str
    path: list[str]
    replaced_by: int | None


# Reads


def to_text(draw: Draw) -> str:
    """The certificate of a draw that has a value, as the file that everybody can verify."""
    if not draw.value:
        raise draws.DrawNotFound(_("This draw has no certificate yet."))
    terms, closing = json.loads(draw.terms), json.loads(draw.closing)
    status = {
        "state": draw.state,
        "reason": draw.void_reason,
        "at": (draw.voided_at or draw.drawn_at or draw.closed_at).isoformat(),  # type: ignore[union-attr]
    }
    sections = {"terms": terms, "closing": closing, "status": status}
    return draws.to_json(
        {
            "format": FORMAT,
            **sections,
            "hashes": {
                name: sha256(draws.to_json(section).encode()).hexdigest()
                for name, section in sections.items()
            },
            "drawing": {
                "seed": draw.revealed_seed,
                "signature": draw.signature if draw.source == Source.DRAND else "",
                "public_value": draw.public_value,
                "value": draw.value,
            },
            "results": [_result(row) for row in _results(draw)],
            "leaves": [leaf.hex() for leaf in list_leaves(draw)],
        }
    )


def _results(draw: Draw) -> Sequence[Result]:
    rows = Result.objects.filter(draw=draw).order_by("k").select_related("ticket")
    return list(rows)


def _result(row: Result) -> dict[str, Any]:
    content: dict[str, Any] = {
        "k": row.k,
        "index": row.ticket.place,
        "outcome": row.outcome,
    }
    if row.outcome == Outcome.WON:
        content |= {
            "prize": row.prize,
            "instead_of": row.instead_of,
            "secret": row.ticket.number,
        }
    return content


def list_leaves(draw: Draw) -> list[bytes]:
    """The leaves of a closed draw, in the order of the list."""
    rows = Ticket.objects.filter(draw=draw, place__isnull=False).order_by("place")
    return [bytes(leaf) for leaf in rows.values_list("leaf", flat=True).iterator()]


def list_winners(draw: Draw) -> list[Winner]:
    """The winners with masked names, for the page that everybody may see."""
    rows = Result.objects.filter(draw=draw, outcome=Outcome.WON).order_by("k")
    rows = rows.select_related("ticket")
    found = list(rows)
    names = masked_names.of_accounts([row.ticket.account_id for row in found])
    paths = ticket_tree.paths_of(
        list_leaves(draw), [row.ticket.place or 0 for row in found]
    )
    again = {row.instead_of: row.k for row in found if row.instead_of is not None}
    prizes = json.loads(draw.terms)["prizes"]
    return [
        Winner(
            k=row.k,
            prize=prizes[row.prize or 0]["name"],
            name=names[row.ticket.account_id],
            number=row.ticket.number,
            leaf=bytes(row.ticket.leaf).hex(),
            path=path,
            replaced_by=again.get(row.k),
        )
        for row, path in zip(found, paths, strict=True)
    ]


def current_winners(draw: Draw) -> list[tuple[str, str]]:
    """Prize and masked name of each winner of a drawn draw, without replaced ones.

    Without the paths of the certificate, which need the whole list.
    """
    if draw.state != State.DRAWN:
        return []
    rows = Result.objects.filter(draw=draw, outcome=Outcome.WON).order_by("k")
    found = list(rows.values_list("k", "prize", "instead_of", "ticket__account_id"))
    names = masked_names.of_accounts([account for _k, _prize, _again, account in found])
    replaced = {again for _k, _prize, again, _account in found}
    prizes = json.loads(draw.terms)["prizes"]
    return [
        (prizes[prize or 0]["name"], names[account])
        for k, prize, _again, account in found
        if k not in replaced
    ]


def prizes_won(draw: Draw, own: Sequence[Ticket]) -> list[str]:
    """The names of the prizes that these tickets have won and still have."""
    if draw.state != State.DRAWN or not own:
        return []
    rows = Result.objects.filter(draw=draw, outcome=Outcome.WON, ticket__in=own)
    again = Result.objects.filter(draw=draw, instead_of__isnull=False)
    found = rows.exclude(k__in=again.values("instead_of")).order_by("k")
    prizes = json.loads(draw.terms)["prizes"]
    return [
        prizes[prize or 0]["name"] for prize in found.values_list("prize", flat=True)
    ]


def sentences(draw: Draw) -> list[str]:
    """What a certificate says about its public value and what it does not prove."""
    lines = []
    if draw.source == Source.DRAND:
        lines.append(
            _(
                "Public value: the first round of the drand beacon “quicknet” that is due "
                "at least 2 minutes after the list is closed."
            )
        )
    else:
        lines.append(
            _("Public value: %(name)s, %(digits)s digits, typed by two people.")
            % {"name": draw.figure_name, "digits": draw.figure_digits}
        )
    lines.append(
        _(
            "It does not prove that the people in the list are real. The signature of "
            "drand is verified by this server, and by any program for drand."
        )
    )
    return lines


def is_final(draw: Draw) -> bool:
    """Whether the certificate can be downloaded."""
    return draw.state in (State.DRAWN, State.VOID) and bool(draw.value)
