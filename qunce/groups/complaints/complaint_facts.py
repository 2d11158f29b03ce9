"""The facts of complaints. None has a text; `complaint` is the number of the case."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class ComplaintFact(facts.FactKind):
    labels = {
        "complaint": gettext_lazy("number of the case"),
        "topic": gettext_lazy("topic"),
        "staff": gettext_lazy("staff"),
        "outcome": gettext_lazy("outcome"),
        "source": gettext_lazy("raised by"),
        "minutes": gettext_lazy("minutes until the answer"),
        "fields": gettext_lazy("fields"),
        "rating": gettext_lazy("rating from 1 to 5"),
    }
    instead = gettext_lazy("Do it on the page of the case, or through the API.")
    complaint: int
    topic: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintOpened(ComplaintFact):
    kind = "complaint.opened"
    label = gettext_lazy("complaint raised")
    source: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintMessageAdded(ComplaintFact):
    kind = "complaint.message_added"
    label = gettext_lazy("message added to a complaint")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintChanged(ComplaintFact):
    kind = "complaint.changed"
    label = gettext_lazy("complaint changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintAssigned(ComplaintFact):
    """`staff` is the login of the owner, "" for none."""

    kind = "complaint.assigned"
    label = gettext_lazy("complaint assigned")
    staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintStarted(ComplaintFact):
    kind = "complaint.started"
    label = gettext_lazy("work on a complaint started")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintAnswered(ComplaintFact):
    """`minutes` is the time since the case was opened."""

    kind = "complaint.answered"
    label = gettext_lazy("complaint answered")
    minutes: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintClosed(ComplaintFact):
    kind = "complaint.closed"
    label = gettext_lazy("complaint closed")
    outcome: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintReopened(ComplaintFact):
    kind = "complaint.reopened"
    label = gettext_lazy("complaint reopened")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintLate(ComplaintFact):
    kind = "complaint.late"
    label = gettext_lazy("complaint not answered in time")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintRated(ComplaintFact):
    """The member said how content they are with the end of the case."""

    kind = "complaint.rated"
    label = gettext_lazy("rated the end of a complaint")
    rating: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ComplaintRatedWell(ComplaintRated):
    """A rating of 4 or 5, so that the content ones can be counted."""

    kind = "complaint.rated_well"
    label = gettext_lazy("is content with the end of a complaint")
