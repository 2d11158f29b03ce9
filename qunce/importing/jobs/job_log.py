"""The entries of imports in the audit log: the result of each file.

The rows themselves would be too many entries, so orders and members that a file brings
are counted here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.core.facts import audit

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob

COMPLETED = audit.declare("import.completed", _("import completed"))
REJECTED = audit.declare("import.rejected", _("import rejected"))
FAILED = audit.declare("import.failed", _("import stopped"))


def log(job: ImportJob, kind: str, *, at: datetime) -> None:
    """Log the end of an import; the count is that of the rows that were read."""
    job.refresh_from_db(fields=["rows_read", "rows_broken", "counts"])
    counts = {} if kind == REJECTED else job.counts
    audit.log(
        kind=kind,
        community=job.community,
        by=job.by,
        at=at,
        count=max(job.rows_read, 1),
        detail={
            "file": job.file_name,
            "target": job.target,
            "broken": job.rows_broken,
            **{name: number for name, number in counts.items() if number},
        },
    )
