"""The parts of the specs of charts that do not depend on their numbers, made by Altair."""

from __future__ import annotations

import functools
import json
from typing import Any

import altair as alt

from qunce.insight import chart_styles

AXIS: dict[str, Any] = {
    "labelColor": "@ink-soft",
    "labelFont": chart_styles.FONT,
    "labelFontSize": 12,
    "domain": False,
    "ticks": False,
    "labelPadding": 8,
    "gridColor": "@line",
}


@functools.cache
def build(
    count: int, ends_today: bool, width: int | str, equals: bool, has_gaps: bool
) -> str:
    """The spec of `count` series without their numbers, as JSON.

    It is cached because Altair takes 0.15 s to validate it.
    """
    layers: list[alt.Chart] = []
    # The first series is drawn last, on top of the others.
    for number in reversed(range(count)):
        layers += _line_layers(number, equals=equals, ends_today=ends_today)
        if has_gaps:
            colour = _colour_token(number, equals=equals)
            points = alt.Chart().encode(x=_x(), y=_y(f"p{number}"))
            # Without a single value it is empty, which an image may not be.
            mark = points.mark_point(filled=True, color=colour, size=24, aria=False)
            layers.append(mark)
    # The names of two or more series at their right ends, in their colours.
    if count > 1:
        base = alt.Chart(alt.NamedData(name="ends"))
        base = base.encode(x=_x(), y=_y("end"), text="label:N")
        layers += [
            base.transform_filter(f"datum.series === {number}").mark_text(
                color=_colour_token(number, equals=equals),
                fontWeight=400 if number and not equals else 600,
                align="left",
                dx=10,
                fontSize=12,
                limit=chart_styles.MAX_LABEL_WIDTH,
            )
            for number in range(count)
        ]
    layers += _pointer_layers(count)
    chart = alt.layer(*layers, data=alt.Data(values=[]))  # type: ignore[no-untyped-call]
    padding = {"left": 4, "right": 12, "top": 12, "bottom": 4}
    chart = chart.properties(
        width=width, height=chart_styles.PLOT_HEIGHT, padding=padding
    )
    chart = chart.configure(
        background="transparent",
        font=chart_styles.FONT,
        axis=alt.AxisConfig(**AXIS),
        view=alt.ViewConfig(stroke=None),
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    return json.dumps(chart.to_dict())


def _x(field: str = "day") -> alt.X:
    axis = alt.Axis(title=None, grid=False, labelFlush=False)
    return alt.X(f"{field}:T", scale=alt.Scale(type="utc"), axis=axis)


def _y(field: str) -> alt.Y:
    axis = alt.Axis(title=None, format=",~f")
    return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(nice=False))


def _colour_token(number: int, *, equals: bool) -> str:
    """The colour of a series and of its label.

    The bars of layers have the same ones, see `--hue` in layers.css.
    """
    if equals:
        return (
            f"@{chart_styles.SERIES_COLOURS[number % len(chart_styles.SERIES_COLOURS)]}"
        )
    return "@ink-soft" if number else "@accent"


def _line_layers(number: int, *, equals: bool, ends_today: bool) -> list[alt.Chart]:
    """The line of a series over whole days; of the first one, today is a mark apart."""
    base = alt.Chart().encode(x=_x(), y=_y(f"v{number}"))
    complete = base.transform_filter("!datum.open")
    if number:
        width = 1.75 if equals else 1.25
        style: dict[str, Any] = {"color": _colour_token(number, equals=equals)}
        if dash := chart_styles.DASHES[
            number // len(chart_styles.SERIES_COLOURS) % len(chart_styles.DASHES)
        ]:
            style["strokeDash"] = dash
        return [complete.mark_line(strokeWidth=width, opacity=0.9, **style)]
    solid = complete.mark_line(color="@accent", strokeWidth=2)
    if not ends_today:
        return [solid]
    today = base.transform_filter("datum.open").mark_point(
        color="@ink-soft", fill="@surface", size=40, strokeWidth=1.5, opacity=1
    )
    return [solid, today]


def _pointer_layers(count: int) -> list[alt.Chart]:
    """A vertical line, a point and a tooltip at the day under the pointer."""
    # Each day has an invisible strip of its own. A selection with `nearest` needs no
    # strips, but Vega-Lite 6.4 then looks up the texts of the tooltip in the wrong place.
    near = alt.selection_point(
        name="near", on="pointerover", clear="pointerout", fields=["day"], empty=False
    )
    tooltips = [alt.Tooltip("when:N", title="")]
    tooltips += [alt.Tooltip(f"t{number}:N", title="") for number in range(count)]
    opacity = alt.condition(near, alt.value(1), alt.value(0))
    base = alt.Chart().encode(x=_x(), opacity=opacity)
    strip = alt.Chart().encode(x=_x("begin"), x2="end:T", tooltip=tooltips)
    return [
        base.mark_rule(color="@ink-soft", strokeWidth=1),
        base.encode(y=_y("v0")).mark_point(fill="@accent", color="@accent", size=44),
        strip.mark_rect(fill="transparent").add_params(near),
    ]
