"""What the areas of the site share: its staff, and activities with links for members."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

HOUR = timedelta(hours=1)
NAME = "王小明"


def staff() -> tuple[Community, Staff, Staff]:
    """The community, its system and a second person who approves."""
    from qunce.core.communities import Community
    from qunce.core.staff import models as staff_models
    from qunce.core.staff.models import Staff

    community = Community.objects.order_by("pk")[0]
    by = staff_models.system(community)
    owners = Staff.objects.filter(community=community, role="owner").exclude(pk=by.pk)
    return community, by, owners.order_by("pk")[0]


def create(kind: str, name: str, at: datetime, **fields: Any) -> Activity:
    from qunce.activities.activities import activities

    community, by, _second = staff()
    return activities.create(
        community=community,
        kind=kind,
        name=name,
        text="读完来参加",
        refusal="这是给读者的活动。",
        starts_at=at - HOUR,
        by=by,
        at=at,
        **fields,
    )


def publish(activity: Activity, at: datetime) -> None:
    from qunce.activities.activities import lifecycle

    _community, by, second = staff()
    lifecycle.submit(activity=activity, by=by, at=at)
    lifecycle.approve(activity=activity, by=second, at=at)


def link(account: int, activity: Activity) -> str:
    from qunce.members.personal_links import links, purposes

    _community, by, _second = staff()
    purpose = purposes.of(purposes.ACTIVITY, activity.public_id)
    return links.make(account_id=account, purpose=purpose, by=by, at=datetime.now(UTC))


def activity(page: str) -> Activity:
    from qunce.activities.activities.models import Activity

    return Activity.objects.get(public_id=page.rpartition("/")[2])
