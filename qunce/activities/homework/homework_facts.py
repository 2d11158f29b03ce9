"""Facts about homework: handed in, given to review, reviewed, commented and graded."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class HomeworkFact(facts.FactKind):
    activity: int
    labels = {
        "activity": gettext_lazy("number of the activity"),
        "submission": gettext_lazy("number of what was handed in"),
        "is_late": gettext_lazy("after the due time"),
        "count": gettext_lazy("number of reviews"),
        "passed": gettext_lazy("passed"),
    }
    instead = gettext_lazy("Members hand in homework, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class HomeworkSubmitted(HomeworkFact):
    """Recorded for the first version only."""

    kind = "homework.submitted"
    label = gettext_lazy("handed in homework")
    submission: int
    is_late: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class HomeworkReviewsAssigned(HomeworkFact):
    """They were given work of others to review."""

    kind = "homework.reviews_assigned"
    label = gettext_lazy("was given homework of others to review")
    count: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class HomeworkReviewed(HomeworkFact):
    """The account is that of the reviewer."""

    kind = "homework.reviewed"
    label = gettext_lazy("reviewed homework of somebody else")
    submission: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class HomeworkCommented(HomeworkFact):
    """Staff wrote to the author."""

    kind = "homework.commented"
    label = gettext_lazy("got a comment of staff on homework")
    submission: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class HomeworkGraded(HomeworkFact):
    kind = "homework.graded"
    label = gettext_lazy("result of their homework was published")
    submission: int
    passed: bool
