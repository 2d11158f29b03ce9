"""Rewards that an activity announced: the setting `most_rewards`, and how many are given.

A kind counts them in a table of its own with the columns `activity` and `given`.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.activities.activities.models import Activity


def take_one(counts: models.Manager[Any], activity: Activity) -> bool:
    """Take one of the rewards that are left; False if none is, and nothing changes."""
    counts.get_or_create(activity=activity)
    rows = counts.filter(activity=activity)
    most = activity.settings["most_rewards"]
    if most is not None:
        rows = rows.filter(given__lt=most)
    return bool(rows.update(given=models.F("given") + 1))


def count_left(counts: models.Manager[Any], activity: Activity) -> int | None:
    """How many rewards are left, None without a limit."""
    most: int | None = activity.settings["most_rewards"]
    if most is None:
        return None
    rows = counts.filter(activity=activity)
    given: int = sum(rows.values_list("given", flat=True))
    return max(most - given, 0)
