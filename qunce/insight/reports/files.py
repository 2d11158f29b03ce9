"""Reports as files: a workbook, a page that loads nothing else, and a picture."""

from __future__ import annotations

import functools
import io
import unicodedata
from typing import Any

import vl_convert
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors, text_validation
from qunce.insight import geometry
from qunce.insight.chart_styles import FONT
from qunce.insight.charts import LIGHT_COLOURS
from qunce.insight.reports import sections
from qunce.insight.reports.models import Report

WIDTH = 1080
MARGIN = 64
FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
"""Format of a file → its content type."""


class NoFont(errors.Refused):
    """The server has no font with Chinese characters, so that a picture had boxes."""


def name_of(report: Report, file_format: str) -> str:
    return f"report-{report.kind}-{report.first.isoformat()}.{file_format}"


def write(report: Report, file_format: str) -> bytes:
    """The file in a format of FORMATS."""
    if file_format == "xlsx":
        return _write_workbook(report)
    if file_format == "html":
        return render_to_string("insight/report.html", _context(report)).encode()
    svg = draw(report)
    if file_format == "svg":
        return svg.encode()
    if not has_chinese_font():
        raise NoFont(
            _(
                "The server has no font with Chinese characters. Take the SVG file, or "
                "install the package fonts-noto-cjk."
            )
        )
    return bytes(vl_convert.svg_to_png(svg))


def _context(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "language": translation.get_language(),
        "title": sections.title(report),
        "stamp": sections.stamp(report),
        "lines": sections.lines(report),
        "equation": sections.account_line(report),
        "findings": sections.finding_texts(report),
        "no_finding": sections.no_finding_line(report),
        "has_findings": sections.has_section(report, "findings"),
        "actions": sections.action_texts(report),
        "tables": sections.tables(report),
    }


def _write_workbook(report: Report) -> bytes:
    """A sheet of sentences and one per table; all cells are the texts of the report."""
    import xlsxwriter

    file = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    found = sections.finding_texts(report)
    summary = [
        [report.community.name, sections.title(report)],
        [sections.stamp(report)],
        [sections.account_line(report)],
        *(
            [line.label, line.value, line.compared, line.previous, line.difference]
            for line in sections.lines(report)
        ),
        *([each.headline, each.cause, each.effect] for each in found),
        *(
            [each.day, each.action, each.outcome]
            for each in sections.action_texts(report)
        ),
    ]
    if not found and sections.has_section(report, "findings"):
        summary.append([sections.no_finding_line(report)])
    with xlsxwriter.Workbook(file, options) as workbook:
        heading = workbook.add_format({"bold": True})
        sheets: list[tuple[str, list[Any]]] = [(_("Report"), summary)]
        for table in sections.tables(report):
            note = [[table.note]] if table.note else []
            sheets.append((table.title, [table.headings, *table.rows, *note]))
        for title, rows in sheets:
            sheet = workbook.add_worksheet(_sheet_name(title))
            sheet.set_column(0, 0, 28)
            sheet.set_column(1, 8, 16)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    style = None if number else heading
                    sheet.write_string(number, column, cell[:32_000], style)
    return file.getvalue()


def _sheet_name(title: str) -> str:
    """Spreadsheets refuse some signs and long names."""
    return "".join(sign for sign in title if sign not in "[]:*?/\\'")[:31]


# The picture


def draw(report: Report) -> str:
    """An SVG of 1080 pixels width with the lines, the days and the groups."""
    values = [int(row["value"].replace(",", "")) for row in report.result["days"]]
    inner = WIDTH - 2 * MARGIN
    groups = [
        {
            "name": shorten(row["name"], 26),
            "growth": row["net_growth"],
            "y": 60 * index,
            "sign": row["net_growth"][0],
        }
        for index, row in enumerate(_outer_groups(report))
    ]
    found = sections.finding_texts(report)
    text = found[0].headline if found else sections.no_finding_line(report)
    wrapped = [
        {"text": line, "y": 46 * index} for index, line in enumerate(wrap(text, 54))
    ]
    tops = {"finding": 900 + 60 * len(groups) + (80 if groups else 0)}
    lines = [
        {
            "label": line.label,
            "value": line.value,
            "before": line.previous_text,
            "difference": line.difference,
            "y": 120 * index,
        }
        for index, line in enumerate(sections.lines(report))
    ]
    svg = render_to_string(
        "insight/report.svg",
        {
            "width": WIDTH,
            "height": tops["finding"] + 46 * len(wrapped) + 130,
            "right": WIDTH - MARGIN,
            "margin": MARGIN,
            "font": FONT,
            "colours": {
                name.replace("-", "_"): value for name, value in LIGHT_COLOURS.items()
            },
            "community": shorten(report.community.name, 40),
            "title": sections.title(report),
            "stamp": sections.stamp(report),
            "lines": lines,
            "equation": sections.account_line(report),
            "days_label": _("Active members of each day"),
            "groups_label": _("Net growth of groups"),
            "days": geometry.sparkline(values, width=inner, height=150, margin=4),
            "first_day": report.result["days"][0]["day"][5:],
            "last_day": report.result["days"][-1]["day"][5:],
            "groups": groups,
            "finding": wrapped,
            "finding_top": tops["finding"],
        },
    )
    return text_validation.without_unprintable(svg)


def _outer_groups(report: Report) -> list[dict[str, str]]:
    """Three groups that grew most and three that lost most."""
    rows = report.result["groups"]["rows"]
    return list(rows) if len(rows) <= 6 else [*rows[:3], *rows[-3:]]


def _width(text: str) -> int:
    """Columns, of which a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def shorten(text: str, columns: int) -> str:
    """The beginning of a text that is as wide as `columns`."""
    if _width(text) <= columns:
        return text
    while text and _width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns`, broken at spaces and between Chinese characters."""
    lines, line, word = [], "", ""
    for sign in f"{text} ":
        word += sign
        if sign != " " and unicodedata.east_asian_width(sign) not in "WF":
            continue
        if _width(line + word.rstrip()) > columns and line:
            lines.append(line.rstrip())
            line = ""
        line, word = line + word, ""
    lines.append(line.rstrip())
    return [shorten(each, columns) for each in lines if each]


@functools.cache
def has_chinese_font() -> bool:
    """Whether two Chinese characters look different; without a font both are a box."""
    pictures = [
        bytes(
            vl_convert.svg_to_png(
                '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
                f'<text y="30" font-size="30" font-family="{FONT}">{sign}</text></svg>'
            )
        )
        for sign in "群日"
    ]
    return pictures[0] != pictures[1]
