"""Kinds of facts about check-ins."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.activities.activities.activity_facts import LABELS
from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class CheckInFact(facts.FactKind):
    """`day` is the community day, such as 2026-03-05, `check_in` the number of the row."""

    labels = {
        **LABELS,
        "check_in": gettext_lazy("number of the check-in"),
        "day": gettext_lazy("community day"),
        "streak": gettext_lazy("days in a row"),
    }
    instead = gettext_lazy("Type or paste check-ins under Activities.")
    activity: int
    check_in: int
    day: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CheckInRecorded(CheckInFact):
    """`streak` is how many days in a row it makes, without rest days."""

    kind = "check_in.recorded"
    label = gettext_lazy("checked in")
    streak: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CheckInMadeUp(CheckInFact):
    """A make-up card filled a missed day, which earns nothing."""

    kind = "check_in.made_up"
    label = gettext_lazy("made up a check-in")
    streak: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CheckInStruckOut(CheckInFact):
    kind = "check_in.struck_out"
    label = gettext_lazy("check-in struck out")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CheckInRestored(CheckInFact):
    kind = "check_in.restored"
    label = gettext_lazy("check-in restored")
