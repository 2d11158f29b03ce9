"""Homework of the community that is not looked at, with a review and a comment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Way
from qunce.activities.homework.models import Comment, Submission
from qunce.activities.kinds import base

if TYPE_CHECKING:
    from tests.two_communities.data import TwoCommunities


def add(data: TwoCommunities) -> None:
    by, at = data.owner, data.at
    due = at + timedelta(days=3)
    activity = activities.create(
        community=data.community,
        kind="homework",
        name="Homely Hidden Homework",
        text="Homely text",
        refusal="Homely refusal",
        groups=[data.ids["group"]],
        starts_at=at,
        ends_at=due + timedelta(days=1),
        settings={"due": due.isoformat(), "reviewers": 0},
        by=by,
        at=at,
    )
    Activity.objects.filter(pk=activity.pk).update(
        state="running", published_at=at, started_at=at
    )
    activity.refresh_from_db()
    base.get("homework").publish(activity, at)
    row = Submission.objects.create(
        activity=activity,
        account_id=data.ids["member"],
        person_id=data.ids["member"],
        text="Homely homework",
        source=Way.STAFF,
        at=at,
    )
    Comment.objects.create(submission=row, by=by, text="Homely comment", at=at)
    data.ids |= {"homework": activity.pk, "submission": row.pk}
