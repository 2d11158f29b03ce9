"""The scores of the coffee brand: activity with weights of its own since three weeks ago."""

from __future__ import annotations

from datetime import timedelta

from django.utils import translation

from qunce.demo.coffee.context import Context
from qunce.members.scores import presets, scores

THREE_WEEKS = timedelta(days=21)
WRITING, MESSAGES = 0, 1
"""Positions of parts of the ready-made activity score."""


def change(context: Context) -> None:
    """Count days with a message for more, so that regulars stand out; once only."""
    score = scores.get(context.community, presets.ACTIVITY.key)
    if scores.list_versions(score):
        return
    with translation.override(context.community.language):
        spec = presets.ACTIVITY.build()
    spec["parts"][WRITING] |= {"weight": "4", "cap": 8}
    spec["parts"][MESSAGES] |= {"weight": "1", "cap": 20}
    scores.update(score=score, spec=spec, by=context.owner, at=context.at - THREE_WEEKS)
