"""A running check-in at a site, with a member's personal link; run it as a module.

`python -m tests.functional.member_site open` prints them, `count ID` how often was checked
in to the activity with this public id.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.functional import clocked_site


def main() -> None:
    clocked_site.start_django()
    print(json.dumps({"open": open_check_in, "count": count}[sys.argv[1]]()))


def open_check_in() -> dict[str, Any]:
    from qunce.activities.activities import activities, lifecycle
    from qunce.core.communities import Community
    from qunce.core.staff import models as staff_models
    from qunce.core.staff.models import Staff
    from qunce.members.accounts import accounts
    from qunce.members.personal_links import links, purposes

    community = Community.objects.order_by("pk")[0]
    by, at = staff_models.system(community), datetime.now(UTC)
    second = Staff.objects.filter(community=community, role="owner").exclude(pk=by.pk)
    activity = activities.create(
        community=community,
        kind="check_in",
        name="每天三十页",
        text="读完来打卡",
        refusal="这是给读者的活动。",
        starts_at=at - timedelta(hours=1),
        by=by,
        at=at,
    )
    lifecycle.submit(activity=activity, by=by, at=at)
    lifecycle.approve(activity=activity, by=second.order_by("pk")[0], at=at)
    member = accounts.create(
        community=community, key=activity.public_id, name="王小明", by=by, at=at
    )
    purpose = purposes.of(purposes.ACTIVITY, activity.public_id)
    path = links.make(account_id=member.pk, purpose=purpose, by=by, at=at)
    root = f"/p/{community.key}/"
    return {"link": path, "root": root, "page": f"{root}a/{activity.public_id}"}


def count() -> int:
    from qunce.activities.check_ins.models import CheckIn

    return CheckIn.objects.filter(activity__public_id=sys.argv[2]).count()


if __name__ == "__main__":
    main()
