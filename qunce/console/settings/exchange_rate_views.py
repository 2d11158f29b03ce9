"""The page of exchange rates: the list, and the form for a new one."""

from __future__ import annotations

from datetime import date

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.core import community_days, errors, exchange_rates


class ExchangeRateForm(forms.Form):
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters such as USD."),
    )
    since = forms.DateField(
        label=gettext_lazy("Valid from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy(
            "Orders paid on this day and later are converted at the rate, up to the "
            "next one."
        ),
    )
    rate = forms.CharField(label=gettext_lazy("Rate"), max_length=30)


@require_GET
@http.page(exchange_rates.MANAGE)
def rate_list(request: Request) -> HttpResponse:
    today = community_days.to_date(request.community.day(request.at))
    return _render(request, ExchangeRateForm(initial={"since": today}))


@require_POST
@http.page(exchange_rates.MANAGE)
def set_rate(request: Request) -> HttpResponse:
    form = ExchangeRateForm(request.POST)
    if form.is_valid():
        try:
            exchange_rates.set_rate(
                community=request.community,
                currency=form.cleaned_data["currency"].upper(),
                since=form.cleaned_data["since"],
                rate=exchange_rates.parse_rate(form.cleaned_data["rate"]),
                by=request.staff,
                at=request.at,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("settings:rate-list"))
    return _render(request, form)


@require_POST
@http.page(exchange_rates.MANAGE)
def remove_rate(request: Request, currency: str, since: str) -> HttpResponse:
    try:
        exchange_rates.remove(
            community=request.community,
            currency=currency,
            since=date.fromisoformat(since),
            by=request.staff,
            at=request.at,
        )
    except (errors.QunceError, ValueError) as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Deleted."))
    return http.redirect_back(request, reverse("settings:rate-list"))


def _render(request: Request, form: ExchangeRateForm) -> HttpResponse:
    context = {
        "form": form,
        "currency": request.community.currency,
        "rates": [
            (row, exchange_rates.format_rate(row.rate))
            for row in exchange_rates.list_all(request.community)
        ],
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/rate_list.html", context, status=status
    )
