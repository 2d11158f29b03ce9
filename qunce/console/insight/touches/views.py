"""Pages of touches: how many messages came before the first order."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from qunce.console import form_errors, http
from qunce.console.insight import chart_downloads, people_lists
from qunce.core import errors
from qunce.insight import heat_maps, touches
from qunce.insight.touches import Row, Touches

DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class TouchesForm(forms.Form):
    first = forms.DateField(label=gettext_lazy("First orders from"), widget=DAY_INPUT)
    last = forms.DateField(label=gettext_lazy("Until (inclusive)"), widget=DAY_INPUT)
    window = forms.IntegerField(
        label=gettext_lazy("Messages in the days before"),
        min_value=1,
        max_value=touches.MAX_WINDOW,
    )

    def __init__(self, request: http.Request) -> None:
        first, last = touches.default_span(request.staff, request.at)
        defaults = {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "window": str(touches.DEFAULT_WINDOW),
        }
        super().__init__({n: request.GET.get(n, text) for n, text in defaults.items()})

    def span(self) -> dict[str, Any]:
        """The question; raises Invalid for a field that is not valid."""
        form_errors.check_valid(self)
        return dict(self.cleaned_data)


@require_GET
@http.page()
def distribution(request: http.Request) -> HttpResponse:
    """The distribution; as a file with `as`."""
    form = TouchesForm(request)
    context: dict[str, Any] = {"form": form, "error": ""}
    status = 200
    try:
        found = touches.compute(**form.span(), by=request.staff, at=request.at)
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        if "as" in request.GET:
            return _download(found, request.GET["as"])
        params = {name: str(form[name].value()) for name in form.fields}
        url = reverse("insight:touches-people")
        context |= {
            "found": found,
            "belief": touches.BELIEF,
            "rows": [
                (
                    row,
                    label_of(row),
                    f"{url}?{urlencode({**params, 'touches': row.touches})}",
                )
                for row in found.rows[: _last_row(found)]
            ],
            "download": f"?{urlencode(params)}&as=",
        }
    return http.render(request, "console/insight/touches.html", context, status=status)


def _last_row(found: Touches) -> int:
    """Rows up to the last one with people, and at least up to the belief."""
    filled = [row.touches for row in found.rows if row.people]
    return max(touches.BELIEF, *filled, 0) + 1


def label_of(row: Row) -> str:
    if row.is_last:
        return _("%(n)s or more messages") % {"n": row.touches}
    if row.touches == 0:
        return _("no message")
    return ngettext("%(n)s message", "%(n)s messages", row.touches) % {"n": row.touches}


def _download(found: Touches, file_format: str) -> HttpResponse:
    if file_format in chart_downloads.TABLES:
        rows: list[list[object]] = [
            [_("Messages before"), _("People"), _("Share"), _("Up to here")]
        ]
        rows += [
            [label_of(row), row.people, _round(row.percent), _round(row.cumulative)]
            for row in found.rows
        ]
        return chart_downloads.render_table(rows, "touches", file_format)
    if file_format == "svg":
        bars = [
            heat_maps.Bar(label_of(row), row.people, f"{row.people:,}")
            for row in found.rows
        ]
        svg = heat_maps.render_bars(bars, title=_("Messages before the first order"))
        response = HttpResponse(svg, content_type="image/svg+xml")
        response["Content-Disposition"] = 'attachment; filename="touches.svg"'
        return response
    raise Http404


def _round(percent: float | None) -> float | str:
    return "" if percent is None else round(percent, 1)


@require_GET
@http.page()
def people(request: http.Request) -> HttpResponse:
    """The people with a number of messages before their first order."""
    if "touches" not in request.GET:
        return redirect("insight:touches")
    form = TouchesForm(request)
    text = request.GET["touches"]
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise errors.Invalid(_("“%(name)s” is a number.") % {"name": "touches"})
    found = touches.find_people(
        touches=int(text), by=request.staff, at=request.at, **form.span()
    )
    params = {name: str(form[name].value()) for name in form.fields}
    return people_lists.render(
        request,
        title=_("First order after %(n)s messages") % {"n": text},
        people=found,
        back=f"{reverse('insight:touches')}?{urlencode(params)}",
        back_label=_("Touches before the first order"),
    )
