"""Writes a world in a dialect: `members_table` and `orders_table`, and `write` for the file."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from tests.importing.dialects import (
    HEADINGS,
    NOTES,
    PHONES,
    STATUS_WORDS,
    Dialect,
    Table,
    format_money,
    format_time,
)
from tests.importing.worlds import Sale, World

# Tables


def members_table(world: World, dialect: Dialect) -> list[dict[str, Any]]:
    return [
        {
            "key": person.key,
            "name": person.name,
            "phone": PHONES[dialect.phones](person.phone),
            "email": person.email.upper() if dialect.sign % 2 else person.email,
            "joined": format_time(person.joined, dialect),
        }
        for person in world.people
    ]


def orders_table(world: World, dialect: Dialect) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for sale in world.sales:
        rows += _rows_of(sale, dialect)
    return rows


def _rows_of(sale: Sale, dialect: Dialect) -> list[dict[str, Any]]:
    def money(amount: int) -> Any:
        return format_money(amount, sale.currency, dialect)

    head = _head_of(sale, dialect)
    whole = {"total": money(sale.total), "shipping": money(sale.shipping)}
    whole["discount"] = money(sale.discount)
    refunded = {"refunded": money(sale.refunded) if sale.refunded else ""}
    if dialect.refunds == "column":
        whole |= refunded
    if dialect.layout == "orders":
        return [head | whole, *_refund_rows(sale, dialect, head)]
    rows = []
    for index, line in enumerate(sale.lines):
        row = head | {
            "item": line.item,
            "quantity": str(line.quantity),
            "price": money(line.price),
        }
        if dialect.layout == "line amounts":
            row |= {"line": money(line.amount)}
            row |= {name: text for name, text in whole.items() if name != "total"}
        elif dialect.layout == "lines" or index == 0:
            row |= whole
        else:
            row |= dict.fromkeys(whole, "")
        rows.append(row)
    return [*rows, *_refund_rows(sale, dialect, head)]


def _head_of(sale: Sale, dialect: Dialect) -> dict[str, Any]:
    words = STATUS_WORDS[dialect.language][sale.status]
    head = {
        "order": sale.key,
        "paid_at": format_time(sale.paid_at, dialect),
        "status": words[dialect.sign % len(words)],
    }
    reference = f"buyer_{dialect.reference}"
    if sale.person is None:
        head[reference] = dialect.guest
    elif dialect.reference == "phone":
        head[reference] = PHONES[dialect.phones](sale.person.phone)
    elif dialect.reference == "email":
        head[reference] = sale.person.email.title()
    else:
        head[reference] = sale.person.key
    if dialect.money == "column":
        head["currency"] = sale.currency
    return head


def _refund_rows(
    sale: Sale, dialect: Dialect, head: dict[str, Any]
) -> list[dict[str, Any]]:
    if dialect.refunds != "rows":
        return []
    amount = "line" if dialect.layout == "line amounts" else "total"
    return [
        head
        | {
            "paid_at": format_time(sale.paid_at + timedelta(days=days), dialect),
            amount: format_money(-refund, sale.currency, dialect),
        }
        for days, refund in sale.refunds
    ]


def arranged(rows: list[dict[str, Any]], dialect: Dialect) -> Table:
    """Return the rows under headings, with what people put around them."""
    if dialect.has_notes:
        for index, row in enumerate(rows):
            row["note"] = NOTES[(dialect.order + index) % len(NOTES)]
    fields = [*dict.fromkeys(name for row in rows for name in row)]
    step = dialect.order % len(fields)
    fields = fields[step:] + fields[:step]
    words = HEADINGS[dialect.language]
    headings = [words[name][dialect.heading % len(words[name])] for name in fields]
    table = [headings, *([row.get(name, "") for name in fields] for row in rows)]
    if dialect.container in ("json", "ndjson"):
        return table
    blank = [""] * len(fields)
    if dialect.has_second_heading:
        table.insert(1 + len(rows) // 2, headings)
    if dialect.has_title:
        title = "导出的列表" if dialect.language == "zh" else "Exported list"
        table.insert(0, [title, *blank[1:]])
    if dialect.has_total:
        first = "合计" if dialect.language == "zh" else "Total"
        table.append([first, *(_sum(rows, name) for name in fields[1:])])
    return table


def _sum(rows: list[dict[str, Any]], name: str) -> Any:
    """The sum of a column of numbers, as spreadsheets put it under the column."""
    numbers = [row.get(name) for row in rows]
    return (
        sum(n for n in numbers if n)
        if all(isinstance(n, float) for n in numbers)
        else ""
    )


# Files


def write(table: Table, dialect: Dialect, folder: Path) -> Path:
    path = folder / f"file.{dialect.container}"
    if dialect.container == "xlsx":
        _write_workbook(table, dialect, path)
    elif dialect.container == "csv":
        text = io.StringIO(newline="")
        csv.writer(
            text,
            delimiter=dialect.delimiter,
            # The writer quotes no line break that is not its own.
            quoting=csv.QUOTE_ALL if dialect.newline == "\r" else dialect.quoting,  # type: ignore[arg-type]
            lineterminator=dialect.newline,
        ).writerows(table)
        path.write_bytes(text.getvalue().encode(encoding_of(table, dialect)))
    else:
        headings, *rows = table
        objects = [dict(zip(headings, row, strict=True)) for row in rows]
        lines = [json.dumps(each, ensure_ascii=False) for each in objects]
        listed = "[" + ",\n".join(lines) + "]"
        path.write_text("\n".join(lines) if dialect.container == "ndjson" else listed)
    return path


def encoding_of(table: Table, dialect: Dialect) -> str:
    """The dialect's encoding if it has all letters of the table, else UTF-8."""
    try:
        "".join(str(cell) for row in table for cell in row).encode(dialect.encoding)
    except UnicodeEncodeError:
        return "utf-8"
    return dialect.encoding


def _write_workbook(table: Table, dialect: Dialect, path: Path) -> None:
    options = {"strings_to_formulas": False, "default_date_format": "yyyy-mm-dd hh:mm"}
    with xlsxwriter.Workbook(path, options) as book:
        if dialect.has_other_sheet:
            other = book.add_worksheet("old")
            other.write_row(0, 0, table[0])
            other.hide()
        sheet = book.add_worksheet("list")
        sheet.activate()
        sheet.set_first_sheet()
        for index, row in enumerate(table):
            sheet.write_row(index, 0, row)
