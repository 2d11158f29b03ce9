"""The replies to a topic as a file, whose cells no spreadsheet runs."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import pgettext

from qunce.activities import time_texts
from qunce.activities.topics import reply_list
from qunce.core import csv_safety, permissions
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.search import export

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

MAX_ROWS = 100_000


def write(*, activity: Activity, by: Staff, at: datetime) -> bytes:
    """The replies that `by` sees, the newest first; recorded like an export of members."""
    permissions.check_may(by, export.EXPORT)
    rows = list(reply_list.list_visible(activity=activity, by=by, at=at)[:MAX_ROWS])
    persons = account_queries.person_ids(row.account_id for row in rows)
    names = Account.objects.in_bulk(set(persons.values()))
    table = [
        [
            pgettext("reply", "Name"),
            pgettext("reply", "Reply"),
            pgettext("reply", "Time"),
            pgettext("reply", "State"),
            pgettext("reply", "Reason"),
            pgettext("reply", "Way"),
        ]
    ]
    for row in rows:
        table.append(
            [
                str(names.get(persons[row.account_id], "")),
                row.text,
                time_texts.moment_text(activity, row.said_at),
                row.get_state_display(),
                row.reason,
                row.get_source_display(),
            ]
        )
    fact = export.MembersExported(count=len(rows), file_format="csv")
    facts.record(fact, community=activity.community, by=by, at=at)
    file = io.StringIO()
    csv_safety.write_rows(file, table)
    return export.BOM + file.getvalue().encode()
