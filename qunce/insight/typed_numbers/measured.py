"""Which groups have measured numbers, so that nobody needs to type them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from qunce.core.staff import models as staff_models
from qunce.insight import metrics
from qunce.insight.typed_numbers import typed_numbers
from qunce.insight.typed_numbers.typed_numbers import FIELDS

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group

QUIET_DAYS = 27
"""Days without anything after which a group counts as not measured any more."""
SIGNS = ("joins", "leaves", "messages", "interactions")
"""Metrics of what channels, imports and programs report of a group."""


def find(
    *,
    community: Community,
    groups: Sequence[Group],
    day: date,
    by: Staff,
    at: datetime,
) -> dict[int, dict[str, int]]:
    """Group id → the measured numbers of the day, as far as `by` sees members.

    A group is measured if something was reported of it on that day or the 27 before.
    Whether it is does not depend on who asks.
    """
    typed_numbers.check_groups(groups, by)
    if not groups:
        return {}
    signs = metrics.compute_for_groups(
        community=community,
        groups=[group.key for group in groups],
        first=day - timedelta(days=QUIET_DAYS),
        last=day,
        by=by if by.scope is None else staff_models.system_for_preview(community),
        at=at,
        names=SIGNS,
    )
    measured = [group for group in groups if any(map(any, signs[group.key].values()))]
    numbers = metrics.compute_for_groups(
        community=community,
        groups=[group.key for group in measured],
        first=day,
        last=day,
        by=by,
        at=at,
        names=FIELDS,
    )
    return {
        group.pk: {name: values[0] for name, values in numbers[group.key].items()}
        for group in measured
    }
