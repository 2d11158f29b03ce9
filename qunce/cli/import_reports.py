"""The report of an import as lines: each a label and a number."""

from __future__ import annotations

from django.utils.translation import gettext as _

from qunce.cli import output
from qunce.importing import target_registry
from qunce.importing.jobs import reports
from qunce.importing.jobs.jobs import ImportJob


def list_lines(job: ImportJob) -> list[str]:
    """Return the numbers that the console shows, in the same order."""
    target = target_registry.get(job.target)
    rows = [
        (_("rows read"), reports.count_rows(job)),
        *reports.list_row_counts(job, target),
    ]
    table = [(str(label), f"{count:,}") for label, count in rows]
    for money in reports.list_money(job.counts):
        table += [
            (target.count_label(f"{part}:{money.currency}"), getattr(money, part))
            for part in reports.MONEY_PARTS
        ]
    table += reports.list_other_counts(job, target)
    width = max(output.width_of(label) for label, _number in table)
    digits = max(len(number) for _label, number in table)
    return [
        f"{output.padded(label, width)}  {number:>{digits}}" for label, number in table
    ]
