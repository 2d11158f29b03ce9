"""Peak hours: a week of 7 rows and 24 columns, of the community or of one group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from qunce.console import http, paging
from qunce.console.insight import chart_downloads
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.insight import heat_maps, peak_hours
from qunce.insight.heat_maps import Cell
from qunce.insight.peak_hours import PeakHours

SPANS = (28, 84, 364)


class HoursForm(forms.Form):
    """Choices in the URL; what is not among them is replaced by the first one."""

    subject = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    group = forms.ChoiceField(label=gettext_lazy("Of"), required=False)
    days = forms.ChoiceField(label=gettext_lazy("Days"), required=False)

    def __init__(self, data: Any, *, staff: Staff) -> None:
        groups = visibility.list_visible(staff).order_by("name", "pk")
        self.group_keys = {str(pk): key for pk, key in groups.values_list("pk", "key")}
        choices: dict[str, list[tuple[str, str]]] = {
            "subject": [
                (key, str(label)) for key, (label, _k) in peak_hours.SUBJECTS.items()
            ],
            "group": [
                ("", _("the whole community")),
                *((str(pk), name) for pk, name in groups.values_list("pk", "name")),
            ],
            "days": [(str(n), _("%(n)s days") % {"n": n}) for n in SPANS],
        }
        self.chosen = {
            name: data.get(name, "")
            if data.get(name, "") in dict(options)
            else options[0][0]
            for name, options in choices.items()
        }
        super().__init__(self.chosen)
        fields: Any = self.fields
        for name, options in choices.items():
            fields[name].choices = options


@dataclass(frozen=True)
class HourCell:
    """`tone` is 0 to 10, for the busiest cell."""

    hour: int
    text: str
    tone: int


@dataclass(frozen=True)
class WeekdayRow:
    label: str
    cells: tuple[HourCell, ...]
    total: str


@require_GET
@http.page()
def week(request: http.Request) -> HttpResponse:
    form = HoursForm(request.GET, staff=request.staff)
    counted = peak_hours.count(
        community=request.community,
        by=request.staff,
        at=request.at,
        subject=form.chosen["subject"],
        group=form.group_keys.get(form.chosen["group"]),
        span=int(form.chosen["days"]),
    )
    if "as" in request.GET:
        return _download(counted, request.GET["as"])
    context = {
        "form": form,
        "counted": counted,
        "rows": _rows(counted),
        "sums": [f"{number:,}" for number in counted.by_hour],
        "peaks": [
            _("%(weekday)s %(hour)s:00")
            % {"weekday": WEEKDAYS[weekday], "hour": f"{hour:02}"}
            for weekday, hour, _number in counted.peaks
        ],
        "definition": peak_hours.DEFINITION,
        "download": paging.link(request, **{"as": ""}),
    }
    return http.render(request, "console/insight/hours.html", context)


def _rows(counted: PeakHours) -> list[WeekdayRow]:
    most = counted.highest or 1
    return [
        WeekdayRow(
            str(WEEKDAYS_ABBR[weekday]),
            tuple(
                HourCell(
                    hour,
                    f"{number:,}" if number else "",
                    round(heat_maps.TONES * number / most),
                )
                for hour, number in zip(counted.hours, row, strict=True)
            ),
            f"{sum(row):,}",
        )
        for weekday, row in enumerate(counted.counts)
    ]


def _download(counted: PeakHours, file_format: str) -> HttpResponse:
    name = f"hours-{counted.first.isoformat()}-{counted.last.isoformat()}"
    hours = [f"{hour:02}:00" for hour in counted.hours]
    if file_format in chart_downloads.TABLES:
        table: list[list[Any]] = [
            [_("Weekday"), *hours],
            *(
                [str(WEEKDAYS[weekday]), *row]
                for weekday, row in enumerate(counted.counts)
            ),
        ]
        return chart_downloads.render_table(table, name, file_format)
    if file_format != "svg":
        raise Http404
    most = counted.highest or 1
    cells = [
        Cell(
            row=str(WEEKDAYS[weekday]),
            column=hour,
            text=f"{number:,}" if number else "",
            tone=round(heat_maps.TONES * number / most),
        )
        for weekday, row in enumerate(counted.counts)
        for hour, number in zip(hours, row, strict=True)
    ]
    label = str(peak_hours.SUBJECTS[counted.subject][0])
    title = f"{label}, {counted.first.isoformat()} – {counted.last.isoformat()}"
    svg = heat_maps.render_svg(cells, title=title)
    response = HttpResponse(svg, content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{name}.svg"'
    return response
