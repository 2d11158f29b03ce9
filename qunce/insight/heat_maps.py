"""Heat maps and bars as SVG files, for reports and presentations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qunce.insight import charts
from qunce.insight.chart_styles import FONT
from qunce.insight.charts import LIGHT_COLOURS

CELL_WIDTH, CELL_HEIGHT = 56, 26
TONES = 10
PALEST = "#f2f7f4"


@dataclass(frozen=True)
class Cell:
    """`tone` is 0 to TONES; None is drawn without a colour."""

    row: str
    column: str
    text: str
    tone: int | None


@dataclass(frozen=True)
class Bar:
    label: str
    value: int
    text: str


def render_svg(cells: Sequence[Cell], *, title: str) -> str:
    """A heat map, with rows and columns in the order in which they occur first."""
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    values = [
        {
            "row": cell.row,
            "column": cell.column,
            "text": cell.text,
            "tone": cell.tone,
            "light": (cell.tone or 0) > TONES / 2,
        }
        for cell in cells
    ]
    x = {"field": "column", "type": "nominal", "sort": columns, "title": None}
    y = {"field": "row", "type": "nominal", "sort": rows, "title": None}
    scale = {"domain": [0, TONES], "range": [PALEST, LIGHT_COLOURS["accent"]]}
    colour = {
        "condition": {
            "test": "datum.tone !== null",
            "field": "tone",
            "type": "quantitative",
            "scale": scale,
            "legend": None,
        },
        "value": LIGHT_COLOURS["surface"],
    }
    text_colour = {
        "condition": {"test": "datum.light", "value": "#ffffff"},
        "value": "#1b1f1d",
    }
    axis = {"orient": "top", "labelAngle": 0, "labelLimit": CELL_WIDTH}
    spec = {
        "data": {"values": values},
        "title": {"text": title, "anchor": "start"},
        "width": {"step": CELL_WIDTH},
        "height": {"step": CELL_HEIGHT},
        "encoding": {"x": {**x, "axis": axis}, "y": y},
        "layer": [
            {
                "mark": {"type": "rect", "stroke": "#ffffff"},
                "encoding": {"color": colour},
            },
            {
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {
                    "text": {"field": "text", "type": "nominal"},
                    "color": text_colour,
                },
            },
        ],
    }
    return _draw(spec)


def render_bars(bars: Sequence[Bar], *, title: str) -> str:
    """Horizontal bars with their texts at the end."""
    values = [
        {"label": bar.label, "value": bar.value, "text": bar.text} for bar in bars
    ]
    labels = [bar.label for bar in bars]
    spec = {
        "data": {"values": values},
        "title": {"text": title, "anchor": "start"},
        "width": 460,
        "height": {"step": 34},
        "encoding": {
            "y": {
                "field": "label",
                "type": "nominal",
                "sort": labels,
                "title": None,
                "axis": {"labelLimit": 260},
            },
            "x": {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "axis": {"format": ",~f", "tickMinStep": 1},
            },
        },
        "layer": [
            {"mark": {"type": "bar", "color": LIGHT_COLOURS["accent"], "height": 20}},
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 11},
                "encoding": {"text": {"field": "text", "type": "nominal"}},
            },
        ],
    }
    return _draw(spec)


def _draw(spec: dict[str, Any]) -> str:
    axis = {
        "labelFont": FONT,
        "labelColor": LIGHT_COLOURS["ink-soft"],
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
        "grid": False,
    }
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": LIGHT_COLOURS["surface"],
        "padding": 12,
        "config": {"font": FONT, "axis": axis, "view": {"stroke": None}},
        **spec,
    }
    return charts.draw(whole)
