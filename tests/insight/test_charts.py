"""Figures, their Vega-Lite specs, SVG files and tables."""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from qunce.insight import chart_script, chart_styles, charts, geometry, heat_maps
from qunce.insight.charts import Figure, Series
from qunce.members.layers.layering_specs import MAX_LAYERS

TODAY = date(2026, 3, 12)
DAYS = [TODAY - timedelta(days=ago) for ago in range(28, -1, -1)]
TOKENS = Path(charts.__file__).parents[1] / "console/static/console/tokens.css"


def figure(*series: Series, **fields: Any) -> Figure:
    defaults = {"name": "orders", "title": "Orders", "unit": "orders", "days": DAYS}
    return Figure(series=series or (rising("all"),), **(defaults | fields))


def rising(label: str, first: float = 0, **fields: Any) -> Series:
    """A series whose value increases by 1 per day."""
    values = [first + number for number in range(29)]
    return Series(label=label, values=values, **fields)


def test_files_have_the_light_colours_of_the_console() -> None:
    css = TOKENS.read_text()
    light = dict(re.findall(r"--([\w-]+): light-dark\((#\w+),", css))
    names = charts.LIGHT_COLOURS
    assert {token: light[token] for token in names} == charts.LIGHT_COLOURS


def test_spec_contains_its_data_and_loads_nothing() -> None:
    """I16"""
    spec = figure(rising("now"), rising("before", 40), today=TODAY).spec
    assert len(spec["data"]["values"]) == 29
    text = json.dumps(spec | {"$schema": ""})
    assert "http" not in text
    assert '"url"' not in text


def test_pages_use_colour_variables_and_files_use_colours() -> None:
    orders = figure()
    assert "var(--accent)" in json.dumps(orders.spec)
    svg = charts.render_svg(orders)
    assert "var(" not in svg
    assert charts.LIGHT_COLOURS["accent"] in svg


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "人群 & “近 28 天”"])
def test_label_is_escaped_in_an_svg_file(label: str) -> None:
    svg = charts.render_svg(figure(rising(label), rising("before", 40)))
    assert "<script" not in svg
    assert svg.startswith("<svg")


def test_control_characters_in_names_leave_files_valid() -> None:
    """A name may have characters that no XML document may hold."""
    label = "a\x01b\x0bc"
    bars = heat_maps.render_bars([heat_maps.Bar(label, 1, "1")], title=label)
    cell = heat_maps.Cell(label, label, "5", 5)
    drawn = heat_maps.render_svg([cell], title=label)
    lines = charts.render_svg(figure(rising(label), rising("before", 40)))
    for svg in (lines, bars, drawn):
        assert "abc" in "".join(ElementTree.fromstring(svg).itertext())


def test_label_that_is_a_keyword_of_the_tooltip_stays_a_label() -> None:
    spec = figure(rising("image"), rising("title")).spec
    titles = [
        tooltip["title"]
        for layer in spec["layer"]
        for tooltip in layer["encoding"].get("tooltip", ())
    ]
    assert titles[1:] == ["image\u200b", "title\u200b"]


def test_lines_end_with_the_last_whole_day() -> None:
    """I16"""
    spec = json.dumps(figure(today=TODAY).spec)
    assert "strokeDash" not in spec
    filters = re.findall(r'"filter": "([^"]+)"', spec)
    assert {"!datum.open", "datum.open"} <= set(filters)
    nothing = figure(Series(label="all", values=[0] * 29), decimals=2)
    assert nothing.axis_values == [0, 1]


def test_only_today_is_drawn_as_unfinished() -> None:
    ended = figure(today=TODAY + timedelta(days=1))
    assert figure(today=TODAY).ends_today
    assert not ended.ends_today
    records = figure(today=TODAY).spec["data"]["values"]
    assert [record["open"] for record in records] == [False] * 28 + [True]
    assert not any(record["open"] for record in ended.spec["data"]["values"])


def test_table_has_the_newest_day_first_and_the_compared_day() -> None:
    previous_days = [day - timedelta(days=28) for day in DAYS]
    compared = figure(rising("now"), rising("before", 1000, days=previous_days))
    assert compared.rows[0] == ["2026-03-12", 28, "2026-02-12", 1028]
    assert compared.formatted_rows[0] == ["2026-03-12", "28", "2026-02-12", "1,028"]
    assert compared.column_headings == ["Day", "now", "Compared day", "before"]


def test_missing_value_is_a_dash_and_not_zero() -> None:
    sizes = figure(Series(label="size", values=[None] * 28 + [7.5]), decimals=2)
    assert sizes.formatted_rows[0][1] == "7.50"
    assert sizes.formatted_rows[1][1] == "–"
    assert charts.render_svg(sizes).startswith("<svg")


def test_summary_describes_the_chart_in_a_sentence() -> None:
    summary = "Orders: from 0 to 28 orders per day, most recently 28"
    assert figure().summary == summary
    empty = figure(Series(label="size", values=[None] * 29))
    assert empty.summary == "Orders: no numbers yet"


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=6))
def test_spread_labels_keep_their_distance_order_and_mean(
    positions: list[float],
) -> None:
    moved = geometry.spread(positions)
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    for below, above in itertools.pairwise(order):
        assert moved[above] - moved[below] >= geometry.MIN_LABEL_DISTANCE - 1e-6
    assert sum(moved) == pytest.approx(sum(positions), abs=1e-6)


@given(st.floats(-1e9, 0), st.floats(0, 1e12), st.sampled_from([0, 2]))
def test_axis_has_few_equally_spaced_values_around_all_data(
    low: float, high: float, decimals: int
) -> None:
    values = geometry.axis_values(low, high, decimals)
    assert 2 <= len(values) <= 7
    assert values[0] <= low + 0.01
    assert values[-1] >= high - 0.01
    gaps = {round(b - a, decimals) for a, b in itertools.pairwise(values)}
    assert len(gaps) == 1


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=60))
def test_sparkline_stays_inside_its_box(values: list[float]) -> None:
    points = [point.split(",") for point in geometry.sparkline(values).split()]
    assert len(points) == len(values)
    assert all(0 <= float(x) <= 96 and 0 <= float(y) <= 24 for x, y in points)


def test_chart_script_is_one_plain_script_and_is_built_once() -> None:
    script = gzip.decompress(chart_script.load_gzipped()).decode()
    assert "vegaEmbed" in script
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    path = Path(settings.HOME) / "charts" / f"{chart_script.name()}.js.gz"
    before = path.stat().st_mtime_ns
    chart_script.load_gzipped()
    assert path.stat().st_mtime_ns == before


def test_layers_have_the_colours_of_their_lines() -> None:
    sheet = (TOKENS.parent / "pages" / "layers.css").read_text()
    tones = re.findall(r"((?:\.tone-\d+,?\s*)+)\{\s*--hue: var\(--([a-z-]+)\)", sheet)
    assert [colour for _tones, colour in tones] == list(chart_styles.SERIES_COLOURS)
    for index, (selectors, _colour) in enumerate(tones):
        numbers = [int(number) for number in re.findall(r"\d+", selectors)]
        assert numbers == list(range(index + 1, MAX_LAYERS + 1, len(tones)))
    two = dataclasses.replace(figure(rising("a"), rising("b")), equals=True)
    marks = [layer["mark"] for layer in charts.build_spec(two, {}, width=9)["layer"]]
    lines = [mark["color"] for mark in marks if mark.get("type") == "line"]
    assert sorted(lines) == ["@accent", "@info"]


def test_no_two_layers_look_the_same() -> None:
    sheet = (TOKENS.parent / "pages" / "layers.css").read_text()
    shades = re.findall(r"((?:\.tone-\d+,?\s*)+)\{\s*fill: ([^;]+);", sheet)
    assert len({shade for _tones, shade in shades}) == len(shades)
    shaded = [n for tones, _shade in shades for n in re.findall(r"\d+", tones)]
    assert sorted(map(int, shaded)) == list(range(1, MAX_LAYERS + 1))
    many = figure(*(rising(f"s{number}") for number in range(MAX_LAYERS)))
    marks = [layer["mark"] for layer in charts.build_spec(many, {}, width=9)["layer"]]
    lines = [mark for mark in marks if mark.get("type") == "line"]
    looks = {(mark["color"], str(mark.get("strokeDash"))) for mark in lines}
    assert len(looks) == len(lines) == MAX_LAYERS
