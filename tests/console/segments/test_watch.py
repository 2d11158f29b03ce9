"""K8: watched segments on the page of a segment, on timelines and on Today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.members.segments import watches
from qunce.members.segments.watches import SegmentWatch
from tests import clients, factories

pytestmark = pytest.mark.django_db
VIPS = {"tag": {"any": ["vip"]}}


def test_a_segment_is_watched_from_its_page() -> None:
    shop, now = factories.community(language="en"), datetime.now(UTC)
    by = factories.staff(shop)
    (ann,) = factories.members(shop, "ann")
    factories.tag(shop, "vip")
    vips = factories.segment(shop, "vips", VIPS, name="Our VIPs")
    browser = clients.browser(by)
    path = f"/members/segments/{vips.pk}/"
    page = browser.get(path).content.decode()
    assert "Watch this segment" in page
    assert "A check takes about 1 millisecond per million members" in page
    assert browser.post(f"{path}watch/").status_code == 303
    page = browser.get(path).content.decode()
    assert "Nobody has entered or left yet." in page
    factories.apply_tag(shop, "vip", "ann")
    watches.check_all(at=now)
    page = browser.get(path).content.decode()
    assert '<th scope="col" class="num">Entered</th>' in page
    timeline = browser.get(f"/members/{ann}/timeline/").content.decode()
    assert "entered a segment" in timeline
    assert "Our VIPs" in timeline
    assert "watched" in browser.get("/members/segments/").content.decode()
    browser.post(f"{path}unwatch/")
    assert "Watch this segment" in browser.get(path).content.decode()


def test_staff_with_a_scope_see_no_moves_of_others() -> None:
    shop, now = factories.community(language="en"), datetime.now(UTC)
    factories.members(shop, "ann", "bob")
    factories.tag(shop, "vip")
    vips = factories.segment(shop, "vips", VIPS)
    watches.start(segment=vips, by=factories.staff(shop), at=now - timedelta(hours=1))
    factories.apply_tag(shop, "vip", "ann")
    watches.check_all(at=now)
    scope = {"members": {"keys": ["bob"]}}
    scoped = factories.staff(shop, "manager", "bo", scope=scope)
    page = clients.browser(scoped).get(f"/members/segments/{vips.pk}/").content.decode()
    assert "Watched since" in page
    assert ">Entered</th>" not in page


def test_wrong_members_are_reported_on_today() -> None:
    shop, now = factories.community(language="en"), datetime.now(UTC)
    by = factories.staff(shop)
    factories.members(shop, "ann")
    factories.tag(shop, "vip")
    watch = watches.start(
        segment=factories.segment(shop, "vips", VIPS, name="Our VIPs"), by=by, at=now
    )
    browser = clients.browser(by)
    report = "Segment “Our VIPs” had 3 wrong members"
    assert report not in browser.get("/").content.decode()
    rows = SegmentWatch.objects.filter(pk=watch.pk)
    rows.update(drift=3, drifted_at=now)
    assert report in browser.get("/").content.decode()
    rows.update(drifted_at=now - timedelta(days=4))
    assert report not in browser.get("/").content.decode()
