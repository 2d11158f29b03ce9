"""Kinds of facts about polls."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.activities.activities.activity_facts import LABELS
from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PollVoted(facts.FactKind):
    """`choices` are the letters of the options, `is_change` whether there was a vote before."""

    kind = "poll.voted"
    label = gettext_lazy("voted")
    labels = {
        **LABELS,
        "choices": gettext_lazy("options"),
        "is_change": gettext_lazy("changed vote"),
    }
    instead = gettext_lazy("Type or paste votes under Activities.")
    activity: int
    choices: list[str]
    is_change: bool
