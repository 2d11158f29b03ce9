"""What was handed in as a file, whose cells no spreadsheet runs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.activities import time_texts
from qunce.activities.homework import hand_ins, results, terms
from qunce.activities.homework.results import Outcome
from qunce.core import csv_safety, permissions
from qunce.core.facts import facts
from qunce.members.accounts.models import Account
from qunce.members.search import export

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff


def write(*, activity: Activity, by: Staff, at: datetime) -> bytes:
    """The submissions that `by` sees as CSV; recorded like an export of members."""
    permissions.check_may(by, export.EXPORT)
    hand_ins.check_homework(activity)
    standings = hand_ins.list_visible(activity=activity, by=by, at=at)
    found = results.load(activity, standings, at)
    file = io.StringIO()
    csv_safety.write_rows(file, [_headings(), *_lines(activity, found)])
    fact = export.MembersExported(count=len(found), file_format="csv")
    facts.record(fact, community=activity.community, by=by, at=at)
    return export.BOM + file.getvalue().encode()


def _headings() -> list[str]:
    return [
        pgettext("homework", "Name"),
        pgettext("homework", "Handed in at"),
        pgettext("homework", "Late"),
        pgettext("homework", "Text"),
        pgettext("homework", "Link"),
        pgettext("homework", "Reviews"),
        pgettext("homework", "Score"),
        pgettext("homework", "Where it comes from"),
        pgettext("homework", "Passed"),
        pgettext("homework", "Reason"),
    ]


def _lines(activity: Activity, found: Sequence[Outcome]) -> list[list[str]]:
    names = Account.objects.in_bulk({each.standing.person for each in found})
    return [
        [
            str(names.get(each.standing.person, "")),
            time_texts.moment_text(activity, each.submission.at),
            _yes_no(each.submission.is_late),
            each.submission.text,
            each.submission.link,
            ", ".join(str(review.score) for review in each.valid),
            "" if each.doubled is None else terms.score_text(each.doubled),
            str(each.how.label),
            "" if each.submission.passed is None else _yes_no(each.submission.passed),
            each.submission.reason,
        ]
        for each in found
    ]


def _yes_no(value: bool) -> str:
    return _("yes") if value else _("no")
