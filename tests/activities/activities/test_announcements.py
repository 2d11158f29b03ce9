"""Texts for the groups of an activity: posted once each, and again where they were not."""

from __future__ import annotations

import pytest

from qunce import reactions
from qunce.activities import announcements
from qunce.activities.activities.models import Announcement
from qunce.activities.announcements import NotAnnounced
from qunce.core.staff.models import Staff
from qunce.groups.groups import GroupNotFound
from qunce.outreach import activity_messages
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Message
from tests import factories
from tests.activities.running import HOUR, approver, running
from tests.factories import AT

pytestmark = pytest.mark.django_db


def texts_of(staff: Staff) -> list[Message]:
    return list(assisted_messages.list_open(by=staff, at=AT + HOUR))


def post(text: Announcement, by: Staff) -> None:
    announcements.announce(announcement=text, by=by, at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    text.refresh_from_db()


def unposted(text: Announcement, by: Staff) -> list[str]:
    posts = announcements.list_posts(text.activity)
    found = activity_messages.list_groups_not_posted(posts=posts, by=by)
    return [group.key for group in found]


def test_without_groups_a_text_is_for_all_of_the_community(by: Staff) -> None:
    for key in ("north", "south"):
        factories.group(by.community, key)
    running(by, announcements={"start": (0, "It starts")})
    text = Announcement.objects.select_related("activity__community").get()
    assert unposted(text, by) == []
    post(text, by)
    assert unposted(text, by) == ["north", "south"]
    assert [row.text for row in texts_of(by)] == ["It starts", "It starts"]


def test_whoever_posts_again_takes_over_what_waits(by: Staff) -> None:
    north, south, east = (
        factories.group(by.community, key) for key in ("north", "south", "east")
    )
    activity = running(
        by, groups=[north.pk, south.pk], announcements={"start": (0, "It starts")}
    )
    ben = approver(by)
    text = Announcement.objects.select_related("activity__community").get()
    with pytest.raises(NotAnnounced):
        announcements.announce_again(
            announcement=text, groups=[south.pk], by=ben, at=AT
        )
    post(text, by)
    first, second = texts_of(by)
    assisted_messages.mark_sent(message=first, by=by, at=AT)
    assert unposted(text, by) == ["south"]
    with pytest.raises(NotAnnounced):
        announcements.announce_again(announcement=text, groups=[east.pk], by=ben, at=AT)
    announcements.announce_again(announcement=text, groups=[south.pk], by=ben, at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    assert texts_of(by) == []
    second.refresh_from_db()
    assert second.state == "cancelled"
    (again,) = texts_of(ben)
    assert again.target_id == south.pk
    assisted_messages.mark_sent(message=again, by=ben, at=AT)
    assert unposted(text, by) == []
    # A group that is added later has not got it.
    activity.groups.add(east)
    assert unposted(text, by) == ["east"]


def test_limited_staff_post_again_in_their_groups_only(by: Staff) -> None:
    north, south = (factories.group(by.community, key) for key in ("north", "south"))
    running(by, groups=[north.pk, south.pk], announcements={"start": (0, "Now")})
    text = Announcement.objects.select_related("activity__community").get()
    post(text, by)
    mia = factories.staff(by.community, "operator", "mia", groups=["north"])
    assert unposted(text, mia) == ["north"]
    with pytest.raises(GroupNotFound):
        announcements.announce_again(
            announcement=text, groups=[south.pk], by=mia, at=AT
        )
