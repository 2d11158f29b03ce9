"""Delivery: staff send parcels and hand prizes over, one by one or by pasted lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities.prizes import addresses, awards, claims, prize_facts
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import Award, State
from qunce.core import csv_safety, errors, names, permissions, text_validation

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_CARRIER, MAX_PARCEL, MAX_REASON, MAX_LINES = 40, 40, 200, 10_000
PARCEL = re.compile(r"[A-Za-z0-9-]{4,40}")
SEPARATOR = re.compile(r"\s*[;，；]\s*|\s+")
EXPORTED_COLUMNS = 7


class InvalidParcel(errors.Invalid):
    """A carrier or a parcel number is missing or has characters that none has."""


class WrongStep(errors.Refused):
    """The prize cannot be sent or handed over now."""


@dataclass(frozen=True)
class PastedParcels:
    """`problems` are the lines that were not taken, with the reason."""

    sent: int
    problems: list[tuple[int, str]]


# Verbs


@transaction.atomic
def send(
    *, award: Award, carrier: str, parcel_number: str, by: Staff, at: datetime
) -> None:
    """Record that a claimed prize was sent, with its parcel number."""
    permissions.check_may(by, prize_facts.DELIVER)
    award = awards.get(pk=award.pk, by=by, at=at)
    if not base.get(award.stock.kind).needs_address:
        raise WrongStep(_("This prize is not sent by parcel. Hand it over instead."))
    carrier, parcel = names.clean(carrier), parcel_number.strip()
    if len(carrier) > MAX_CARRIER or not text_validation.is_valid(carrier):
        raise InvalidParcel(
            _("The name of a carrier has at most %(n)s characters.")
            % {"n": MAX_CARRIER}
        )
    if not PARCEL.fullmatch(parcel):
        raise InvalidParcel(
            _("A parcel number has 4 to 40 letters, digits and hyphens.")
        )
    awards.STATES.transition(
        award, "send", sent_at=at, carrier=carrier, parcel_number=parcel
    )
    awards.record(prize_facts.PrizeSent, award, by=by, at=at)


def paste_parcels(*, text: str, by: Staff, at: datetime) -> PastedParcels:
    """Send a prize per line of number of the prize, carrier and parcel number.

    The parts are separated by tabs, commas or spaces, as in pasted cells and CSV files.
    The exported file of addresses is taken as well. A line that was taken before changes
    nothing.
    """
    permissions.check_may(by, prize_facts.DELIVER)
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise InvalidParcel(
            _("Paste at most %(n)s lines at once.") % {"n": f"{MAX_LINES:,}"}
        )
    sent, problems = 0, list[tuple[int, str]]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            sent += _send_line(line, by, at)
        except errors.QunceError as error:
            problems.append((number, str(error)))
    return PastedParcels(sent, problems)


def _send_line(line: str, by: Staff, at: datetime) -> bool:
    cells = _cells(line)
    if len(cells) >= EXPORTED_COLUMNS:
        # The file of addresses, in which some parcels may not be sent yet.
        cells = [cells[0], cells[-2], cells[-1]]
        if not cells[-1] or cells[0] == pgettext("prize", "Number"):
            return False
    if len(cells) != 3:
        raise InvalidParcel(
            _("Write the number of the prize, the carrier and the parcel number.")
        )
    number, carrier, parcel = cells
    number = number.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InvalidParcel(
            _("“%(text)s” is no number of a prize.") % {"text": number[:40]}
        )
    award = awards.get(pk=int(number), by=by, at=at)
    if award.state == State.SENT and award.parcel_number == parcel:
        return False
    send(award=award, carrier=carrier, parcel_number=parcel, by=by, at=at)
    return True


def _cells(line: str) -> list[str]:
    """The cells of a line, as they are pasted from a table, a CSV file or by hand."""
    if not text_validation.is_valid(line):
        raise InvalidParcel(_("This contains characters that cannot be stored."))
    if "\t" in line:
        cells = line.split("\t")
    elif "," in line:
        cells = next(csv.reader([line]))
    else:
        cells = SEPARATOR.split(line.strip())
    return [csv_safety.unquoted(cell.strip()) for cell in cells]


@transaction.atomic
def hand_over(*, award: Award, by: Staff, at: datetime) -> None:
    """Record that a prize reached the winner."""
    permissions.check_may(by, prize_facts.DELIVER)
    award = awards.get(pk=award.pk, by=by, at=at)
    if award.state == State.TO_CLAIM:
        raise WrongStep(_("The winner has not claimed it yet. Enter the claim first."))
    if base.get(award.stock.kind).hand_over == base.HandOver.CODE:
        raise WrongStep(_("A code is handed over by uploading it."))
    awards.deliver(award, by=by, at=at)


@transaction.atomic
def finish_task(
    *, award: Award, was_given: bool, by: Staff | None, at: datetime
) -> None:
    """Follow the staff task of a claimed prize, which was finished.

    A prize that could not be handed over waits again, for staff who hand prizes over.
    """
    if not was_given:
        Award.objects.filter(pk=award.pk).update(staff_task=None)
    elif award.state in (State.CLAIMED, State.SENT):
        awards.deliver(award, by=by, at=at)


@transaction.atomic
def take_back(*, award: Award, reason: str, by: Staff, at: datetime) -> None:
    """Return a prize to the stock, such as a parcel that came back; `reason` says why."""
    permissions.check_may(by, prize_facts.MANAGE)
    award = awards.get(pk=award.pk, by=by, at=at)
    reason = names.clean(reason)
    if not reason or len(reason) > MAX_REASON or not text_validation.is_valid(reason):
        raise errors.Invalid(
            _("Give a reason with at most %(n)s characters.") % {"n": MAX_REASON}
        )
    claims.take_back(award=award, reason=reason, by=by, at=at, is_next=False)


# Reads


def needs_task(award: Award) -> bool:
    """Whether somebody of the staff is asked to hand the prize over, one by one.

    Parcels are packed from the list of addresses instead.
    """
    kind = base.get(award.stock.kind)
    return kind.hand_over == base.HandOver.STAFF and not kind.needs_address


def list_to_hand_over(*, by: Staff, at: datetime) -> models.QuerySet[Award]:
    """The claimed prizes that staff have to send or hand over, the oldest first."""
    rows = awards.list_visible(by=by, at=at).filter(state=State.CLAIMED)
    return rows.order_by("claimed_at", "pk")


def export_csv(*, chosen: Sequence[Award], by: Staff, at: datetime) -> str:
    """Addresses to pack, as a CSV file; every reading is recorded."""
    found = addresses.read(chosen=chosen, by=by, at=at)
    file = io.StringIO()
    header: list[object] = [
        pgettext("prize", "Number"),
        _("Prize"),
        pgettext("parcel", "Recipient"),
        _("Phone"),
        _("Address"),
        _("Carrier"),
        _("Parcel number"),
    ]
    rows: list[list[object]] = [header]
    for award in chosen:
        if award.pk in found:
            to = found[award.pk]
            rows.append(
                [award.pk, award.stock.name, to.recipient, to.phone, to.address, "", ""]
            )
    csv_safety.write_rows(file, rows)
    return file.getvalue()
