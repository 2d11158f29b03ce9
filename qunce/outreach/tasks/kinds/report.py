from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

REPORT = base.declare(
    base.Kind(
        key="report",
        label=_("Report"),
        description=_("Read a report. It is done when the report is opened."),
        icon="document-chart-bar",
        is_automatic=True,
        needs_text=False,
    )
)
