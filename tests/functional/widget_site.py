"""A community at a site whose members sign in from widgets; run it as a module.

`python -m tests.functional.widget_site HOMESERVER ORIGIN…` prints the root of its pages.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from tests.functional import clocked_site

KEY, POINTS = "widgets", 1_234
USER, SERVER = "@li:h.example", "h.example"


def main() -> None:
    clocked_site.start_django()
    print(json.dumps({"root": create(sys.argv[1], sys.argv[2:])}))


def create(address: str, origins: list[str]) -> str:
    from qunce.channels.accounts import member_sign_in
    from qunce.channels.accounts.models import ChannelAccount
    from qunce.core.communities import Community
    from tests import factories
    from tests.activities.points import builders

    at = datetime.now(UTC)
    community = Community.objects.filter(key=KEY).first()
    if community is None:
        community = factories.community(KEY, name="Widgets", at=at)
        by = factories.staff(community, "owner", "widget-owner")
        ChannelAccount.objects.create(
            community=community,
            channel="matrix",
            address=address,
            user=f"@bot:{SERVER}",
            secret="token",
            connected_at=at,
            by=by,
        )
        li = factories.member(community, USER, channel="matrix", name="李雷雷")
        builders.award(li.pk, POINTS, at=at)
    account = ChannelAccount.objects.get(community=community)
    ChannelAccount.objects.filter(pk=account.pk).update(address=address)
    member_sign_in.allow_frames(account=account, origins=origins, by=account.by, at=at)
    return f"/p/{KEY}/"


if __name__ == "__main__":
    main()
