"""Pages of retained members: opening + joined + came back − left = closing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET
from django_stubs_ext import StrOrPromise

from qunce.console import http
from qunce.console.insight import chart_downloads, people_lists
from qunce.console.insight.span_form import SpanForm
from qunce.core import errors, label_texts
from qunce.insight import breakdowns, retained_members
from qunce.insight.breakdowns import Breakdown
from qunce.insight.retained_members import Account

HEADINGS: dict[str, StrOrPromise] = {
    "opening": gettext_lazy("At the start"),
    "joined": pgettext_lazy("account of members", "Joined"),
    "returned": gettext_lazy("Came back"),
    "left": pgettext_lazy("account of members", "Left"),
    "closing": gettext_lazy("At the end"),
}
SIGNS = {"opening": "", "joined": "+", "returned": "+", "left": "−", "closing": "="}


class AccountForm(SpanForm):
    everything = gettext_lazy("the whole community")
    group = forms.ChoiceField(label=gettext_lazy("Members of"), required=False)


@dataclass(frozen=True)
class Number:
    sign: str
    name: str
    value: int
    url: str


@dataclass(frozen=True)
class Row:
    label: str
    numbers: tuple[Number, ...]


@require_GET
@http.page()
def account(request: http.Request) -> HttpResponse:
    """The account; as a file with `as`."""
    default = retained_members.default_span(request.staff, request.at)
    form = AccountForm(request.GET, staff=request.staff, default=default)
    context: dict[str, Any] = {"form": form, "error": ""}
    status = 200
    try:
        span = form.span()
        statement = retained_members.compute(**span, by=request.staff, at=request.at)
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        columns = [
            name for name in HEADINGS if getattr(statement.total, name) is not None
        ]
        params = {name: str(form[name].value() or "") for name in form.fields}
        whole = _row(_("All members"), statement.total, columns, params, None)
        lines = [
            _row(line.label, line, columns, params, line.key)
            for line in statement.lines
        ]
        headings = [str(HEADINGS[name]) for name in columns]
        if "as" in request.GET:
            rows = [
                [row.label, *(number.value for number in row.numbers)]
                for row in (whole, *lines)
            ]
            return chart_downloads.render_table(
                [[_("Source"), *headings], *rows], "retained-members", request.GET["as"]
            )
        context |= {
            "total": whole,
            "lines": lines,
            "headings": headings,
            "download": f"?{urlencode(params)}&as=",
            "is_group": span["group"] is not None,
            "is_empty": not any(number.value for number in whole.numbers),
            "net": statement.total.closing - statement.total.opening,
        }
    return http.render(request, "console/insight/retained.html", context, status=status)


def _row(
    label: str,
    account: Account,
    columns: list[str],
    params: dict[str, str],
    part: str | None,
) -> Row:
    numbers = []
    for name in columns:
        query = params | {"column": name} | ({} if part is None else {"part": part})
        url = f"{reverse('insight:retained-people')}?{urlencode(query)}"
        numbers.append(
            Number(SIGNS[name], str(HEADINGS[name]), getattr(account, name), url)
        )
    return Row(label, tuple(numbers))


@require_GET
@http.page()
def people(request: http.Request) -> HttpResponse:
    """The people behind a number of the account."""
    if "column" not in request.GET:
        return redirect("insight:retained")
    default = retained_members.default_span(request.staff, request.at)
    form = AccountForm(request.GET, staff=request.staff, default=default)
    span = form.span()
    part = None
    if "part" in request.GET:
        part = breakdowns.find_part(
            Breakdown("source"), request.GET["part"], by=request.staff, at=request.at
        )
    column = request.GET.get("column", "")
    found = retained_members.find_people(
        column=column, part=part, by=request.staff, at=request.at, **span
    )
    params = {name: str(form[name].value() or "") for name in form.fields}
    heading = str(HEADINGS[column])
    return people_lists.render(
        request,
        title=label_texts.with_label(part.label, heading) if part else heading,
        people=list(found),
        back=f"{reverse('insight:retained')}?{urlencode(params)}",
        back_label=_("Retained members"),
        note=f"{span['first']} – {span['last']}",
    )
