"""The homework and reviews of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.homework import terms
from qunce.activities.homework.models import Comment, PeerReview, Submission
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("homework")
def _submissions(community: Community, ids: Sequence[int]) -> Records:
    rows = Submission.objects.filter(activity__community=community, account_id__in=ids)
    return [
        {
            "activity": row.activity.name,
            "text": row.text,
            "link": row.link,
            "at": row.at,
            "late": row.is_late,
            # Before publication a decision is not final.
            "score": terms.score_text(row.doubled or 0) if row.graded_at else None,
            "passed": row.passed,
            "reason": row.reason if row.graded_at else "",
        }
        for row in rows.select_related("activity").order_by("pk")
    ]


@person_export.register("homework_reviews")
def _reviews(community: Community, ids: Sequence[int]) -> Records:
    rows = PeerReview.objects.filter(
        submission__activity__community=community, account_id__in=ids
    )
    return [
        {
            "activity": row.submission.activity.name,
            "state": row.state,
            "score": row.score,
            "comment": row.comment,
            "assigned_at": row.assigned_at,
            "done_at": row.done_at,
        }
        for row in rows.select_related("submission__activity").order_by("pk")
    ]


@person_export.register("homework_comments")
def _comments(community: Community, ids: Sequence[int]) -> Records:
    rows = Comment.objects.filter(
        submission__activity__community=community, submission__account_id__in=ids
    )
    return [
        {
            "activity": row.submission.activity.name,
            "from": "staff" if row.by_id else "member",
            "text": row.text,
            "at": row.at,
        }
        for row in rows.select_related("submission__activity").order_by("pk")
    ]
