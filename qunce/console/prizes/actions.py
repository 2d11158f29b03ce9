"""Actions on prizes and awards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.activities.prizes import (
    addresses,
    awards,
    claims,
    codes,
    delivery,
    prize_facts,
    prizes,
)
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock
from qunce.console import http
from qunce.console.prizes import views
from qunce.console.prizes.forms import AddressForm, ParcelForm
from qunce.core import errors, text_validation

MAX_FILE = 2_000_000
TEXT_SUFFIXES = ("", ".txt", ".csv", ".tsv")
MAX_EXPORTED = 2_000


def _change_prize(
    request: http.Request, pk: int, verb: Callable[[PrizeStock], str]
) -> HttpResponse:
    prize = prizes.get(pk=pk, by=request.staff)
    http.flash_outcome(request, lambda: verb(prize))
    return http.redirect_back(request, reverse("prizes:detail", args=[pk]))


def _change_award(
    request: http.Request, pk: int, verb: Callable[[Award], str]
) -> HttpResponse:
    award = awards.get(pk=pk, by=request.staff, at=request.at)
    http.flash_outcome(request, lambda: verb(award))
    return http.redirect_back(request, reverse("prizes:award-detail", args=[pk]))


@require_POST
@http.page(prize_facts.MANAGE)
def add_stock(request: http.Request, pk: int) -> HttpResponse:
    def verb(prize: PrizeStock) -> str:
        text = request.POST.get("count", "")
        is_number = text.isascii() and text.isdigit() and len(text) < 8
        count = int(text) if is_number else 0
        prizes.add_stock(prize=prize, count=count, by=request.staff, at=request.at)
        return _("The stock is %(n)s now.") % {"n": f"{prize.total:,}"}

    return _change_prize(request, pk, verb)


@require_POST
@http.page(prize_facts.MANAGE)
def upload_codes(request: http.Request, pk: int) -> HttpResponse:
    """Add the codes that are pasted or in a file, one per line."""

    def verb(prize: PrizeStock) -> str:
        text = _text_of(request, "codes")
        found = codes.upload(prize=prize, text=text, by=request.staff, at=request.at)
        sentences = [
            ngettext("%(n)s code added.", "%(n)s codes added.", found.added)
            % {"n": f"{found.added:,}"}
        ]
        if found.duplicates:
            lines = ", ".join(map(str, found.duplicates[:10]))
            text = _("Refused, as they are there already: %(n)s (lines %(lines)s).")
            sentences.append(text % {"n": f"{len(found.duplicates):,}", "lines": lines})
        if found.given:
            sentences.append(
                _("Given to waiting winners: %(n)s.") % {"n": f"{found.given:,}"}
            )
        return " ".join(sentences)

    return _change_prize(request, pk, verb)


def _text_of(request: http.Request, name: str) -> str:
    """The pasted text, or that of the file that was chosen instead."""
    file = request.FILES.get("file")
    if file is None:
        return str(request.POST.get(name, ""))
    if (file.size or 0) > MAX_FILE:
        raise errors.Invalid(_("The file is too large. It can have 2 MB."))
    content: bytes = file.read()
    # The second is what Excel saves in China.
    for encoding in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if not text_validation.UNPRINTABLE.search(text) and _is_text(file.name):
                return text
    raise errors.Invalid(_("This is no text file. Save it as .txt or .csv first."))


def _is_text(name: str | None) -> bool:
    """Whether the name promises text: a picture or a table of a spreadsheet has no lines."""
    return Path(name or "").suffix.lower() in TEXT_SUFFIXES


@require_POST
@http.page(prize_facts.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    def verb(prize: PrizeStock) -> str:
        prizes.archive(prize=prize, by=request.staff, at=request.at)
        return _("Archived. What was won stays.")

    return _change_prize(request, pk, verb)


@require_POST
@http.page(prize_facts.DELIVER)
def claim(request: http.Request, pk: int) -> HttpResponse:
    """Type the claim that a winner made to staff."""
    award = awards.get(pk=pk, by=request.staff, at=request.at)
    needs_address = base.get(award.stock.kind).needs_address
    form = AddressForm(request.POST if needs_address else {})
    if needs_address and not form.is_valid():
        return views.render_award(request, pk, address_form=form, has_errors=True)
    address = form.to_address() if needs_address else None

    def verb(award: Award) -> str:
        claims.claim(
            award=award,
            way=ClaimedBy.STAFF,
            address=address,
            by=request.staff,
            at=request.at,
        )
        return _("Claimed.")

    return _change_award(request, pk, verb)


@require_POST
@http.page(prize_facts.MANAGE)
def release(request: http.Request, pk: int) -> HttpResponse:
    def verb(award: Award) -> str:
        claims.release(award=award, by=request.staff, at=request.at)
        return _("The winner can claim it now.")

    return _change_award(request, pk, verb)


@require_POST
@http.page(prize_facts.DELIVER)
def send(request: http.Request, pk: int) -> HttpResponse:
    form = ParcelForm(request.POST)
    if not form.is_valid():
        return views.render_award(request, pk, parcel_form=form, has_errors=True)

    def verb(award: Award) -> str:
        delivery.send(award=award, by=request.staff, at=request.at, **form.cleaned_data)
        return _("Sent. The winner gets the parcel number.")

    return _change_award(request, pk, verb)


@require_POST
@http.page(prize_facts.DELIVER)
def hand_over(request: http.Request, pk: int) -> HttpResponse:
    def verb(award: Award) -> str:
        delivery.hand_over(award=award, by=request.staff, at=request.at)
        return _("Handed over.")

    return _change_award(request, pk, verb)


@require_POST
@http.page(prize_facts.MANAGE)
def take_back(request: http.Request, pk: int) -> HttpResponse:
    def verb(award: Award) -> str:
        reason = request.POST.get("reason", "")
        delivery.take_back(award=award, reason=reason, by=request.staff, at=request.at)
        return _("Returned to the stock.")

    return _change_award(request, pk, verb)


@require_POST
@http.page(prize_facts.VIEW_ADDRESSES)
def show_address(request: http.Request, pk: int) -> HttpResponse:
    """Show the address once; the reading is recorded, so it is a POST."""
    award = awards.get(pk=pk, by=request.staff, at=request.at)
    found = addresses.read(chosen=[award], by=request.staff, at=request.at)
    return views.render_award(request, pk, address=found.get(pk))


@require_POST
@http.page(prize_facts.VIEW_ADDRESSES)
def export_addresses(request: http.Request) -> HttpResponse:
    """A CSV file of the addresses to pack, in which parcel numbers can be filled in."""
    rows = delivery.list_to_hand_over(by=request.staff, at=request.at)
    goods = [kind.key for kind in base.list_all() if kind.needs_address]
    chosen = list(rows.filter(stock__kind__in=goods)[:MAX_EXPORTED])
    text = delivery.export_csv(chosen=chosen, by=request.staff, at=request.at)
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="addresses.csv"'
    return response


@require_POST
@http.page(prize_facts.DELIVER)
def paste_parcels(request: http.Request) -> HttpResponse:
    """Take parcel numbers from pasted lines or from the exported file."""
    try:
        text = _text_of(request, "lines")
        found = delivery.paste_parcels(text=text, by=request.staff, at=request.at)
    except errors.Invalid as error:
        http.flash(request, str(error), level="bad")
    else:
        text = ngettext("%(n)s parcel noted.", "%(n)s parcels noted.", found.sent)
        http.flash(request, text % {"n": f"{found.sent:,}"})
        for number, problem in found.problems[:5]:
            line = {"number": number, "problem": problem}
            text = _("Line %(number)s: %(problem)s")
            http.flash(request, text % line, level="bad")
    return http.redirect_back(request, reverse("prizes:award-list"))
