from __future__ import annotations

import gzip
import itertools
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from qunce.insight import chart_script, charts, geometry
from qunce.insight.charts import Figure, Line

TODAY = date(2026, 3, 12)
DAYS = [TODAY - timedelta(days=ago) for ago in range(28, -1, -1)]
TOKENS = Path(charts.__file__).parents[1] / "console/static/console/tokens.css"


def figure(*lines: Line, **about: object) -> Figure:
    given = {"name": "orders", "title": "Orders", "unit": "orders", "days": DAYS}
    return Figure(lines=lines or (line("all"),), **(given | about))  # type: ignore[arg-type]


def line(words: str, first: float = 0, **about: object) -> Line:
    values = [first + number for number in range(29)]
    return Line(words=words, values=values, **about)  # type: ignore[arg-type]


def test_a_file_has_the_colours_that_the_screen_has_in_light() -> None:
    css = TOKENS.read_text()
    light = dict(re.findall(r"--([\w-]+): light-dark\((#\w+),", css))
    assert {token: light[token] for token in charts.PAPER} == charts.PAPER


def test_a_figure_carries_all_it_draws_and_loads_nothing() -> None:
    """I16"""
    drawn = figure(line("now"), line("before", 40), today=TODAY).spec
    assert len(drawn["data"]["values"]) == 29
    text = json.dumps(drawn | {"$schema": ""})
    assert "http" not in text
    assert '"url"' not in text


def test_colours_on_the_page_are_tokens_and_in_a_file_are_not() -> None:
    drawn = figure()
    assert "var(--accent)" in json.dumps(drawn.spec)
    svg = charts.svg(drawn)
    assert "var(" not in svg
    assert charts.PAPER["accent"] in svg


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "人群 & “近 28 天”"])
def test_whatever_a_line_is_called_a_file_shows_it_as_text(name: str) -> None:
    svg = charts.svg(figure(line(name), line("before", 40)))
    assert "<script" not in svg
    assert svg.startswith("<svg")


def test_a_name_that_the_tooltip_takes_for_its_own_stays_a_name() -> None:
    drawn = figure(line("image"), line("title")).spec
    tips = [
        tip["title"]
        for layer in drawn["layer"]
        for tip in layer["encoding"].get("tooltip", ())
    ]
    assert tips[1:] == ["image\u200b", "title\u200b"]


def test_only_a_day_that_is_not_over_is_drawn_apart() -> None:
    assert figure(today=TODAY).unfinished
    assert not figure(today=TODAY + timedelta(days=1)).unfinished
    records = figure(today=TODAY).spec["data"]["values"]
    assert [record["open"] for record in records] == [False] * 28 + [True]
    over = figure(today=TODAY + timedelta(days=1)).spec["data"]["values"]
    assert not any(record["open"] for record in over)


def test_the_table_has_the_newest_day_first_and_the_day_compared_with() -> None:
    gone = [day - timedelta(days=28) for day in DAYS]
    told = figure(line("now"), line("before", 1000, days=gone))
    assert told.rows[0] == ["2026-03-12", 28, "2026-02-12", 1028]
    assert told.shown[0] == ["2026-03-12", "28", "2026-02-12", "1,028"]
    assert len(told.heads) == 4


def test_a_day_without_a_number_is_a_dash_and_not_nothing() -> None:
    told = figure(Line(words="size", values=[None] * 28 + [7.5]), places=2)
    assert told.shown[0][1] == "7.50"
    assert told.shown[1][1] == "–"
    assert charts.svg(told).startswith("<svg")


def test_who_does_not_see_the_drawing_is_told_of_it() -> None:
    assert figure().said == "Orders: from 0 to 28 orders a day, 28 last"
    assert figure(Line(words="size", values=[None] * 29)).said.endswith("yet")


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=6))
def test_names_at_the_ends_stand_apart_in_their_order(places: list[float]) -> None:
    found = geometry.spread(places)
    order = sorted(range(len(places)), key=lambda number: places[number])
    for below, above in itertools.pairwise(order):
        assert found[above] - found[below] >= geometry.APART - 1e-6
    assert sum(found) == pytest.approx(sum(places), abs=1e-6)


@given(st.floats(-1e9, 0), st.floats(0, 1e12), st.sampled_from([0, 2]))
def test_the_side_has_few_round_numbers_around_all(
    low: float, high: float, places: int
) -> None:
    found = geometry.steps(low, high, places)
    assert 2 <= len(found) <= 7
    assert found[0] <= low + 0.01
    assert found[-1] >= high - 0.01
    gaps = {round(b - a, places) for a, b in itertools.pairwise(found)}
    assert len(gaps) == 1


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=60))
def test_a_small_curve_stays_inside_its_place(values: list[float]) -> None:
    points = [point.split(",") for point in geometry.sparkline(values).split()]
    assert len(points) == len(values)
    assert all(0 <= float(x) <= 96 and 0 <= float(y) <= 24 for x, y in points)


def test_the_drawing_script_is_made_once_and_of_one_piece() -> None:
    script = gzip.decompress(chart_script.packed()).decode()
    assert "vegaEmbed" in script
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    kept = Path(settings.HOME) / "charts" / f"{chart_script.name()}.js.gz"
    before = kept.stat().st_mtime_ns
    chart_script.packed()
    assert kept.stat().st_mtime_ns == before
