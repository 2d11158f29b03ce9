"""What staff with limits do not learn from findings, reports, portraits and funnels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.findings import daily
from qunce.insight.funnels import funnels
from qunce.insight.reports import reports
from qunce.insight.reports.models import Report
from qunce.members.rule_text.contact_masks import ContactsHidden
from qunce.members.segments import segments
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
PHONE = "13800138000"
DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Community:
    made = factories.community(language="en", timezone="UTC", at=AT - 60 * DAY)
    factories.members(made, "ann", "bob", at=AT - 50 * DAY)
    return made


def limit(shop: Community, login: str, scope: Any) -> Staff:
    """A manager who sees the members of a scope."""
    staff = factories.staff(shop, "manager", login)
    staff.scope = staff.own_scope = scope
    staff.save()
    return staff


def test_two_staff_who_see_their_own_members_share_nothing(shop: Community) -> None:
    mine = {"staff": {"me": True}}
    one, other = limit(shop, "mei", mine), limit(shop, "lin", mine)
    assert daily.view_of(one) != daily.view_of(other)
    same = {"attr": {"name": "city", "in": ["Xi'an"]}}
    one.scope = other.scope = same
    assert daily.view_of(one) == daily.view_of(other)


def test_a_narrowed_segment_of_a_scope_ends_what_was_shared(shop: Community) -> None:
    segment = factories.segment(shop, "mine", {"all": []})
    staff = limit(shop, "mei", {"segment": {"any": ["mine"]}})
    before = daily.view_of(staff)
    factories.tag(shop, "vip")
    segments.update(
        segment=segment,
        rule={"tag": {"any": ["vip"]}},
        by=factories.staff(shop, login="eve"),
        at=AT,
    )
    assert daily.view_of(staff) != before


def test_a_scope_that_cannot_be_read_keeps_nobody_from_reports(
    shop: Community,
) -> None:
    limit(shop, "mei", {"segment": {"any": ["gone"]}})
    limit(shop, "lin", {"staff": {"me": True}})
    for _minute in range(8):
        reports.start_day(community=shop, at=AT)
    assert Report.objects.values("view").distinct().count() == 2


def test_a_portrait_does_not_show_the_contacts_of_a_rule(shop: Community) -> None:
    rule = {"did": {"kind": "order.paid", "where": {"order": [PHONE]}}}
    factories.segment(shop, "callers", rule)
    viewer = factories.staff(shop, "viewer", "vic")
    page = clients.browser(viewer).get("/insight/portrait/?of=segment:callers")
    assert page.status_code == 200
    assert "callers" in page.content.decode()
    assert PHONE not in page.content.decode()


def test_a_funnel_does_not_show_the_contacts_of_a_step(shop: Community) -> None:
    owner = factories.staff(shop)
    step = {"kind": "order.paid", "where": {"order": [PHONE]}}
    funnel = funnels.create(
        community=shop,
        name="Calls",
        definition={"steps": [{"kind": "member.joined"}, step]},
        by=owner,
        at=AT,
    )
    viewer = factories.staff(shop, "viewer", "vic")
    url = f"/insight/funnels/{funnel.pk}/"
    seen = clients.browser(viewer).get(url).content.decode()
    assert "Calls" in seen
    assert PHONE not in seen
    assert PHONE in clients.browser(owner).get(url).content.decode()
    listed = clients.create_client(shop, "viewer").get("/funnels")
    assert listed.status == 200
    assert PHONE not in str(listed.body)
    operator = factories.staff(shop, "operator", "oli")
    with pytest.raises(ContactsHidden):
        funnels.update(funnel=funnel, definition=funnel.definition, by=operator, at=AT)
