"""The rules of tiers: from a sentence of staff to a rule over the time of the task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.activities.activities.kind_contract import InvalidSetting
from qunce.activities.activities.models import Activity
from qunce.core import community_days
from qunce.members.rule_text import free_sentences
from qunce.sets.rules import time_windows

COUNTING = ("did",)
"""Clauses that count facts, which are those of the task where they name no time."""
EDGES = ("first", "last")


def read(activity: Activity, number: int, sentence: str, at: datetime) -> Any:
    """The rule of a tier; raises InvalidSetting with what is not understood."""
    reading = free_sentences.read(by=activity.by, text=sentence, at=at)
    if reading.rule is not None:
        return reading.rule
    unknown = [
        sentence[mark.start : mark.end].strip()
        for mark in reading.marks
        if mark.state != "understood"
    ]
    raise InvalidSetting(
        _("Tier %(n)s, “%(rule)s”: not understood: %(parts)s. Write it like a segment.")
        % {
            "n": number,
            "rule": sentence,
            "parts": _(", ").join(filter(None, unknown)) or sentence,
        }
    )


def bind(activity: Activity, rule: Any) -> Any:
    """The rule with the time of the activity wherever it counts without a time span."""
    community = activity.community
    first = community_days.to_date(community.day(activity.starts_at)).isoformat()
    window: dict[str, Any] = {"since": first}
    if activity.ends_at is not None:
        last = community_days.to_date(community.day(activity.ends_at)).isoformat()
        window = {"between": [first, last]}
    return _bind(rule, window)


def _bind(part: Any, window: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_bind(each, window) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: {**args, **window}
        if name in COUNTING and _is_unbound(args)
        else _bind(args, window)
        for name, args in part.items()
    }


def _is_unbound(args: Any) -> bool:
    return isinstance(args, dict) and not any(
        name in args for name in (*time_windows.KINDS, *EDGES)
    )
