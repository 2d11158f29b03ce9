"""Pages of prizes: their stock, and the awards of which winners wait."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.prizes import awards, codes, prize_facts, prizes
from qunce.activities.prizes.kinds import base
from qunce.activities.prizes.models import State
from qunce.console import http, paging
from qunce.console.prizes import presenters
from qunce.console.prizes.forms import AddressForm, ParcelForm, PrizeForm
from qunce.core import errors, permissions

PAGE_SIZE = 100


@require_GET
@http.page(prize_facts.DELIVER)
def prize_list(request: http.Request) -> HttpResponse:
    rows = list(prizes.list_visible(request.staff)[:PAGE_SIZE])
    context = {
        "prizes": [presenters.stock_line(row) for row in rows],
        "may_manage": prizes.may_manage(request.staff),
        "counts": presenters.count_awards(request),
    }
    return http.render(request, "console/prizes/list.html", context)


@require_http_methods(["GET", "POST"])
@http.page(prize_facts.MANAGE)
def prize_create(request: http.Request) -> HttpResponse:
    form = PrizeForm(request.POST or None, community=request.community)
    if request.method == "POST" and form.is_valid():
        try:
            prize = prizes.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            url = reverse("prizes:detail", args=[prize.pk])
            return http.redirect_back(request, url)
    return _render_form(request, {"form": form, "prize": None})


@require_http_methods(["GET", "POST"])
@http.page(prize_facts.MANAGE)
def prize_update(request: http.Request, pk: int) -> HttpResponse:
    prize = prizes.get(pk=pk, by=request.staff)
    form = PrizeForm(request.POST or None, community=request.community, prize=prize)
    if request.method == "POST" and form.is_valid():
        try:
            prizes.update(
                prize=prize, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("prizes:detail", args=[pk]))
    return _render_form(request, {"form": form, "prize": prize})


def _render_form(request: http.Request, context: dict[str, Any]) -> HttpResponse:
    context["kinds"] = base.list_all()
    status = 422 if context["form"].errors else 200
    return http.render(request, "console/prizes/form.html", context, status=status)


@require_GET
@http.page(prize_facts.DELIVER)
def prize_detail(request: http.Request, pk: int) -> HttpResponse:
    prize = prizes.get(pk=pk, by=request.staff)
    rows = awards.list_visible(by=request.staff, at=request.at).filter(stock=prize)
    has_codes = codes.has_codes(prize)
    context = {
        "prize": prize,
        "kind": base.get(prize.kind),
        "line": presenters.stock_line(prize),
        "awards": presenters.award_lines(list(rows.order_by("-pk")[:PAGE_SIZE])),
        "has_codes": has_codes,
        "free_codes": codes.count_free(prize) if has_codes else 0,
        "missing_codes": codes.count_missing(prize) if has_codes else 0,
        "may_manage": prizes.may_manage(request.staff),
        "currency": request.community.currency,
    }
    return http.render(request, "console/prizes/detail.html", context)


@require_GET
@http.page(prize_facts.DELIVER)
def award_list(request: http.Request) -> HttpResponse:
    """Prizes with their winners, by state; what staff have to hand over comes first."""
    state = request.GET.get("state", State.CLAIMED)
    rows = awards.list_visible(by=request.staff, at=request.at)
    if state in State.values:
        rows = rows.filter(state=state)
    after = paging.parse_number(request, "after")
    if after:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    is_more = len(found) > PAGE_SIZE
    context = {
        "awards": presenters.award_lines(shown),
        "states": State.choices,
        "state": state if state in State.values else "",
        "next": paging.link(request, after=shown[-1].pk) if is_more else "",
        "first": paging.link(request, after=None) if after else "",
        "counts": presenters.count_awards(request),
        "may_read": permissions.may(request.staff, prize_facts.VIEW_ADDRESSES),
    }
    return http.render(request, "console/prizes/award_list.html", context)


@require_GET
@http.page(prize_facts.DELIVER)
def award_detail(request: http.Request, pk: int) -> HttpResponse:
    return render_award(request, pk)


def render_award(request: http.Request, pk: int, **more: Any) -> HttpResponse:
    """The page of an award; `more` has a form with errors, or an address to show."""
    award = awards.get(pk=pk, by=request.staff, at=request.at)
    kind = base.get(award.stock.kind)
    may_manage = prizes.may_manage(request.staff)
    context = {
        "award": award,
        "kind": kind,
        "line": presenters.award_lines([award])[0],
        "steps": presenters.steps(award),
        "may_send": kind.needs_address and award.state == State.CLAIMED,
        "may_hand_over": kind.hand_over == base.HandOver.STAFF
        and awards.STATES.may("deliver", award.state)
        and award.state != State.TO_CLAIM,
        "may_type_claim": award.state == State.TO_CLAIM and not award.is_held,
        "may_release": may_manage and award.is_held,
        "may_take_back": may_manage and awards.STATES.may("return", award.state),
        "may_read": permissions.may(request.staff, prize_facts.VIEW_ADDRESSES)
        and hasattr(award, "address"),
        "address_form": AddressForm() if kind.needs_address else None,
        "parcel_form": ParcelForm(),
        "currency": request.community.currency,
        **more,
    }
    status = 422 if more.get("has_errors") else 200
    return http.render(request, "console/prizes/award.html", context, status=status)
