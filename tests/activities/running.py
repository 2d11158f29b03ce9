"""Activities in a state, built through the verbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def draft(by: Staff, kind: str = "check_in", **fields: Any) -> Activity:
    defaults: dict[str, Any] = {
        "name": "Thirty pages a day",
        "text": "Read, and check in.",
        "refusal": "This is for readers.",
        "starts_at": AT,
    }
    return activities.create(
        community=by.community, kind=kind, by=by, at=AT, **{**defaults, **fields}
    )


def approver(by: Staff) -> Staff:
    """A second person of the community."""
    found = Staff.objects.filter(community=by.community, login="second").first()
    return found or factories.staff(by.community, "manager", "second")


def publish(activity: Activity, by: Staff, at: datetime = AT) -> None:
    lifecycle.submit(activity=activity, by=by, at=at)
    lifecycle.approve(activity=activity, by=approver(by), at=at)


def running(by: Staff, kind: str = "check_in", **fields: Any) -> Activity:
    activity = draft(by, kind, **fields)
    publish(activity, by)
    return activity


def open_now(by: Staff, **fields: Any) -> Activity:
    """An activity that began an hour ago, for tests through pages, whose time is real."""
    at = datetime.now(UTC)
    made = draft(by, starts_at=at - HOUR, **fields)
    publish(made, by, at)
    return made


def join(
    activity: Activity,
    account: int,
    at: datetime = AT,
    *,
    way: Way = Way.PORTAL,
    key: str = "",
    **fields: Any,
) -> Reply:
    return base.take_part(
        activity=activity,
        account_id=account,
        way=way,
        key=key or f"{at:%m%d%H%M%S}",
        at=at,
        **fields,
    )
