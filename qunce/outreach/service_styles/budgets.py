"""The contact budget of members with a style of service. Pure functions.

What a style sets replaces what the community has; what it does not set is the community's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Budget, QuietHours
from qunce.outreach.service_styles.models import ServiceStyle


def of(style: ServiceStyle, common: Budget) -> Budget:
    """The budget of members with a style; `common` is the community's."""
    changes: dict[str, Any] = {}
    if style.limits is not None:
        changes["limits"] = tuple(policies.from_json(each) for each in style.limits)
    if style.gap_minutes is not None:
        changes["gap"] = timedelta(minutes=style.gap_minutes)
    if style.quiet_start is not None or style.quiet_end is not None:
        # One of the two is refused when the style is checked.
        changes["quiet"] = QuietHours(style.quiet_start or 0, style.quiet_end or 0)
    return replace(common, **changes)
