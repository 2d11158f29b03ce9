"""The sign-ups of a meet-up as a file, whose cells no spreadsheet runs."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities import time_texts
from qunce.activities.meetups import sign_ups, terms
from qunce.core import csv_safety, errors, permissions
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.search import export

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.activities.meetups.models import SignUp
    from qunce.core.staff.models import Staff

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Format → its content type."""


def write(*, activity: Activity, file_format: str, by: Staff, at: datetime) -> bytes:
    """The sign-ups that `by` sees, with answers; recorded like an export of members."""
    permissions.check_may(by, export.EXPORT)
    if file_format not in FORMATS:
        raise errors.Invalid(_("Choose CSV or XLSX."))
    rows = sign_ups.list_visible(activity=activity, by=by, at=at)
    table = [_headings(activity), *_lines(activity, rows)]
    fact = export.MembersExported(count=len(rows), file_format=file_format)
    facts.record(fact, community=activity.community, by=by, at=at)
    return _write_csv(table) if file_format == "csv" else _write_workbook(table)


def _headings(activity: Activity) -> list[str]:
    return [
        pgettext("sign-up", "Name"),
        pgettext("sign-up", "Time"),
        pgettext("sign-up", "State"),
        pgettext("sign-up", "Place in line"),
        pgettext("sign-up", "Signed up at"),
        pgettext("sign-up", "Checked in at"),
        *(question["text"] for question in activity.settings["questions"]),
    ]


def _lines(activity: Activity, rows: list[SignUp]) -> list[list[str]]:
    persons = account_queries.person_ids(row.account_id for row in rows)
    names = Account.objects.in_bulk(set(persons.values()))
    questions = [question["text"] for question in activity.settings["questions"]]
    found = []
    for row in rows:
        answers = dict(row.answers)
        person = names.get(persons[row.account_id])
        came = row.checked_in_at
        found.append(
            [
                str(person or ""),
                terms.slot_text(activity, row.slot),
                row.get_state_display(),
                str(row.place),
                time_texts.moment_text(activity, row.at),
                time_texts.moment_text(activity, came) if came else "",
                *(answers.get(question, "") for question in questions),
            ]
        )
    return found


def _write_csv(table: list[list[str]]) -> bytes:
    file = io.StringIO()
    csv_safety.write_rows(file, table)
    return export.BOM + file.getvalue().encode()


def _write_workbook(table: list[list[str]]) -> bytes:
    import xlsxwriter

    file = io.BytesIO()
    options: dict[str, Any] = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        bold = workbook.add_format({"bold": True})
        sheet = workbook.add_worksheet()
        for number, row in enumerate(table):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, None if number else bold)
    return file.getvalue()
