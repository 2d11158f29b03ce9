"""Rows of an import that are not broken, and why they became less than the file says.

They are listed with the problems: rows that are no data, rows whose member is unknown or
shares all identifiers with many others, orders without a member.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.importing.jobs import jobs
from qunce.importing.jobs.jobs import ImportJob, ImportProblem

if TYPE_CHECKING:
    from qunce.importing.rows.parsing import Problem


def record(job: ImportJob, remarks: Sequence[Problem]) -> None:
    """Store them, in the transaction of their batch; at most MAX_PROBLEM_ROWS a job."""
    if not remarks:
        return
    stored = ImportProblem.objects.filter(job=job, is_broken=False).count()
    free = max(jobs.MAX_PROBLEM_ROWS - stored, 0)
    jobs.store_problems(job, remarks[:free], is_broken=False)


def shared_by_many(text: str) -> str:
    return _(
        "Too many members have “%(text)s”, so this row belongs to none of them."
    ) % {"text": text}


def unknown(text: str) -> str:
    return _("There is no member “%(key)s”.") % {"key": text}
