"""Charts: a figure is turned into one Vega-Lite spec, which is drawn everywhere.

The browser draws the spec with the script of `chart_script`, and the server renders the
same spec as SVG. On a page, colours are the CSS variables of the console, so that charts
follow light and dark mode. Files get the light colours, as they have no style sheet.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any

import vl_convert
from django.utils.translation import gettext as _

from qunce.core import text_validation
from qunce.insight import chart_styles, geometry

CSS_COLOURS = {
    token: f"var(--{token})"
    for token in ("line", "surface", *chart_styles.SERIES_COLOURS)
}
LIGHT_COLOURS = {
    "ink-soft": "#565d59",
    "line": "#dfddd5",
    "accent": "#0a6350",
    "info": "#1b5388",
    "warn": "#7d4a00",
    "bad": "#a02128",
    "good": "#1c6638",
    "surface": "#fffefb",
}


@dataclass(frozen=True, kw_only=True)
class Series:
    """A line of a chart, with one value per day.

    The days are those of the figure, unless `days` gives others, such as the period
    before. Of two series the first is the subject and the second a comparison, unless
    the figure has `equals`. Three or more are always equals, each in a colour or with
    dashes of its own.
    """

    label: str
    values: Sequence[float | None]
    days: Sequence[date] | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A chart and its table.

    Values are in whole units (4.50, not 450 cents) and are shown with `decimals`. Lines
    are drawn over whole days only; if `today` is the last day, it is a mark of its own.
    """

    name: str
    title: str
    unit: str
    days: Sequence[date]
    series: Sequence[Series]
    definition: str = ""
    today: date | None = None
    decimals: int = 0
    equals: bool = False

    @property
    def ends_today(self) -> bool:
        """Whether the last of several days is not over yet."""
        return len(self.days) > 1 and self.days[-1] == self.today

    @property
    def has_gaps(self) -> bool:
        """Whether a series has no value on a day, so that its line is broken there."""
        return any(None in series.values for series in self.series)

    @functools.cached_property
    def spec(self) -> dict[str, Any]:
        """The Vega-Lite spec for a page, as wide as its container."""
        return build_spec(self, CSS_COLOURS, width="container")

    @property
    def summary(self) -> str:
        """The first series in one sentence, for screen readers."""
        values = [value for value in self.series[0].values if value is not None]
        if not values:
            return _("%(title)s: no numbers yet") % {"title": self.title}
        return _(
            "%(title)s: from %(low)s to %(high)s %(unit)s per day, most "
            "recently %(last)s"
        ) % {
            "title": self.title,
            "low": self.format(min(values)),
            "high": self.format(max(values)),
            "unit": self.unit,
            "last": self.format(values[-1]),
        }

    @property
    def axis_values(self) -> list[float]:
        """Round numbers for the y axis, from 0 or below to past the highest value."""
        values = [
            value
            for series in self.series
            for value in series.values
            if value is not None
        ]
        return geometry.axis_values(min([*values, 0]), max([*values, 0]), self.decimals)

    @property
    def column_headings(self) -> list[str]:
        """The headings of the columns of `rows`."""
        headings = [_("Day")]
        for index, series in enumerate(self.series):
            headings += [_("Compared day")] if index and series.days else []
            headings.append(series.label)
        return headings

    @property
    def rows(self) -> list[list[str | float | None]]:
        """The table below the chart, newest day first."""
        rows: list[list[str | float | None]] = []
        for position in reversed(range(len(self.days))):
            row: list[str | float | None] = [self.days[position].isoformat()]
            for index, series in enumerate(self.series):
                if index and series.days:
                    row.append(series.days[position].isoformat())
                row.append(series.values[position])
            rows.append(row)
        return rows

    @property
    def formatted_rows(self) -> list[list[str]]:
        """`rows` with their numbers formatted as text."""
        return [
            [cell if isinstance(cell, str) else self.format(cell) for cell in row]
            for row in self.rows
        ]

    def format(self, value: float | None) -> str:
        return "–" if value is None else f"{value:,.{self.decimals}f}"


def render_svg(figure: Figure, *, width: int = 720) -> str:
    """An SVG file that loads nothing else."""
    spec = build_spec(figure, LIGHT_COLOURS, width=width)
    spec["background"] = LIGHT_COLOURS["surface"]
    return draw(spec)


def draw(spec: dict[str, Any]) -> str:
    """The SVG file of a specification of Vega-Lite, which loads nothing else."""
    # A control character in a name would end the process: the renderer aborts on an SVG
    # that is no XML.
    cleaned = _without_unprintable(spec)
    svg: str = vl_convert.vegalite_to_svg(cleaned, allowed_base_urls=[])
    return text_validation.without_unprintable(svg)


def _without_unprintable(part: Any) -> Any:
    if isinstance(part, str):
        return text_validation.without_unprintable(part)
    if isinstance(part, list | tuple):
        return [_without_unprintable(each) for each in part]
    if isinstance(part, dict):
        return {
            _without_unprintable(name): _without_unprintable(value)
            for name, value in part.items()
        }
    return part


def build_spec(
    figure: Figure, colours: Mapping[str, str], *, width: int | str
) -> dict[str, Any]:
    """The Vega-Lite spec: lines with their labels at the right end."""
    # Loaded with the first chart, as Altair takes a tenth of the time of a start.
    chart_templates = import_module("qunce.insight.chart_templates")
    spec: dict[str, Any] = json.loads(
        chart_templates.build(
            len(figure.series),
            figure.ends_today,
            width,
            figure.equals or len(figure.series) > 2,
            figure.has_gaps,
        )
    )
    # Before the numbers and names are in it, which are no tokens of colours.
    _replace_colours(spec, colours)
    spec["data"]["values"] = _records(figure)
    spec["datasets"] = {"ends": _label_positions(figure)}
    # Dates at every seventh day, counted back from the last one.
    days, y_values = figure.days, figure.axis_values
    step = 7 * max(1, (len(days) + 26) // 28) if len(days) > 8 else 1
    dates = [
        {"year": day.year, "month": day.month, "date": day.day, "utc": True}
        for day in list(days[::-1][::step])[::-1]
    ]
    label = "utcFormat(datum.value, '%m-%d')"
    if figure.ends_today:
        is_today = f"utcFormat(datum.value, '%Y-%m-%d') === '{days[-1].isoformat()}'"
        label = f"{is_today} ? {json.dumps(_('today'))} : {label}"
    for layer in spec["layer"]:
        encoding = layer["encoding"]
        encoding["x"]["axis"] |= {"values": dates, "labelExpr": label}
        if "y" in encoding:
            encoding["y"]["axis"]["values"] = y_values
            encoding["y"]["scale"]["domain"] = [y_values[0], y_values[-1]]
        tooltips = encoding.get("tooltip", ())
        titles = [_("Day"), *(series.label for series in figure.series)]
        for tooltip, title in zip(tooltips, titles, strict=False):
            # vega-tooltip treats fields with these two names as a heading and as the
            # URL of a picture. An invisible space makes them ordinary fields.
            special = title in ("title", "image")
            tooltip["title"] = f"{title}\u200b" if special else title
    return spec


def _replace_colours(part: Any, colours: Mapping[str, str]) -> None:
    """Replace tokens such as `@accent` by colours, everywhere in a part of a spec."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in list(pairs):
        if isinstance(value, (dict, list)):
            _replace_colours(value, colours)
        elif isinstance(value, str) and value[:1] == "@" and value[1:] in colours:
            part[key] = colours[value[1:]]


# What depends on the numbers


def _records(figure: Figure) -> list[dict[str, Any]]:
    """One record per day: values (`v0` …) and the texts of the tooltip (`t0` …).

    `begin` and `end` bound the strip in which the pointer selects the day.
    """
    last = len(figure.days) - 1
    records = []
    for index, day in enumerate(figure.days):
        date_text = day.isoformat()
        if day == figure.today:
            date_text = _("%(day)s, today so far") % {"day": date_text}
        record: dict[str, Any] = {
            "day": day.isoformat(),
            "begin": _midpoint(figure.days[max(index - 1, 0)], day),
            "end": _midpoint(day, figure.days[min(index + 1, last)]),
            "open": figure.ends_today and index == last,
            "when": date_text,
        }
        for number, series in enumerate(figure.series):
            value = series.values[index]
            text = f"{figure.format(value)} {figure.unit}".strip()
            if series.days:
                text = f"{text} ({series.days[index].isoformat()})"
            record[f"v{number}"] = value
            # A value between two gaps has no line, so it is drawn as a point.
            beside = [*series.values[max(index - 1, 0) : index + 2]]
            is_single = value is not None and beside.count(None) == len(beside) - 1
            record[f"p{number}"] = value if is_single else None
            record[f"t{number}"] = text
        records.append(record)
    return records


def _midpoint(day: date, next_day: date) -> str:
    """Halfway between two days, which are drawn at midnight; the day itself at an end."""
    return f"{day.isoformat()}T{'12' if day < next_day else '00'}:00:00Z"


def _label_positions(figure: Figure) -> list[dict[str, Any]]:
    """The labels at the last value of each series, moved apart where they overlap."""
    low, high = figure.axis_values[0], figure.axis_values[-1]
    units_per_pixel = (high - low) / chart_styles.PLOT_HEIGHT
    ends = []
    for number, series in enumerate(figure.series):
        # The label belongs to the solid line, which ends before today.
        solid = (
            series.values[:-1] if figure.ends_today and not number else series.values
        )
        known = [value for value in solid if value is not None]
        ends.append(known[-1] if known else 0)
    positions = geometry.spread([end / units_per_pixel for end in ends])
    lift = max(0.0, low / units_per_pixel - min(positions, default=0.0))
    return [
        {
            "day": figure.days[-1].isoformat(),
            "series": number,
            "end": (position + lift) * units_per_pixel,
            "label": series.label,
        }
        for number, (series, position) in enumerate(
            zip(figure.series, positions, strict=True)
        )
    ]
