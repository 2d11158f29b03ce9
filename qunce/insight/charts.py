"""Charts: what is drawn is a figure, and one Vega-Lite spec draws it everywhere.

The browser draws it with the script that vl-convert carries (`scripts`), the server makes
the same spec into SVG. Colours are the console's own tokens, so that a chart on screen
follows light and dark by itself; a file gets them as they are in light.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import vl_convert
from django.utils.translation import gettext as _

from qunce.insight import geometry

HEIGHT = 176
"""Pixels of a plot; its width is that of its place."""
ROOM = 112
"""Pixels that a line's name may take, right of the plot."""
FONT = "PingFang SC, Noto Sans SC, Noto Sans CJK SC, Microsoft YaHei, system-ui, sans-serif"
PEERS = ("accent", "info", "warn", "bad", "good", "ink-soft")
TOKENS = ("line", "surface", *PEERS)
SCREEN = {token: f"var(--{token})" for token in TOKENS}
PAPER = {
    "ink-soft": "#565d59",
    "line": "#dfddd5",
    "accent": "#0a6350",
    "info": "#1b5388",
    "warn": "#7d4a00",
    "bad": "#a02128",
    "good": "#1c6638",
    "surface": "#fffefb",
}
"""The light half of those tokens, for files, which know no style sheet."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """`values` go with the figure's days, or with `days` where those are others.

    Of two lines the first is the subject, the other is there to compare; three or more
    are peers, each in a colour of its own.
    """

    words: str
    values: Sequence[float | None]
    days: Sequence[date] | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`places` are the digits after the point; values are given in whole units then.

    `today` is the day that is not over yet, drawn as such where it is the last.
    """

    name: str
    title: str
    unit: str
    days: Sequence[date]
    lines: Sequence[Line]
    definition: str = ""
    today: date | None = None
    places: int = 0

    @property
    def unfinished(self) -> bool:
        return len(self.days) > 1 and self.days[-1] == self.today

    @functools.cached_property
    def spec(self) -> dict[str, Any]:
        """For the browser: as wide as its place on the page."""
        return spec(self, SCREEN, width="container")

    @property
    def said(self) -> str:
        """The subject in a sentence, for who does not see the drawing."""
        values = [value for value in self.lines[0].values if value is not None]
        if not values:
            return _("%(title)s: no numbers yet") % {"title": self.title}
        return _(
            "%(title)s: from %(low)s to %(high)s %(unit)s per day, most "
            "recently %(last)s"
        ) % {
            "title": self.title,
            "low": self.say(min(values)),
            "high": self.say(max(values)),
            "unit": self.unit,
            "last": self.say(values[-1]),
        }

    @property
    def steps(self) -> list[float]:
        """Round numbers up the side, from nothing to past the highest value."""
        values = [one for line in self.lines for one in line.values if one is not None]
        return geometry.steps(min([*values, 0]), max([*values, 0]), self.places)

    @property
    def heads(self) -> list[str]:
        """What stands over the columns of `rows`."""
        heads = [_("Day")]
        for number, line in enumerate(self.lines):
            heads += [_("Compared day")] if number and line.days else []
            heads.append(line.words)
        return heads

    @property
    def rows(self) -> list[list[str | float | None]]:
        """The table under the chart, newest day first."""
        rows: list[list[str | float | None]] = []
        for place in reversed(range(len(self.days))):
            row: list[str | float | None] = [self.days[place].isoformat()]
            for number, line in enumerate(self.lines):
                if number and line.days:
                    row.append(line.days[place].isoformat())
                row.append(line.values[place])
            rows.append(row)
        return rows

    @property
    def shown(self) -> list[list[str]]:
        """`rows` as a reader reads them."""
        return [
            [part if isinstance(part, str) else self.say(part) for part in row]
            for row in self.rows
        ]

    def say(self, value: float | None) -> str:
        return "–" if value is None else f"{value:,.{self.places}f}"


def svg(figure: Figure, *, width: int = 720) -> str:
    """The figure as a file of its own, which loads nothing."""
    drawn = spec(figure, PAPER, width=width)
    drawn["background"] = PAPER["surface"]
    text: str = vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])
    return text


def spec(
    figure: Figure, colours: Mapping[str, str], *, width: int | str
) -> dict[str, Any]:
    """The Vega-Lite description: lines with their names at their ends."""
    drawn: dict[str, Any] = json.loads(
        _shape(len(figure.lines), figure.unfinished, width)
    )
    drawn["data"]["values"] = _wide(figure)
    drawn["datasets"] = {"ends": _ends(figure)}
    axis = {"values": _marked(figure), "labelExpr": _label(figure)}
    steps = figure.steps
    for layer in drawn["layer"]:
        encoding = layer["encoding"]
        encoding["x"]["axis"] |= axis
        if "y" in encoding:
            encoding["y"]["axis"]["values"] = steps
            encoding["y"]["scale"]["domain"] = [steps[0], steps[-1]]
        for place, tip in enumerate(encoding.get("tooltip", ())):
            tip["title"] = _head(figure.lines[place - 1].words) if place else _("Day")
    _colour(drawn, colours)
    return drawn


def _head(words: str) -> str:
    """The tooltip would take these two for a heading and a picture's address."""
    return f"{words}\u200b" if words in ("title", "image") else words


def _colour(part: Any, colours: Mapping[str, str]) -> None:
    """Tokens such as `@accent` become colours, wherever they stand."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for place, value in list(pairs):
        if isinstance(value, (dict, list)):
            _colour(value, colours)
        elif isinstance(value, str) and value[:1] == "@" and value[1:] in colours:
            part[place] = colours[value[1:]]


@functools.cache
def _shape(lines: int, unfinished: bool, width: int | str) -> str:
    """All that does not depend on the numbers: Altair takes 0.15 s to check it."""
    layers: list[alt.Chart] = []
    for number in reversed(range(lines)):
        layers += _line(number, lines, unfinished=unfinished)
    layers += _names(lines)
    layers += _pointed(lines)
    chart = alt.layer(*layers, data=alt.Data(values=[]))  # type: ignore[no-untyped-call]
    padding = {"left": 4, "right": 12, "top": 12, "bottom": 4}
    chart = chart.properties(width=width, height=HEIGHT, padding=padding)
    return json.dumps(chart.configure(**_theme()).to_dict())


def _theme() -> dict[str, Any]:
    axis: dict[str, Any] = {
        "labelColor": "@ink-soft",
        "labelFont": FONT,
        "labelFontSize": 12,
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
        "gridColor": "@line",
    }
    return {
        "background": "transparent",
        "font": FONT,
        "axis": alt.AxisConfig(**axis),
        "view": alt.ViewConfig(stroke=None),
        "autosize": alt.AutoSizeParams(type="fit-x", contains="padding"),
    }


def _wide(figure: Figure) -> list[dict[str, Any]]:
    """One record a day with every line's value and the words for pointing at it."""
    last = len(figure.days) - 1
    records = []
    for place, day in enumerate(figure.days):
        record: dict[str, Any] = {
            "day": day.isoformat(),
            "begin": _noon(figure.days[max(place - 1, 0)], day),
            "end": _noon(day, figure.days[min(place + 1, last)]),
            "open": figure.unfinished and place == last,
            "tail": figure.unfinished and place >= last - 1,
            "when": _when(figure, day),
        }
        for number, line in enumerate(figure.lines):
            record[f"v{number}"] = line.values[place]
            record[f"t{number}"] = _told(figure, line, place)
        records.append(record)
    return records


def _noon(day: date, after: date) -> str:
    """Half way from one day to the next; days themselves are drawn at midnight."""
    return f"{day.isoformat()}T{'12' if day < after else '00'}:00:00Z"


def _when(figure: Figure, day: date) -> str:
    if day == figure.today:
        return _("%(day)s, today so far") % {"day": day.isoformat()}
    return day.isoformat()


def _told(figure: Figure, line: Line, place: int) -> str:
    told = f"{figure.say(line.values[place])} {figure.unit}".strip()
    if line.days:
        return f"{told} ({line.days[place].isoformat()})"
    return told


def _marked(figure: Figure) -> list[dict[str, Any]]:
    """Every seventh day has its date, counted back from the last."""
    days = figure.days
    step = 7 * max(1, (len(days) + 26) // 28) if len(days) > 8 else 1
    chosen = list(days[::-1][::step])[::-1]
    return [
        {"year": day.year, "month": day.month, "date": day.day, "utc": True}
        for day in chosen
    ]


def _label(figure: Figure) -> str:
    label = "utcFormat(datum.value, '%m-%d')"
    if not figure.unfinished:
        return label
    last = figure.days[-1].isoformat()
    today = f"utcFormat(datum.value, '%Y-%m-%d') === '{last}'"
    return f"{today} ? {json.dumps(_('today'))} : {label}"


def _x(field: str = "day") -> alt.X:
    axis = alt.Axis(title=None, grid=False, labelFlush=False)
    return alt.X(f"{field}:T", scale=alt.Scale(type="utc"), axis=axis)


def _y(field: str) -> alt.Y:
    axis = alt.Axis(title=None, format=",~f")
    return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(nice=False))


def _token(number: int, lines: int) -> str:
    """The colour of a line, and of its name."""
    if lines > 2:
        return f"@{PEERS[number % len(PEERS)]}"
    return "@ink-soft" if number else "@accent"


def _line(number: int, lines: int, *, unfinished: bool) -> list[alt.Chart]:
    """A line; its last piece is dashed and grey where today is not over."""
    base = alt.Chart().encode(x=_x(), y=_y(f"v{number}"))
    over = base.transform_filter("!datum.open")
    if number:
        colour, width = _token(number, lines), 1.75 if lines > 2 else 1.25
        return [over.mark_line(color=colour, strokeWidth=width, opacity=0.9)]
    done = over.mark_line(color="@accent", strokeWidth=2)
    if not unfinished:
        return [done]
    tail = base.transform_filter("datum.tail").mark_line(
        color="@ink-soft", strokeDash=[3, 3], strokeWidth=1.5
    )
    now = base.transform_filter("datum.open").mark_point(
        color="@ink-soft", fill="@surface", size=40, strokeWidth=1.5, opacity=1
    )
    return [done, tail, now]


def _names(lines: int) -> list[alt.Chart]:
    """The lines' names at their ends, in the lines' colours."""
    if lines < 2:
        return []
    base = alt.Chart(alt.NamedData(name="ends"))
    base = base.encode(x=_x(), y=_y("end"), text="words:N")
    return [
        base.transform_filter(f"datum.line === {number}").mark_text(
            color=_token(number, lines),
            fontWeight=400 if number and lines == 2 else 600,
            align="left",
            dx=10,
            fontSize=12,
            limit=ROOM,
        )
        for number in range(lines)
    ]


def _ends(figure: Figure) -> list[dict[str, Any]]:
    """Where the names stand: pushed apart where they would overlap."""
    low, high = figure.steps[0], figure.steps[-1]
    unit = (high - low) / HEIGHT
    ends = [_end(figure, line) for line in figure.lines]
    moved = geometry.spread([end / unit for end in ends])
    lift = max(0.0, low / unit - min(moved, default=0.0))
    return [
        {
            "day": figure.days[-1].isoformat(),
            "line": number,
            "end": (place + lift) * unit,
            "words": line.words,
        }
        for number, (line, place) in enumerate(zip(figure.lines, moved, strict=True))
    ]


def _end(figure: Figure, line: Line) -> float:
    """The last value of a day that is over, where there is one."""
    values = list(line.values)
    if figure.unfinished and line is figure.lines[0]:
        values = values[:-1]
    return next((value for value in reversed(values) if value is not None), 0)


def _pointed(lines: int) -> list[alt.Chart]:
    """The day under the pointer: a line through it, and its numbers.

    Each day has a strip of its own to be pointed at. The nearest day could be found
    without, but Vega-Lite 6.4 then looks for the words in the wrong place.
    """
    near = alt.selection_point(
        name="near", on="pointerover", clear="pointerout", fields=["day"], empty=False
    )
    told = [alt.Tooltip("when:N", title="")]
    told += [alt.Tooltip(f"t{number}:N", title="") for number in range(lines)]
    seen = alt.condition(near, alt.value(1), alt.value(0))
    base = alt.Chart().encode(x=_x(), opacity=seen)
    strip = alt.Chart().encode(x=_x("begin"), x2="end:T", tooltip=told)
    return [
        base.mark_rule(color="@ink-soft", strokeWidth=1),
        base.encode(y=_y("v0")).mark_point(fill="@accent", color="@accent", size=44),
        strip.mark_rect(fill="transparent").add_params(near),
    ]
