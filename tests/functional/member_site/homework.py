"""Homework for walks, and the times when it is due and reviewed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_homework() -> dict[str, Any]:
    """Homework that is due in an hour, and three members with a link for it each."""
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    settings = {
        "due": (at + parts.HOUR).isoformat(),
        "review_due": (at + 24 * parts.HOUR).isoformat(),
        "reviewers": 2,
        "criteria": ["变量是不是只改了一个？", "味道写得具体吗？"],
    }
    end = at + 48 * parts.HOUR
    homework = parts.create(
        "homework", "写下你的这一杯", at, ends_at=end, settings=settings
    )
    parts.publish(homework, at)
    members = [
        accounts.create(
            community=community,
            key=f"{homework.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate((parts.NAME, "李雷", "韩梅梅"))
    ]
    return {
        "pk": homework.pk,
        "page": f"/p/{community.key}/a/{homework.public_id}",
        "links": [parts.link(member, homework) for member in members],
    }


def let_homework_be_due(pk: int) -> int:
    """The due time comes; returns how many reviews were given."""
    from qunce.activities.homework import reviews
    from qunce.activities.homework.models import Homework, PeerReview

    now = datetime.now(UTC)
    Homework.objects.filter(activity=pk).update(due_at=now)
    reviews.plan_due(at=now)
    return PeerReview.objects.filter(submission__activity=pk).count()


def let_reviews_be_over(pk: int) -> int:
    """The time for reviews is over."""
    from qunce.activities.homework.models import Homework

    now = datetime.now(UTC)
    return Homework.objects.filter(activity=pk).update(review_due_at=now)
