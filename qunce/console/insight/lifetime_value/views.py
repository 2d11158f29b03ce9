"""The page of lifetime value: what buyers will still buy, and whether that was right."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from qunce.console import form_errors, http
from qunce.console.insight import chart_downloads
from qunce.core import errors, money
from qunce.core.staff.models import Staff
from qunce.insight import breakdowns
from qunce.insight.lifetime_value import estimates
from qunce.insight.lifetime_value.estimates import (
    BacktestRow,
    Estimate,
    LifetimeValue,
    PartValue,
)


class LifetimeValueForm(forms.Form):
    days = forms.ChoiceField(
        label=gettext_lazy("Orders of the next"),
        choices=[(days, gettext_lazy("%s days") % days) for days in estimates.HORIZONS],
    )
    by = forms.ChoiceField(label=pgettext_lazy("numbers", "Compare by"), required=False)

    def __init__(self, data: Any, *, staff: Staff) -> None:
        defaults = {"days": str(estimates.DEFAULT_HORIZON), "by": ""}
        super().__init__(
            {name: data.get(name, text) for name, text in defaults.items()}
        )
        by: Any = self.fields["by"]
        by.choices = [("", _("nothing")), *breakdowns.list_choices(staff)]

    def query(self) -> dict[str, Any]:
        """The question; raises Invalid for a field that is not valid."""
        form_errors.check_valid(self)
        return {
            "days": int(self.cleaned_data["days"]),
            "breakdown": breakdowns.parse(self.cleaned_data["by"]),
        }


@require_GET
@http.page()
def overview(request: http.Request) -> HttpResponse:
    """The estimates; as a file with `as`."""
    form = LifetimeValueForm(request.GET, staff=request.staff)
    context: dict[str, Any] = {"form": form, "refusal": "", "error": ""}
    status = 200
    try:
        found = estimates.estimate(by=request.staff, at=request.at, **form.query())
    except errors.Refused as refusal:
        context["refusal"] = str(refusal)
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        if "as" in request.GET:
            return _download(found, request.GET["as"], request.community.currency)
        params = {name: str(form[name].value()) for name in form.fields}
        currency = request.community.currency
        context |= {
            "found": found,
            "still_buying": round(found.active),
            "whole": _show(found.whole, currency),
            "parts": [_show(part, currency) for part in found.parts],
            "backtest": [
                (_label_of(row), row, round(row.expected))
                for row in found.backtest.rows
            ],
            "expected": _numbers(found.backtest.expected),
            "download": f"?{urlencode(params)}&as=",
        }
    return http.render(
        request, "console/insight/lifetime_value.html", context, status=status
    )


def _show(part: PartValue, currency: str) -> dict[str, Any]:
    """A row of the table, with texts for numbers and for their intervals."""
    shown: dict[str, Any] = {"label": part.label, "buyers": part.buyers}
    if part.orders and part.amount and part.amount_per_buyer is not None:
        # Whole units, as an estimate is not known to the cent.
        unit = 10 ** money.decimal_places(currency)
        amount = part.amount
        value, low, high = (
            f"{round(units / unit):,}"
            for units in (amount.value, amount.low, amount.high)
        )
        shown |= {
            "orders": _numbers(part.orders),
            "amount": (f"{currency} {value}", low, high),
            "each": f"{currency} {round(part.amount_per_buyer / unit):,}",
        }
    return shown


def _numbers(estimate: Estimate) -> tuple[str, str, str]:
    value, low, high = (
        f"{round(number):,}" for number in (estimate.value, estimate.low, estimate.high)
    )
    return value, low, high


def _label_of(row: BacktestRow) -> str:
    if row.frequency == estimates.HIGHEST:
        return _("%(n)s or more") % {"n": row.frequency}
    return str(row.frequency)


def _download(found: LifetimeValue, file_format: str, currency: str) -> HttpResponse:
    rows: list[list[object]] = [
        [
            _("Part"),
            _("Buyers"),
            *(_("Orders"), _("Orders: low"), _("Orders: high")),
            *(_("Amount"), _("Amount: low"), _("Amount: high")),
            _("Currency"),
        ]
    ]
    for part in (found.whole, *found.parts):
        row: list[object] = [part.label, part.buyers]
        if part.orders and part.amount:
            orders, amount = part.orders, part.amount
            row += [round(n) for n in (orders.value, orders.low, orders.high)]
            row += [
                money.format_amount(round(n), currency)
                for n in (amount.value, amount.low, amount.high)
            ]
            row.append(currency)
        rows.append(row)
    return chart_downloads.render_table(rows, "lifetime-value", file_format)
