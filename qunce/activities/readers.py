"""Readers of what others wrote in an activity: everybody, or those in one of its groups."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models

from qunce.activities.activities.models import Activity
from qunce.groups.groups import Membership


def filter_readable(
    rows: models.QuerySet[Activity], accounts: Sequence[int]
) -> models.QuerySet[Activity]:
    """Those for everybody, or for a group in which one of these accounts is."""
    own = Membership.objects.filter(account_id__in=accounts, present=True)
    limited = Activity.groups.through.objects.filter(activity=models.OuterRef("pk"))
    return rows.filter(
        ~models.Exists(limited)
        | models.Exists(limited.filter(group__in=own.values("group_id")))
    )


def may_read(activity: Activity, accounts: Sequence[int]) -> bool:
    """Whether a visitor with these accounts reads what others wrote in an activity."""
    rows = Activity.objects.filter(pk=activity.pk)
    return filter_readable(rows, accounts).exists()
